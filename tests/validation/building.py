"""Synthetic rows and contexts: everything good, so that a test says only what it makes wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import pyarrow as pa

from domain.grading import GRADE_COLUMNS
from domain.ids import DistrictCode
from domain.tables import PLACE, ROSTER, RosterTable
from validation.context import GradeContext, JudgeContext, KeySet

Row = Mapping[str, str | None]

GOOD: dict[RosterTable, Row] = {
    RosterTable.ORGS: {"name": "Northfield High", "type": "school"},
    RosterTable.ACADEMIC_SESSIONS: {
        "title": "Fall",
        "type": "term",
        "start_date": "2026-08-10",
        "end_date": "2026-12-19",
        "school_year": "2027",
    },
    RosterTable.COURSES: {"title": "Physics"},
    RosterTable.CLASSES: {
        "class_type": "scheduled",
        "course_sourced_id": "course-1",
        "school_sourced_id": "school-1",
        "term_sourced_ids": "term-1",
    },
    RosterTable.USERS: {"given_name": "Ada", "family_name": "Abel", "grades": "11"},
    RosterTable.ROLES: {"user_sourced_id": "user-1", "role": "student", "org_sourced_id": "school-1"},
    RosterTable.ENROLLMENTS: {
        "class_sourced_id": "class-1",
        "school_sourced_id": "school-1",
        "user_sourced_id": "user-1",
        "role": "student",
    },
}

_KEYS = {
    RosterTable.ORGS: "school",
    RosterTable.ACADEMIC_SESSIONS: "term",
    RosterTable.COURSES: "course",
    RosterTable.CLASSES: "class",
    RosterTable.USERS: "user",
}

GOOD_GRADE: Row = {
    "district": "north",
    "student_sourced_id": "user-1",
    "offering": "physics-fall",
    "term": "fall",
    "reporting_period": "s1",
    "kind": "final",
    "percent": "87.5",
    "entered_by": "t-1",
    "complete": "true",
}
GOOD_FACTS = {
    "_has_seat": True,
    "_known_column": True,
    "_letter_agrees": None,
    "_own_district": True,
    "_contested": False,
}


def roster_batch(table: RosterTable, rows: Sequence[Row]) -> pa.RecordBatch:
    """Return good rows of a table with what each row says changed, numbered from place `file:1` on."""
    names = (*ROSTER[table].names, PLACE)
    whole = [
        {"sourced_id": f"row-{number}", "status": "active", PLACE: f"file:{number}"}
        | dict(GOOD[table])
        | dict(row)
        for number, row in enumerate(rows, start=1)
    ]
    return pa.RecordBatch.from_pylist(whole, schema=pa.schema([(name, pa.string()) for name in names]))


def key_set(clean: Sequence[str], held: Sequence[str] = ()) -> KeySet:
    """Return a key set of clean and held sourcedIds."""
    return KeySet(clean=pa.array(clean, pa.string()), seen=pa.array([*clean, *held], pa.string()))


def context(**changes: object) -> JudgeContext:
    """Return a feed in which `<thing>-1` and `<thing>-2` are clean and `<thing>-held` is held."""
    references = {
        table: key_set([f"{name}-1", f"{name}-2"], [f"{name}-held"]) for table, name in _KEYS.items()
    }
    return JudgeContext(references=references, **changes)  # type: ignore[arg-type]


def grade_rows(rows: Sequence[Mapping[str, object]]) -> pa.Table:
    """Return good grades with what each row says changed, numbered from place `file:1` on."""
    text = [(name, pa.string()) for name in (*GRADE_COLUMNS, PLACE)]
    schema = pa.schema([*text, *((name, pa.bool_()) for name in GOOD_FACTS)])
    whole = [
        {PLACE: f"file:{number}"} | dict(GOOD_GRADE) | GOOD_FACTS | dict(row)
        for number, row in enumerate(rows, 1)
    ]
    return pa.Table.from_pylist(whole, schema=schema)


def grade_context(maximum: str = "100", **overrides: object) -> GradeContext:
    """Return the context of district north, which knows the offering of good grades by name."""
    return GradeContext(
        district=DistrictCode("north"),
        maximum_percent=Decimal(maximum),
        words=frozenset({"physics-fall"}),
        overrides=overrides,
    )
