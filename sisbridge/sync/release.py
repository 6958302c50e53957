"""Release collected grades through the gate: only complete, in their window, under an MOU, once each."""

from __future__ import annotations

from dataclasses import dataclass

from domain.errors import StopDistrict
from domain.grading import GradePayload, GradeRecord, OutboxItem, OutboxState
from domain.ids import DistrictCode, result_id
from domain.model import District, Finding, Severity
from sisbridge.house import House, clock_of, today_of
from sisbridge.store import audit, cases, outbox, regions
from sisbridge.store import grades as grade_store
from sisbridge.store import seats as seat_store
from sisbridge.store.database import Connection
from sisbridge.sync.payloads import Desk, home_roster, payload_of


@dataclass
class Released:
    """What came of a release: grades queued, grades that wait for their posting window."""

    queued: int = 0
    waiting: int = 0


def release(house: House, district: DistrictCode, actor: str, *, offering: str | None = None) -> Released:
    """Queue the newest unreleased revision of each collected grade; return how many, and how many wait.

    The release is audited. Raises StopDistrict when the district has no MOU or no grade route.
    """
    known = house.district(district)
    with house.store.begin("release") as conn:
        gate = _gate(conn, known)
        released, findings = Released(), []
        collected = grade_store.collected(conn, house.keyring, district)
        home = home_roster(conn, district, [gate.seat(record) for record in collected])
        for record in collected:
            finding = _closed(gate, record)
            if finding is not None:
                released.waiting += 1
                findings.append(finding)
            elif offering is None or record.offering == offering:
                _queue(conn, house, gate, record, payload_of(gate, home, record), actor)
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


def _gate(conn: Connection, district: District) -> Desk:
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
    return Desk(
        district=district,
        route=config.kind,
        today=today_of(district),
        offerings={offering.offering_id: offering for offering in regions.offerings(conn)},
        terms=regions.term_map(conn, district.code),
        seats={(s.person, s.offering, s.term): s for s in seat_store.seats(conn, district.code)},
        home_classes=seat_store.home_classes(conn, district.code),
    )


def _closed(gate: Desk, record: GradeRecord) -> Finding | None:
    """Return why a grade must wait, or None when its posting window is open today."""
    term, offering = gate.term(record), gate.offerings[record.offering]
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


def _queue(
    conn: Connection, house: House, gate: Desk, record: GradeRecord, payload: GradePayload, actor: str
) -> None:
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
