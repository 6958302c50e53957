"""Where one grade stands on its way, by the id of the grade or of its outbox item."""

from __future__ import annotations

from domain.grading import GradeRecord, OutboxState
from domain.ids import GradeId, SourcedId
from domain.model import District
from sisbridge.house import House
from sisbridge.store import grades as grade_store
from sisbridge.store.database import Connection
from sisbridge.store.outbox_columns import PlacedItem, placed_items
from sisbridge.store.receipts import last_receipts
from sisbridge.sync.grades.gate import window_of
from sisbridge.sync.grades.payloads import desk_of

_STANDS = {
    OutboxState.QUEUED: "is released and leaves with the next delivery",
    OutboxState.HELD: "is released and waits",
    OutboxState.BY_HAND: "is a correction of a posted transcript, which the registrar enters by hand (WB27)",
    OutboxState.SENDING: "was being sent when the delivery ended; the next one looks it up first",
    OutboxState.DELIVERED: "was delivered and is not confirmed yet",
    OutboxState.CONFIRMED: "is in the SIS as released",
    OutboxState.NOT_TAKEN: "was sent, and the SIS kept what it had before",
    OutboxState.CONFLICT: "was not written, because the SIS holds another value that is not ours (WB10)",
    OutboxState.REJECTED: "was refused by the SIS",
    OutboxState.UNKNOWN: "was sent without an answer; it is looked up before anything is sent again",
    OutboxState.SUPERSEDED: "gave way to a newer revision",
    OutboxState.WITHDRAWN: "was withdrawn",
}


def of_grade(conn: Connection, house: House, district: District, subject: SourcedId) -> str:
    """Say where a grade stands; "" when no grade and no outbox item has this id."""
    items = [
        one
        for one in placed_items(conn, district.code)
        if str(subject) in (str(one.item.grade_id), str(one.item.item_id))
    ]
    if items:
        return _sent(conn, house, district, max(items, key=lambda one: one.item.revision))
    record = grade_store.newest(conn, house.keyring, district.code, GradeId(subject))
    return _collected(district, record) if record else ""


def _collected(district: District, record: GradeRecord) -> str:
    return (
        f"Grade {record.grade_id} of student {record.student} of district {district.code} was collected from "
        f"{record.place} and waits for a person to release it (`sisbridge grades release {district.code}`)."
    )


def _sent(conn: Connection, house: House, district: District, one: PlacedItem) -> str:
    last = last_receipts(conn, house.keyring, district.code, [one.item.item_id]).get(one.item.item_id)
    since = f", by the attempt of {last.sent_at:%Y-%m-%d %H:%M} UTC" if last else ""
    said = f": {last.message.rstrip('.')}" if last and last.message else ""
    return (
        f"Grade {one.item.grade_id} of student {one.student} of district {district.code}, {one.offering} "
        f"{one.reporting_period}, {_STANDS[one.item.state]}{since}{said}{_window(conn, district, one)}."
    )


def _window(conn: Connection, district: District, one: PlacedItem) -> str:
    if one.item.state is not OutboxState.HELD:
        return ""
    desk = desk_of(conn, district, one.item.route)
    if one.column not in desk.terms:
        return ", because its column is in the district's term map no more (WB29)"
    _, opens_on, closes_on = window_of(desk, one)
    return f" for its posting window, {opens_on} to {closes_on} (WB20)"
