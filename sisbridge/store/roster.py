"""The roster of record: keys and digests out, changes in, history kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

import pyarrow as pa
from sqlalchemy import Connection

from domain.ids import DistrictCode, RunId, SnapshotId
from domain.tables import RosterTable


def keys(conn: Connection, district: DistrictCode, table: RosterTable) -> pa.Table:
    """Return sourced_id (string), digest (binary 16) and missing (bool) of a district's rows."""
    raise NotImplementedError


def apply(
    conn: Connection,
    district: DistrictCode,
    table: RosterTable,
    changes: pa.Table,
    rows: pa.Table,
    *,
    snapshot_id: SnapshotId,
    run_id: RunId,
    night_on: date,
    school_year: str,
    actor: str,
    at: datetime | None = None,
) -> dict[str, int]:
    """Move the roster by a set of changes, write their history, and return the count by op."""
    raise NotImplementedError


def rows(
    conn: Connection,
    district: DistrictCode,
    table: RosterTable,
    columns: Sequence[str] | None = None,
    where: Mapping[str, Collection[str]] | None = None,
) -> pa.Table:
    """Return rows of the roster of record in canonical form (all text), ordered by sourced_id."""
    raise NotImplementedError


def count(conn: Connection, district: DistrictCode) -> dict[RosterTable, int]:
    """Return how many rows each roster table holds for a district."""
    raise NotImplementedError


def at_night(conn: Connection, district: DistrictCode, table: RosterTable, night_on: date) -> pa.Table:
    """Return sourced_id and digest of the rows as they were when a night had been applied."""
    raise NotImplementedError
