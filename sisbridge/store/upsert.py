"""Small writes that may be repeated: insert what is missing, replace what is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

Row = Mapping[str, object]


def upsert(conn: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows, replacing the given columns of a row whose primary key is there.

    All rows have the same columns, and at least one beside the key.
    """
    if not rows:
        return
    statement = _insert(conn, table)
    keys = {column.name for column in table.primary_key}
    changed = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    conn.execute(statement.on_conflict_do_update(index_elements=sorted(keys), set_=changed), list(rows))


def insert_missing(conn: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows whose primary key is not there yet; the others stay as they are."""
    if rows:
        keys = [column.name for column in table.primary_key]
        conn.execute(_insert(conn, table).on_conflict_do_nothing(index_elements=keys), list(rows))


def _insert(conn: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    return postgresql.insert(table) if conn.dialect.name == "postgresql" else sqlite.insert(table)
