"""Snapshots: what was landed, what was applied last, and where the next delta begins."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Row

from domain.errors import ContractBroken
from domain.ids import DistrictCode, RunId, SnapshotId
from domain.model import Mode, RosterSnapshot, Settings, TableFacts
from domain.tables import RosterTable
from sisbridge.store.runs import RunMode
from sisbridge.store.tables import roster as tables
from sisbridge.store.tables.region import run
from sisbridge.store.tables.roster import snapshot, snapshot_table
from sisbridge.store.upsert import upsert

_NIGHTS_JUDGED = 20
"""How many whole rosters are looked back at: two weeks of nights, and what was done again meanwhile."""

_NOT_YET = 2**31 - 1
"""Stands for the number of a snapshot that is still to be applied: after all others."""


def save(conn: Connection, snapshot: RosterSnapshot) -> None:
    """Save a snapshot's facts, replacing earlier facts of the same snapshot."""
    key = {"district_code": snapshot.district, "snapshot_id": snapshot.snapshot_id}
    facts = {
        "run_id": snapshot.run_id,
        "as_of": snapshot.as_of,
        "mode": snapshot.mode.value,
        "version": snapshot.version,
        "complete": snapshot.complete,
        "reason": snapshot.reason,
    }
    upsert(conn, tables.snapshot, [{**key, **facts}])
    upsert(conn, snapshot_table, [{**key, **_table_row(table)} for table in snapshot.tables])


def load(conn: Connection, district: DistrictCode, snapshot_id: SnapshotId) -> RosterSnapshot:
    """Return a snapshot's facts; raises ContractBroken CF08 when there are none."""
    row = conn.execute(sa.select(snapshot).where(*_is(district, snapshot_id))).one_or_none()
    if row is None:
        raise ContractBroken(
            "CF08",
            f"District {district} has no snapshot {snapshot_id}.",
            fix="Run the district's sync again; it lands a new snapshot.",
        )
    return _snapshot(conn, row)


def of_night(conn: Connection, district: DistrictCode, night_on: date | None = None) -> RosterSnapshot | None:
    """Return the last complete snapshot that a nightly run pulled, of one night or of all; None for none."""
    nightly = sa.and_(
        run.c.district_code == snapshot.c.district_code,
        run.c.run_id == snapshot.c.run_id,
        run.c.mode == RunMode.NIGHTLY.value,
    )
    wanted = sa.select(snapshot).join(run, nightly)
    wanted = wanted.where(snapshot.c.district_code == district, snapshot.c.complete.is_(True))
    if night_on is not None:
        wanted = wanted.where(run.c.night_on == night_on)
    row = conn.execute(wanted.order_by(run.c.seq.desc()).limit(1)).one_or_none()
    return _snapshot(conn, row) if row else None


def keep_settings(
    conn: Connection, district: DistrictCode, snapshot_id: SnapshotId, settings: Settings
) -> None:
    """Keep the settings of a district by which a snapshot is mapped and judged."""
    this = _is(district, snapshot_id)
    conn.execute(sa.update(snapshot).where(*this).values(settings=dict(settings)))


def settings_of(conn: Connection, district: DistrictCode, snapshot_id: SnapshotId) -> Settings | None:
    """Return the settings kept with a snapshot, or None when none were."""
    kept: Settings | None = conn.scalar(sa.select(snapshot.c.settings).where(*_is(district, snapshot_id)))
    return kept


@dataclass(frozen=True, slots=True)
class Judged:
    """The night of a whole roster, the settings it was judged with, and what its run counted."""

    night_on: date
    settings: Settings
    counts: Mapping[str, int]


def judged(conn: Connection, district: DistrictCode, tonight: SnapshotId | None = None) -> list[Judged]:
    """Return the whole rosters that were applied last, and tonight's though it is not yet; newest first."""
    of_run = sa.and_(run.c.district_code == snapshot.c.district_code, run.c.run_id == snapshot.c.run_id)
    wanted = (
        sa.select(run.c.night_on, snapshot.c.settings, run.c.counts)
        .join(run, of_run)
        .where(snapshot.c.district_code == district, snapshot.c.mode == Mode.BULK.value)
        .where(sa.or_(snapshot.c.applied_seq.is_not(None), snapshot.c.snapshot_id == tonight))
        .order_by(sa.func.coalesce(snapshot.c.applied_seq, _NOT_YET).desc())
        .limit(_NIGHTS_JUDGED)
    )
    return [Judged(row.night_on, row.settings or {}, row.counts) for row in conn.execute(wanted)]


