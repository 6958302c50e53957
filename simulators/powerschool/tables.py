"""One district's PowerSchool tables, in memory; SQL, because a PowerQuery is SQL."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from simulators.dataset import Dataset
from simulators.powerschool.build import rows_of
from simulators.powerschool.schema import COLUMNS, statements

Row = dict[str, Any]


class Tables:
    """PowerSchool's tables by their names of the data dictionary, safe to use from any thread.

    `ids` tells what became of a OneRoster record: (collection, sourcedId) → the row's primary key (DCID).
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._data = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self._data.row_factory = sqlite3.Row
        self._teach_oracle()
        for statement in statements():
            self._data.execute(statement)
        self.ids: dict[tuple[str, str], int] = {}

    @classmethod
    def from_dataset(cls, dataset: Dataset) -> Tables:
        """Return a district's OneRoster data as PowerSchool would hold it; a student's ID is not the DCID."""
        tables = cls()
        rows, tables.ids = rows_of(dataset)
        for table, found in rows.items():
            for row in found:
                tables.add(table, row)
        return tables

    def _teach_oracle(self) -> None:
        """Give the database the few functions of Oracle that plugins' queries use."""
        say = self._data.create_function
        say("nvl", 2, lambda value, other: other if value in (None, "") else value, deterministic=True)
        say("to_char", 1, lambda value: None if value is None else str(value), deterministic=True)
        say("to_char", 2, lambda value, form: None if value is None else str(value), deterministic=True)
        say("to_number", 1, lambda value: None if value is None else float(value), deterministic=True)
        say("to_date", 2, lambda value, form: value, deterministic=True)
        say("decode", -1, _decode, deterministic=True)

    def select(self, sql: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[Row]:
        """Return the rows of a question in SQL; sqlite3.Error when it cannot be asked."""
        with self._lock:
            return [dict(row) for row in self._data.execute(sql, values)]

    def columns_of(self, sql: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a question by position, as a PowerQuery names its columns by position."""
        with self._lock:
            return [tuple(row) for row in self._data.execute(sql, values)]

    def rows(self, table: str, **wanted: Any) -> list[Row]:
        """Return a table's rows whose columns have these values, by primary key."""
        where = " AND ".join(f"{_known(table, name)} = :{name}" for name in wanted) or "1"
        return self.select(f"SELECT * FROM {table} WHERE {where} ORDER BY 1", wanted)

    def row(self, table: str, key: int) -> Row | None:
        """Return one row by primary key (DCID), or None."""
        found = self.rows(table, **{COLUMNS[table][0]: key})
        return found[0] if found else None

    def add(self, table: str, row: Mapping[str, Any]) -> int:
        """Insert a row and return its primary key, chosen when the row has none."""
        primary = COLUMNS[table][0]
        with self._lock:
            key = int(row.get(primary) or self._next(table))
            values = {name: row.get(name) for name in COLUMNS[table]} | {primary: key}
            if values.get("id", key) is None:
                values["id"] = key + 50_000
            names = ", ".join(values)
            marks = ", ".join(f":{name}" for name in values)
            self._data.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", values)
        return key

    def change(self, table: str, key: int, **fields: Any) -> None:
        """Change fields of the row with a primary key."""
        names = ", ".join(f"{_known(table, name)} = :{name}" for name in fields)
        with self._lock:
            where = f"{COLUMNS[table][0]} = :the_key"
            self._data.execute(f"UPDATE {table} SET {names} WHERE {where}", {**fields, "the_key": key})

    def remove(self, table: str, key: int) -> None:
        """Delete the row with a primary key."""
        with self._lock:
            self._data.execute(f"DELETE FROM {table} WHERE {COLUMNS[table][0]} = ?", (key,))

    def clear(self, *tables: str) -> None:
        """Empty tables."""
        with self._lock:
            for table in tables:
                self._data.execute(f"DELETE FROM {table}")

    def _next(self, table: str) -> int:
        (found,) = self.columns_of(f"SELECT max({COLUMNS[table][0]}) FROM {table}")
        return int(found[0] or 9000) + 1


def _known(table: str, name: str) -> str:
    if name not in COLUMNS[table]:
        raise KeyError(name)
    return name


def _decode(value: Any, *pairs: Any) -> Any:
    for tried, then in zip(pairs[::2], pairs[1::2], strict=False):
        if value == tried:
            return then
    return pairs[-1] if len(pairs) % 2 else None
