"""How a row stands that is on the roster: since when, with what seats, and what is in the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from domain.grading import OutboxState
from domain.ids import SnapshotId, SourcedId
from domain.model import District, Op, Severity
from domain.tables import RosterTable
from mappings.identity import HELD
from sisbridge.house import House
from sisbridge.store import cases, findings, identity, outbox, people, regions, roster, runs, timeline
from sisbridge.store import grades as grade_store
from sisbridge.store import seats as seat_store
from sisbridge.store.database import Connection
from sisbridge.sync.answers.why_words import LOOKED_IN, named, of_finding, told


def present(conn: Connection, house: House, district: District, subject: SourcedId) -> str:
    """Say that a row is on the roster since when, and what else is to be known of it."""
    for table in LOOKED_IN:
        rows = roster.rows(conn, district.code, table, None, {"sourced_id": [subject]}).to_pylist()
        if rows:
            others = _other_roles(conn, district, table, subject)
            held = _roles_held(conn, house, district, subject) if table is RosterTable.USERS else []
            name = named(table, subject, district, "User" if others or held else _noun(table, rows[0]))
            parts = [f"{name} is on the roster", *_since(conn, district, table, subject), *held]
            besides = [others] if others else _besides(conn, house, district, table, rows[0])
            return ", ".join([*parts, *besides]) + "."
    return ""


def _noun(table: RosterTable, row: Mapping[str, str | None]) -> str:
    """Return what a row is called where its table alone does not say: an org is a school, or what it is."""
    return str(row["type"]).capitalize() if table is RosterTable.ORGS and row["type"] else ""


def _roles_held(conn: Connection, house: House, district: District, user: SourcedId) -> list[str]:
    """Say that a role of a user is held: its own row says nothing of whose it is until it is opened."""
    run = runs.latest(conn, district.code)
    if run is None or not run.snapshot_id:
        return []
    snapshot = SnapshotId(run.snapshot_id)
    held = findings.open_quarantined(conn, house.keyring, district.code, snapshot, RosterTable.ROLES)
    mine = [one for one in held if one.values.get("user_sourced_id") == user]
    return [f"a role of it is held: {told(one.rule, one.place)}" for one in mine[:1]]


def _other_roles(conn: Connection, district: District, table: RosterTable, user: SourcedId) -> str:
    """Say as what a user is on the roster who is no student; nothing of a student or of another row."""
    if table is not RosterTable.USERS:
        return ""
    rows = roster.rows(conn, district.code, RosterTable.ROLES, ["role"], {"user_sourced_id": [user]})
    roles = sorted(set(rows.column(0).to_pylist()))
    return f"as {' and '.join(roles)}" if roles and "student" not in roles else ""


def _since(conn: Connection, district: District, table: RosterTable, subject: SourcedId) -> list[str]:
    past = timeline.of_record(conn, district.code, table, subject)
    came = next((one.night_on for one in past if one.op is Op.ADD), None)
    parts = [f"since the night of {came}"] if came else []
    if past and past[0].op is Op.UPDATE:
        parts.append(f"last changed on the night of {past[0].night_on} ({', '.join(past[0].fields)})")
    if past and past[0].op is Op.MISSING:
        parts.append(
            f"but is missing from the feed since the night of {past[0].night_on}: a second complete roster "
            "without it takes it off"
        )
    return parts


def _besides(
    conn: Connection, house: House, district: District, table: RosterTable, row: dict[str, str | None]
) -> list[str]:
    subject = SourcedId(str(row["sourced_id"]))
    if table is RosterTable.USERS:
        return _of_student(conn, house, district, subject)
    if table is RosterTable.CLASSES:
        return _of_class(conn, district, subject, str(row["course_sourced_id"]))
    return []


def _of_student(conn: Connection, house: House, district: District, student: SourcedId) -> list[str]:
    listed = [one for one, _ in identity.worklist(conn, district.code, HELD) if one.user == student]
    seats = [seat for seat in seat_store.seats(conn, district.code) if seat.student == student]
    parts = [f"has {len(seats)} seats"]
    if listed:
        others = ", ".join(listed[0].others)
        parts.append(
            f"waits for a word on who it is, as its number is also that of {others} ({listed[0].rule})"
        )
    parts += _enrollments_held(conn, district, student)
    parts.append(f"and {_grades(conn, house, district, student)}")
    return [*parts, *_grades_held(conn, district, student)]


def _enrollments_held(conn: Connection, district: District, student: SourcedId) -> list[str]:
    run = runs.latest(conn, district.code)
    if run is None:
        return []
    return [
        f"its row {one.key} of {one.table} is held: {of_finding(one)}"
        for one in findings.findings(conn, district.code, run.run_id)
        if one.student == student and one.table != "users" and one.severity is Severity.HOLD_ROW
    ][:1]


def _grades(conn: Connection, house: House, district: District, student: SourcedId) -> str:
    person = people.links(conn, district.code, district.school_year).get(student)
    latest = grade_store.latest(conn, house.keyring, district.code)
    mine = {grade for grade, record in latest.items() if record.person == person}
    if not mine:
        return "no grade was collected"
    items = [
        one
        for one in outbox.items(conn, district.code)
        if one.grade_id in mine and one.state is not OutboxState.SUPERSEDED
    ]
    states = Counter(item.state.value.replace("_", " ") for item in items)
    waiting = len(mine) - len({item.grade_id for item in items})
    if waiting:
        states["collected but not released"] = waiting
    return "of the grades " + ", ".join(f"{count} {name}" for name, count in sorted(states.items()))


def _grades_held(conn: Connection, district: District, student: SourcedId) -> list[str]:
    """Say what the open cases say of a grade that was held; each names one student only, its first."""
    return [
        f"a grade of it is held: {one.message.rstrip('.')} ({one.rule}, {one.first_place})"
        for one in cases.open_cases(conn, district.code)
        if one.table == "grades" and one.first_key == student
    ][:1]


def _of_class(conn: Connection, district: District, section: SourcedId, course: str) -> list[str]:
    rows = roster.rows(conn, district.code, RosterTable.COURSES, ["course_code"], {"sourced_id": [course]})
    code = str(rows.column(0)[0].as_py() or "") if rows.num_rows else ""
    offering = regions.crosswalk(conn, district.code, district.school_year).get(code)
    if offering is None:
        return [f"and its course {code or '(without a code)'} leads to no shared course, so it has no seats"]
    seats = [seat for seat in seat_store.seats(conn, district.code) if seat.home_class == section]
    return [f"its course {code} leads to offering {offering}", f"and it has {len(seats)} seats"]
