"""Have PostgreSQL look anew at a table that was just filled, before anything is asked of it.

It would do so by itself some minutes later. Until then it takes what is new for a row or two, joins it row
by row, and a night of a minute becomes one of hours. SQLite needs nothing of the kind.
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from sqlalchemy import Connection, Table

_FEW = 2_000
"""So many rows may be joined row by row, and nobody notices."""

_ASKED_BY = {"missing_since"}
"""The columns beside the keys by which a night chooses rows; the others are left to autovacuum."""

_SAMPLE = 30
"""Three hundred times so many rows are looked at: enough to tell how many rows a district has. A usual count
looks at 30,000, half a second of a first load, while districts that load side by side wait their turn."""

_IN_TURN = 0x5157_C047
"""Under this number PostgreSQL lets one transaction count at a time, until it ends."""


def count_anew(conn: Connection, table: Table, brought: int, **among: str) -> None:
    """Have a table counted anew if PostgreSQL expects fewer rows there than were brought in this transaction.

    among: column → the value that all the brought rows have in it. A district's first load is news though
    the table is large already: of a district it has never seen, PostgreSQL expects next to nothing.
    """
    if conn.dialect.name == "postgresql" and brought >= _FEW and _expected(conn, table, among) < brought / 2:
        names = conn.dialect.identifier_preparer
        columns = ", ".join(names.quote(name) for name in _chosen_by(table))
        # Who counts a table keeps others from it until the end: districts that load side by side take turns,
        # or all but one would be joined row by row. Nobody waits for whoever else is at the table.
        conn.execute(sa.select(sa.func.pg_advisory_xact_lock(_IN_TURN)))
        conn.exec_driver_sql(f"SET LOCAL default_statistics_target = {_SAMPLE}")
        conn.exec_driver_sql(f"ANALYZE (SKIP_LOCKED) {names.format_table(table)} ({columns})")


def _chosen_by(table: Table) -> list[str]:
    keys = {column.name for index in table.indexes for column in index.columns}
    chosen = keys | {column.name for column in table.primary_key.columns} | _ASKED_BY
    return [column.name for column in table.columns if column.name in chosen]


def _expected(conn: Connection, table: Table, among: dict[str, str]) -> int:
    where = [table.c[name] == value for name, value in among.items()]
    wanted = sa.select(sa.literal(1)).select_from(table).where(*where)
    asked = wanted.compile(dialect=conn.dialect)
    told = conn.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {asked}", asked.params).scalar_one()
    (plan,) = told if isinstance(told, list) else json.loads(told)
    return int(plan["Plan"]["Plan Rows"])
