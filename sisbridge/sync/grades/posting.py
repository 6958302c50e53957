"""What waits in the outbox: for its posting window, for a person, or by a route the district has left.

A delivery begins here. What was released early leaves by itself once its window opens; what was not
sent before its window closed waits; what was queued for another route takes today's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from domain.grading import GradePayload, GradeRecord, OutboxItem, OutboxState
from domain.ids import ItemId, result_id
from domain.model import District, Finding, Severity
from sisbridge.house import House, clock_of, today_of
from sisbridge.store import audit, cases, outbox, regions
from sisbridge.store import grades as grade_store
from sisbridge.store.database import Connection
from sisbridge.store.outbox_columns import PlacedItem, placed_items
from sisbridge.sync.grades import gate
from sisbridge.sync.grades.gate import Window, window_of, window_on
from sisbridge.sync.grades.payloads import Desk, desk_of, home_roster

SCOPE = "posting"
"""The scope of the cases that are told here."""

TOLD_HERE = ("WB20", "WB27", "WB28")
"""The rules of that scope that need no look at what a route can carry."""

SENT_ALL_THE_SAME = "grade sent all the same"
"""What the audit says of a grade that a person sends though it would wait for a person."""

RELEASED_AGAIN = "grade released again"
"""What it says of a grade that the SIS refused or did not keep, and a person lets go once more."""

WAITING = (OutboxState.QUEUED, OutboxState.HELD, OutboxState.NOT_TAKEN)
"""What was not sent, or not kept, and may still be sent."""

_IN_DOUBT = (OutboxState.SENDING, OutboxState.UNKNOWN, OutboxState.DELIVERED)


@dataclass
class _Tended:
    """What a look at the outbox came to: items to hold, to release again, and findings."""

    hold: list[PlacedItem] = field(default_factory=list)
    renew: list[PlacedItem] = field(default_factory=list)


def tend(house: House, district: District, route: gate.Route) -> None:
    """Bring what waits in the outbox to where it stands today, before anything is sent."""
    with house.store.begin("posting") as conn:
        desk = desk_of(conn, district, route.kind)
        waiting = _leave_to_a_person(conn, desk, placed_items(conn, district.code, WAITING))
        numbers = [one.item.item_id for one in waiting if one.item.state is not OutboxState.HELD]
        sorted_out = _sort(desk, waiting, outbox.payloads(conn, house.keyring, district.code, numbers))
        findings = _renew(conn, house, desk, route, sorted_out.renew)
        held = [one.item.item_id for one in sorted_out.hold]
        outbox.set_state(conn, district.code, held, OutboxState.HELD, at=clock_of(district)())
        tell(conn, desk, findings)


def renew(
    conn: Connection, house: House, desk: Desk, route: gate.Route, item_ids: Collection[ItemId]
) -> None:
    """Queue items that a person lets go again, by today's route, with what roster and term map say today."""
    queued = placed_items(conn, desk.district.code, [OutboxState.QUEUED])
    chosen = [one for one in queued if one.item.item_id in item_ids]
    tell(conn, desk, _renew(conn, house, desk, route, chosen), closing=False)


def is_due(conn: Connection, district: District) -> bool:
    """Return whether something that waited for its posting window could leave today."""
    waiting = placed_items(conn, district.code, [OutboxState.HELD])
    if not waiting:
        return False
    terms, today = regions.term_map(conn, district.code), today_of(district)
    offerings = {offering.offering_id: offering for offering in regions.offerings(conn)}
    columns = {(one.column, one.offering) for one in waiting if one.column in terms}
    return any(
        window_on(today, terms[column], offerings[offering])[0] is Window.OPEN for column, offering in columns
    )


def astray(
    conn: Connection, desk: Desk, item_ids: Collection[ItemId], payloads: Mapping[ItemId, GradePayload]
) -> set[ItemId]:
    """Return the items whose student's id is another's by now, or whose class is not the student's seat."""
    chosen = [one for one in placed_items(conn, desk.district.code) if one.item.item_id in item_ids]
    return {one.item.item_id for one in chosen if _leads_astray(desk, one, payloads.get(one.item.item_id))}


