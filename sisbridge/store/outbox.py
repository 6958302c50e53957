"""The outbox: one item per released revision and route, with its sealed payload."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Row

from domain.clock import system_clock
from domain.errors import ContractBroken
from domain.grading import GradePayload, OutboxItem, OutboxState
from domain.ids import BatchId, DistrictCode, GradeId, ItemId
from sisbridge.store import bulk
from sisbridge.store.codec import PAYLOAD
from sisbridge.store.receipts import last_receipts, receipts, receipts_of_grades, save_receipts
from sisbridge.store.sealing import Keyring
from sisbridge.store.tables.grades import outbox
from sisbridge.store.upsert import insert_missing
from sisbridge.store.written import last_written, last_written_all, opened, purpose, standing

__all__ = [
    "queue", "queue_many", "claim", "requeue", "items", "payloads", "set_state", "last_written",
    "last_written_all", "standing", "save_receipts", "receipts", "last_receipts",
    "receipts_of_grades",
]  # fmt: skip

REPLACEABLE = (
    OutboxState.QUEUED,
    OutboxState.HELD,
    OutboxState.BY_HAND,
    OutboxState.NOT_TAKEN,
    OutboxState.CONFLICT,
    OutboxState.REJECTED,
)
"""What a newer revision supersedes. An item that may be on its way is looked up first, never replaced."""

_REFRESHABLE = (OutboxState.QUEUED, OutboxState.HELD)


def queue(
    conn: Connection, keyring: Keyring, item: OutboxItem, payload: GradePayload, at: datetime | None = None
) -> None:
    """Queue one item; older revisions of the grade, by any route, that are not under way are superseded.

    Safe to repeat: an item still waiting takes the new payload, any other stays as it is. Raises
    ContractBroken CF07 when the payload is another district's or another item's.
    """
    queue_many(conn, keyring, item.district, [(item, payload)], at)


def queue_many(
    conn: Connection,
    keyring: Keyring,
    district: DistrictCode,
    work: Sequence[tuple[OutboxItem, GradePayload]],
    at: datetime | None = None,
) -> None:
    """Queue many items of one district, each as `queue` does."""
    for item, payload in work:
        _refuse_strangers(district, item, payload)
    moment, numbers = at or system_clock(), [item.item_id for item, _ in work]
    known = set(conn.scalars(sa.select(outbox.c.item_id).where(*_these(conn, district, numbers))))
    rows = [
        _row(item, keyring.seal(district, PAYLOAD.dump(payload), purpose(item.item_id)), moment)
        for item, payload in work
    ]
    insert_missing(conn, outbox, rows)
    for row in (row for row in rows if row["item_id"] in known):
        fresh = {name: row[name] for name in ("payload_digest", "sealed", "line_item_id")}
        _change(conn, district, [ItemId(str(row["item_id"]))], fresh, outbox.c.state.in_(_REFRESHABLE))
    _supersede_older(conn, district, {item.grade_id for item, _ in work}, moment)


def items(
    conn: Connection, district: DistrictCode, states: Collection[OutboxState] | None = None
) -> list[OutboxItem]:
    """Return a district's items, in given states or all, by route, line item, grade and revision."""
    wanted = sa.select(outbox).where(outbox.c.district_code == district)
    if states is not None:
        wanted = wanted.where(outbox.c.state.in_([state.value for state in states]))
    columns = ("route", "line_item_id", "grade_id", "revision")
    rows = conn.execute(wanted.order_by(*(outbox.c[name] for name in columns)))
    return [as_item(row) for row in rows]


def payloads(
    conn: Connection, keyring: Keyring, district: DistrictCode, item_ids: Collection[ItemId]
) -> dict[ItemId, GradePayload]:
    """Return the opened payloads of these items; an item of another district is not there."""
    wanted = sa.select(outbox.c.item_id, outbox.c.sealed).where(
        outbox.c.district_code == district, bulk.one_of(conn, outbox.c.item_id, item_ids)
    )
    rows = conn.execute(wanted.order_by(outbox.c.item_id)).all()
    return {row.item_id: opened(keyring, district, row.item_id, row.sealed) for row in rows}


def reseal(
    conn: Connection, keyring: Keyring, district: DistrictCode, payloads: Mapping[ItemId, GradePayload]
) -> None:
    """Replace the payloads of items whose class or student has another sourcedId by now."""
    for item_id, payload in payloads.items():
        sealed = keyring.seal(district, PAYLOAD.dump(payload), purpose(item_id))
        _change(conn, district, [item_id], {"sealed": sealed})


