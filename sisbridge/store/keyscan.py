"""Keys and digests of a large table, packed by the database: one answer for some ten thousand rows.

Rows that arrive one by one cost the client more than the database; packed, half a million take half a second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Subquery, Table
from sqlalchemy.dialects.postgresql import BYTEA

from domain.ids import DistrictCode

_ROWS_AT_ONCE = 65_536

_Numbers = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True)
class _Packing:
    """How one database runs values together, and how what it packed is read.

    encoded: an id as bytes. columns: of a range of keys, the ids and their lengths in bytes, the digests and
    whether each is missing.
    """

    encoded: Callable[[ColumnElement[str]], ColumnElement[bytes]]
    columns: Callable[[Subquery], dict[str, ColumnElement[Any]]]
    lengths: Callable[[Any], _Numbers]
    digests: Callable[[Any], bytes]
    missing: Callable[[Any], npt.NDArray[np.bool_]]


def packed_keys(
    conn: Connection, stored: Table, district: DistrictCode, schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    """Yield sourced_id, digest and missing of a district's rows in key order, a range of keys at a time.

    schema: of these three columns. All ranges show one state of the table in a reading transaction only.
    """
    packing = _PACKINGS[conn.dialect.name]
    after: str | None = None
    while True:
        part = _range(stored, packing.encoded(stored.c.sourced_id), district, after)
        counted = {"rows": sa.func.count(), "last_id": sa.func.max(part.c.sourced_id, type_=sa.Text)}
        wanted = counted | packing.columns(part)
        packed = conn.execute(sa.select(*(column.label(name) for name, column in wanted.items()))).one()
        if not packed.rows:
            return
        yield _unpacked(packed, packing, schema)
        after = packed.last_id


def _range(
    stored: Table, encoded: ColumnElement[bytes], district: DistrictCode, after: str | None
) -> Subquery:
    key, missing = stored.c.sourced_id, stored.c.missing_since.is_not(None)
    chosen = (
        # Encoded here it is encoded once: a limited query is not merged with the one around it.
        sa.select(key, encoded.label("encoded"), stored.c.digest, missing.label("missing"))
        .where(stored.c.district_code == district)
        .order_by(stored.c.sourced_id)
        .limit(_ROWS_AT_ONCE)
    )
    return (chosen if after is None else chosen.where(stored.c.sourced_id > after)).subquery("part")


def _unpacked(packed: sa.Row[Any], packing: _Packing, schema: pa.Schema) -> pa.RecordBatch:
    places = np.zeros(packed.rows + 1, np.int32)
    np.cumsum(packing.lengths(packed.lengths), out=places[1:])
    digests = pa.py_buffer(packing.digests(packed.digests))
    columns = [
        pa.StringArray.from_buffers(packed.rows, pa.py_buffer(places), pa.py_buffer(packed.ids)),
        pa.FixedSizeBinaryArray.from_buffers(schema.field("digest").type, packed.rows, [None, digests]),
        pa.array(packing.missing(packed.missing)),
    ]
    return pa.record_batch(columns, schema=schema)


# All columns see the rows in the same order: aggregates of one query without an order of their own do.
def _in_postgresql(part: Subquery) -> dict[str, ColumnElement[Any]]:
    def together(values: ColumnElement[Any]) -> ColumnElement[bytes]:
        return sa.func.string_agg(values, sa.cast(sa.literal(b""), BYTEA), type_=BYTEA)

    return {
        "lengths": together(sa.func.int4send(sa.func.octet_length(part.c.encoded))),
        "ids": together(part.c.encoded),
        "digests": together(part.c.digest),
        "missing": together(sa.func.boolsend(part.c.missing)),
    }


def _in_sqlite(part: Subquery) -> dict[str, ColumnElement[Any]]:
    together = sa.func.group_concat
    return {
        "lengths": together(sa.func.length(part.c.encoded), ",", type_=sa.Text),
        "ids": sa.cast(together(part.c.sourced_id, ""), sa.LargeBinary),
        "digests": together(sa.func.hex(part.c.digest), "", type_=sa.Text),
        "missing": together(part.c.missing, "", type_=sa.Text),
    }


_PACKINGS = {
    "postgresql": _Packing(
        lambda key: sa.func.convert_to(key, sa.literal("UTF8")),
        _in_postgresql,
        lengths=lambda packed: np.frombuffer(packed, ">i4"),
        digests=bytes,
        missing=lambda packed: np.frombuffer(packed, np.uint8).astype(bool),
    ),
    "sqlite": _Packing(
        lambda key: sa.cast(key, sa.LargeBinary),
        _in_sqlite,
        lengths=lambda packed: np.fromstring(packed, np.int32, sep=","),
        digests=bytes.fromhex,
        missing=lambda packed: np.frombuffer(packed.encode(), np.uint8) == ord("1"),
    ),
}
