"""The named queries (PowerQueries) of our plugin, as `queries/` holds them.

A roster's queries read one table each under PowerSchool's own column names, in the order of its primary
key, as paging needs. Rows of the school years that run between `from_day` and `to_day` are asked for: a
server keeps the sections and enrollments of every year it ever had. A minus before the section and term
of an enrollment says that it was dropped. The SQL is PowerSchool's to run, and keeps to what Oracle and
SQLite share.
Source: PowerSchool developer pages, PowerQueries; PowerSchool data dictionary.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from pathlib import Path

_HERE = Path(__file__).parent / "queries"
_ARGUMENT = re.compile(r":([a-z_]+)")

DIALECT = "powerschool"
"""The name of PowerSchool's columns, by query or by file, which picks the maps."""

PREFIX = "org.sisbridge.sis"
"""What stands before an area and a name in a query's; PowerSchool wants five parts in all."""

DAYS = ("from_day", "to_day")
"""The arguments of a roster's queries, as YYYY-MM-DD."""

KEY = "dcid"
"""The column that names a row in every table of a roster."""

ROSTER_TABLES = ("schools", "terms", "courses", "sections", "students", "staff", "cc")
"""The tables of a roster in the order read: each may refer to the ones before it."""


@dataclass(frozen=True, slots=True)
class Query:
    """One named query.

    table: its own name, and of a roster's the source table's. columns: TABLE.FIELD of each column of the
    answer, in order. names: what the answer calls them. may_be_blank: columns that a district may not use
    at all; any other comes in some row of every page, unless the plugin may not see it. statement: what
    PowerSchool runs.
    """

    area: str
    table: str
    columns: tuple[str, ...]
    names: tuple[str, ...]
    may_be_blank: frozenset[str]
    statement: str = field(repr=False)

    @property
    def name(self) -> str:
        """Return the name PowerSchool knows the query by."""
        return f"{PREFIX}.{self.area}.{self.table}"

    @property
    def arguments(self) -> tuple[str, ...]:
        """Return the arguments the query takes; PowerSchool refuses one that it does not know."""
        return tuple(dict.fromkeys(_ARGUMENT.findall(self.statement)))


def query(area: str, table: str, file: str = "") -> Query:
    """Return a query of an area (`roster`, `grades`). file: its file's name where that is another."""
    file = file or table
    with (_HERE / "columns.csv").open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["query"] == file]
    names = tuple(row["called"] or row["field"].lower() for row in rows)
    return Query(
        area=area,
        table=table,
        columns=tuple(f"{row['table']}.{row['field']}" for row in rows),
        names=names,
        may_be_blank=frozenset(
            name for name, row in zip(names, rows, strict=True) if row["may_be_blank"] == "yes"
        ),
        statement=(_HERE / f"{file}.sql").read_text(encoding="utf-8").strip(),
    )


QUERIES = {table: query("roster", table) for table in ROSTER_TABLES}
"""A roster's queries by source table, in the order read."""
