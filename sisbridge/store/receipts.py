"""Receipts: the proof of every attempt, with the values it proves sealed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from domain.grading import Outcome, Receipt
from domain.ids import DistrictCode, GradeId, ItemId
from sisbridge.store import bulk
from sisbridge.store.codec import RECEIPT, ReceiptContent
from sisbridge.store.sealing import Keyring
from sisbridge.store.tables.grades import outbox, receipt


def save_receipts(
    conn: Connection, keyring: Keyring, district: DistrictCode, receipts: Sequence[Receipt]
) -> None:
    """Save receipts, with the values they prove sealed; an attempt may have several, in order."""
    numbers = _used_numbers(conn, district, {one.item_id for one in receipts})
    rows = []
    for one in receipts:
        numbers[one.item_id, one.attempt] += 1
        rows.append(_row(keyring, district, one, numbers[one.item_id, one.attempt]))
    if rows:
        conn.execute(sa.insert(receipt), rows)


def receipts(conn: Connection, keyring: Keyring, district: DistrictCode, item_id: ItemId) -> list[Receipt]:
    """Return an item's receipts by attempt, in the order they were saved."""
    wanted = (
        sa.select(receipt)
        .where(receipt.c.district_code == district, receipt.c.item_id == item_id)
        .order_by(receipt.c.attempt, receipt.c.seq)
    )
    return [_receipt(keyring, row) for row in conn.execute(wanted).all()]


def last_receipts(
    conn: Connection, keyring: Keyring, district: DistrictCode, item_ids: Collection[ItemId]
) -> dict[ItemId, Receipt]:
    """Return the newest receipt of each of some items; an item without one is not there."""
    wanted = (
        sa.select(receipt)
        .where(receipt.c.district_code == district, bulk.one_of(conn, receipt.c.item_id, item_ids))
        .order_by(receipt.c.item_id, receipt.c.attempt, receipt.c.seq)
    )
    newest = {row.item_id: row for row in conn.execute(wanted).all()}
    return {item: _receipt(keyring, row) for item, row in newest.items()}


def receipts_of_grades(
    conn: Connection, keyring: Keyring, district: DistrictCode, route: str, grades: Collection[GradeId]
) -> dict[GradeId, list[Receipt]]:
    """Return the receipts of some grades on a route, of whatever revision, in the order they were saved."""
    beside = (outbox.c.district_code == receipt.c.district_code) & (outbox.c.item_id == receipt.c.item_id)
    wanted = (
        sa.select(receipt, outbox.c.grade_id)
        .join(outbox, beside)
        .where(outbox.c.district_code == district, outbox.c.route == route)
        .where(bulk.one_of(conn, outbox.c.grade_id, grades))
        .order_by(outbox.c.revision, receipt.c.attempt, receipt.c.seq)
    )
    found: dict[GradeId, list[Receipt]] = {}
    for row in conn.execute(wanted):
        found.setdefault(row.grade_id, []).append(_receipt(keyring, row))
    return found


def _used_numbers(
    conn: Connection, district: DistrictCode, item_ids: set[ItemId]
) -> Counter[tuple[ItemId, int]]:
    used = (
        sa.select(receipt.c.item_id, receipt.c.attempt, sa.func.max(receipt.c.seq))
        .where(receipt.c.district_code == district, bulk.one_of(conn, receipt.c.item_id, item_ids))
        .group_by(receipt.c.item_id, receipt.c.attempt)
    )
    return Counter({(ItemId(item), attempt): seq for item, attempt, seq in conn.execute(used).tuples()})


def _row(keyring: Keyring, district: DistrictCode, one: Receipt, seq: int) -> dict[str, object]:
    content = RECEIPT.dump(ReceiptContent(one.before, one.sent, one.after))
    return {
        "district_code": district,
        "item_id": one.item_id,
        "attempt": one.attempt,
        "seq": seq,
        "sent_at": one.sent_at,
        "outcome": one.outcome.value,
        "sealed": keyring.seal(district, content, _purpose(one.item_id, one.attempt, seq)),
        "remote": one.remote,
        "message": one.message,
        "fix": one.fix,
    }


def _receipt(keyring: Keyring, row: Row[*tuple[Any, ...]]) -> Receipt:
    purpose = _purpose(row.item_id, row.attempt, row.seq)
    content = RECEIPT.load(keyring.open(row.district_code, row.sealed, purpose))
    return Receipt(
        item_id=row.item_id,
        attempt=row.attempt,
        sent_at=row.sent_at,
        outcome=Outcome(row.outcome),
        before=content.before,
        sent=content.sent,
        after=content.after,
        remote=row.remote,
        message=row.message,
        fix=row.fix,
    )


def _purpose(item_id: ItemId, attempt: int, seq: int) -> str:
    return f"receipt/{item_id}/{attempt}/{seq}"
