"""What is sent of a released grade: the grade, and what the home roster says of student, class and school."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from domain.errors import ContractBroken
from domain.grading import GradeKind, GradePayload, GradeRecord, LineItemSpec, Offering, Seat
from domain.ids import DistrictCode, OfferingId, PersonId, SourcedId, grade_column, item_id, line_item_id
from domain.model import District
from domain.tables import RosterTable
from mappings.user_ids import STATE_TYPES, state_identifier
from sisbridge.house import today_of
from sisbridge.store import people, regions, roster
from sisbridge.store import seats as seat_store
from sisbridge.store.database import Connection
from sisbridge.sync.identity.recycled import in_doubt

SeatKey = tuple[str, str, str]
"""Person, offering, term."""

_COLUMNS: Mapping[RosterTable, tuple[str, ...]] = {
    RosterTable.USERS: ("identifier", "user_ids", "grades"),
    RosterTable.CLASSES: ("class_code", "course_sourced_id"),
    RosterTable.COURSES: ("course_code",),
    RosterTable.ORGS: ("name", "identifier"),
    RosterTable.ACADEMIC_SESSIONS: ("start_date", "end_date"),
}

_Rows = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class HomeRoster:
    """What the home roster says of the students, classes, courses and schools of some seats."""

    rows: Mapping[RosterTable, _Rows] = field(repr=False)

    def value(self, table: RosterTable, sourced_id: str, column: str) -> str:
        """Return one value, "" where the roster has none."""
        return self.rows[table].get(sourced_id, {}).get(column, "")


@dataclass(frozen=True)
class Desk:
    """What one district's payloads are made of."""

    district: District
    route: str
    today: date
    offerings: Mapping[OfferingId, Offering]
    terms: Mapping[tuple[str, str, GradeKind], regions.TermMapping]
    seats: Mapping[SeatKey, Seat]
    home_classes: Mapping[seat_store.HomeClassKey, str]
    persons: Mapping[SourcedId, frozenset[PersonId]]
    in_doubt: frozenset[SourcedId]
    taught_else: frozenset[tuple[SourcedId, OfferingId]]

    def term(self, record: GradeRecord) -> regions.TermMapping:
        """Return what the district calls a grade's reporting period."""
        return self.terms[(record.term, record.reporting_period, record.kind)]

    def seat(self, record: GradeRecord) -> Seat | None:
        """Return the seat that a grade is of, None when there is none any more."""
        return self.seats.get((record.person, record.offering, record.term))

    def is_somebody_else(self, student: SourcedId, person: PersonId) -> bool:
        """Return whether the SIS uses a student's id for another by now, as far as anybody knows."""
        return student in self.in_doubt or person not in self.persons.get(student, {person})


def desk_of(conn: Connection, district: District, route: str) -> Desk:
    """Return what a district's payloads by a route are made of today."""
    seats = seat_store.seats(conn, district.code)
    return Desk(
        district=district,
        route=route,
        today=today_of(district),
        offerings={offering.offering_id: offering for offering in regions.offerings(conn)},
        terms=regions.term_map(conn, district.code),
        seats={(s.person, s.offering, s.term): s for s in seats},
        home_classes=seat_store.home_classes(conn, district.code),
        persons=people.persons_of(conn, district.code),
        in_doubt=in_doubt(conn, district.code),
        taught_else=_taught_else(conn, district, seats),
    )


def _taught_else(
    conn: Connection, district: District, seats: Sequence[Seat]
) -> frozenset[tuple[SourcedId, OfferingId]]:
    """Return the home classes in which another course is taught by now, with the offering that left them.

    What a code led to in another school year counts too: a grade may leave after the year has ended. An
    offering that no course leads to was taken out of the crosswalk: that says nothing of classes.
    """
    leads = regions.led_to(conn, district.code)
    known = frozenset[OfferingId]().union(*leads.values())
    classes = _read(conn, district.code, RosterTable.CLASSES, {seat.home_class for seat in seats})
    taught = {row["course_sourced_id"] for row in classes.values()}
    courses = _read(conn, district.code, RosterTable.COURSES, taught)
    code_of = {one: courses.get(row["course_sourced_id"], {}) for one, row in classes.items()}
    now = {one: leads.get(row["course_code"], frozenset()) for one, row in code_of.items() if row}
    return frozenset(
        (seat.home_class, seat.offering)
        for seat in seats
        if seat.offering in known and seat.offering not in now.get(seat.home_class, known)
    )


