"""Rosters from PowerSchool as files by SFTP: AutoSend, Data Export Manager and Quick Export.

AutoSend sends Students, Teachers, Courses, Sections and Student Schedules (CC); schools and terms come by
Data Export Manager. Files are tab- or comma-separated, with a header (`SECTIONS.ID`, `[39]SchoolID`, plain
names) or without one, in UTF-8, UTF-16, Windows or Mac characters; dates that are not there are 0/0/0.
Source: PowerSchool help, AutoSend setup, Data Export Manager; sites that read these files.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import Field, field_validator

from connectors.flat.layout import FileLayout, FlatLayout, vendor_name
from connectors.flat.pull import FlatPull
from connectors.flat.settings import FlatSettings
from connectors.flat.source import FlatFilesSource
from connectors.powerschool.fixes import FILE_FIXES
from connectors.powerschool.query_list import DIALECT
from connectors.protocol import Capability, CheckReport, Landing
from domain.clock import Clock, system_clock
from domain.ids import DistrictCode

NO_DATE = "0/0/0"

FILES: dict[str, FileLayout] = {
    "schools": FileLayout(name="schools*", key="School_Number", required=("School_Number", "Name")),
    "terms": FileLayout(name="terms*", required=("ID", "SchoolID", "Name", "FirstDay", "LastDay")),
    "courses": FileLayout(name="courses*", key="Course_Number", required=("Course_Number", "Course_Name")),
    "sections": FileLayout(
        name="sections*", key="ID", required=("ID", "SchoolID", "Course_Number", "Section_Number", "TermID")
    ),
    "students": FileLayout(
        name="students*", required=("ID", "SchoolID", "Student_Number", "First_Name", "Last_Name")
    ),
    "staff": FileLayout(
        name="teachers*", required=("Users_DCID", "SchoolID", "First_Name", "Last_Name"), optional=True
    ),
    "cc": FileLayout(
        name="cc*", required=("StudentID", "SectionID", "SchoolID", "TermID", "DateEnrolled", "DateLeft")
    ),
}
"""What is expected of each table's file, in reading order; teachers may be left out."""


class PowerSchoolFilesSettings(FlatSettings):
    """Which files there are, where they differ from FILES.

    files: table → its file; what a district does not say of one stays as FILES has it. stale_after_hours:
    an export set to minute 00 runs "after the hourly process", any time within that hour; a file older
    than a day is last night's and is noticed.
    """

    files: dict[str, FileLayout] = {}
    stale_after_hours: float | None = Field(default=24.0, gt=0)

    @field_validator("files")
    @classmethod
    def _known_tables(cls, files: dict[str, FileLayout]) -> dict[str, FileLayout]:
        unknown = sorted(files.keys() - FILES.keys())
        if unknown:
            raise ValueError(f"unknown tables {', '.join(unknown)}; there are {', '.join(FILES)}")
        return files

    def layout(self) -> FlatLayout:
        """Return the layout that these settings describe."""
        files = {table: _completed(self.files.get(table), usual) for table, usual in FILES.items()}
        return FlatLayout(DIALECT, files, vendor_name, frozenset({NO_DATE}), orgs_table="schools")


class PowerSchoolFilesSource:
    """PowerSchool's exports as a source of rosters; implements `connectors.protocol.RosterSource`."""

    def __init__(
        self, district: DistrictCode, settings: PowerSchoolFilesSettings, *, clock: Clock = system_clock
    ) -> None:
        """Remember how to connect and which files to expect."""
        self._files = FlatFilesSource(district, settings, settings.layout(), clock=clock)

    def capabilities(self) -> frozenset[Capability]:
        """Return bulk only: an export is always the whole."""
        return self._files.capabilities()

    def check(self) -> CheckReport:
        """Try the connection, the files and their headers."""
        return self._files.check(FILE_FIXES)

    def open(self, since: datetime | None, landing: Landing) -> FlatPull:
        """Begin a pull of everything, as `FlatFilesSource.open` does."""
        return self._files.open(since, landing)


def _completed(given: FileLayout | None, usual: FileLayout) -> FileLayout:
    """Return a file as a district describes it, with what it leaves out as usual."""
    if given is None:
        return usual
    said = given.model_fields_set
    return given.model_copy(
        update={name: getattr(usual, name) for name in FileLayout.model_fields if name not in said}
    )
