"""A night's changes to one roster table, laid beside it in a temporary table and moved in set by set."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from sqlalchemy import Connection, Table

from domain.errors import ContractBroken
from domain.ids import DistrictCode, RunId, SnapshotId
from domain.model import Op
from domain.tables import ROSTER, RosterTable
from sisbridge.store import bulk
from sisbridge.store.tables.roster import roster

CARRYING = (Op.ADD, Op.UPDATE, Op.RETURN)
"""The kinds of change that bring a row."""

_DIGEST = pa.binary(16)
_VALUES = {
    table: tuple(name for name in spec.names if name != "sourced_id") for table, spec in ROSTER.items()
}
DIGESTED = {table: frozenset(spec.digested) for table, spec in ROSTER.items()}
"""The columns whose change is a change of the row: what is looked up for every row is made once."""


@dataclass(frozen=True, slots=True)
class Step:
    """One call of apply: whose roster moves, by which snapshot, and who moves it."""

    conn: Connection
    district: DistrictCode
    table: RosterTable
    snapshot_id: SnapshotId
    run_id: RunId
    night_on: date
    school_year: str
    actor: str
    at: datetime

    @property
    def stored(self) -> Table:
        """The roster table that moves."""
        return roster[self.table]

    @property
    def values(self) -> tuple[str, ...]:
        """The names of the canonical columns beside the key."""
        return _VALUES[self.table]


@contextmanager
def staged(step: Step, changes: pa.Table) -> Iterator[Table]:
    """Lay changes, as `beside` returns them, in a temporary table, gone when the block ends."""
    stage = _stage_table(step)
    stage.create(step.conn)
    bulk.insert(step.conn, stage, changes)
    if step.conn.dialect.name == "postgresql":
        # A table nobody has counted yet is taken for small, and joined row by row.
        step.conn.exec_driver_sql(f"ANALYZE {stage.name} (sourced_id, op)")
        # What is read piece by piece is read to its end: planned for its first rows, it walks the roster.
        step.conn.exec_driver_sql("SET LOCAL cursor_tuple_fraction = 1")
        # As if pages lay on a turning disk, PostgreSQL would read the whole roster for one row in a hundred.
        step.conn.exec_driver_sql("SET LOCAL random_page_cost = 1.1")
    yield stage
    # After a failure the transaction is rolled back, and the table goes with it.
    stage.drop(step.conn)


def move(step: Step, stage: Table) -> dict[str, int]:
    """Bring the staged changes into the roster; return the count by op, ops without changes left out."""
    per_op = sa.select(stage.c.op, sa.func.count()).group_by(stage.c.op)
    staged_rows = {str(op): int(rows) for op, rows in step.conn.execute(per_op).tuples()}
    # A statement for an op nobody asks for may still be planned badly, and then reads the roster row by row.
    moved = {op.value: _MOVES[op](step, stage) for op in _MOVES if op in staged_rows}
    if moved != staged_rows:
        raise not_as_expected(step.district, step.table)
    return moved


def not_as_expected(district: DistrictCode, table: RosterTable) -> ContractBroken:
    """Return the failure of changes that were not made from the roster as it stands."""
    return ContractBroken(
        "CF41",
        f"The {table} of district {district} moved while tonight's changes were prepared.",
        fix="Nothing was applied. Run the district again, and let only one run work on it at a time.",
    )


def _stage_table(step: Step) -> Table:
    stored = step.stored.c
    return Table(
        f"stage_{step.table}",
        sa.MetaData(),
        # No key: SQLite would look up each roster row here instead of the other way round.
        sa.Column("sourced_id", sa.Text, nullable=False),
        sa.Column("op", sa.Text, nullable=False),
        sa.Column("school", sa.Text),
        sa.Column("before_digest", sa.LargeBinary),
        sa.Column("after_digest", sa.LargeBinary),
        *(sa.Column(new_name(name), stored[name].type) for name in step.values),
        prefixes=["TEMPORARY"],
    )


def beside(district: DistrictCode, table: RosterTable, changes: pa.Table, rows: pa.Table | None) -> pa.Table:
    """Return changes, sorted by sourced_id, with the row each brings beside it (nulls where it brings none).

    changes: sourced_id, op, before_digest, after_digest (16 bytes, or their hex) and, where known,
    school; each sourced_id once. rows: the canonical row of every add, update and return, in any order;
    None where there are none of these. Raises ContractBroken CF41 when one lacks its row.
    """
    # In key order, which is how a table lies on SQLite, and how an index grows fastest.
    changes = changes.sort_by("sourced_id")
    ids = pc.cast(changes.column("sourced_id"), pa.string())
    columns = {
        "sourced_id": ids,
        "op": pc.cast(changes.column("op"), pa.string()),
        "before_digest": _digests(changes.column("before_digest")),
        "after_digest": _digests(changes.column("after_digest")),
    }
    if "school" in changes.column_names:
        columns["school"] = pc.cast(changes.column("school"), pa.string())
    if rows is not None:
        columns |= _row_columns(district, table, columns["op"], ids, rows)
    elif pc.any(_carries(columns["op"])).as_py():
        raise not_as_expected(district, table)
    return pa.table(columns)


def _row_columns(
    district: DistrictCode, table: RosterTable, op: pa.ChunkedArray, ids: pa.ChunkedArray, rows: pa.Table
) -> dict[str, pa.ChunkedArray]:
    places = pc.index_in(ids, value_set=pc.cast(rows.column("sourced_id"), pa.string()).combine_chunks())
    if pc.any(pc.and_(_carries(op), pc.is_null(places))).as_py():
        raise not_as_expected(district, table)
    names = _VALUES[table]
    taken, stored = rows.select(names).take(places), roster[table].c
    return {
        new_name(name): pc.cast(
            taken.column(name), pa.date32() if isinstance(stored[name].type, sa.Date) else pa.string()
        )
        for name in names
    }


def _carries(op: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.is_in(op, value_set=pa.array([kind.value for kind in CARRYING]))


def _digests(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return digests as 16 bytes, from bytes or from hex."""
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return pc.cast(column, _DIGEST)
    values = [None if value is None else bytes.fromhex(value) for value in column.to_pylist()]
    return pa.chunked_array([pa.array(values, _DIGEST)])


