"""File batches: the name and fingerprint of every grade file, committed before it is written."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from domain.ids import BatchId, DistrictCode
from domain.model import OutboxItem


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
    """Commit a batch's name and fingerprint; safe to repeat."""
    raise NotImplementedError


def file_batch(conn: Connection, district: DistrictCode, batch_id: BatchId) -> FileBatchRecord | None:
    """Return one batch, or None."""
    raise NotImplementedError


def file_batches(
    conn: Connection, district: DistrictCode, states: Collection[str] | None = None
) -> list[FileBatchRecord]:
    """Return a district's batches, in given states or all, oldest first."""
    raise NotImplementedError


def set_file_batch_state(conn: Connection, district: DistrictCode, batch_id: BatchId, state: str) -> None:
    """Move a batch to a state."""
    raise NotImplementedError


def batch_items(conn: Connection, district: DistrictCode, batch_id: BatchId) -> list[OutboxItem]:
    """Return the outbox items that went into a batch, by item id."""
    raise NotImplementedError
