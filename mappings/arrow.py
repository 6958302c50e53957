"""Names for the Arrow columns that pass through here, and the few moves all of them share."""

from __future__ import annotations

from typing import TypeAlias, cast

import pyarrow as pa

Texts: TypeAlias = pa.StringArray
Flags: TypeAlias = pa.BooleanArray


def texts(rows: pa.RecordBatch | pa.Table, name: str) -> Texts:
    """Return one column as text in one piece; KeyError when there is none of that name."""
    column = rows.column(name).cast(pa.string())
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return cast(Texts, whole)


def joined(parts: list[Texts]) -> Texts:
    """Return the parts as one column, empty when there are none."""
    return pa.concat_arrays(parts) if parts else pa.array([], pa.string())
