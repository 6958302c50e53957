"""What is tracked names no package index and no machine, and the lock matches the project."""

from __future__ import annotations

import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent

# Put together here, so that this file does not name what it looks for.
INDEX_HOSTS = [
    "pypi." + "org",
    "pythonhosted." + "org",
    "registry.npmjs." + "org",
    "registry.yarnpkg." + "com",
    "conda.anaconda." + "org",
    "proxy.golang." + "org",
    "static.crates." + "io",
]
MACHINE_PATH = re.compile(r"(?<![A-Za-z0-9_.])/(?:root|work|home/[a-z]+|Users/[A-Za-z]+)/")


@cache
def tracked_files() -> list[Path]:
    """Return every tracked file that is in the working tree."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    paths = (ROOT / name for name in listed.stdout.decode().split("\0") if name)
    return [path for path in paths if path.is_file()]


def places(found: re.Pattern[str]) -> list[str]:
    """Return file and line of each match, so that a failure can be mended at once."""
    hits = []
    for path in tracked_files():
        text = path.read_text(encoding="latin-1")
        hits += [
            f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, match.start()) + 1}: {match.group()}"
            for match in found.finditer(text)
        ]
    return hits


def test_no_tracked_file_names_a_package_index() -> None:
    assert places(re.compile("|".join(map(re.escape, INDEX_HOSTS)))) == []


def test_no_tracked_file_names_a_path_of_one_machine() -> None:
    assert places(MACHINE_PATH) == []


@pytest.mark.parametrize(
    "path", ["/ro" + "ot/x", "see /wo" + "rk/main", "(/home" + "/ada/x)", "/Us" + "ers/A/x"]
)
def test_a_path_of_one_machine_would_be_found(path: str) -> None:
    assert MACHINE_PATH.search(path)


@pytest.mark.parametrize("path", ["/homework/x", "/api/work/x", "docs/work/x", "/workers/", "/rooted/"])
def test_other_paths_are_left_alone(path: str) -> None:
    assert not MACHINE_PATH.search(path)


@cache
def locked() -> dict[str, list[Requirement]]:
    """Return the lock's requirements by name; one name may be pinned twice, by Python version."""
    pins: dict[str, list[Requirement]] = {}
    for line in (ROOT / "requirements.lock").read_text().splitlines():
        if line and not line.startswith((" ", "#")):
            requirement = Requirement(line.rstrip("\\ "))
            pins.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return pins


def declared() -> list[Requirement]:
    """Return everything pyproject.toml asks for and the lock holds (openlineage is left to its users)."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    lines = list(project["project"]["dependencies"])
    extras = project["project"]["optional-dependencies"]
    lines += [line for extra, needs in extras.items() if extra != "openlineage" for line in needs]
    lines += [line for group in project["dependency-groups"].values() for line in group]
    return [Requirement(line) for line in lines]


def test_the_lock_carries_hashes_and_no_address() -> None:
    text = (ROOT / "requirements.lock").read_text()
    assert "://" not in text
    blocks = re.split(r"^(?=[^ #\n])", text, flags=re.MULTILINE)[1:]
    assert len(blocks) > 100
    assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_the_lock_satisfies_what_the_project_declares() -> None:
    wrong = []
    for need in declared():
        pins = locked().get(canonicalize_name(need.name), [])
        versions = [next(iter(pin.specifier)).version for pin in pins]
        if not versions or not all(need.specifier.contains(v) for v in versions):
            wrong.append(f"{need} but locked: {versions or 'not at all'}; run make lock")
    assert wrong == []


def test_the_pins_that_airflow_needs_are_declared() -> None:
    needs = {canonicalize_name(need.name): need.specifier for need in declared()}
    assert not needs["celery"].contains("5.7.0")
    assert not needs["fastapi"].contains("0.137.0")
    assert "pyarrow" in needs
