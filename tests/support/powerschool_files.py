"""A PowerSchool's tables as its exports write them."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import date

from connectors.powerschool.files import PowerSchoolFilesSettings, PowerSchoolFilesSource
from domain.clock import FixedClock
from simulators.powerschool import Tables
from simulators.sftp import RunningSftp
from tests.conformance.canaries import AT
from tests.support.powerschool import NORTH
from tests.support.sftp import reach

EXPORTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "schools": ("schools", ("dcid", "school_number", "name")),
    "terms": (
        "terms",
        ("dcid", "id", "schoolid", "yearid", "name", "firstday", "lastday", "portion", "isyearrec"),
    ),
    "courses": ("courses", ("dcid", "course_number", "course_name")),
    "sections": ("sections", ("dcid", "id", "schoolid", "course_number", "section_number", "termid")),
    "students": (
        "students",
        (
            "dcid", "id", "student_number", "first_name", "last_name", "grade_level", "schoolid",
            "enroll_status",
        ),
    ),
    "teachers": (
        "teachers",
        ("dcid", "users_dcid", "schoolid", "homeschoolid", "teachernumber", "first_name", "last_name"),
    ),
    "cc": ("cc", ("dcid", "studentid", "sectionid", "schoolid", "termid", "dateenrolled", "dateleft")),
}  # fmt: skip
"""File's stem → the table behind it and the fields somebody put on its list."""

DATES = ("firstday", "lastday", "dateenrolled", "dateleft")


def exported(
    tables: Tables, *, delimiter: str = "\t", header: bool = True, encoding: str = "utf-8-sig"
) -> dict[str, bytes]:
    """Return the files of an export; columns are headed TABLE.FIELD, dates are month first."""
    return {f"{stem}.txt": _file(tables, stem, delimiter, header).encode(encoding) for stem in EXPORTS}


def _file(tables: Tables, stem: str, delimiter: str, header: bool) -> str:
    table, names = EXPORTS[stem]
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    if header:
        writer.writerow(f"{table.upper()}.{name.upper()}" for name in names)
    for row in tables.select(f"SELECT {', '.join(names)} FROM {table} ORDER BY dcid"):
        writer.writerow(_cell(name, row[name]) for name in names)
    return text.getvalue()


def _cell(name: str, value: object) -> object:
    if name not in DATES:
        return value
    if not value:
        return "0/0/0"
    day = date.fromisoformat(str(value))
    return f"{day.month}/{day.day}/{day.year}"


def positional(delimiter: str) -> dict[str, dict[str, object]]:
    """Return the settings of files without a header row."""
    tables = {"staff" if stem == "teachers" else stem: names for stem, (_, names) in EXPORTS.items()}
    return {
        table: {
            "name": f"{'teachers' if table == 'staff' else table}*",
            "header": False,
            "columns": names,
            "delimiter": delimiter,
        }
        for table, names in tables.items()
    }


def by_files(server: RunningSftp, **changes: object) -> PowerSchoolFilesSource:
    """Return a source of what a server's folder holds, without waiting."""
    values: Mapping[str, object] = {
        **reach(server), "settle_seconds": 0, "stale_after_hours": None, **changes,
    }  # fmt: skip
    return PowerSchoolFilesSource(
        NORTH, PowerSchoolFilesSettings.model_validate(values), clock=FixedClock(AT)
    )
