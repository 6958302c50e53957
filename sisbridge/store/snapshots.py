"""Snapshots: what was landed, what was applied last, and where the next delta begins."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from domain.ids import DistrictCode, SnapshotId
from domain.model import RosterSnapshot


def save(conn: Connection, snapshot: RosterSnapshot) -> None:
    """Save a snapshot's facts, replacing earlier facts of the same snapshot."""
    raise NotImplementedError


def load(conn: Connection, district: DistrictCode, snapshot_id: SnapshotId) -> RosterSnapshot:
    """Return a snapshot's facts; raises ContractBroken CF08 when there are none."""
    raise NotImplementedError


def last_applied(conn: Connection, district: DistrictCode) -> RosterSnapshot | None:
    """Return the last good snapshot: the one that was applied last, or None."""
    raise NotImplementedError


def mark_applied(conn: Connection, district: DistrictCode, snapshot_id: SnapshotId, at: datetime) -> None:
    """Note that a snapshot is now the last good one."""
    raise NotImplementedError


def set_bookmark(conn: Connection, district: DistrictCode, name: str, at: datetime) -> None:
    """Remember from which moment the next delta of something (a source table) begins."""
    raise NotImplementedError


def bookmark(conn: Connection, district: DistrictCode, name: str) -> datetime | None:
    """Return the moment from which the next delta begins, or None for everything."""
    raise NotImplementedError
