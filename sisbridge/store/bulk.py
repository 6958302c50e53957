"""Many rows at once: COPY on PostgreSQL, executemany on SQLite, always in the caller's transaction."""

from __future__ import annotations

import pyarrow as pa
from sqlalchemy import Connection, Table


def insert(conn: Connection, table: Table, batch: pa.RecordBatch | pa.Table) -> int:
    """Insert a batch's rows into the table's columns of the same names and return how many."""
    raise NotImplementedError