def unfinished(conn: Connection, district: DistrictCode) -> list[tuple[SnapshotId, date]]:
    """Return the district's snapshots that were never completed, with their run's night, oldest first."""
    wanted = (
        sa.select(snapshot.c.snapshot_id, run.c.night_on)
        .join(
            run, sa.and_(run.c.district_code == snapshot.c.district_code, run.c.run_id == snapshot.c.run_id)
        )
        .where(snapshot.c.district_code == district, snapshot.c.complete.is_(False))
        .order_by(run.c.seq)
    )
    return [(SnapshotId(row.snapshot_id), row.night_on) for row in conn.execute(wanted)]


def forget(conn: Connection, district: DistrictCode, snapshot_id: SnapshotId) -> None:
    """Delete the facts of a snapshot that was never completed; safe to repeat."""
    conn.execute(sa.delete(snapshot).where(*_is(district, snapshot_id), snapshot.c.complete.is_(False)))


def last_applied(conn: Connection, district: DistrictCode) -> RosterSnapshot | None:
    """Return the last good snapshot: the one that was applied last, or None."""
    row = conn.execute(
        sa.select(snapshot)
        .where(snapshot.c.district_code == district, snapshot.c.applied_seq.is_not(None))
        .order_by(snapshot.c.applied_seq.desc())
        .limit(1)
    ).one_or_none()
    return _snapshot(conn, row) if row else None


def mark_applied(conn: Connection, district: DistrictCode, snapshot_id: SnapshotId, at: datetime) -> None:
    """Note that a snapshot is now the last good one."""
    last = sa.select(sa.func.max(snapshot.c.applied_seq)).where(snapshot.c.district_code == district)
    number = (conn.scalar(last) or 0) + 1
    conn.execute(
        sa.update(snapshot).where(*_is(district, snapshot_id)).values(applied_at=at, applied_seq=number)
    )


def set_bookmark(conn: Connection, district: DistrictCode, name: str, at: datetime) -> None:
    """Remember from which moment the next delta of something (a source table) begins."""
    upsert(conn, tables.bookmark, [{"district_code": district, "name": name, "at": at}])


def bookmarks(conn: Connection, district: DistrictCode) -> dict[str, datetime]:
    """Return all bookmarks of a district by name."""
    table = tables.bookmark
    rows = conn.execute(sa.select(table.c.name, table.c.at).where(table.c.district_code == district))
    return {row.name: row.at for row in rows}


def bookmark(conn: Connection, district: DistrictCode, name: str) -> datetime | None:
    """Return the moment from which the next delta begins, or None for everything."""
    return bookmarks(conn, district).get(name)


def forget_bookmarks(conn: Connection, district: DistrictCode, keep: Collection[str] = ()) -> None:
    """Forget a district's bookmarks, but for those to keep: the next pull asks for everything."""
    table = tables.bookmark
    conn.execute(sa.delete(table).where(table.c.district_code == district, table.c.name.not_in(keep)))


def _is(district: DistrictCode, snapshot_id: SnapshotId) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return snapshot.c.district_code == district, snapshot.c.snapshot_id == snapshot_id


def _table_row(facts: TableFacts) -> dict[str, object]:
    return {
        "roster_table": facts.table.value,
        "rows": facts.rows,
        "distinct_ids": facts.distinct_ids,
        "declared_total": facts.declared_total,
        "sha256": facts.sha256,
    }


def _snapshot(conn: Connection, row: Row[*tuple[Any, ...]]) -> RosterSnapshot:
    return RosterSnapshot(
        snapshot_id=SnapshotId(row.snapshot_id),
        district=DistrictCode(row.district_code),
        run_id=RunId(row.run_id),
        as_of=row.as_of,
        mode=Mode(row.mode),
        version=row.version,
        tables=_facts(conn, DistrictCode(row.district_code), SnapshotId(row.snapshot_id)),
        complete=row.complete,
        reason=row.reason,
    )


def _facts(conn: Connection, district: DistrictCode, snapshot_id: SnapshotId) -> tuple[TableFacts, ...]:
    """Return the facts of a snapshot's tables in the roster's own order."""
    table = snapshot_table.c
    wanted = sa.select(snapshot_table).where(
        table.district_code == district, table.snapshot_id == snapshot_id
    )
    by_table = {RosterTable(row.roster_table): row for row in conn.execute(wanted)}
    return tuple(
        TableFacts(name, row.rows, row.distinct_ids, row.declared_total, row.sha256)
        for name in RosterTable
        if (row := by_table.get(name)) is not None
    )
