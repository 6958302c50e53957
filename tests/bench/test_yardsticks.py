"""The yardsticks read and write what a package holds."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from bench.generator import MadeDistrict, write_package
from bench.yardsticks import read_with_pyarrow, write_raw


def test_reading_bears_blocks_whose_columns_look_different(tmp_path: Path) -> None:
    write_package(MadeDistrict(50), tmp_path)
    without_grade = "00000000-0000-0000-0000-000000000000,\n" * 50_000
    (tmp_path / "users.csv").write_text(f"sourcedId,grades\n{without_grade}1,KG\n")
    assert read_with_pyarrow(tmp_path) > 0


def test_the_raw_write_takes_every_row(tmp_path: Path) -> None:
    counts = write_package(MadeDistrict(50), tmp_path)
    write_raw("sqlite://", tmp_path, tmp_path)
    with closing(sqlite3.connect(tmp_path / "yardstick.db")) as conn:
        written = conn.execute("SELECT count(*) FROM raw_enrollments").fetchone()[0]
    assert written == counts["enrollments"]
