"""Small questions asked of Arrow columns."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from domain.errors import ContractBroken
from validation.context import Keys

SEPARATOR = ","
"""What joins the items of a canonical list."""


def column(batch: pa.RecordBatch, name: str) -> pa.Array:
    """Return a column as text; ContractBroken when the batch does not have it."""
    if name not in batch.schema.names:
        raise ContractBroken(
            "CF37",
            f"The rows to be judged have no column {name}.",
            fix="This is a fault of ours: report it; the last good roster stays in force.",
        )
    return batch.column(name).cast(pa.string())


def among(values: pa.Array, keys: Keys) -> pa.Array:
    """Return per value whether it is one of the keys; a null value is not."""
    known = keys.cast(pa.string())
    if len(known) > len(values):
        # Arrow hashes what it looks in, anew for each batch: rather the values than a million keys.
        known = known.filter(pc.is_in(known, value_set=pc.unique(values), skip_nulls=True))
    return pc.is_in(values, value_set=known, skip_nulls=True)


def every_item(lists: pa.Array, holds: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """Return per list whether something holds for each of its items; a null list has none that fails."""
    items = pc.split_pattern(lists, SEPARATOR)
    failing = pc.filter(pc.list_parent_indices(items), pc.invert(holds(pc.list_flatten(items))))
    rows = pa.array(range(len(lists)), failing.type)
    return pc.invert(pc.is_in(rows, value_set=failing))
