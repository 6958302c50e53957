"""Turn the roster of record and the master schedule into seats."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from domain.ids import SourcedId
from domain.model import Finding
from domain.tables import RosterTable
from mappings import seats as seating
from sisbridge.store import findings, people, regions, roster
from sisbridge.store import seats as seat_store
from sisbridge.store.database import Connection
from sisbridge.sync.context import Stage
from sisbridge.sync.identity.people import waiting_students


def seats(stage: Stage) -> dict[str, int]:
    """Bring the district's seats in step with its roster of record; return how many it has.

    Safe to repeat: the plan is made from what is stored, not from tonight's changes.
    """
    with stage.house.store.begin("seats") as conn:
        plan = _plan(conn, stage)
        seat_store.number_home_classes(
            conn,
            stage.code,
            [(seat.offering, seat.term, seat.home_class) for seat in plan.seats],
            stage.night_on,
        )
        seat_store.save(conn, stage.code, plan.seats, stage.night_on)
        people_found = stage.read_findings("people") if stage.snapshot else []
        found = _of_their_own(plan.findings, people_found)
        if found or people_found:
            findings.record_findings(conn, stage.code, stage.run_id, [*people_found, *found])
    if stage.snapshot:
        stage.write_findings("seats", found)
    return {"seats": len(plan.seats)}


def _plan(conn: Connection, stage: Stage) -> seating.SeatPlan:
    year = stage.district.school_year
    crosswalk = regions.crosswalk(conn, stage.code, year)
    courses = _rows(conn, stage, RosterTable.COURSES, "course_code", list(crosswalk))
    classes = _rows(conn, stage, RosterTable.CLASSES, "course_sourced_id", _ids(courses))
    enrollments = _rows(conn, stage, RosterTable.ENROLLMENTS, "class_sourced_id", _ids(classes))
    return seating.seats(
        enrollments,
        classes,
        courses,
        regions.offerings(conn),
        crosswalk,
        people.links(conn, stage.code, year, _students(enrollments)),
        seat_store.seats(conn, stage.code),
        stage.night_on,
        stage.code,
    )


def _students(enrollments: pa.Table) -> list[SourcedId]:
    students = pc.unique(enrollments.column("user_sourced_id")).drop_null()
    return [SourcedId(student) for student in students.to_pylist()]


def _of_their_own(found: Sequence[Finding], people_found: Sequence[Finding]) -> list[Finding]:
    """Leave out students without a person where it is said already why they have none."""
    waiting = set(waiting_students(people_found))
    return [one for one in found if one.rule != "RF21" or one.student not in waiting]


def _rows(conn: Connection, stage: Stage, table: RosterTable, column: str, values: list[str]) -> pa.Table:
    return roster.rows(conn, stage.code, table, None, {column: values})


def _ids(rows: pa.Table) -> list[str]:
    return [str(value) for value in rows.column("sourced_id").to_pylist()]


_STAGES = ("validate", "compare", "people", "seats")


def findings_of(stage: Stage) -> list[Finding]:
    """Return what all stages of this snapshot found, for the cases of the night."""
    return [finding for name in _STAGES for finding in stage.read_findings(name)]
