"""PowerQueries: named SQL of the plugin, run over the tables (vendor page "PowerQueries")."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

from simulators.powerschool.manner import Manner
from simulators.powerschool.plugin import NamedQuery, Plugin
from simulators.powerschool.problems import Refusal
from simulators.powerschool.tables import Tables

Record = dict[str, Any]


def run(
    tables: Tables, plugin: Plugin, manner: Manner, name: str, given: Mapping[str, Any],
    paging: Mapping[str, str],
) -> Record:  # fmt: skip
    """Return one page of a query's records; Refusal 404 not installed, 401 not permitted, 400 not askable."""
    query = _known(plugin, name)
    limit, offset = _window(manner, paging)
    sql = f"SELECT * FROM ({query.sql}) LIMIT {limit} OFFSET {offset}"
    rows = _ask(tables, query, sql, given)
    return {"name": name, "record": [_record(query, plugin, manner, row) for row in rows], "@extensions": ""}


def count(tables: Tables, plugin: Plugin, name: str, given: Mapping[str, Any]) -> Record:
    """Return how many rows a query has."""
    query = _known(plugin, name)
    ((rows,),) = _ask(tables, query, f"SELECT count(*) FROM ({query.sql})", given)
    return {"count": rows}


def _known(plugin: Plugin, name: str) -> NamedQuery:
    query = plugin.queries.get(name)
    if query is None:
        raise Refusal(404, f"Query {name} not found")
    if not any(_granted(plugin, place) for place, _ in query.columns):
        raise Refusal(401, "Access to the query is denied")
    return query


def _window(manner: Manner, paging: Mapping[str, str]) -> tuple[int, int]:
    """Return limit and offset; without a size the plugin's maximum counts, which none may exceed."""
    asked, page = paging.get("pagesize", ""), int(paging.get("page", "1") or 1)
    if asked == "0" and manner.zero_page_is_all:
        return -1, 0
    size = min(int(asked or manner.page_size) or manner.page_size, manner.page_size)
    return size, (page - 1) * size


def _ask(tables: Tables, query: NamedQuery, sql: str, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    values = {name: given.get(name, "") for name in query.arguments}
    if unknown := set(given) - set(query.arguments):
        raise Refusal(400, "Invalid argument", *sorted(unknown))
    try:
        return tables.columns_of(sql, values)
    except sqlite3.Error as error:
        raise Refusal(400, f"Bad Request: {error}") from None


def _granted(plugin: Plugin, place: str) -> bool:
    table, _, name = place.rpartition(".")
    return plugin.may(table, name)


def _record(query: NamedQuery, plugin: Plugin, manner: Manner, row: tuple[Any, ...]) -> Record:
    """Return a record; a column whose field is not granted is left out without a word."""
    shown = list(_shown(query, plugin, manner, row))
    if query.flattened:
        plain = {alias.lower().rpartition(".")[2]: value for alias, value in shown}
        return {"_name": query.core_table.lower(), **plain}
    nested: dict[str, Record] = {}
    for alias, value in shown:
        table, _, name = alias.lower().rpartition(".")
        nested.setdefault(table or query.core_table.lower(), {})[name] = value
    return {"name": query.core_table.upper(), "tables": nested}


def _shown(
    query: NamedQuery, plugin: Plugin, manner: Manner, row: tuple[Any, ...]
) -> Iterator[tuple[str, str | None]]:
    for (place, alias), value in zip(query.columns, row, strict=True):
        if not _granted(plugin, place):
            continue
        if value is not None:
            yield alias, _text(value)
        elif manner.nulls != "omit":
            yield alias, None if manner.nulls == "null" else ""


def _text(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
