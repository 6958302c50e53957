"""Release collected grades through the gate: only complete, in their window, under an MOU, once each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from domain.errors import StopDistrict
from domain.grading import (
    GradeKind,
    GradePayload,
    GradeRecord,
    LineItemSpec,
    Offering,
    OutboxItem,
    OutboxState,
    Seat,
)
from domain.ids import DistrictCode, OfferingId, SourcedId, grade_column, item_id, line_item_id, result_id
from domain.model import District, Finding, Severity
from domain.tables import RosterTable
from sisbridge.house import House, clock_of, today_of
from sisbridge.store import audit, cases, outbox, regions, roster
from sisbridge.store import grades as grade_store
from sisbridge.store import seats as seat_store
from sisbridge.store.database import Connection


@dataclass
class Released:
    """What came of a release: grades queued, grades that wait for their posting window."""

    queued: int = 0
    waiting: int = 0


@dataclass(frozen=True)
class _Gate:
    """What the gate of one district knows."""

    district: District
    route: str
    today: date
    offerings: Mapping[OfferingId, Offering]
    terms: Mapping[tuple[str, str, GradeKind], regions.TermMapping]
    seats: Mapping[tuple[str, str, str], Seat]
    home_classes: Mapping[seat_store.HomeClassKey, str]


def release(house: House, district: DistrictCode, actor: str, *, offering: str | None = None) -> Released:
    """Queue the newest unreleased revision of each collected grade; return how many, and how many wait.

    The release is audited. Raises StopDistrict when the district has no MOU or no grade route.
    """
    known = house.district(district)
    with house.store.begin("release") as conn:
        gate = _gate(conn, known)
        released, findings = Released(), []
        for record in grade_store.collected(conn, house.keyring, district):
            finding = _closed(gate, record)
            if finding is not None:
                released.waiting += 1
                findings.append(finding)
            elif offering is None or record.offering == offering:
                _queue(conn, house, gate, record, actor)
                released.queued += 1
        cases.fold(conn, district, gate.today, findings, "gate")
    return released


def release_again(house: House, district: DistrictCode, actor: str) -> Released:
    """Queue once more what the SIS refused or did not keep, for a person who mended the cause.

    A grade that has a newer revision is left to that one. Each release is audited; raises as `release`.
    """
    known = house.district(district)
    at = clock_of(known)()
    with house.store.begin("release") as conn:
        _gate(conn, known)
        refused = outbox.items(conn, district, [OutboxState.REJECTED, OutboxState.NOT_TAKEN])
        outbox.requeue(conn, district, [item.item_id for item in refused], at)
        for item in refused:
            digest = item.payload_digest
            audit.append(conn, district, actor, "grade released again", str(item.item_id), digest, digest, at)
    return Released(queued=len(refused))


def _gate(conn: Connection, district: District) -> _Gate:
    if district.mou_approved_on is None:
        raise StopDistrict(
            "CF11",
            f"District {district.code} has no approved MOU, so none of its grades leave.",
            fix="Record the date the MOU was approved in the district's settings.",
        )
    config = regions.connector(conn, district.code, "grades")
    if config is None:
        raise StopDistrict(
            "CF12",
            f"District {district.code} has no route for grades.",
            fix="Add a [district.grades] connector to the district's region file.",
        )
    return _Gate(
        district=district,
        route=config.kind,
        today=today_of(district),
        offerings={offering.offering_id: offering for offering in regions.offerings(conn)},
        terms=regions.term_map(conn, district.code),
        seats={(s.person, s.offering, s.term): s for s in seat_store.seats(conn, district.code)},
        home_classes=seat_store.home_classes(conn, district.code),
    )


def _closed(gate: _Gate, record: GradeRecord) -> Finding | None:
    """Return why a grade must wait, or None when its posting window is open today."""
    term = gate.terms[(record.term, record.reporting_period, record.kind)]
    offering = gate.offerings[record.offering]
    opens, closes = term.opens_on or offering.posting_opens_on, term.closes_on or offering.posting_closes_on
    if opens <= gate.today < closes:
        return None
    return Finding(
        rule="WB20",
        severity=Severity.HOLD_ROW,
        table="grades",
        field="",
        place=record.place,
        key=record.student,
        masked="",
        message=f"Grades of {offering.title}, {record.reporting_period}, wait for {opens} to {closes}.",
        fix="Release them inside the window, or change the window in the region file.",
        group=f"{record.offering}/{record.reporting_period}",
        student=record.student,
    )


def _queue(conn: Connection, house: House, gate: _Gate, record: GradeRecord, actor: str) -> None:
    payload = _payload(conn, gate, record)
    # Keyed: a plain hash of a grade could be guessed by trying all grades.
    digest = house.keyring.fingerprint(gate.district.code, _facts(payload).encode(), "payload digest")
    item = OutboxItem(
        item_id=payload.item_id,
        district=gate.district.code,
        route=gate.route,
        grade_id=record.grade_id,
        revision=record.revision,
        line_item_id=payload.line_item.line_item_id,
        result_id=result_id(gate.route, record.grade_id),
        payload_digest=digest,
        state=OutboxState.QUEUED,
    )
    at = clock_of(gate.district)()
    grade_store.release(conn, gate.district.code, record.grade_id, record.revision, actor, at)
    outbox.queue(conn, house.keyring, item, payload, at)
    audit.append(conn, gate.district.code, actor, "grade released", str(item.item_id), None, digest, at)


def _facts(payload: GradePayload) -> str:
    value = payload.value
    return "\x1f".join(
        (
            payload.district,
            payload.item_id,
            str(value.percent),
            str(value.text_score),
            value.mark,
            payload.comment,
        )
    )


def _payload(conn: Connection, gate: _Gate, record: GradeRecord) -> GradePayload:
    seat = gate.seats[(record.person, record.offering, record.term)]
    offering = gate.offerings[record.offering]
    return GradePayload(
        district=gate.district.code,
        item_id=item_id(gate.route, record.grade_id, record.revision),
        line_item=_line_item(gate, record, seat, offering),
        student=seat.student,
        student_identifier=_value(conn, gate, RosterTable.USERS, seat.student, "identifier"),
        value=record.value,
        comment=record.comment,
        kind=record.kind,
        reporting_period=record.reporting_period,
        course_code=_course_code(conn, gate, seat),
        course_title=offering.title,
        school_name=_value(conn, gate, RosterTable.ORGS, seat.home_school, "name"),
        score_date=gate.today,
        labels={"label": gate.terms[(record.term, record.reporting_period, record.kind)].label},
    )


def _line_item(gate: _Gate, record: GradeRecord, seat: Seat, offering: Offering) -> LineItemSpec:
    term = gate.terms[(record.term, record.reporting_period, record.kind)]
    column = grade_column(record.offering, record.term, record.reporting_period, record.kind)
    home_class = gate.home_classes[(record.offering, record.term, seat.home_class)]
    return LineItemSpec(
        line_item_id=line_item_id(gate.district.code, gate.route, column, home_class),
        title=term.title.format(course=offering.title, reporting_period=record.reporting_period),
        class_sourced_id=seat.home_class,
        school_sourced_id=seat.home_school,
        session_sourced_id=SourcedId(term.session_sourced_id),
        assign_date=term.opens_on or offering.posting_opens_on,
        due_date=term.opens_on or offering.posting_opens_on,
    )


def _course_code(conn: Connection, gate: _Gate, seat: Seat) -> str:
    course = _value(conn, gate, RosterTable.CLASSES, seat.home_class, "course_sourced_id")
    return _value(conn, gate, RosterTable.COURSES, SourcedId(course), "course_code")


def _value(conn: Connection, gate: _Gate, table: RosterTable, key: SourcedId, column: str) -> str:
    rows = roster.rows(conn, gate.district.code, table, [column], {"sourced_id": [key]})
    return str(rows.column(column)[0].as_py() or "") if rows.num_rows else ""
