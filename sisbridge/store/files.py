"""File batches: the name and fingerprint of every grade file, committed before it is written."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from domain.grading import OutboxItem
from domain.ids import BatchId, DistrictCode
from sisbridge.store.outbox import as_item
from sisbridge.store.tables import grades as tables
from sisbridge.store.upsert import insert_missing


@dataclass(frozen=True, slots=True)
class FileBatchRecord:
    """One file handed over on a file route. state: the use-case's own word for where it stands."""

    batch_id: BatchId
    district: DistrictCode
    route: str
    name: str
    sha256: str
    rows: int
    state: str
    created_at: datetime


def save_file_batch(conn: Connection, batch: FileBatchRecord) -> None:
    """Commit a batch's name and fingerprint; one that is there already stays as it is."""
    values = asdict(batch)
    insert_missing(conn, tables.file_batch, [{"district_code": values.pop("district"), **values}])


def file_batch(conn: Connection, district: DistrictCode, batch_id: BatchId) -> FileBatchRecord | None:
    """Return one batch, or None."""
    table = tables.file_batch
    wanted = sa.select(table).where(table.c.district_code == district, table.c.batch_id == batch_id)
    row = conn.execute(wanted).one_or_none()
    return _record(row) if row else None


def file_batches(
    conn: Connection, district: DistrictCode, states: Collection[str] | None = None
) -> list[FileBatchRecord]:
    """Return a district's batches, in given states or all, oldest first."""
    table = tables.file_batch
    wanted = sa.select(table).where(table.c.district_code == district)
    if states is not None:
        wanted = wanted.where(table.c.state.in_(states))
    return [_record(row) for row in conn.execute(wanted.order_by(table.c.created_at, table.c.batch_id))]


def set_file_batch_state(conn: Connection, district: DistrictCode, batch_id: BatchId, state: str) -> None:
    """Move a batch to a state."""
    table = tables.file_batch
    this = (table.c.district_code == district, table.c.batch_id == batch_id)
    conn.execute(sa.update(table).where(*this).values(state=state))


def batch_items(conn: Connection, district: DistrictCode, batch_id: BatchId) -> list[OutboxItem]:
    """Return the outbox items that went into a batch, by item id."""
    table = tables.outbox
    wanted = sa.select(table).where(table.c.district_code == district, table.c.batch_id == batch_id)
    return [as_item(row) for row in conn.execute(wanted.order_by(table.c.item_id))]


def _record(row: Row[*tuple[Any, ...]]) -> FileBatchRecord:
    values = dict(row._mapping)
    return FileBatchRecord(district=values.pop("district_code"), **values)
