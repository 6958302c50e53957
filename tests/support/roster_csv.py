"""Small OneRoster packages on disk, and a landing that remembers."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from connectors.oneroster.csv import CsvPull, OneRosterCsvSettings, OneRosterCsvSource
from domain.clock import FixedClock
from domain.ids import DistrictCode

NOON = FixedClock(datetime(2026, 1, 15, 12, tzinfo=UTC))

ROSTER: dict[str, bytes] = {
    "orgs.csv": b"sourcedId,name,type\r\nS1,Maple High,school\r\n",
    "academicSessions.csv": b"sourcedId,title,type\r\nT1,Fall,term\r\n",
    "courses.csv": b"sourcedId,title,orgSourcedId\r\nC1,Welding,S1\r\n",
    "classes.csv": b"sourcedId,title,courseSourcedId\r\nK1,Welding 1,C1\r\n",
    "users.csv": b"sourcedId,givenName,familyName\r\nU1,Ann,Other\r\nU2,Bo,Other\r\n",
    "enrollments.csv": b"sourcedId,classSourcedId,userSourcedId\r\nE1,K1,U1\r\n",
}
"""A whole roster of one school, without a manifest."""


@dataclass
class Remembering:
    """A landing that keeps what it is given in memory."""

    kept: dict[str, bytes] = field(default_factory=dict)

    def keep(self, name: str, data: bytes) -> None:
        assert name not in self.kept
        self.kept[name] = data

    def fetch(self, name: str) -> bytes:
        return self.kept[name]

    def forget(self, prefix: str = "") -> None:
        for name in [name for name in self.kept if name.startswith(prefix)]:
            del self.kept[name]


def manifest(version: str = "1.1", **modes: str) -> bytes:
    """Return a manifest that declares the files of ROSTER bulk, with some modes changed."""
    declared = {name.removesuffix(".csv"): "bulk" for name in ROSTER} | modes
    rows = [f"file.{stem},{mode}" for stem, mode in declared.items()]
    head = ["propertyName,value", "manifest.version,1.0", f"oneroster.version,{version}"]
    return "\r\n".join([*head, *rows, ""]).encode()


def write_zip(path: Path, files: Mapping[str, bytes]) -> Path:
    """Write a zip with these members."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in files.items():
            package.writestr(name, data)
    return path


def write_folder(path: Path, files: Mapping[str, bytes]) -> Path:
    """Write loose files into a new folder."""
    path.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (path / name).write_bytes(data)
    return path


def source(path: Path, **limits: int) -> OneRosterCsvSource:
    """Return the source of a package on disk."""
    settings = OneRosterCsvSettings.model_validate({"path": path, **limits})
    return OneRosterCsvSource(DistrictCode("maple"), settings, clock=NOON)


def pull(path: Path, landing: Remembering | None = None, **limits: int) -> CsvPull:
    """Open a package on disk."""
    return source(path, **limits).open(None, landing or Remembering())


def rows(made: CsvPull, table: str) -> list[dict[str, str | None]]:
    """Return all rows of a table."""
    return [row for page in made.pages(table) for row in page.batch.to_pylist()]
