"""The floors and fences hold, a breach is noticed, and the wheel stands beside Airflow."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.test_repo import ROOT, tracked_files

PACKAGES = ("domain", "connectors", "mappings", "validation", "sisbridge", "dags", "simulators")


def lint_imports(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the packages in a folder."""
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)


def test_floors_and_fences_hold() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


BREACHES = [
    ("domain/planted.py", "import pandas", "fence-ground"),
    ("domain/planted.py", "import connectors", "floors"),
    ("connectors/planted.py", "import mappings", "floors"),
    ("validation/planted.py", "import sisbridge.store", "floors"),
    ("sisbridge/store/planted.py", "import sisbridge.sync", "floors"),
    ("sisbridge/store/planted.py", "import sisbridge.house", "floors"),
    ("sisbridge/cli/planted.py", "import sisbridge.airflow", "floors"),
    ("dags/planted.py", "import sisbridge.cli", "doors"),
    ("sisbridge/planted.py", "", "sisbridge-modules"),
    ("simulators/planted.py", "import connectors", "simulators-stand-beside"),
    ("sisbridge/sync/planted.py", "import simulators", "simulators-only-in-the-demo"),
    ("sisbridge/sync/planted.py", "import airflow.sdk", "fence-airflow"),
    ("mappings/planted.py", "import aiohttp", "fence-network"),
    ("sisbridge/cli/planted.py", "import paramiko", "fence-network"),
    ("validation/planted.py", "import great_expectations", "fence-expectations"),
    ("sisbridge/store/planted.py", "import pandas", "fence-frames"),
    ("sisbridge/sync/planted.py", "import sqlite3", "fence-databases"),
    ("simulators/planted.py", "import paramiko", "fence-simulators"),
    ("simulators/planted.py", "import bench", "fence-workbench"),
    ("connectors/planted.py", "import fastapi", "fence-web"),
    ("dags/planted.py", "import pyarrow", "fence-arrow"),
]


@pytest.mark.parametrize(("file", "line", "contract"), BREACHES, ids=[f"{f}:{i}" for f, i, _ in BREACHES])
def test_a_planted_breach_is_noticed(file: str, line: str, contract: str, tmp_path: Path) -> None:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / file).write_text(line + "\n")
    done = lint_imports(tmp_path, "--contract", contract)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 broken" in done.stdout
    assert file.removesuffix(".py").rpartition("/")[2] in done.stdout


def test_every_contract_has_a_planted_breach() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = {contract["id"] for contract in project["tool"]["importlinter"]["contracts"]}
    assert contracts == {contract for _, _, contract in BREACHES}


def test_the_ground_imports_nothing_but_the_standard_library() -> None:
    foreign = []
    for path in (ROOT / "domain").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            tops = {name.split(".")[0] for name in names}
            foreign += [f"{path.name}: {top}" for top in tops - sys.stdlib_module_names - {"domain"}]
    assert foreign == []


def test_no_file_is_longer_than_300_lines_and_no_function_than_60() -> None:
    long = []
    for path in tracked_files():
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in (*PACKAGES, "bench"):
            text = path.read_text(encoding="utf-8")
            long += [path.name] * (len(text.splitlines()) > 300)
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    lines = (node.end_lineno or 0) - node.lineno + 1
                    long += [f"{path.name}:{node.lineno}: {lines} lines"] * (lines > 60)
    assert long == []


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built from this checkout with the locked build tools."""
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = out.glob("*.whl")
    return zipfile.ZipFile(built)


def test_the_wheel_holds_the_seven_packages_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)


def test_the_wheel_holds_every_tracked_file_of_the_packages(wheel: zipfile.ZipFile) -> None:
    tracked = {path.relative_to(ROOT).as_posix() for path in tracked_files()}
    ours = {name for name in tracked if name.split("/")[0] in PACKAGES}
    assert ours - set(wheel.namelist()) == set()


def test_the_wheel_brings_the_command(wheel: zipfile.ZipFile) -> None:
    (entry_points,) = [name for name in wheel.namelist() if name.endswith(".dist-info/entry_points.txt")]
    assert "sisbridge = sisbridge.cli.main:main" in wheel.read(entry_points).decode()


READ_ALL_DATA = """
import shutil
import sys
from pathlib import Path
wheel, home = sys.argv[1:]
sys.path.insert(0, wheel)
import connectors, mappings, simulators, sisbridge
assert all(package.__path__[0].startswith(wheel) for package in (connectors, mappings, simulators, sisbridge))
from connectors.oneroster.conformance_codes import CODES
from connectors.powerschool.plugin import PluginChoice, plugin_zip
from mappings.dialects import dialect, dialect_names
from simulators.standing import BUNDLED, load
from sisbridge.cli.scaffold.generate import generate
assert CODES and plugin_zip(PluginChoice(route="powerschool_stored_grades"))
assert all(dialect(name).columns for name in dialect_names())
assert all(load(name).records("users") for name in BUNDLED)
shutil.copytree(Path(wheel) / "connectors", Path(home) / "connectors")
assert generate("skyward", Path(home))
print(*dialect_names())
"""


def test_an_installed_wheel_reads_its_own_data_files(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    installed, home = tmp_path / "installed", tmp_path / "home"
    wheel.extractall(installed)
    home.mkdir()
    command = [sys.executable, "-I", "-c", READ_ALL_DATA, str(installed), str(home)]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["1.1", "1.2", "flat", "infinite_campus", "powerschool"]


def test_no_top_level_name_collides_with_another_distribution() -> None:
    installed = packages_distributions()
    assert "airflow" in installed, "Airflow is not installed: this test would prove nothing"
    others = {name: set(installed.get(name, [])) - {"sisbridge"} for name in PACKAGES}
    assert {name: who for name, who in others.items() if who} == {}
    assert set(PACKAGES) & sys.stdlib_module_names == set()


def test_a_question_does_not_wait_for_pandas() -> None:
    asked = "cases, costs, history, waiting"
    code = f"import sys; from sisbridge.sync.answers import {asked}; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60).returncode == 0
