"""Answer in one sentence why a student is missing, or where the student's grades are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from domain.grading import OutboxState
from domain.ids import DistrictCode, SnapshotId, SourcedId
from domain.model import District, Op
from domain.tables import RosterTable
from sisbridge.house import House
from sisbridge.store import findings, outbox, people, roster, runs, timeline
from sisbridge.store import grades as grade_store
from sisbridge.store import seats as seat_store
from sisbridge.store.database import Connection
from sisbridge.sync.night import districts
from validation import catalogue


@dataclass(frozen=True)
class Answer:
    """One sentence about one student in one district."""

    district: DistrictCode
    sentence: str


def why(house: House, student: str, district: DistrictCode | None = None) -> list[Answer]:
    """Return a sentence per district that knows the student's sourcedId, or one that nobody does."""
    chosen = [district] if district else districts(house)
    answers = [
        answer for code in chosen for answer in _of_district(house, house.district(code), SourcedId(student))
    ]
    if answers:
        return answers
    where = f"district {district}" if district else "any district"
    return [
        Answer(district or DistrictCode(""), f"No student with sourcedId {student} was ever seen in {where}.")
    ]


def _of_district(house: House, district: District, student: SourcedId) -> list[Answer]:
    with house.store.read() as conn:
        sentence = (
            _held(conn, district, student)
            or _present(conn, house, district, student)
            or _gone(conn, district, student)
        )
    return [Answer(district.code, sentence)] if sentence else []


def _held(conn: Connection, district: District, student: SourcedId) -> str:
    """Say which rule holds the student's row back in the newest snapshot."""
    run = runs.latest(conn, district.code)
    if run is None or not run.snapshot_id:
        return ""
    held = findings.quarantined(
        conn, district.code, SnapshotId(run.snapshot_id), table=RosterTable.USERS, sourced_id=student
    )
    if not held:
        return ""
    first = held[0]
    rule = catalogue().get(first.rule)
    title = rule.title if rule else first.rule
    return (
        f"Student {student} of district {district.code} is held back since the night of {run.night_on}: "
        f"{title} ({first.rule}, {first.place})."
    )


def _present(conn: Connection, house: House, district: District, student: SourcedId) -> str:
    """Say that the student is on the roster, in how many seats, and where the grades stand."""
    rows = roster.rows(conn, district.code, RosterTable.USERS, ["sourced_id"], {"sourced_id": [student]})
    if not rows.num_rows:
        return ""
    past = timeline.of_record(conn, district.code, RosterTable.USERS, student)
    since = f" since the night of {past[-1].night_on}" if past else ""
    missing = next(
        (f", but was missing on the night of {c.night_on}" for c in past[:1] if c.op is Op.MISSING), ""
    )
    seats = [seat for seat in seat_store.seats(conn, district.code) if seat.student == student]
    return (
        f"Student {student} of district {district.code} is on the roster{since}{missing}, "
        f"has {len(seats)} seats, and {_grades(conn, house, district, student)}."
    )


def _grades(conn: Connection, house: House, district: District, student: SourcedId) -> str:
    person = people.links(conn, district.code, district.school_year).get(student)
    mine = {
        grade
        for grade, record in grade_store.latest(conn, house.keyring, district.code).items()
        if record.person == person
    }
    if not mine:
        return "no grade was collected"
    items = [
        i
        for i in outbox.items(conn, district.code)
        if i.grade_id in mine and i.state is not OutboxState.SUPERSEDED
    ]
    states = Counter(item.state.value.replace("_", " ") for item in items)
    waiting = len(mine) - len({item.grade_id for item in items})
    if waiting:
        states["collected but not released"] = waiting
    return "of the grades " + ", ".join(f"{count} {name}" for name, count in sorted(states.items()))


def _gone(conn: Connection, district: District, student: SourcedId) -> str:
    past = timeline.of_record(conn, district.code, RosterTable.USERS, student)
    if not past:
        return ""
    last = past[0]
    return (
        f"Student {student} of district {district.code} was taken off the roster "
        f"on the night of {last.night_on}, because the SIS marked the record as deleted "
        "or left it out of two complete pulls."
    )
