"""File batches: the name and fingerprint of every grade file, committed before it is written."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from domain.grading import OutboxItem
from domain.ids import BatchId, DistrictCode, GradeId
from sisbridge.store.outbox import as_item
from sisbridge.store.tables import grades as tables
from sisbridge.store.upsert import upsert


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
    """Commit a batch's name and fingerprint; one that was taken back or lost begins anew."""
    values = asdict(batch)
    upsert(conn, tables.file_batch, [{"district_code": values.pop("district"), **values}])


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


def oldest_in(
    conn: Connection, district: DistrictCode, states: Collection[str]
) -> dict[GradeId, tuple[int, str]]:
    """Return of each grade in a batch of some states its oldest revision there, and that batch's name."""
    batch, item = tables.file_batch, tables.outbox
    beside = (item.c.district_code == batch.c.district_code) & (item.c.batch_id == batch.c.batch_id)
    wanted = (
        sa.select(item.c.grade_id, item.c.revision, batch.c.name)
        .join(item, beside)
        .where(batch.c.district_code == district, batch.c.state.in_(states))
    )
    newest_first = wanted.order_by(item.c.grade_id, item.c.revision.desc(), batch.c.name)
    return {grade: (revision, name) for grade, revision, name in conn.execute(newest_first).tuples()}


def _record(row: Row[*tuple[Any, ...]]) -> FileBatchRecord:
    values = dict(row._mapping)
    return FileBatchRecord(district=values.pop("district_code"), **values)
