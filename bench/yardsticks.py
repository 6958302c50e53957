"""The least that the same work could cost on the same machine, and what a plain program would pay.

Each function runs in a process of its own and returns seconds. The store it is shown has had its first
load; it is left as it was found.
"""

from __future__ import annotations

import csv
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

import pyarrow as pa
import sqlalchemy as sa
from pyarrow import csv as arrow_csv
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.orm import Session, registry

from bench.generator import FILES
from domain.tables import RosterTable
from sisbridge.store.tables.roster import change, roster

SAMPLE_ROWS = 2_000
"""Rows of a table that the row-by-row merge is timed with before it is scaled."""

_PIECE = 1 << 20
_ROWS_AT_ONCE = 50_000


def read_with_pyarrow(package: Path, files: Sequence[str] = FILES) -> float:
    """Stream data files through pyarrow's CSV reader, all columns as text."""
    begun = time.perf_counter()
    for file in files:
        path = package / f"{file}.csv"
        # Guessing types would fail at the first block that disagrees with the one before.
        options = arrow_csv.ConvertOptions(column_types=dict.fromkeys(_header(path), pa.string()))
        with arrow_csv.open_csv(path, convert_options=options) as reader:
            for _ in reader:
                pass
    return time.perf_counter() - begun


def read_with_duckdb(package: Path) -> float | None:
    """Read every data file into DuckDB tables of text; None where DuckDB is not installed."""
    try:
        import duckdb  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        return None
    begun = time.perf_counter()
    with closing(duckdb.connect()) as conn:
        for file in FILES:
            path = str(package / f"{file}.csv")
            conn.execute(f'CREATE TABLE "{file}" AS SELECT * FROM read_csv(?, all_varchar=true)', [path])
    return time.perf_counter() - begun


def write_raw(database_url: str, package: Path, scratch: Path) -> float:
    """Write every data file, as it stands, into tables of text without a key: COPY, or executemany."""
    if database_url.startswith("sqlite"):
        return _write_raw_sqlite(package, scratch)
    return _write_raw_postgresql(database_url, package)


def _write_raw_postgresql(database_url: str, package: Path) -> float:
    engine = sa.create_engine(database_url)
    begun = time.perf_counter()
    with closing(engine.raw_connection()) as conn:
        cursor = conn.cursor()
        for file in FILES:
            path = package / f"{file}.csv"
            cursor.execute(f'CREATE TEMP TABLE "raw_{file}" ({_text_columns(path)})')
            _copy_in(cursor, f'COPY "raw_{file}" FROM STDIN WITH (FORMAT csv, HEADER)', path)
    return time.perf_counter() - begun


def _write_raw_sqlite(package: Path, scratch: Path) -> float:
    spent = 0.0
    with closing(_fresh_sqlite(scratch)) as conn:
        for file in FILES:
            path = package / f"{file}.csv"
            conn.execute(f'CREATE TABLE "raw_{file}" ({_text_columns(path)})')
            with path.open(newline="", encoding="utf-8") as lines:
                spent += _insert(conn, f"raw_{file}", map(tuple, islice(csv.reader(lines), 1, None)))
        begun = time.perf_counter()
        conn.commit()
    return spent + time.perf_counter() - begun


def write_ready(database_url: str, scratch: Path) -> float:
    """Write the rows that the roster of record holds once more, into tables like its own, keys included."""
    return _write_again(database_url, scratch, [*roster.values()])


def write_history(database_url: str, scratch: Path) -> float:
    """Write the history of changes once more, into a table like its own, keys and indexes included."""
    return _write_again(database_url, scratch, [change])


def _write_again(database_url: str, scratch: Path, tables: Sequence[sa.Table]) -> float:
    if database_url.startswith("sqlite"):
        return _write_ready_sqlite(database_url, scratch, tables)
    return _write_ready_postgresql(database_url, scratch, tables)


