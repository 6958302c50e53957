"""The outbox: one item per released revision and route, its sealed payload, its receipts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection

from domain.ids import BatchId, DistrictCode, GradeId, ItemId
from domain.model import GradePayload, GradeValue, OutboxItem, OutboxState, Receipt
from sisbridge.store.files import (
    FileBatchRecord,
    batch_items,
    file_batch,
    file_batches,
    save_file_batch,
    set_file_batch_state,
)
from sisbridge.store.sealing import Keyring

__all__ = [
    "queue", "items", "payloads", "set_state", "save_receipts", "receipts", "last_written",
    "last_written_all", "FileBatchRecord", "batch_items", "file_batch", "file_batches",
    "save_file_batch", "set_file_batch_state",
]  # fmt: skip


def queue(
    conn: Connection, keyring: Keyring, item: OutboxItem, payload: GradePayload, at: datetime | None = None
) -> None:
    """Queue one item; older revisions of the grade on the route that are not under way are superseded."""
    raise NotImplementedError


def items(
    conn: Connection, district: DistrictCode, states: Collection[OutboxState] | None = None
) -> list[OutboxItem]:
    """Return a district's items, in given states or all, by route, line item, grade and revision."""
    raise NotImplementedError


def payloads(
    conn: Connection, keyring: Keyring, district: DistrictCode, item_ids: Collection[ItemId]
) -> dict[ItemId, GradePayload]:
    """Return the opened payloads of these items."""
    raise NotImplementedError


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
    """Move items to a state; attempts and batch id are kept when not given."""
    raise NotImplementedError


def save_receipts(
    conn: Connection, keyring: Keyring, district: DistrictCode, receipts: Sequence[Receipt]
) -> None:
    """Save receipts, with the values they prove sealed."""
    raise NotImplementedError


def receipts(conn: Connection, keyring: Keyring, district: DistrictCode, item_id: ItemId) -> list[Receipt]:
    """Return an item's receipts in the order they were saved."""
    raise NotImplementedError


def last_written(
    conn: Connection, keyring: Keyring, district: DistrictCode, route: str, grade_id: GradeId
) -> GradeValue | None:
    """Return the value that we wrote (or found and adopted) last for a grade on a route, or None."""
    raise NotImplementedError


def last_written_all(
    conn: Connection, keyring: Keyring, district: DistrictCode, route: str
) -> dict[GradeId, GradeValue]:
    """Return `last_written` of every grade of a route at once."""
    raise NotImplementedError
