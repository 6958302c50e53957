"""A column that a feed has lost, in a district that wants to keep what its rows last had there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from domain.tables import RosterTable
from mappings.arrow import texts
from sisbridge.store import roster
from sisbridge.sync.context import Stage


def keep(
    stage: Stage, table: RosterTable, batch: pa.RecordBatch, columns: Sequence[str], kept: Counter[str]
) -> pa.RecordBatch:
    """Return canonical rows with the values in force in columns that tonight's feed does not have.

    A row that is new has none. kept: grows by the values that were kept, column by column.
    """
    ids = batch.column("sourced_id")
    where = {"sourced_id": ids.drop_null().to_pylist()}
    with stage.house.store.read() as conn:
        last = roster.rows(conn, stage.code, table, ["sourced_id", *columns], where)
    at = pc.index_in(ids, value_set=texts(last, "sourced_id"), skip_nulls=True)
    for name in columns:
        values = texts(last, name).take(at)
        kept[name] += len(values) - values.null_count
        batch = batch.set_column(batch.schema.get_field_index(name), name, values)
    return batch
