"""The rows a night compares with those in force: tonight's clean ones, and held ones a delta is silent of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from domain.model import Mode
from domain.tables import RosterTable
from mappings import digests
from sisbridge.store import holds
from sisbridge.sync.context import Stage, clean_name, seen_name


def carried_name(table: RosterTable) -> str:
    """Return where the held rows lie that tonight's delta says nothing of."""
    return f"carried/{table}"


def carry(stage: Stage, table: RosterTable, mode: Mode) -> None:
    """Land the held rows of earlier nights that tonight says nothing of; a bulk speaks of every row."""
    rows = _held_rows(stage, table) if mode is Mode.DELTA else None
    batches = rows.to_batches() if rows is not None and rows.num_rows else []
    stage.write(carried_name(table), iter(batches))


def usable(
    stage: Stage, table: RosterTable, columns: Sequence[str] | None = None
) -> Iterator[pa.RecordBatch]:
    """Yield a table's usable rows with their digests, each sourcedId once; only some columns if named."""
    yield from stage.read(clean_name(table), columns)
    yield from stage.read(carried_name(table), columns)


def _held_rows(stage: Stage, table: RosterTable) -> pa.Table:
    with stage.house.store.read() as conn:
        rows = holds.rows(conn, stage.house.keyring, stage.code, table)
    if rows.num_rows == 0:
        return rows
    for name in (clean_name(table), seen_name(table)):
        for batch in stage.read(name):
            told = pc.is_in(rows.column("sourced_id"), value_set=batch.column("sourced_id"))
            rows = rows.filter(pc.invert(told))
    whole = rows.combine_chunks().to_batches()
    return pa.Table.from_batches(
        [batch.append_column("digest", digests.digests(table, batch)) for batch in whole],
        schema=None if whole else rows.schema,
    )
