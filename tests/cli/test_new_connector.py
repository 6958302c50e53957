"""A new connector from the templates is green as it is, and nothing that is there is written over."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sisbridge.cli.main import app
from sisbridge.cli.scaffold.generate import CannotGenerate, class_name, generate, registered

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "adding-a-sis.md"
COPIED = ("domain", "connectors", "mappings", "simulators", "tests")


def new_connector(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["new-connector", *arguments])


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Just enough of a source tree to write a connector into."""
    (tmp_path / "connectors").mkdir()
    shutil.copy(ROOT / "connectors" / "registry.py", tmp_path / "connectors")
    return tmp_path


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_what_is_written_passes_the_contracts_as_it_is(tmp_path: Path) -> None:
    unwanted = shutil.ignore_patterns("__pycache__", "data", "conftest.py")
    for package in COPIED:
        ignore = unwanted if package == "tests" else shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    assert new_connector("aeries", "--into", str(tmp_path)).exit_code == 0
    tests = ["tests/conformance/test_aeries.py", "tests/mappings/test_dialects.py"]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
    environment = {"PYTHONPATH": str(tmp_path), "PATH": ""}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=200
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed
    assert int(passed[1]) > 40


def test_the_files_and_the_registrys_lines_are_told(tree: Path) -> None:
    said = json.loads(new_connector("e_school", "--into", str(tree), "--json").stdout)
    assert all((tree / path).is_file() for path in said["written"])
    text = (tree / "connectors" / "registry.py").read_text()
    assert all(line in text for line in said["registered"].values())
    assert "EschoolFilesSource" not in text
    assert "ESchoolFilesSource" in text


def test_what_is_written_is_in_order_but_for_the_order_of_imports(tree: Path) -> None:
    written = [str(tree / path) for path in generate("zebra", tree) if path.suffix == ".py"]
    shutil.copy(ROOT / "pyproject.toml", tree)
    checks = (["check", "--ignore", "I001", *written], ["format", "--check", *written])
    for check in checks:
        command = [str(Path(sys.executable).with_name("ruff")), *check]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tree, timeout=200)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "name", ["Skyward", "2skies", "sky-ward", "sky__ward", "_sky", "class", "", "../sky"]
)
def test_a_name_that_is_none_is_refused_and_nothing_is_written(tree: Path, name: str) -> None:
    before = everything(tree)
    assert new_connector(name, "--into", str(tree)).exit_code == 2
    assert everything(tree) == before


def test_a_name_that_is_taken_is_refused_and_nothing_is_written(tree: Path) -> None:
    generate("skyward", tree)
    before = everything(tree)
    ended = new_connector("skyward", "--into", str(tree))
    assert (ended.exit_code, everything(tree)) == (2, before)


def test_a_folder_that_is_no_source_tree_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotGenerate, match="no connectors/registry"):
        generate("skyward", tmp_path)


def test_a_registry_without_its_mappings_is_refused() -> None:
    with pytest.raises(CannotGenerate, match="ROSTER_SOURCES"):
        registered("x = 1\n", "skyward")


def test_a_name_becomes_a_class_name() -> None:
    assert [class_name(name) for name in ("skyward", "e_school")] == ["Skyward", "ESchool"]


def test_the_page_names_every_file_that_is_written(tree: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    written = {str(path) for path in generate("skyward", tree)}
    assert {path for path in written if f"`{path}`" not in page and "/columns/" not in path} == set()
