"""Move the roster of record to tonight's state in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from domain.ahead import one_ahead
from domain.errors import StopDistrict
from domain.model import Op
from domain.tables import RosterTable
from mappings.arrow import Flags
from sisbridge.store import roster, snapshots, staging
from sisbridge.store.database import Connection
from sisbridge.sync import overtaken
from sisbridge.sync.context import Stage, coalesce
from sisbridge.sync.holding import holds
from sisbridge.sync.holding.withhold import flow
from sisbridge.sync.identity.people import link_people
from sisbridge.sync.roster import against, drift, window
from sisbridge.sync.roster.compare import compare
from sisbridge.sync.roster.usable import usable

_Rows = TypeVar("_Rows", pa.Table, pa.RecordBatch)

NIGHTLY = "nightly run"
"""Who changes the roster where no person had to say so."""

_ROWS_AT_ONCE = 131_072
"""Rows of tonight that are brought at once: some hundred MB at most."""

_CHANGES_AT_ONCE = 1_000_000
"""Changes that are gone through at once; tonight's rows are read once for each so many.

They lie in the order of their ids, which are random as a rule. Rows in the order of the feed touch every
page of an index that is larger than the database's memory, over and over; those of one range stay in one
part of it.
"""

_CARRY_ROWS = (Op.ADD, Op.UPDATE, Op.RETURN)


@dataclass(frozen=True, slots=True)
class _Part:
    """Some changes of a table, in one actor's name, laid out as `staging.beside` does.

    is_only_seen: they are not laid out, as tonight has no row for what they bring.
    """

    table: RosterTable
    actor: str
    changes: pa.Table = field(repr=False)
    is_only_seen: bool = False


def apply(stage: Stage) -> dict[str, int]:
    """Apply the landed changes and return how many of each kind; a rehearsal never comes here.

    Rows, history, people, bookmarks and the snapshot's mark move together or not at all. A roster that moved
    since it was compared (a re-key that was accepted) is compared again. Raises StopDistrict when the
    district has no approved MOU (CF11) or a newer run (CF60), RetryLater CF62: nothing is applied then.
    """
    if stage.district.mou_approved_on is None:
        raise StopDistrict(
            "CF11",
            f"District {stage.code} has no approved MOU, so its roster was checked but not applied.",
            fix="Record the date the MOU was approved in the district's settings.",
        )
    counts = compare(stage) if _is_moved(stage) else {}
    with stage.house.store.begin("apply") as conn:
        overtaken.refuse(conn, stage.code, stage.run_id)
        against.refuse_moved(conn, stage)
        ops = _apply_tables(conn, stage)
        for of_table in ops.values():
            _add(counts, of_table)
        roster.count_anew(conn, stage.code, {table: sum(moved.values()) for table, moved in ops.items()})
        link_people(conn, stage)
        snapshot = snapshots.load(conn, stage.code, stage.snapshot)
        holds.settle(conn, stage, snapshot)
        counts["unexplained"] = drift.record(conn, stage, snapshot)
        window.settle(conn, stage, snapshot, ops)
        snapshots.mark_applied(conn, stage.code, stage.snapshot, stage.now())
    return counts


def _is_moved(stage: Stage) -> bool:
    with stage.house.store.begin("look") as conn:
        overtaken.refuse(conn, stage.code, stage.run_id)
        return against.is_moved(conn, stage)


def _apply_tables(conn: Connection, stage: Stage) -> dict[RosterTable, dict[str, int]]:
    """Apply every table's changes, and return how many of each kind it had."""
    counts: dict[RosterTable, dict[str, int]] = {table: {} for table in RosterTable}
    # The next are laid out while the database takes these.
    for part in one_ahead(_parts(stage)):
        changes = _with_standing(conn, stage, part) if part.is_only_seen else part.changes
        _add(counts[part.table], _apply_part(conn, stage, part.table, changes, part.actor))
    return counts


def _parts(stage: Stage) -> Iterator[_Part]:
    """Yield all changes, table by table, those that a person released in that person's name."""
    for table in RosterTable:
        for flowing in flow(stage, table, _CHANGES_AT_ONCE):
            released_by = flowing.column("decided_by")
            for actor in pc.unique(released_by).to_pylist():
                mine = pc.equal(released_by, actor) if actor else pc.is_null(released_by)
                changes = _only(flowing, mine).drop_columns("decided_by")
                yield from _laid_out(stage, table, changes, actor or NIGHTLY)


