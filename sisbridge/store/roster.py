"""The roster of record: keys and digests out, changes in, history kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Table

from domain.clock import system_clock
from domain.ids import DistrictCode, RunId, SnapshotId
from domain.model import Op
from domain.tables import ROSTER, RosterTable
from sisbridge.store import adding, bulk, history, keyscan, staging, statistics
from sisbridge.store.staging import Step
from sisbridge.store.tables.roster import change, roster

_DIGEST = pa.binary(16)
_KEYS = pa.schema([("sourced_id", pa.string()), ("digest", _DIGEST), ("missing", pa.bool_())])
_STATE = pa.schema([("sourced_id", pa.string()), ("digest", _DIGEST)])


def keys(conn: Connection, district: DistrictCode, table: RosterTable) -> pa.Table:
    """Return sourced_id (string), digest (binary 16) and missing (bool) of a district's rows, in any order.

    missing: the row was absent from the last complete snapshot and is still in force.
    """
    return pa.Table.from_batches(keyscan.packed_keys(conn, roster[table], district, _KEYS), schema=_KEYS)


def missing_since(conn: Connection, district: DistrictCode, table: RosterTable, night_on: date) -> pa.Array:
    """Return the sourced_ids that went missing on this very night, or later."""
    stored = roster[table]
    query = sa.select(stored.c.sourced_id).where(
        stored.c.district_code == district, stored.c.missing_since >= night_on
    )
    return pa.array(conn.scalars(query).all(), pa.string())


def apply(
    conn: Connection,
    district: DistrictCode,
    table: RosterTable,
    changes: pa.Table,
    *,
    snapshot_id: SnapshotId,
    run_id: RunId,
    night_on: date,
    school_year: str,
    actor: str,
    at: datetime | None = None,
) -> dict[str, int]:
    """Move the roster by a set of changes, write their history, and return the count by op.

    changes: as `staging.beside` lays them out with the rows they bring. May be called part by part in one
    transaction. Raises ContractBroken CF41 when the roster is not as the
    changes expect it: nothing may then be committed.
    """
    if changes.num_rows == 0:
        return {}
    step = Step(
        conn=conn,
        district=district,
        table=table,
        snapshot_id=snapshot_id,
        run_id=run_id,
        night_on=night_on,
        school_year=school_year,
        actor=actor,
        at=at or system_clock(),
    )
    is_add = pc.equal(changes.column("op"), Op.ADD.value)
    if pc.all(is_add).as_py():
        return {Op.ADD.value: adding.add(step, changes)}
    added, others = changes.filter(is_add), changes.filter(pc.invert(is_add))
    counts = {Op.ADD.value: adding.add(step, added)} if added.num_rows else {}
    return counts | _move(step, others)


def _move(step: Step, changes: pa.Table) -> dict[str, int]:
    with staging.staged(step, changes) as stage:
        history.write(step, stage)
        return staging.move(step, stage)


def count_anew(conn: Connection, district: DistrictCode, moved: Mapping[RosterTable, int]) -> None:
    """Have PostgreSQL know the tables and the history that this transaction filled, before they are read.

    moved: how many changes each table had.
    """
    for table, rows in moved.items():
        statistics.count_anew(conn, roster[table], rows, district_code=district)
    statistics.count_anew(conn, change, sum(moved.values()), district_code=district)


def rows(
    conn: Connection,
    district: DistrictCode,
    table: RosterTable,
    columns: Sequence[str] | None = None,
    where: Mapping[str, Collection[str]] | None = None,
) -> pa.Table:
    """Return rows of the roster of record in canonical form (all text), ordered by sourced_id.

    columns: canonical names, or `digest` (bytes); None for all canonical ones. where: for each column
    the values it may have; an empty collection allows none. Rows that are missing are in force, and here.
    """
    stored = roster[table]
    names = tuple(columns) if columns is not None else ROSTER[table].names
    conditions = [bulk.one_of(conn, stored.c[name], values) for name, values in (where or {}).items()]
    statement = (
        sa.select(*(_canonical(stored, name) for name in names))
        .where(stored.c.district_code == district, *conditions)
        .order_by(stored.c.sourced_id)
    )
    schema = pa.schema([(name, _DIGEST if name == "digest" else pa.string()) for name in names])
    return bulk.fetch(conn, statement, schema)


def _canonical(stored: Table, name: str) -> ColumnElement[object]:
    column = stored.c[name]
    return sa.cast(column, sa.Text) if isinstance(column.type, sa.Date) else column


def count(conn: Connection, district: DistrictCode) -> dict[RosterTable, int]:
    """Return how many rows each roster table holds for a district."""
    return {table: _count(conn, stored, district) for table, stored in roster.items()}


def _count(conn: Connection, stored: Table, district: DistrictCode) -> int:
    counted = sa.select(sa.func.count()).select_from(stored).where(stored.c.district_code == district)
    return int(conn.scalar(counted) or 0)


def at_night(conn: Connection, district: DistrictCode, table: RosterTable, night_on: date) -> pa.Table:
    """Return sourced_id and digest of the rows as they were when a night had been applied.

    What changed since is undone: each row's first later change says what it was before. What was done
    after a later night counts as later, though an older night was replayed then.
    """
    stored = roster[table]
    first_later = sa.select(sa.func.min(change.c.change_id)).where(
        change.c.district_code == district, change.c.night_on > night_on
    )
    later = (
        sa.select(change.c.sourced_id, sa.func.min(change.c.change_id).label("change_id"))
        .where(
            change.c.district_code == district,
            change.c.roster_table == table,
            change.c.change_id >= first_later.scalar_subquery(),
        )
        .group_by(change.c.sourced_id)
        .subquery("later")
    )
    unchanged = sa.select(stored.c.sourced_id, stored.c.digest).where(
        stored.c.district_code == district, stored.c.sourced_id.not_in(sa.select(later.c.sourced_id))
    )
    before = (
        sa.select(change.c.sourced_id, change.c.before_digest)
        .join(later, later.c.change_id == change.c.change_id)
        .where(change.c.district_code == district, change.c.before_digest.is_not(None))
    )
    return pa.concat_tables([bulk.fetch(conn, unchanged, _STATE), bulk.fetch(conn, before, _STATE)])
