"""Keys and digests of a large table from PostgreSQL, packed there: one answer for some ten thousand rows.

Rows that arrive one by one cost the client more than the server; packed, half a million take half a second.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy import Connection, Row, Subquery, Table
from sqlalchemy.dialects.postgresql import BYTEA

from domain.ids import DistrictCode

_ROWS_AT_ONCE = 65_536

_Packed = Row[int, str, bytes, bytes, bytes, bytes]


def packed_keys(
    conn: Connection, stored: Table, district: DistrictCode, schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    """Yield sourced_id, digest and missing of a district's rows in key order, a range of keys at a time.

    schema: of these three columns. All ranges show one state of the table in a reading transaction only.
    """
    after: str | None = None
    while True:
        part = _range(stored, district, after)
        packed = conn.execute(_in_one_row(part)).one()
        if not packed.rows:
            return
        yield _unpacked(packed, schema)
        after = packed.last_id


def _range(stored: Table, district: DistrictCode, after: str | None) -> Subquery:
    chosen = (
        sa.select(stored.c.sourced_id, stored.c.digest, stored.c.missing_since.is_not(None).label("missing"))
        .where(stored.c.district_code == district)
        .order_by(stored.c.sourced_id)
        .limit(_ROWS_AT_ONCE)
    )
    return (chosen if after is None else chosen.where(stored.c.sourced_id > after)).subquery("part")


def _in_one_row(part: Subquery) -> sa.Select[int, str, bytes, bytes, bytes, bytes]:
    utf8 = sa.func.convert_to(part.c.sourced_id, sa.literal("UTF8"))
    return sa.select(
        sa.func.count().label("rows"),
        sa.func.max(part.c.sourced_id, type_=sa.Text).label("last_id"),
        _run_together(sa.func.int4send(sa.func.octet_length(utf8))).label("lengths"),
        _run_together(utf8).label("ids"),
        _run_together(part.c.digest).label("digests"),
        _run_together(sa.func.boolsend(part.c.missing)).label("missing"),
    )


def _run_together(values: sa.ColumnElement[Any]) -> sa.ColumnElement[bytes]:
    # All of them see the rows in the same order: aggregates of one query without an order of their own do.
    return sa.func.string_agg(values, sa.cast(sa.literal(b""), BYTEA), type_=BYTEA)


def _unpacked(packed: _Packed, schema: pa.Schema) -> pa.RecordBatch:
    rows, _, lengths, ids, digests, missing = packed
    places = np.zeros(rows + 1, np.int32)
    np.cumsum(np.frombuffer(lengths, ">i4"), out=places[1:])
    columns = [
        pa.StringArray.from_buffers(rows, pa.py_buffer(places), pa.py_buffer(ids)),
        pa.FixedSizeBinaryArray.from_buffers(
            schema.field("digest").type, rows, [None, pa.py_buffer(digests)]
        ),
        pa.array(np.frombuffer(missing, np.uint8).astype(bool)),
    ]
    return pa.record_batch(columns, schema=schema)