def _laid_out(stage: Stage, table: RosterTable, changes: pa.Table, actor: str) -> Iterator[_Part]:
    """Yield the changes that bring a row of tonight, many at a time, then those that bring none."""
    carrying = pc.is_in(changes.column("op"), value_set=pa.array([op.value for op in _CARRY_ROWS]))
    carried = _only(changes, carrying)
    brought = np.zeros(carried.num_rows, dtype=bool)
    for part, rows in _brought(stage, table, carried, brought):
        yield _Part(table, actor, staging.beside(stage.code, table, part, rows))
    seen, going = carried.filter(pa.array(~brought)), changes.filter(pc.invert(carrying))
    # A part of nothing would keep the next table's from being laid out ahead.
    if seen.num_rows:
        yield _Part(table, actor, seen, is_only_seen=True)
    if going.num_rows:
        yield _Part(table, actor, staging.beside(stage.code, table, going, None))


def _with_standing(conn: Connection, stage: Stage, part: _Part) -> pa.Table:
    """Return changes beside the rows as they stand: what was missing is seen, but only in quarantine."""
    ids = part.changes.column("sourced_id").to_pylist()
    rows = roster.rows(conn, stage.code, part.table, None, {"sourced_id": ids})
    return staging.beside(stage.code, part.table, part.changes, rows)


def _brought(
    stage: Stage, table: RosterTable, changes: pa.Table, brought: npt.NDArray[np.bool_]
) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Yield changes with tonight's rows, many at a time; brought: grows by those that were found."""
    waiting: list[tuple[pa.Table, pa.Table]] = []
    for batch in coalesce(_tonight(stage, table, changes.column("sourced_id")), _ROWS_AT_ONCE):
        # The changes are looked through once for all these rows: for few at a time that would take hours.
        chosen = pc.is_in(changes.column("sourced_id"), value_set=batch.column("sourced_id"))
        brought |= np.asarray(chosen, dtype=bool)
        part = changes.filter(chosen)
        waiting.append((part, _rows_of(part, batch)))
        if sum(part.num_rows for part, _ in waiting) >= _ROWS_AT_ONCE:
            yield _joined(waiting)
            waiting = []
    if waiting:
        yield _joined(waiting)


def _tonight(stage: Stage, table: RosterTable, ids: pa.ChunkedArray) -> Iterator[pa.RecordBatch]:
    """Yield tonight's usable rows from the first of some sorted ids to the last, of few ids only theirs."""
    for batch in usable(stage, table) if len(ids) else ():
        here = batch.column("sourced_id")
        between = pc.and_(pc.greater_equal(here, ids[0]), pc.less_equal(here, ids[-1]))
        few = len(ids) <= _ROWS_AT_ONCE
        rows = _only(batch, pc.is_in(here, value_set=ids) if few else between)
        if rows.num_rows:
            yield rows


def _joined(parts: list[tuple[pa.Table, pa.Table]]) -> tuple[pa.Table, pa.Table]:
    changes, rows = zip(*parts, strict=True)
    return pa.concat_tables(changes), pa.concat_tables(rows)


def _only(rows: _Rows, mask: Flags | pa.ChunkedArray) -> _Rows:
    """Return the rows of a mask; themselves where it takes all, for a first load has millions of them."""
    # A null is no: skipped, it would let a mask of some rows take all.
    return rows if pc.all(mask, skip_nulls=False).as_py() else rows.filter(mask)


def _rows_of(changes: pa.Table, batch: pa.RecordBatch) -> pa.Table:
    ids = changes.column("sourced_id").combine_chunks()
    return pa.Table.from_batches([batch.filter(pc.is_in(batch.column("sourced_id"), value_set=ids))])


def _apply_part(
    conn: Connection, stage: Stage, table: RosterTable, changes: pa.Table, actor: str
) -> dict[str, int]:
    return roster.apply(
        conn,
        stage.code,
        table,
        changes,
        snapshot_id=stage.snapshot,
        run_id=stage.run_id,
        night_on=stage.night_on,
        school_year=stage.district.school_year,
        actor=actor,
        at=stage.now(),
    )


def _add(counts: dict[str, int], more: dict[str, int]) -> None:
    for op, rows in more.items():
        counts[op] = counts.get(op, 0) + rows