def new_name(name: str) -> str:
    """Return what a canonical column is called beside the change that brings it."""
    return f"new_{name}"


def constants(step: Step) -> dict[str, object]:
    """Return what stands in every row that this step brings."""
    return {
        "district_code": step.district,
        "roster_year": step.school_year,
        "first_snapshot_id": step.snapshot_id,
        "last_changed_snapshot_id": step.snapshot_id,
    }


def _update(step: Step, stage: Table) -> int:
    return _bring(step, stage, Op.UPDATE)


def _return(step: Step, stage: Table) -> int:
    return _bring(step, stage, Op.RETURN)


def _bring(step: Step, stage: Table, op: Op) -> int:
    changed = {
        **{name: stage.c[new_name(name)] for name in step.values},
        "digest": stage.c.after_digest,
        "roster_year": sa.literal(step.school_year),
        "last_changed_snapshot_id": sa.literal(step.snapshot_id),
        "missing_since": sa.null(),
    }
    hit = (
        step.stored.c.district_code == step.district,
        step.stored.c.sourced_id == stage.c.sourced_id,
        stage.c.op == op,
    )
    return bulk.changed_rows(step.conn, sa.update(step.stored).values(changed).where(*hit))


def _miss(step: Step, stage: Table) -> int:
    missed = sa.update(step.stored).values(missing_since=step.night_on)
    return bulk.changed_rows(step.conn, missed.where(*_hit_by(step, stage, Op.MISSING)))


def _remove(step: Step, stage: Table) -> int:
    return bulk.changed_rows(step.conn, sa.delete(step.stored).where(*_hit_by(step, stage, Op.REMOVE)))


def _hit_by(step: Step, stage: Table, op: Op) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    hit = sa.select(stage.c.sourced_id).where(stage.c.op == op)
    return step.stored.c.district_code == step.district, step.stored.c.sourced_id.in_(hit)


_MOVES: dict[Op, Callable[[Step, Table], int]] = {
    Op.UPDATE: _update,
    Op.RETURN: _return,
    Op.MISSING: _miss,
    Op.REMOVE: _remove,
}
"""How each kind of change moves the roster; rows that are new never come here."""
