"""The gate: what becomes of one collected grade that a person releases."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from connectors import registry
from connectors.protocol import GradeSink
from domain.errors import StopDistrict
from domain.grading import GradeKind, GradePayload, GradeRecord, Offering, OutboxState, RouteLimits
from domain.ids import GradeId
from domain.model import District, Finding, Severity
from mappings.scales import Scale
from mappings.transmittal import fit
from sisbridge.house import House, clock_of
from sisbridge.store.outbox_columns import PlacedItem
from sisbridge.store.regions import TermMapping
from sisbridge.sync.context import connector_of
from sisbridge.sync.grades.collect_grades import scale_of
from sisbridge.sync.grades.payloads import Desk, HomeRoster, payload_of


class Window(StrEnum):
    """Where today stands to a posting window."""

    AHEAD = "ahead"
    OPEN = "open"
    PAST = "past"


@dataclass(frozen=True)
class Route:
    """A district's way for grades: its kind, what it can carry, and the scale grades are judged by."""

    kind: str
    limits: RouteLimits
    scale: Scale


@dataclass(frozen=True)
class Verdict:
    """What becomes of a grade: its payload and the state it is queued in, or neither; and why.

    A grade without a payload stays collected and is judged anew at the next release.
    """

    payload: GradePayload | None
    state: OutboxState
    findings: tuple[Finding, ...] = ()


def opened(house: House, district: District) -> tuple[Route, GradeSink]:
    """Return a district's route for grades and its sink; StopDistrict CF11 without an MOU, CF12 with none."""
    if district.mou_approved_on is None:
        raise StopDistrict(
            "CF11",
            f"District {district.code} has no approved MOU, so none of its grades leave.",
            fix="Record the date the MOU was approved in the district's settings.",
        )
    config, secret = connector_of(house, district.code, "grades")
    if config is None:
        raise StopDistrict(
            "CF12",
            f"District {district.code} has no route for grades.",
            fix="Add a [district.grades] connector to the district's region file.",
        )
    sink = registry.grade_sink(config, secret, clock=clock_of(district))
    return Route(config.kind, sink.limits(), scale_of(district)), sink


def judge(
    desk: Desk, route: Route, home: HomeRoster, record: GradeRecord, written: Collection[GradeId]
) -> Verdict:
    """Return what becomes of one grade today. written: the grades of which something stands, or may.

    Held: its window is over (WB20), its seat or column is gone, its student's id is another student's or its
    class another course's (WB29), or the route cannot carry it
    (`mappings.transmittal.fit`). A correction after the transcripts were posted is a person's (WB27).
    """
    seat = desk.seat(record)
    if seat is None or (record.term, record.reporting_period, record.kind) not in desk.terms:
        return Verdict(None, OutboxState.HELD, (_homeless(record),))
    if desk.is_somebody_else(seat.student, record.person):
        return Verdict(None, OutboxState.HELD, (_recycled(record),))
    if (seat.home_class, record.offering) in desk.taught_else:
        return Verdict(None, OutboxState.HELD, (_retaught(record),))
    window, opens_on, closes_on = window_of(desk, record)
    if window is Window.PAST:
        return Verdict(None, OutboxState.HELD, (_over(desk, record, opens_on, closes_on),))
    fitted = fit(payload_of(desk, home, record, seat), route.limits, route.scale)
    findings = tuple(replace(one, place=record.place) for one in fitted.findings)
    if is_posted(desk, (record.term, record.reporting_period, record.kind)) and record.grade_id in written:
        return Verdict(fitted.payload, OutboxState.BY_HAND, findings)
    return Verdict(
        fitted.payload, OutboxState.QUEUED if window is Window.OPEN else OutboxState.HELD, findings
    )


def window_of(desk: Desk, of: GradeRecord | PlacedItem) -> tuple[Window, date, date]:
    """Return where today stands to a column's posting window, and the window (end exclusive)."""
    term, offering = desk.terms[(of.term, of.reporting_period, of.kind)], desk.offerings[of.offering]
    return window_on(desk.today, term, offering)


def window_on(today: date, term: TermMapping, offering: Offering) -> tuple[Window, date, date]:
    """Return where a day stands to the posting window of a term's column of an offering."""
    opens, closes = term.opens_on or offering.posting_opens_on, term.closes_on or offering.posting_closes_on
    if today < opens:
        return Window.AHEAD, opens, closes
    return Window.OPEN if today < closes else Window.PAST, opens, closes


def is_posted(desk: Desk, column: tuple[str, str, GradeKind]) -> bool:
    """Return whether the transcripts that show a grade column are posted."""
    term = desk.terms.get(column)
    posted_on = term.transcript_posted_on if term else None
    return posted_on is not None and posted_on <= desk.today


def _over(desk: Desk, record: GradeRecord, opens_on: date, closes_on: date) -> Finding:
    title = desk.offerings[record.offering].title
    return _held(
        record,
        "WB20",
        f"Grades of {title}, {record.reporting_period}, came after their posting window, "
        f"{opens_on} to {closes_on}.",
        "Change the window in the region file and release them again, or have them entered by hand.",
    )


def _homeless(record: GradeRecord) -> Finding:
    return _held(
        record,
        "WB29",
        f"Grades of {record.offering}, {record.reporting_period}, have lost their seat or column at home.",
        "Look at the student's enrollment and at the district's term map, then release them again.",
    )


def _recycled(record: GradeRecord) -> Finding:
    return _held(
        record,
        "WB29",
        f"A grade of {record.offering}, {record.reporting_period}, is of a student whose id another one has.",
        "Look at the hold of the sourcedId; if it is another student, have the grade entered by hand.",
    )


def _retaught(record: GradeRecord) -> Finding:
    return _held(
        record,
        "WB29",
        f"A grade of {record.offering}, {record.reporting_period}, is of a class of another course by now.",
        "Have the class's course corrected in the SIS, or the grade entered by hand.",
    )


def _held(record: GradeRecord, rule: str, message: str, fix: str) -> Finding:
    return Finding(
        rule=rule,
        severity=Severity.HOLD_ROW,
        table="grades",
        field="",
        place=record.place,
        key=record.student,
        masked="",
        message=message,
        fix=fix,
        group=f"{record.offering}/{record.reporting_period}",
        student=record.student,
    )
