"""Student enrollments in classes of shared courses, as seats in our offerings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import pandas as pd
import pyarrow as pa

from domain.grading import Offering, Seat
from domain.ids import DistrictCode, OfferingId, PersonId, SourcedId
from domain.model import Finding, Severity

_Key = tuple[PersonId, OfferingId, str]
_OF_ENROLLMENT = (
    "sourced_id", "status", "class_sourced_id", "school_sourced_id", "user_sourced_id", "role",
    "begin_date", "end_date",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SeatPlan:
    """Every seat of one district as it should stand, sorted by its key, and what was in the way."""

    seats: tuple[Seat, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Claim:
    """One enrollment that asks for a seat. enrollment: its sourcedId, which settles a tie."""

    seat: Seat
    enrollment: str
    offering: Offering

    def rank(self) -> tuple[bool, date, date, str]:
        """Return what the claim in force later is greater by.

        A class outside the offering's own dates (the same course in another term) comes last.
        """
        begin, end = self.seat.begin_date or date.min, self.seat.end_date or date.max
        overlaps = begin < self.offering.end_date and end > self.offering.begin_date
        return overlaps, end, begin, self.enrollment


def seats(
    enrollments: pa.Table,
    classes: pa.Table,
    courses: pa.Table,
    offerings: Sequence[Offering],
    crosswalk: Mapping[str, OfferingId],
    persons: Mapping[SourcedId, PersonId],
    existing: Sequence[Seat],
    today: date,
    district: DistrictCode,
) -> SeatPlan:
    """Return the seats of one district from its roster of record; planning again changes nothing.

    enrollments, classes, courses: canonical rows. crosswalk: the district's course code → offering.
    Of several enrollments for one seat the one in force later wins. A seat whose enrollment is gone
    ends today (end dates are exclusive) and is never dropped; a no-show is no enrollment. Findings,
    which hold the row: RF20 a course code leads to no offering, RF21 a student is no person yet,
    RF22 open seats of an offering that no course leads to any more, which stay as they are.
    """
    known = {offering.offering_id: offering for offering in offerings}
    usable = {code: known[offering] for code, offering in crosswalk.items() if offering in known}
    rows = _enrolled(enrollments, classes, courses, usable)
    strangers = [row for row in rows if row.student not in persons]
    planned = _winners(
        _claim(row, usable[row.course_code], persons[row.student], district)
        for row in rows
        if row.student in persons
    )
    unsure = {row.student for row in strangers}
    reached = {offering.offering_id for offering in usable.values()}
    for seat in existing:
        kept = seat if seat.student in unsure or seat.offering not in reached else _ended(seat, today)
        planned.setdefault(_key(seat), kept)
    findings = [
        *_unknown_offerings(crosswalk, known),
        *(_no_person(row) for row in strangers),
        *_unreached((seat for seat in existing if _ended(seat, today) != seat), reached),
    ]
    return SeatPlan(tuple(planned[key] for key in sorted(planned)), tuple(findings))


@dataclass(frozen=True, slots=True)
class _Enrolled:
    """One student enrollment in a class of a shared course, with that course's code."""

    sourced_id: str
    home_class: SourcedId
    home_school: SourcedId
    student: SourcedId
    begin_date: date | None
    end_date: date | None
    course_code: str


def _enrolled(
    enrollments: pa.Table, classes: pa.Table, courses: pa.Table, codes: Iterable[str]
) -> list[_Enrolled]:
    """Return the student enrollments in classes of these course codes, no-shows left out."""
    shared = _frame(courses, "sourced_id", "course_code")
    shared = shared[shared["course_code"].isin(list(codes))]
    taught = _frame(classes, "sourced_id", "course_sourced_id").merge(
        shared, left_on="course_sourced_id", right_on="sourced_id", suffixes=("", "_of_course")
    )[["sourced_id", "course_code"]]
    students = _frame(enrollments, *_OF_ENROLLMENT)
    students = students[(students["role"] == "student") & (students["status"] != "tobedeleted")]
    found = students.merge(
        taught, left_on="class_sourced_id", right_on="sourced_id", suffixes=("", "_of_class")
    )
    rows = (_row(record) for record in found.sort_values("sourced_id").to_dict("records"))
    return [row for row in rows if not _is_no_show(row)]


def _frame(table: pa.Table, *columns: str) -> pd.DataFrame:
    frame: pd.DataFrame = table.select(list(columns)).to_pandas()
    return frame


def _row(record: Mapping[object, object]) -> _Enrolled:
    return _Enrolled(
        sourced_id=str(record["sourced_id"]),
        home_class=SourcedId(str(record["class_sourced_id"])),
        home_school=SourcedId(str(record["school_sourced_id"])),
        student=SourcedId(str(record["user_sourced_id"])),
        begin_date=_day(record["begin_date"]),
        end_date=_day(record["end_date"]),
        course_code=str(record["course_code"]),
    )


def _day(value: object) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else None


def _is_no_show(row: _Enrolled) -> bool:
    return row.begin_date is not None and row.end_date is not None and row.end_date <= row.begin_date


def _claim(row: _Enrolled, offering: Offering, person: PersonId, district: DistrictCode) -> _Claim:
    seat = Seat(
        district=district,
        person=person,
        offering=offering.offering_id,
        term=offering.term,
        home_school=row.home_school,
        home_class=row.home_class,
        student=row.student,
        begin_date=row.begin_date,
        end_date=row.end_date,
    )
    return _Claim(seat, row.sourced_id, offering)


def _winners(claims: Iterable[_Claim]) -> dict[_Key, Seat]:
    ranked = sorted(claims, key=_Claim.rank)
    return {_key(claim.seat): claim.seat for claim in ranked}


def _key(seat: Seat) -> _Key:
    return seat.person, seat.offering, seat.term


def _ended(seat: Seat, today: date) -> Seat:
    return seat if seat.end_date is not None and seat.end_date <= today else replace(seat, end_date=today)


def _unknown_offerings(
    crosswalk: Mapping[str, OfferingId], known: Mapping[OfferingId, Offering]
) -> Iterator[Finding]:
    for code, offering in sorted(crosswalk.items()):
        if offering not in known:
            yield _finding(
                "RF20", "courses", "course_code", code, group=code,
                message=f"Course {code} is mapped to offering {offering}, which is on no master schedule.",
                fix=f"Map course {code} to an offering of the master schedule, or add {offering} to it.",
            )  # fmt: skip


def _no_person(row: _Enrolled) -> Finding:
    return _finding(
        "RF21", "enrollments", "user_sourced_id", row.sourced_id, student=row.student,
        message="A student is scheduled into a shared course but is no student of the roster in force.",
        fix="See why the student's own row is held or missing; the seat follows when it is clean.",
    )  # fmt: skip


def _unreached(existing: Iterable[Seat], reached: set[OfferingId]) -> Iterator[Finding]:
    for offering in sorted({seat.offering for seat in existing} - reached):
        yield _finding(
            "RF22", "courses", "course_code", offering, group=offering,
            message=f"There are seats in offering {offering}, but no course is mapped to it any more.",
            fix=f"Map the district's course to {offering} again, or end these seats by hand.",
        )  # fmt: skip


def _finding(
    rule: str, table: str, field: str, key: str, message: str, fix: str,
    group: str = "", student: SourcedId | None = None,
) -> Finding:  # fmt: skip
    return Finding(
        rule=rule,
        severity=Severity.HOLD_ROW,
        table=table,
        field=field,
        place=table,
        key=key,
        masked="",
        message=message,
        fix=fix,
        group=group,
        student=student,
    )