def item_of(
    house: House, route: str, record: GradeRecord, payload: GradePayload, state: OutboxState
) -> OutboxItem:
    """Return the outbox item of one grade's revision on a route."""
    # Keyed: a plain hash of a grade could be guessed by trying all grades.
    facts = _facts(payload).encode()
    return OutboxItem(
        item_id=payload.item_id,
        district=record.district,
        route=route,
        grade_id=record.grade_id,
        revision=record.revision,
        line_item_id=payload.line_item.line_item_id,
        result_id=result_id(route, record.grade_id),
        payload_digest=house.keyring.fingerprint(record.district, facts, "payload digest"),
        state=state,
    )


def tell(
    conn: Connection,
    desk: Desk,
    findings: Iterable[Finding] = (),
    *,
    closing: bool | Collection[str] = True,
) -> None:
    """Open a case for each column that waits, for what a person must do by hand, and for a route left.

    closing: False, or TOLD_HERE, where nobody looked at what routes can carry: those cases stay open then.
    """
    code = desk.district.code
    waiting = placed_items(conn, code, [OutboxState.HELD, OutboxState.BY_HAND, *_IN_DOUBT])
    told = [finding for one in waiting if (finding := _told(desk, one)) is not None]
    cases.fold(conn, code, desk.today, [*findings, *told], SCOPE, closing=closing)


def _leave_to_a_person(conn: Connection, desk: Desk, waiting: list[PlacedItem]) -> list[PlacedItem]:
    """Take out corrections of transcripts posted since they were released, unless a person sends them."""
    posted = [one for one in waiting if gate.is_posted(desk, one.column)]
    if not posted:
        return waiting
    code, standing = desk.district.code, outbox.standing(conn, desk.district.code)
    late = [
        one.item for one in posted if standing.get(one.item.grade_id, one.item.revision) < one.item.revision
    ]
    chosen = audit.of_action(conn, code, SENT_ALL_THE_SAME, [item.item_id for item in late])
    by_hand = {item.item_id for item in late if item.item_id not in chosen}
    outbox.set_state(conn, code, by_hand, OutboxState.BY_HAND, at=clock_of(desk.district)())
    return [one for one in waiting if one.item.item_id not in by_hand]


def _sort(desk: Desk, waiting: list[PlacedItem], payloads: Mapping[ItemId, GradePayload]) -> _Tended:
    sorted_out = _Tended()
    for one in waiting:
        is_open = one.column in desk.terms and window_of(desk, one)[0] is Window.OPEN
        if not is_open:
            sorted_out.hold.append(one)
        elif (
            one.item.route != desk.route
            or one.item.state is OutboxState.HELD
            or _leads_astray(desk, one, payloads.get(one.item.item_id))
        ):
            sorted_out.renew.append(one)
    return sorted_out


def _leads_astray(desk: Desk, one: PlacedItem, payload: GradePayload | None) -> bool:
    return desk.is_somebody_else(one.student, one.person) or _has_moved(desk, one, payload)


def _has_moved(desk: Desk, one: PlacedItem, payload: GradePayload | None) -> bool:
    """Return whether the student has another id or home class than when the grade was queued, or the class
    another course."""
    seat = desk.seats.get((one.person, one.offering, one.term))
    if payload is None or seat is None:
        return False
    sent_to = (payload.student, payload.line_item.class_sourced_id)
    return sent_to != (seat.student, seat.home_class) or (seat.home_class, one.offering) in desk.taught_else


