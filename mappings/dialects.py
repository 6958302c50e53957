"""A source's dialect as files: which tables it has, what it calls columns and codes, what sets it apart.

OneRoster's two dialects lie beside this module. A vendor's is a folder `mappings/<sis>/` with the same
files, and may hold `adapt.py` for what no table of names can say. Nothing here knows a vendor by name.
"""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import cast

import pyarrow as pa

from domain.tables import RosterTable

_HERE = Path(__file__).parent
_ONEROSTER = {"1.1": "oneroster_1p1", "1.2": "oneroster_1p2"}
_VENDOR_NAME = re.compile(r"[a-z][a-z0-9_]*")

Columns = Mapping[str, tuple[str, ...]]
"""Canonical column → where its value is read from; the first that has a value wins."""

Adapt = Callable[[str, pa.RecordBatch], Iterable[tuple[str, pa.RecordBatch]]]
"""Turns a batch of one source table into batches of tables that the column maps know."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One dialect as its files say it.

    sources: source table → the roster tables it feeds; a row counts as one of the first.
    keys: source table → the columns that may hold a row's key. columns: by roster table; own_columns: by
    source table where one source differs from the others. defaults: mapping settings that hold unless a
    district sets them.
    """

    name: str
    sources: Mapping[str, tuple[RosterTable, ...]]
    keys: Mapping[str, tuple[str, ...]]
    columns: Mapping[RosterTable, Columns]
    own_columns: Mapping[str, Mapping[RosterTable, Columns]]
    codes: Mapping[str, Mapping[str, str]]
    defaults: Mapping[str, object]
    adapt: Adapt | None = None


def dialect_names() -> tuple[str, ...]:
    """Return every dialect there is, OneRoster's first."""
    vendors = sorted(path.parent.name for path in _HERE.glob("*/tables.csv"))
    return (*_ONEROSTER, *vendors)


@lru_cache
def dialect(name: str) -> Dialect | None:
    """Return a dialect by name, None when there is none."""
    if name in _ONEROSTER:
        return _read_dialect(name, _HERE, _ONEROSTER[name], _ONEROSTER[name])
    if _VENDOR_NAME.fullmatch(name) and (_HERE / name / "tables.csv").is_file():
        return _read_dialect(name, _HERE / name, "roster", "source")
    return None


def read_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of one of our own CSV files."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def alternatives(cell: str) -> tuple[str, ...]:
    """Return the alternatives of a cell, `|` between them."""
    return tuple(filter(None, (name.strip() for name in cell.split("|"))))


def _read_dialect(name: str, folder: Path, roster_heading: str, column_heading: str) -> Dialect:
    tables = [row for row in read_rows(folder / "tables.csv") if row[roster_heading] or folder != _HERE]
    sources = {row["source"]: _roster_tables(row[roster_heading]) for row in tables}
    columns = {table: _rows_of(folder, table) for table in RosterTable}
    vendor = folder != _HERE
    return Dialect(
        name=name,
        sources=sources,
        keys={row["source"]: alternatives(row["key"]) for row in tables},
        columns={table: _columns(rows, column_heading) for table, rows in columns.items()},
        own_columns={
            source: {table: _columns(columns[table], source) for table in targets}
            for source, targets in sources.items()
        },
        codes=_codes(folder) if vendor else {},
        defaults=_defaults(folder) if vendor else {},
        adapt=_adapt(name, folder) if vendor else None,
    )


def _roster_tables(cell: str) -> tuple[RosterTable, ...]:
    return tuple(RosterTable(name) for name in alternatives(cell))


def _rows_of(folder: Path, table: RosterTable) -> list[dict[str, str]]:
    path = folder / "columns" / f"{table}.csv"
    return read_rows(path) if path.is_file() else []


def _columns(rows: Iterable[Mapping[str, str]], heading: str) -> dict[str, tuple[str, ...]]:
    """Return what stands under a heading; OneRoster's own lines are kept though they are blank."""
    cells = {row["canonical"]: row.get(heading) for row in rows}
    blank_counts = heading in _ONEROSTER.values()
    return {name: alternatives(cell or "") for name, cell in cells.items() if cell or blank_counts}


def _codes(folder: Path) -> dict[str, dict[str, str]]:
    return {
        path.stem: {row["source"]: row["canonical"] for row in read_rows(path)}
        for path in sorted((folder / "codes").glob("*.csv"))
    }


def _defaults(folder: Path) -> dict[str, object]:
    path = folder / "defaults.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _adapt(name: str, folder: Path) -> Adapt | None:
    if not (folder / "adapt.py").is_file():
        return None
    return cast(Adapt, import_module(f"mappings.{name}.adapt").adapt)
