"""Grades from CSV files: batches with places and fingerprints."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from connectors.grade_csv import CsvGradeSettings, CsvGradeSource
from connectors.grade_rows import GradeSource
from domain.errors import StopDistrict
from domain.grading import GRADE_COLUMNS
from domain.ids import DistrictCode

HEADER = ",".join(GRADE_COLUMNS).encode() + b"\n"
ROW = b"maple,U1,WELD,FA26,Q1,final,93.5,A,graded,Fine work,teacher1,true\n"


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def source(path: Path) -> CsvGradeSource:
    return CsvGradeSource(DistrictCode("esc"), CsvGradeSettings(path=path))


def test_a_row_keeps_its_text_and_its_place(tmp_path: Path) -> None:
    (batch,) = source(write(tmp_path / "grades.csv", HEADER + ROW)).read()
    assert batch.sha256 == hashlib.sha256(HEADER + ROW).hexdigest()
    assert [(row.place, row.values["percent"], row.values["comment"]) for row in batch.rows] == [
        ("grades.csv:2", "93.5", "Fine work")
    ]
    assert set(batch.rows[0].values) == set(GRADE_COLUMNS)


def test_a_folder_gives_one_batch_a_file_by_name(tmp_path: Path) -> None:
    write(tmp_path / "b.csv", HEADER + ROW)
    write(tmp_path / "a.CSV", HEADER + ROW + ROW)
    write(tmp_path / "notes.txt", b"x")
    kept: GradeSource = source(tmp_path)
    assert [(batch.name, len(batch.rows)) for batch in kept.read()] == [("a.CSV", 2), ("b.csv", 1)]


def test_a_ragged_row_is_held_and_named_by_place(tmp_path: Path) -> None:
    (batch,) = source(write(tmp_path / "grades.csv", HEADER + b"maple,U7,WELD\n" + ROW)).read()
    assert [row.place for row in batch.rows] == ["grades.csv:3"]
    assert [(n.severity, n.place, n.key) for n in batch.notices] == [("hold row", "grades.csv:2", "")]


def test_windows_1252_is_read_and_noticed(tmp_path: Path) -> None:
    row = ROW.replace(b"Fine work", b"tr\xe8s bien")
    (batch,) = source(write(tmp_path / "grades.csv", HEADER + row)).read()
    assert batch.rows[0].values["comment"] == "très bien"
    assert [notice.code for notice in batch.notices] == ["FL20"]


@pytest.mark.parametrize(
    ("data", "code"),
    [(HEADER.replace(b",percent", b"") + ROW, "FL10"), (b"", "FL11"), (b"\0", "FL13")],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path: Path, data: bytes, code: str) -> None:
    with pytest.raises(StopDistrict, match=code):
        list(source(write(tmp_path / "grades.csv", data)).read())


def test_no_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(StopDistrict, match="FL04"):
        list(source(tmp_path).read())


def test_a_batch_shows_no_grade_in_its_repr(tmp_path: Path) -> None:
    (batch,) = source(write(tmp_path / "grades.csv", HEADER + ROW)).read()
    assert "93.5" not in repr(batch)
    assert "93.5" not in repr(batch.rows[0])
