"""Copies of a roster that a killed process left behind go with the next pull."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from connectors.copies import private_folder


def test_copies_of_a_dead_process_are_removed_and_those_of_a_living_one_stay(tmp_path: Path) -> None:
    tempfile.tempdir, before = str(tmp_path), tempfile.tempdir
    try:
        gone = subprocess.Popen([sys.executable, "-c", ""])
        gone.wait(60)
        dead, alive = tmp_path / f"sisbridge-csv-{gone.pid}-x", tmp_path / f"sisbridge-csv-{os.getpid()}-x"
        for folder in (dead, alive):
            folder.mkdir()
            (folder / "users.csv").write_text("sourcedId\n", encoding="utf-8")
        with private_folder():
            pass
        assert (dead.exists(), alive.exists()) == (False, True)
    finally:
        tempfile.tempdir = before
