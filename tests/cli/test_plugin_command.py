"""`sisbridge plugin powerschool` as a person types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulators.powerschool.plugin import Plugin
from sisbridge.cli.main import app
from sisbridge.cli.output import ExitCode

REGION = """
[[district]]
code = "9001"
name = "Maple"
state = "IN"
school_year = "2026"

[district.roster]
kind = "powerschool_powerquery"
[district.roster.settings]
base_url = "https://sis.example"
client_id = "plugin"
[district.roster.secrets]
client_secret = "powerschool"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A house with one PowerSchool district, in a folder of its own."""
    monkeypatch.setenv("SISBRIDGE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SISBRIDGE_DEMO", "true")
    (tmp_path / "region.toml").write_text(REGION, encoding="utf-8")
    assert CliRunner().invoke(app, ["region", "load", str(tmp_path / "region.toml")]).exit_code == 0
    return tmp_path


def run(folder: Path, *more: str) -> tuple[int, str]:
    """Run the command for the district; return its exit code and what it said."""
    words = ["plugin", "powerschool", "--district", "9001", "--out", str(folder / "maple.zip"), *more]
    done = CliRunner().invoke(app, words)
    return done.exit_code, done.output


def test_the_zip_installs_and_the_list_of_fields_lies_beside_it(folder: Path) -> None:
    code, said = run(folder)
    assert code == ExitCode.DONE
    assert "the number the district knows the student by" in " ".join(said.split())
    assert "Plugin Management Configuration" in said
    installed = Plugin.from_zip((folder / "maple.zip").read_bytes())
    assert installed.may("students", "student_number")
    assert not installed.may("storedgrades", "grade")
    assert "STUDENT_NUMBER" in (folder / "maple.fields.md").read_text(encoding="utf-8")


def test_a_folder_that_is_not_there_is_said(folder: Path) -> None:
    code, said = run(folder / "nowhere")
    assert code == ExitCode.USAGE
    assert "there is no folder" in said


def test_json_lists_every_field_with_its_reason(folder: Path) -> None:
    code, said = run(folder, "--json")
    told = json.loads(said)
    assert (code, told["name"]) == (ExitCode.DONE, "sisbridge rosters")
    assert all(set(one) == {"table", "field", "access", "why"} for one in told["fields"])


def test_a_publisher_powerschool_refuses_stops_the_command(folder: Path) -> None:
    code, said = run(folder, "--publisher", "<us>")
    assert code == ExitCode.STOPPED
    assert "CF63" in said
    assert not (folder / "maple.zip").exists()
