"""Rosters from Infinite Campus as Data Extract files by SFTP: the fallback where OneRoster is not to be had.

Source: Infinite Campus knowledge base, data extract utilities and their history.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Literal

from pydantic import Field, field_validator

from connectors.flat.layout import FileLayout, FlatLayout, vendor_name
from connectors.flat.pull import FlatPull
from connectors.flat.settings import FlatSettings
from connectors.flat.source import FlatFilesSource
from connectors.infinite_campus.settings import CampusClock
from connectors.infinite_campus.watch import YearWatch
from connectors.protocol import Capability, CheckReport, Landing, Notice, Page, PullFacts
from domain.clock import Clock, system_clock
from domain.ids import DistrictCode

DIALECT = "infinite_campus"

FIXES = {
    "FL04": "In Campus (Data Extract Utility) check that the extract ran (Data Extract History), that its"
    " delivery is SFTP to this folder, and that its file name fits the settings",
    "FL10": "In Campus (Ad Hoc Reporting) add the column to the extract's filter, under this very heading",
    "FL11": "In Campus (Data Extract History) look why the extract came without rows; the active year may be"
    " another",
}
"""What to do in Campus, by code."""


def _file(table: str, key: str, *required: str, optional: bool = False) -> FileLayout:
    return FileLayout(name=f"{table}*.*", key=key, required=(*required,), optional=optional)


FILES: dict[str, FileLayout] = {
    "schools": _file("schools", "schoolNumber", "schoolNumber"),
    "terms": _file("terms", "termID", "termID", "startDate", "endDate"),
    "courses": _file("courses", "courseID", "courseID", "courseNumber"),
    "sections": _file("sections", "sectionID", "sectionID", "courseID", "schoolNumber"),
    "students": _file("students", "", "personID", "studentNumber", "schoolNumber", "firstName", "lastName"),
    "staff": _file("staff", "", "personID", "schoolNumber", "firstName", "lastName", optional=True),
    "roster": _file("roster", "", "personID", "sectionID", "schoolNumber"),
}
"""The files we ask a district for, by source table in reading order, each with the columns it must have."""


class CampusFilesSettings(CampusClock, FlatSettings):
    """Where the extracts lie.

    names: source table → file name, * for any part of it, where it is not the table's own name followed by
    anything. delimiter: of all files; "auto" looks at each.
    """

    names: dict[str, str] = {}
    delimiter: Literal["auto", ",", "\t", ";", "|"] = "auto"
    year_margin_days: int = Field(default=21, ge=0)
    check_active_year: bool = True

    @field_validator("names")
    @classmethod
    def _known(cls, names: dict[str, str]) -> dict[str, str]:
        unknown = sorted(names.keys() - FILES.keys())
        if unknown:
            raise ValueError(f"unknown tables {', '.join(unknown)}; there are {', '.join(FILES)}")
        return names

    def layout(self) -> FlatLayout:
        """Return the layout of the extracts under the district's file names."""
        files = {
            table: file.model_copy(
                update={"name": self.names.get(table, file.name), "delimiter": self.delimiter}
            )
            for table, file in FILES.items()
        }
        return FlatLayout(DIALECT, files, vendor_name, frozenset({"null", "n/a"}), orgs_table="schools")


class InfiniteCampusFilesSource:
    """Data Extract files as a source of rosters; implements `connectors.protocol.RosterSource`."""

    def __init__(
        self, district: DistrictCode, settings: CampusFilesSettings, *, clock: Clock = system_clock
    ) -> None:
        """Remember how to connect and which files to expect."""
        self._settings = settings
        self._clock = clock
        self._files = FlatFilesSource(district, settings, settings.layout(), clock=clock)

    def capabilities(self) -> frozenset[Capability]:
        """Return bulk only: an extract is always the whole."""
        return self._files.capabilities()

    def check(self) -> CheckReport:
        """Try the connection, the files and their headers."""
        return self._files.check(FIXES)

    def open(self, since: datetime | None, landing: Landing) -> CampusFilesPull:
        """Begin a pull of everything, as `FlatFilesSource.open` does."""
        today = self._settings.local(self._clock()).date()
        return CampusFilesPull(self._settings, self._files.open(since, landing), today)


class CampusFilesPull:
    """One pull of extracts; implements `connectors.protocol.Pull`."""

    def __init__(self, settings: CampusFilesSettings, pull: FlatPull, today: date) -> None:
        self._settings = settings
        self._pull = pull
        self._today = today

    @property
    def facts(self) -> PullFacts:
        """Return what is known of this pull before its first page."""
        return self._pull.facts

    def pages(self, source_table: str) -> Iterator[Page]:
        """Yield a file's pages; raises StopDistrict CN30 after terms of another school year."""
        year = YearWatch(self._today, self._settings.year_margin_days, "/terms")
        for page in self._pull.pages(source_table):
            if source_table == "terms":
                year.take(page.batch)
            yield page
        if self._settings.check_active_year:
            year.verdict()

    def notices(self) -> Sequence[Notice]:
        """Return what was noticed so far."""
        return self._pull.notices()

    def close(self) -> None:
        """Let go of the copies."""
        self._pull.close()
