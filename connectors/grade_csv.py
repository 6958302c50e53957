"""Grades of the shared courses from CSV files, one line a grade."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from connectors.delimited.encoding import PIECE, Encoding, EncodingScan, as_utf8
from connectors.delimited.header import not_utf8
from connectors.delimited.reader import TableReader
from connectors.grade_rows import GradeBatch, GradeRow
from connectors.oneroster.csv_header import read_header
from connectors.protocol import Notice
from domain.clock import Clock, system_clock
from domain.errors import StopDistrict
from domain.grading import GRADE_COLUMNS
from domain.ids import DistrictCode
from domain.tables import PLACE


class CsvGradeSettings(BaseModel):
    """Where the grade files lie on this machine: a file, or a folder of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path


class CsvGradeSource:
    """A file or a folder of grade files; implements `connectors.protocol.GradeSource`."""

    def __init__(
        self, district: DistrictCode, settings: CsvGradeSettings, *, clock: Clock = system_clock
    ) -> None:
        """Remember the place. district and clock are what every connector is given: a file has many."""
        self._path = settings.path

    def read(self) -> Iterator[GradeBatch]:
        """Yield one batch a file, by name; ragged rows are notices that hold the row.

        Raises StopDistrict: FL04 no file, FL10 a column is missing, FL11 no rows, FL12 a column is there
        twice, FL13 no text.
        """
        files = sorted(self._path.glob("*.[cC][sS][vV]")) if self._path.is_dir() else [self._path]
        if not files or not all(file.is_file() for file in files):
            raise StopDistrict(
                "FL04",
                f"No grade file received: {self._path.name} is not there or holds no CSV file",
                fix="Export the grades as CSV and put them there.",
                place=self._path.name,
            )
        yield from map(_read_file, files)


def _read_file(path: Path) -> GradeBatch:
    data = path.read_bytes()
    encoding = _encoding(path.name, data)
    notices: list[Notice] = []
    if encoding is not Encoding.UTF8:
        notices.append(not_utf8(path.name, encoding))
    header, lines = read_header(
        as_utf8([data], encoding), path.name, known=GRADE_COLUMNS, needed=GRADE_COLUMNS
    )
    notices.extend(header.notices)
    reader = TableReader(path.name, header, lines, notices.append, key="student_sourced_id")
    rows = tuple(GradeRow(row.pop(PLACE), row) for batch in reader.batches() for row in batch.to_pylist())
    return GradeBatch(path.name, hashlib.sha256(data).hexdigest(), rows, tuple(notices))


def _encoding(name: str, data: bytes) -> Encoding:
    scan = EncodingScan(name)
    for start in range(0, len(data), PIECE):
        scan.feed(data[start : start + PIECE])
    return scan.finish()