def set_state(
    conn: Connection,
    district: DistrictCode,
    item_ids: Collection[ItemId],
    state: OutboxState,
    *,
    attempts: int | None = None,
    batch_id: BatchId | None = None,
    at: datetime,
) -> None:
    """Move items to a state; attempts and batch id are kept when not given.

    An item that comes to wait for another attempt, or for a person, while a newer revision of its grade is
    there is set aside: the older one must not go beside it, or after it.
    """
    values: dict[str, object] = {"state": state.value, "updated_at": at}
    if attempts is not None:
        values["attempts"] = attempts
    if batch_id is not None:
        values["batch_id"] = batch_id
    _change(conn, district, item_ids, values)
    if state in REPLACEABLE:
        _change(conn, district, item_ids, {"state": OutboxState.SUPERSEDED.value}, has_newer())


def claim(
    conn: Connection, district: DistrictCode, wanted: Sequence[OutboxItem], at: datetime
) -> set[ItemId]:
    """Move items to SENDING, each with one more attempt, and return those that were as we last saw them.

    An item that another delivery took, or a person changed, in the meantime is left alone and not returned.
    """
    taken: set[ItemId] = set()
    for state, attempts in sorted({(item.state, item.attempts) for item in wanted}):
        alike = [item.item_id for item in wanted if (item.state, item.attempts) == (state, attempts)]
        claimed = conn.execute(
            sa.update(outbox)
            .where(
                outbox.c.district_code == district,
                outbox.c.state == state.value,
                outbox.c.attempts == attempts,
                bulk.one_of(conn, outbox.c.item_id, alike),
            )
            .values(state=OutboxState.SENDING.value, attempts=attempts + 1, updated_at=at)
            .returning(outbox.c.item_id)
        )
        taken.update(ItemId(number) for number in claimed.scalars())
    return taken


def requeue(conn: Connection, district: DistrictCode, item_ids: Collection[ItemId], at: datetime) -> None:
    """Put items that never arrived back into the queue, or aside when a newer revision is in it."""
    set_state(conn, district, item_ids, OutboxState.QUEUED, at=at)


def as_item(row: Row[*tuple[Any, ...]]) -> OutboxItem:
    """Return a row of the outbox table as an item."""
    return OutboxItem(
        item_id=row.item_id,
        district=row.district_code,
        route=row.route,
        grade_id=row.grade_id,
        revision=row.revision,
        line_item_id=row.line_item_id,
        result_id=row.result_id,
        payload_digest=row.payload_digest,
        state=OutboxState(row.state),
        attempts=row.attempts,
    )


def _row(item: OutboxItem, sealed: bytes, at: datetime) -> dict[str, object]:
    return {
        "district_code": item.district,
        "item_id": item.item_id,
        "route": item.route,
        "grade_id": item.grade_id,
        "revision": item.revision,
        "line_item_id": item.line_item_id,
        "result_id": item.result_id,
        "payload_digest": item.payload_digest,
        "sealed": sealed,
        "state": item.state.value,
        "attempts": item.attempts,
        "updated_at": at,
    }


def _refuse_strangers(district: DistrictCode, item: OutboxItem, payload: GradePayload) -> None:
    if (payload.district, payload.item_id, district) != (item.district, item.item_id, item.district):
        raise ContractBroken(
            "CF07",
            f"A grade of district {payload.district} was about to be queued for district {item.district}.",
            fix="Nothing was queued; send this line to the sisbridge maintainers.",
        )


def _supersede_older(
    conn: Connection, district: DistrictCode, grades: Collection[GradeId], at: datetime
) -> None:
    conn.execute(
        sa.update(outbox)
        .where(
            outbox.c.district_code == district,
            bulk.one_of(conn, outbox.c.grade_id, grades),
            outbox.c.state.in_(REPLACEABLE),
            has_newer(),
        )
        .values(state=OutboxState.SUPERSEDED.value, updated_at=at)
    )


def has_newer() -> ColumnElement[bool]:
    """Return the condition that a newer revision of the item's grade is on its way, by whatever route."""
    newer = outbox.alias("newer")
    return sa.exists().where(
        newer.c.district_code == outbox.c.district_code,
        newer.c.grade_id == outbox.c.grade_id,
        newer.c.revision > outbox.c.revision,
    )


def _these(
    conn: Connection, district: DistrictCode, item_ids: Collection[ItemId]
) -> tuple[ColumnElement[bool], ...]:
    return (outbox.c.district_code == district, bulk.one_of(conn, outbox.c.item_id, item_ids))


def _change(
    conn: Connection,
    district: DistrictCode,
    item_ids: Collection[ItemId],
    values: Mapping[str, object],
    *only: ColumnElement[bool],
) -> None:
    chosen = _these(conn, district, item_ids)
    conn.execute(sa.update(outbox).where(*chosen, *only).values(**values))
