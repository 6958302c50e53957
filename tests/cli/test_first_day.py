"""What the command line says before anything is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from sisbridge.cli.output import ExitCode
from tests.cli.test_commands import run


@pytest.fixture
def _empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SISBRIDGE_HOME", str(tmp_path))
    monkeypatch.setenv("SISBRIDGE_DEMO", "true")


@pytest.mark.usefixtures("_empty")
@pytest.mark.parametrize("words", ["sync", "retain", "grades release", "grades deliver"])
def test_a_command_for_all_districts_says_that_there_is_none(words: str) -> None:
    done = run(*words.split())
    assert done.exit_code == ExitCode.STOPPED
    assert done.stderr == ("CF02: No district is loaded yet.\n  Fix: Load one: sisbridge region load FILE.\n")


@pytest.mark.usefixtures("_empty")
def test_what_has_not_run_is_no_empty_table() -> None:
    assert run("runs").stdout == "No district has run yet: sisbridge sync\n"