def _write_ready_postgresql(database_url: str, scratch: Path, tables: Sequence[sa.Table]) -> float:
    spent = 0.0
    engine = sa.create_engine(database_url)
    with closing(engine.raw_connection()) as conn:
        cursor = conn.cursor()
        for table in tables:
            path = scratch / f"{table.name}.csv"
            _copy_out(cursor, f"COPY {table.name} TO STDOUT WITH (FORMAT csv)", path)
            cursor.execute(f"CREATE TABLE ready_{table.name} (LIKE {table.name} INCLUDING ALL)")
            begun = time.perf_counter()
            _copy_in(cursor, f"COPY ready_{table.name} FROM STDIN WITH (FORMAT csv)", path)
            spent += time.perf_counter() - begun
        conn.rollback()
    return spent


def _write_ready_sqlite(database_url: str, scratch: Path, tables: Sequence[sa.Table]) -> float:
    spent = 0.0
    store_path = sa.make_url(database_url).database or ""
    with closing(sqlite3.connect(store_path)) as store, closing(_fresh_sqlite(scratch)) as conn:
        for table in tables:
            made = "SELECT sql FROM sqlite_master WHERE tbl_name = ? AND sql NOT NULL ORDER BY type DESC"
            for (statement,) in store.execute(made, [table.name]):
                conn.execute(statement)
            rows = store.execute(f"SELECT * FROM {table.name}")
            spent += _insert(conn, table.name, rows)
        begun = time.perf_counter()
        conn.commit()
    return spent + time.perf_counter() - begun


def merge_by_row(database_url: str) -> dict[RosterTable, float]:
    """Merge rows one by one with SQLAlchemy's ORM, 1 % of them changed; return the seconds of each table.

    SAMPLE_ROWS of a table are timed and scaled to all it holds.
    """
    engine = sa.create_engine(database_url)
    return {table: _merge_of(engine, stored) for table, stored in roster.items()}


def _merge_of(engine: sa.Engine, stored: sa.Table) -> float:
    class Row:
        """One row, as the ORM maps it."""

    registry().map_imperatively(Row, stored)
    with Session(engine) as session:
        conn = session.connection()
        rows = conn.scalar(sa.select(sa.func.count()).select_from(stored)) or 0
        found = conn.execute(sa.select(stored).limit(SAMPLE_ROWS)).mappings().all()
        begun = time.perf_counter()
        for number, row in enumerate(found):
            changed = {"status": "tobedeleted"} if number % 100 == 0 else {}
            session.merge(Row(**{**row, **changed}))
        session.flush()
        spent = time.perf_counter() - begun
        session.rollback()
    return spent * rows / max(1, len(found))


def _header(path: Path) -> list[str]:
    with path.open(encoding="utf-8") as file:
        return file.readline().strip().split(",")


def _text_columns(path: Path) -> str:
    return ", ".join(f'"{name}" text' for name in _header(path))


def _copy_in(cursor: DBAPICursor, statement: str, path: Path) -> None:
    with cursor.copy(statement) as copy, path.open("rb") as file:
        while piece := file.read(_PIECE):
            copy.write(piece)


def _copy_out(cursor: DBAPICursor, statement: str, path: Path) -> None:
    with cursor.copy(statement) as copy, path.open("wb") as file:
        for piece in copy:
            file.write(piece)


def _fresh_sqlite(scratch: Path) -> sqlite3.Connection:
    path = scratch / "yardstick.db"
    path.unlink(missing_ok=True)
    conn = sqlite3.connect(path)
    conn.execute("PRAGMA journal_mode=WAL")
    conn.execute("PRAGMA synchronous=NORMAL")
    return conn


def _insert(conn: sqlite3.Connection, table: str, rows: Iterator[tuple[object, ...]]) -> float:
    """Insert rows and return the seconds that took, without those of reading them."""
    spent = 0.0
    while some := list(islice(rows, _ROWS_AT_ONCE)):
        marks = ", ".join("?" * len(some[0]))
        begun = time.perf_counter()
        conn.executemany(f'INSERT INTO "{table}" VALUES ({marks})', some)
        spent += time.perf_counter() - begun
    return spent