def home_roster(conn: Connection, desk: Desk, records: Iterable[GradeRecord]) -> HomeRoster:
    """Read at once what the roster of record says of the seats of some grades."""
    district = desk.district.code
    chosen = [seat for record in records if (seat := desk.seat(record)) is not None]
    users = _read(conn, district, RosterTable.USERS, {seat.student for seat in chosen})
    classes = _read(conn, district, RosterTable.CLASSES, {seat.home_class for seat in chosen})
    taught = {row["course_sourced_id"] for row in classes.values()}
    courses = _read(conn, district, RosterTable.COURSES, taught)
    orgs = _read(conn, district, RosterTable.ORGS, {seat.home_school for seat in chosen})
    return HomeRoster(
        {
            RosterTable.USERS: users,
            RosterTable.CLASSES: classes,
            RosterTable.COURSES: courses,
            RosterTable.ORGS: orgs,
            RosterTable.ACADEMIC_SESSIONS: _read(
                conn,
                district,
                RosterTable.ACADEMIC_SESSIONS,
                {term.session_sourced_id for term in desk.terms.values()},
            ),
        }
    )


def payload_of(desk: Desk, home: HomeRoster, record: GradeRecord, seat: Seat) -> GradePayload:
    """Return everything a route needs to write one grade of a seat.

    The only place where payloads are made, and of one district alone: desk, grade and seat must all be
    that district's. Raises ContractBroken CF07 otherwise.
    """
    if {record.district, seat.district} != {desk.district.code}:
        raise ContractBroken(
            "CF07",
            f"A grade of district {record.district} met a seat of {seat.district} at the desk of "
            f"{desk.district.code}.",
            fix="Nothing was queued; send this line to the sisbridge maintainers.",
            place=record.place,
        )
    offering, term = desk.offerings[record.offering], desk.term(record)
    course = home.value(RosterTable.CLASSES, seat.home_class, "course_sourced_id")
    return GradePayload(
        district=desk.district.code,
        item_id=item_id(desk.route, record.grade_id, record.revision),
        line_item=_line_item(desk, home, record, seat, offering),
        student=seat.student,
        student_identifier=home.value(RosterTable.USERS, seat.student, "identifier"),
        value=record.value,
        comment=record.comment,
        kind=record.kind,
        reporting_period=record.reporting_period,
        course_code=home.value(RosterTable.COURSES, course, "course_code"),
        course_title=offering.title,
        school_name=home.value(RosterTable.ORGS, seat.home_school, "name"),
        score_date=desk.today,
        labels={**term.labels, "label": term.label},
        school_year=offering.school_year,
        grade_level=home.value(RosterTable.USERS, seat.student, "grades").partition(",")[0],
        school_identifier=home.value(RosterTable.ORGS, seat.home_school, "identifier"),
        class_code=home.value(RosterTable.CLASSES, seat.home_class, "class_code"),
        state_identifier=_state_identifier(desk.district, home, seat.student),
        teacher=offering.teacher,
    )


def _line_item(
    desk: Desk, home: HomeRoster, record: GradeRecord, seat: Seat, offering: Offering
) -> LineItemSpec:
    term = desk.term(record)
    due_date = _inside(home, term.session_sourced_id, term.opens_on or offering.posting_opens_on)
    column = grade_column(record.offering, record.term, record.reporting_period, record.kind)
    home_class = desk.home_classes[(record.offering, record.term, seat.home_class)]
    return LineItemSpec(
        line_item_id=line_item_id(desk.district.code, desk.route, column, home_class),
        title=term.title.format(course=offering.title, reporting_period=record.reporting_period),
        class_sourced_id=seat.home_class,
        school_sourced_id=seat.home_school,
        session_sourced_id=SourcedId(term.session_sourced_id),
        assign_date=due_date,
        due_date=due_date,
    )


def _inside(home: HomeRoster, session: str, day: date) -> date:
    """Return the day of a session nearest to a day: a gradebook puts other columns into another term."""
    begin = home.value(RosterTable.ACADEMIC_SESSIONS, session, "start_date")
    end = home.value(RosterTable.ACADEMIC_SESSIONS, session, "end_date")
    if end:
        day = min(day, date.fromisoformat(end) - timedelta(days=1))
    return max(day, date.fromisoformat(begin)) if begin else day


def _state_identifier(district: District, home: HomeRoster, student: SourcedId) -> str:
    named = district.settings.get("state_identifier_type")
    types: Sequence[str] | frozenset[str] = [str(named)] if named else STATE_TYPES
    return state_identifier(home.value(RosterTable.USERS, student, "user_ids"), types)


def _read(conn: Connection, district: DistrictCode, table: RosterTable, wanted: Iterable[str]) -> _Rows:
    columns = _COLUMNS[table]
    found = roster.rows(conn, district, table, ["sourced_id", *columns], {"sourced_id": sorted(wanted)})
    return {row["sourced_id"]: {name: row[name] or "" for name in columns} for row in found.to_pylist()}
