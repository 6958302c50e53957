"""Plain CSV by SFTP for any SIS: the district's settings name the files, its mapping names the columns."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field, field_validator

from connectors.flat.layout import FileLayout, FlatLayout, plain_name, vendor_name
from connectors.flat.pull import FlatPull
from connectors.flat.settings import FlatSettings
from connectors.flat.source import FlatFilesSource
from connectors.protocol import Capability, CheckReport, Landing
from domain.clock import Clock, system_clock
from domain.ids import DistrictCode

TABLES = (
    "orgs",
    "academic_sessions",
    "courses",
    "classes",
    "users",
    "students",
    "staff",
    "class_teachers",
    "enrollments",
)
"""The tables that files may hold (mappings/flat/tables.csv), in reading order."""


class PlainCsvSettings(FlatSettings):
    """Which files there are.

    files: table → file; students and staff may stand in files of their own or together as users.
    nulls: cells that stand for nothing. strip_prefixes: `TABLE.` and `[39]` before column names are
    no part of them.
    """

    files: dict[str, FileLayout] = Field(min_length=1)
    nulls: tuple[str, ...] = ()
    strip_prefixes: bool = False

    @field_validator("files")
    @classmethod
    def _known_tables(cls, files: dict[str, FileLayout]) -> dict[str, FileLayout]:
        unknown = sorted(files.keys() - set(TABLES))
        if unknown:
            raise ValueError(f"unknown tables {', '.join(unknown)}; there are {', '.join(TABLES)}")
        return {table: files[table] for table in TABLES if table in files}

    def layout(self) -> FlatLayout:
        """Return the layout that these settings describe."""
        rule = vendor_name if self.strip_prefixes else plain_name
        return FlatLayout("flat", self.files, rule, frozenset(self.nulls))


class PlainCsvSource:
    """Plain CSV files as a source of rosters; implements `connectors.protocol.RosterSource`."""

    def __init__(
        self, district: DistrictCode, settings: PlainCsvSettings, *, clock: Clock = system_clock
    ) -> None:
        """Remember how to connect and which files to expect."""
        self._files = FlatFilesSource(district, settings, settings.layout(), clock=clock)

    def capabilities(self) -> frozenset[Capability]:
        """Return bulk only: an export is always the whole."""
        return self._files.capabilities()

    def check(self) -> CheckReport:
        """Try the connection, the files and their headers."""
        return self._files.check()

    def open(self, since: datetime | None, landing: Landing) -> FlatPull:
        """Begin a pull of everything, as `FlatFilesSource.open` does."""
        return self._files.open(since, landing)
