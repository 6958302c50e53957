"""Rows as PostgreSQL's binary COPY takes them, some thousand at a time.

A row is the number of its fields, then of each field how long it is and its bytes (PostgreSQL's manual: COPY,
"Binary Format"). The server has nothing to parse then, and text needs no quotes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from sqlalchemy import Table
from sqlalchemy.types import TypeEngine

from sisbridge.store.tables.base import Moment

_ROWS_AT_ONCE = 16_384
_BEGIN = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"

# PostgreSQL counts from 2000 on, Arrow from 1970.
_DAYS = (date(2000, 1, 1) - date(1970, 1, 1)).days
_MICROSECONDS = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000


def pieces(table: Table, rows: pa.Table, same: Mapping[str, pa.Scalar]) -> Iterator[bytes | memoryview]:
    """Yield rows for a COPY into the columns of `same`, which are alike in every row, and then the rows' own.

    Raises TypeError for a column of a kind that is not known here, and what Arrow raises for a value that
    does not fit its column.
    """
    kinds = {column.name: column.type for column in table.columns}
    count = (len(same) + rows.num_columns).to_bytes(2, "big")
    front = count + b"".join(_field(kinds[name], value) for name, value in same.items())
    yield _BEGIN
    for batch in rows.to_batches(max_chunksize=_ROWS_AT_ONCE):
        if len(batch) == 0:
            continue  # Arrow's buffer of nothing is not empty
        fields = [
            part for name in batch.schema.names for part in _fields(_sent(kinds[name], batch.column(name)))
        ]
        yield memoryview(_joined(pa.repeat(pa.scalar(front, pa.binary()), len(batch)), *fields))
    yield _END


def _joined(*fields: pa.Array) -> pa.Buffer:
    nothing = pa.scalar(b"", pa.binary())
    rows = pc.binary_join_element_wise(*fields, nothing, null_handling="replace", null_replacement=b"")
    return rows.buffers()[2]


def _field(kind: TypeEngine[object], value: pa.Scalar) -> bytes:
    sent = _sent(kind, pa.array([value]))[0].as_py()
    return _NULL if sent is None else len(sent).to_bytes(4, "big") + sent


def _fields(values: pa.BinaryArray) -> tuple[pa.BinaryArray, pa.BinaryArray]:
    """Return how long each value is (-1: null), and the values."""
    return _numbers(pc.fill_null(pc.binary_length(values), -1), ">i4"), values


def _sent(kind: TypeEngine[object], values: pa.Array) -> pa.BinaryArray:
    """Return values as the bytes that PostgreSQL takes for a column of a kind."""
    match kind:
        case sa.Text():
            return pc.cast(pc.cast(values, pa.string()), pa.binary())
        case sa.LargeBinary():
            return pc.cast(values, pa.binary())
        case sa.Date():
            return _numbers(pc.subtract(pc.cast(pc.cast(values, pa.date32()), pa.int32()), _DAYS), ">i4")
        case Moment():
            moments = pc.cast(pc.cast(values, pa.timestamp("us", "UTC")), pa.int64())
            return _numbers(pc.subtract(moments, _MICROSECONDS), ">i8")
        case sa.BigInteger():
            return _numbers(pc.cast(values, pa.int64()), ">i8")
        case sa.Integer():
            return _numbers(pc.cast(values, pa.int32()), ">i4")
        case sa.Boolean():
            return _numbers(pc.cast(values, pa.int8()), ">i1")
    raise TypeError(f"rows of the kind {type(kind).__name__} are not copied")


def _numbers(values: pa.Array, kind: str) -> pa.BinaryArray:
    """Return whole numbers as bytes, the highest first; null stays null."""
    numbers = pc.fill_null(values, 0).to_numpy(zero_copy_only=False).astype(kind)
    width = pa.binary(numbers.itemsize)
    made = pa.FixedSizeBinaryArray.from_buffers(width, len(values), [None, pa.py_buffer(numbers)])
    sent = pc.cast(made, pa.binary())
    return pc.if_else(values.is_valid(), sent, None) if values.null_count else sent
