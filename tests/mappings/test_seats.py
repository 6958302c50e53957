"""Enrollments as seats: moves, ends, no-shows, and settings that lead nowhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from domain.grading import Offering, Seat
from domain.ids import DistrictCode, OfferingId, PersonId, SourcedId
from domain.tables import RosterTable
from mappings.seats import SeatPlan, seats
from tests.mappings.building import canonical

TODAY = date(2026, 10, 1)
D1, O1 = DistrictCode("D1"), OfferingId("O1")
OFFERING = Offering(
    offering_id=O1, title="Cyber Security", course_code="CYB1", term="2026F", school_year="2027",
    host_district=D1, teacher="t", period_kind="zero hour", sessions_per_week=3, minutes_per_session=45,
    begin_date=date(2026, 8, 10), end_date=date(2026, 12, 19),
    posting_opens_on=date(2026, 12, 1), posting_closes_on=date(2027, 1, 10),
)  # fmt: skip
CROSSWALK = {"7044": O1}
PERSONS = {SourcedId("s1"): PersonId("p1"), SourcedId("s2"): PersonId("p2")}
SEAT = Seat(
    district=D1, person=PersonId("p1"), offering=O1, term="2026F", home_school=SourcedId("north"),
    home_class=SourcedId("c1"), student=SourcedId("s1"), begin_date=date(2026, 8, 10), end_date=None,
)  # fmt: skip


def table_of(table: RosterTable, *rows: dict[str, str | None]) -> pa.Table:
    return pa.Table.from_batches([canonical(table, *rows)])


COURSES = table_of(
    RosterTable.COURSES,
    {"sourced_id": "k1", "course_code": "7044"},
    {"sourced_id": "k2", "course_code": "9999"},
)
CLASSES = table_of(
    RosterTable.CLASSES,
    {"sourced_id": "c1", "course_sourced_id": "k1"},
    {"sourced_id": "c2", "course_sourced_id": "k1"},
    {"sourced_id": "c9", "course_sourced_id": "k2"},
)


def enrollment(sourced_id: str = "e1", **cells: str | None) -> dict[str, str | None]:
    usual = {
        "sourced_id": sourced_id, "status": "active", "class_sourced_id": "c1", "school_sourced_id": "north",
        "user_sourced_id": "s1", "role": "student", "begin_date": "2026-08-10",
    }  # fmt: skip
    return {**usual, **cells}


def plan(
    *enrollments: dict[str, str | None],
    existing: Sequence[Seat] = (),
    crosswalk: Mapping[str, OfferingId] = CROSSWALK,
    today: date = TODAY,
) -> SeatPlan:
    rows = table_of(RosterTable.ENROLLMENTS, *enrollments)
    return seats(rows, CLASSES, COURSES, [OFFERING], crosswalk, PERSONS, existing, today, D1)


def test_a_student_enrollment_in_a_class_of_a_mapped_course_is_a_seat() -> None:
    assert plan(enrollment()) == SeatPlan((SEAT,), ())


def test_teachers_other_courses_and_deleted_enrollments_are_no_seats() -> None:
    others = [
        enrollment("e1", role="teacher"),
        enrollment("e2", class_sourced_id="c9"),
        enrollment("e3", status="tobedeleted"),
    ]
    assert plan(*others) == SeatPlan((), ())


def test_an_end_date_is_carried_over_and_a_past_one_does_not_drop_the_seat() -> None:
    (seat,) = plan(enrollment(end_date="2026-09-15")).seats
    assert seat == replace(SEAT, end_date=date(2026, 9, 15))


def test_a_no_show_is_no_seat() -> None:
    assert plan(enrollment(end_date="2026-08-10")).seats == ()


def test_an_enrollment_without_dates_is_an_open_seat() -> None:
    (seat,) = plan(enrollment(begin_date=None)).seats
    assert (seat.begin_date, seat.end_date) == (None, None)


def test_after_a_move_the_class_in_force_later_holds_the_seat() -> None:
    left = enrollment("e2", class_sourced_id="c2", end_date="2026-09-15")
    entered = enrollment("e1", class_sourced_id="c1", begin_date="2026-09-15")
    (seat,) = plan(entered, left).seats
    assert (seat.home_class, seat.begin_date, seat.end_date) == ("c1", date(2026, 9, 15), None)


def test_of_two_open_classes_the_one_begun_later_holds_the_seat() -> None:
    rows = [enrollment("e2"), enrollment("e1", class_sourced_id="c2", begin_date="2026-09-15")]
    assert plan(*rows).seats[0].home_class == "c2"


def test_the_class_within_the_offerings_dates_goes_before_the_same_course_in_spring() -> None:
    fall = enrollment("e1", end_date="2026-12-19")
    spring = enrollment("e2", class_sourced_id="c2", begin_date="2027-01-05", end_date="2027-05-28")
    assert plan(fall, spring).seats[0].home_class == "c1"
    assert plan(spring).seats[0].home_class == "c2"


def test_two_users_of_one_person_hold_one_seat() -> None:
    persons = {SourcedId("s1"): PersonId("p1"), SourcedId("s2"): PersonId("p1")}
    rows = table_of(RosterTable.ENROLLMENTS, enrollment("e1"), enrollment("e2", user_sourced_id="s2"))
    found = seats(rows, CLASSES, COURSES, [OFFERING], CROSSWALK, persons, [], TODAY, D1)
    assert [seat.student for seat in found.seats] == ["s2"]


def test_a_removed_enrollment_ends_the_seat_today_and_keeps_it() -> None:
    ended = replace(SEAT, end_date=TODAY)
    assert plan(existing=[SEAT]).seats == (ended,)
    assert plan(existing=[ended], today=date(2026, 11, 1)).seats == (ended,)
    later = replace(SEAT, end_date=date(2026, 12, 19))
    assert plan(existing=[later]).seats == (ended,)


def test_a_student_who_comes_back_has_the_seat_again() -> None:
    assert plan(enrollment(), existing=[replace(SEAT, end_date=date(2026, 9, 1))]).seats == (SEAT,)


def test_a_course_mapped_to_no_offering_is_found_once() -> None:
    found = plan(enrollment(), crosswalk={**CROSSWALK, "9999": OfferingId("O404")})
    assert [(f.rule, f.key) for f in found.findings] == [("RF20", "9999")]
    assert found.seats == (SEAT,)


def test_a_student_without_a_person_is_found_and_keeps_the_seat_there_is() -> None:
    stranger = replace(SEAT, student=SourcedId("s9"), person=PersonId("p9"))
    found = plan(enrollment(user_sourced_id="s9"), existing=[stranger])
    assert [(f.rule, f.key, f.student) for f in found.findings] == [("RF21", "e1", "s9")]
    assert found.seats == (stranger,)


def test_a_mapping_taken_away_ends_no_seat_and_is_found_while_one_is_open() -> None:
    found = plan(enrollment(), existing=[SEAT], crosswalk={})
    assert ([f.rule for f in found.findings], found.seats) == (["RF22"], (SEAT,))
    assert plan(existing=[replace(SEAT, end_date=TODAY)], crosswalk={}).findings == ()


DAYS = st.none() | st.sampled_from(["2026-08-10", "2026-09-01", "2026-10-01", "2027-01-05"])
ENROLLMENTS = st.lists(
    st.builds(
        enrollment, st.sampled_from(["e1", "e2", "e3"]), user_sourced_id=st.sampled_from(["s1", "s2", "s9"]),
        class_sourced_id=st.sampled_from(["c1", "c2", "c9"]), begin_date=DAYS, end_date=DAYS,
    ),
    max_size=5,
)  # fmt: skip


@given(ENROLLMENTS, ENROLLMENTS)
def test_planning_again_changes_nothing_and_no_seat_is_ever_lost(
    before: list[dict[str, str | None]], now: list[dict[str, str | None]]
) -> None:
    first = plan(*before)
    second = plan(*now, existing=first.seats)
    assert {seat.person for seat in first.seats} <= {seat.person for seat in second.seats}
    assert plan(*now, existing=second.seats) == second


@given(ENROLLMENTS)
def test_the_order_of_rows_decides_nothing(rows: list[dict[str, str | None]]) -> None:
    unique = list({row["sourced_id"]: row for row in rows}.values())
    assert plan(*reversed(unique)) == plan(*unique)