def _renew(
    conn: Connection, house: House, desk: Desk, route: gate.Route, items: list[PlacedItem]
) -> list[Finding]:
    """Queue items anew by today's route, with what the roster says today; return why some stay held."""
    ring, code = house.keyring, desk.district.code
    found = [
        (one, grade_store.revision(conn, ring, code, one.item.grade_id, one.item.revision)) for one in items
    ]
    records = [(one, record) for one, record in found if record is not None]
    home = home_roster(conn, desk, [record for _, record in records])
    findings: list[Finding] = []
    for one, record in records:
        verdict = gate.judge(desk, route, home, record, ())
        findings += verdict.findings
        if verdict.payload is None:
            outbox.set_state(
                conn, record.district, [one.item.item_id], OutboxState.HELD, at=clock_of(desk.district)()
            )
        else:
            _queue_anew(conn, house, desk, one.item, record, verdict.payload)
    return findings


def _queue_anew(
    conn: Connection, house: House, desk: Desk, old: OutboxItem, record: GradeRecord, payload: GradePayload
) -> None:
    at, code = clock_of(desk.district)(), desk.district.code
    item = item_of(house, desk.route, record, payload, OutboxState.QUEUED)
    # Both: a district that returns to a route has an item set aside there, made of the roster of then.
    outbox.set_state(conn, code, [old.item_id, item.item_id], OutboxState.HELD, at=at)
    outbox.queue(conn, house.keyring, item, payload, at)
    outbox.requeue(conn, code, [item.item_id], at)
    if old.item_id != item.item_id:
        outbox.set_state(conn, code, [old.item_id], OutboxState.SUPERSEDED, at=at)
        audit.append(
            conn, code, "sisbridge", "grade moved to another route", str(item.item_id),
            old.payload_digest, item.payload_digest, at,
        )  # fmt: skip


def _told(desk: Desk, one: PlacedItem) -> Finding | None:
    if one.item.state is OutboxState.BY_HAND:
        return _finding(
            one,
            "WB27",
            f"The transcripts of {one.reporting_period} are posted: corrections of {one.offering} are to be "
            "entered by hand.",
            "Have the registrar change the transcript, then `sisbridge grades choose DISTRICT ITEM "
            "--keep-theirs`; --send-ours sends it all the same.",
        )
    if one.item.state is OutboxState.HELD:
        return _waits(desk, one)
    if one.item.route == desk.route:
        return None
    return _finding(
        one,
        "WB28",
        f"Grades that went by {one.item.route} are not proven yet, and the district's route is now another.",
        "Set that route once more and deliver, or settle each with `sisbridge grades choose`.",
        one.item.route,
    )


def _waits(desk: Desk, one: PlacedItem) -> Finding | None:
    """Return why an item waits for its window or column; None when its route holds it, told elsewhere."""
    if one.column not in desk.terms:
        return _finding(
            one,
            "WB29",
            f"Grades of {one.offering}, {one.reporting_period}, have lost their column in the term map.",
            "Add the column to the district's term map; they leave by themselves then.",
        )
    window, opens_on, closes_on = window_of(desk, one)
    if window is Window.OPEN:
        return None
    title = desk.offerings[one.offering].title
    waits = f"Grades of {title}, {one.reporting_period}, were released and not sent: their posting window"
    if window is Window.AHEAD:
        return _finding(
            one,
            "WB20",
            f"{waits} is {opens_on} to {closes_on}.",
            "They leave by themselves then; change the window in the region file to send them earlier.",
        )
    return _finding(
        one,
        "WB20",
        f"{waits}, {opens_on} to {closes_on}, is over.",
        "Change the window in the region file, or have them entered by hand and withdraw them with "
        "`sisbridge grades choose`.",
    )


def _finding(one: PlacedItem, rule: str, message: str, fix: str, group: str = "") -> Finding:
    return Finding(
        rule=rule,
        severity=Severity.HOLD_ROW,
        table="grades",
        field="",
        place=one.item.route,
        key=one.item.item_id,
        masked="",
        message=message,
        fix=fix,
        group=group or f"{one.offering}/{one.reporting_period}",
        student=one.student,
    )


def _facts(payload: GradePayload) -> str:
    value = payload.value
    said = (str(value.percent), str(value.text_score), value.mark, payload.comment)
    return "\x1f".join((payload.district, payload.item_id, *said))
