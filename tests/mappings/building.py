"""Small batches and tables from literals."""

from __future__ import annotations

import pyarrow as pa

from domain.tables import PLACE, ROSTER, RosterTable

KEYS = pa.schema([("sourced_id", pa.string()), ("digest", pa.binary(16))])


def source(**columns: list[str | None]) -> pa.RecordBatch:
    """Return a source batch; every row's place is its line."""
    rows = len(next(iter(columns.values())))
    places = [f"file.csv:{line + 2}" for line in range(rows)]
    return pa.RecordBatch.from_pydict(
        {name: pa.array(values, pa.string()) for name, values in {**columns, PLACE: places}.items()}
    )


def canonical(table: RosterTable, *rows: dict[str, str | None]) -> pa.RecordBatch:
    """Return canonical rows; columns not given are null."""
    return pa.RecordBatch.from_pydict(
        {name: pa.array([row.get(name) for row in rows], pa.string()) for name in ROSTER[table].names}
    )


def digest(text: str) -> bytes:
    """Return a 16-byte stand-in for a digest."""
    return text.encode().ljust(16, b".")


def keys(*rows: tuple[str | None, str]) -> pa.Table:
    """Return (sourced_id, digest) rows."""
    return pa.Table.from_pylist(
        [{"sourced_id": sourced_id, "digest": digest(text)} for sourced_id, text in rows], schema=KEYS
    )


def last(*rows: tuple[str, str] | tuple[str, str, bool]) -> pa.Table:
    """Return the roster of record: (sourced_id, digest, missing)."""
    missing = pa.array([len(row) == 3 and bool(row[2]) for row in rows], pa.bool_())
    return keys(*((row[0], row[1]) for row in rows)).append_column("missing", missing)


def tonight(*rows: tuple[str, str] | tuple[str, str, bool]) -> pa.Table:
    """Return tonight's clean rows: (sourced_id, digest, deleted)."""
    deleted = pa.array([len(row) == 3 and bool(row[2]) for row in rows], pa.bool_())
    return keys(*((row[0], row[1]) for row in rows)).append_column("deleted", deleted)
