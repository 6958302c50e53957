"""What two rosters differ in, row by row and column by column, with every value masked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import pyarrow as pa
import pyarrow.compute as pc

from domain.ids import SourcedId
from domain.masking import shown_id
from domain.model import Mode, Op
from domain.tables import ROSTER, RosterTable
from mappings import compare as comparing
from mappings.compare import CHANGES
from mappings.digests import DIGEST
from sisbridge.store import roster
from sisbridge.sync.context import Stage, changes_name, clean_name
from sisbridge.sync.holding.withhold import held_name
from validation.roster_cells import shown

MOST = 20
"""How many rows a person is shown unless they ask for more."""

_NO_IDS = pa.array([], pa.string())

Rows = Callable[[RosterTable, list[str]], pa.Table]
"""Returns the canonical rows of some ids on one side."""


@dataclass(frozen=True, slots=True)
class ChangedValue:
    """One column of one changed row; values are masked, codes stand in clear."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """One row that is added, updated or gone, and what of it changes (nothing listed for what is gone)."""

    table: RosterTable
    sourced_id: SourcedId
    op: Op
    values: tuple[ChangedValue, ...]


def proposed(stage: Stage, most: int = MOST) -> list[ChangedRow]:
    """Return the first of a run's landed changes: what it would do, or did, to the roster in force."""
    return _landed(stage, changes_name, most)


def held_back(stage: Stage, most: int = MOST) -> list[ChangedRow]:
    """Return the first of a run's changes that wait for a person."""
    return _landed(stage, held_name, most)


def _landed(stage: Stage, name: Callable[[RosterTable], str], most: int) -> list[ChangedRow]:
    changes = {
        table: pa.Table.from_batches(stage.read(name(table), CHANGES.names), schema=CHANGES)
        for table in RosterTable
    }
    return _rows(changes, _in_force(stage), _clean(stage), most)


def between(before: Stage, after: Stage, most: int = MOST) -> list[ChangedRow]:
    """Return the first rows that two runs over the same raw data judged clean but did not map alike."""
    changes = {
        table: comparing.compare(table, _keys(before, table), _tonight(after, table), _NO_IDS, Mode.BULK)
        for table in RosterTable
    }
    return _rows(changes, _clean(before), _clean(after), most)


def _rows(changes: dict[RosterTable, pa.Table], before: Rows, after: Rows, most: int) -> list[ChangedRow]:
    """Return rows of every table in turn, so that one table's flood does not hide the others."""
    described = [
        iter(_describe(table, found.slice(0, most), before, after)) for table, found in changes.items()
    ]
    return list(islice(_in_turn(described), most))


def _in_turn(lists: Sequence[Iterable[ChangedRow]]) -> Iterator[ChangedRow]:
    waiting = [iter(one) for one in lists]
    while waiting:
        for one in list(waiting):
            row = next(one, None)
            if row is None:
                waiting.remove(one)
            else:
                yield row


def _describe(table: RosterTable, changes: pa.Table, before: Rows, after: Rows) -> list[ChangedRow]:
    ids = changes.column("sourced_id").to_pylist()
    if not ids:
        return []
    was, becomes = _by_id(before(table, ids)), _by_id(after(table, ids))
    return [
        ChangedRow(
            table,
            SourcedId(shown_id(key)),
            Op(op),
            _values(table, was.get(key), becomes.get(key)),
        )
        for key, op in zip(ids, changes.column("op").to_pylist(), strict=True)
    ]


def _values(
    table: RosterTable, was: dict[str, str | None] | None, becomes: dict[str, str | None] | None
) -> tuple[ChangedValue, ...]:
    if becomes is None:
        return ()
    old = was or {}
    return tuple(
        ChangedValue(column.name, shown(column, old.get(column.name)), shown(column, becomes[column.name]))
        for column in ROSTER[table].columns
        if column.name not in ("sourced_id", "date_last_modified")
        and old.get(column.name) != becomes[column.name]
    )


def _by_id(rows: pa.Table) -> dict[str, dict[str, str | None]]:
    return {row["sourced_id"]: row for row in rows.to_pylist()}


def _in_force(stage: Stage) -> Rows:
    def rows(table: RosterTable, ids: list[str]) -> pa.Table:
        with stage.house.store.read() as conn:
            return roster.rows(conn, stage.code, table, None, {"sourced_id": ids})

    return rows


def _clean(stage: Stage) -> Rows:
    def rows(table: RosterTable, ids: list[str]) -> pa.Table:
        wanted, names = pa.array(ids, pa.string()), list(ROSTER[table].names)
        parts = [
            batch.filter(pc.is_in(batch.column("sourced_id"), value_set=wanted)).select(names)
            for batch in stage.read(clean_name(table))
        ]
        schema = pa.schema([(name, pa.string()) for name in names])
        return pa.Table.from_batches(parts, schema=parts[0].schema if parts else schema)

    return rows


def _keys(stage: Stage, table: RosterTable) -> pa.Table:
    """Return (sourced_id, digest, missing) of a run's clean rows."""
    return _tonight(stage, table).rename_columns(["sourced_id", "digest", "missing"])


def _tonight(stage: Stage, table: RosterTable) -> pa.Table:
    """Return (sourced_id, digest, deleted) of a run's clean rows, none of them deleted."""
    schema = pa.schema([("sourced_id", pa.string()), ("digest", DIGEST)])
    parts = [batch.select(["sourced_id", "digest"]) for batch in stage.read(clean_name(table))]
    rows = pa.Table.from_batches(parts, schema=schema)
    return rows.append_column("deleted", pa.repeat(False, rows.num_rows))
