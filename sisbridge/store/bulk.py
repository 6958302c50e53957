"""Many rows at once, between Arrow and the database, always in the caller's transaction.

COPY on PostgreSQL and executemany on SQLite go past SQLAlchemy's own insert, which is 6 to 12 times
slower (measured); the connection, and so the transaction, is the caller's.
"""

from __future__ import annotations

import select
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice, repeat
from typing import TYPE_CHECKING

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import sqlalchemy as sa
from sqlalchemy import Column, ColumnElement, Connection, Delete, Insert, Select, Table, Update

from domain.ahead import one_ahead
from domain.errors import ContractBroken
from sisbridge.store import packed
from sisbridge.store.hexed import from_hex

if TYPE_CHECKING:
    from psycopg.pq.abc import PGconn, PGresult

_ROWS_AT_ONCE = 65_536


def insert(
    conn: Connection,
    table: Table,
    batch: pa.RecordBatch | pa.Table,
    constants: Mapping[str, object] | None = None,
) -> int:
    """Insert a batch's rows into the table's columns of the same names and return how many.

    Text, bytes, dates, whole numbers, booleans and UTC timestamps; null stays null, and empty text empty.
    constants: column → what stands in every row, of a Python type that Arrow knows.
    """
    rows = batch if isinstance(batch, pa.Table) else pa.Table.from_batches([batch])
    if rows.num_rows == 0:
        return 0
    same = {name: _scalar(value) for name, value in (constants or {}).items()}
    write = _copy if conn.dialect.name == "postgresql" else _execute_many
    write(conn, table, rows, same)
    return int(rows.num_rows)


def _target(conn: Connection, table: Table, columns: Iterable[str]) -> str:
    names = conn.dialect.identifier_preparer
    listed = ", ".join(names.quote(table.columns[name].name) for name in columns)
    return f"{names.format_table(table)} ({listed})"


def fetch(conn: Connection, statement: Select[*tuple[object, ...]], schema: pa.Schema) -> pa.Table:
    """Return what a statement selects as an Arrow table; its columns are the schema's, in order.

    Text, bytes and booleans; null stays null, and empty text empty.
    """
    read = _copied_out if conn.dialect.name == "postgresql" else _selected
    return pa.Table.from_batches(read(conn, statement, schema), schema=schema)


def _selected(
    conn: Connection, statement: Select[*tuple[object, ...]], schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    selected = conn.execute(statement.execution_options(yield_per=_ROWS_AT_ONCE))
    for part in selected.partitions():
        columns = zip(*part, strict=True)
        arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
        yield pa.record_batch(arrays, schema=schema)


def _copied_out(
    conn: Connection, statement: Select[*tuple[object, ...]], schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    """Read by COPY: text is parsed by Arrow, where rows would be made into objects one by one."""
    compiled = statement.compile(dialect=conn.dialect, compile_kwargs={"render_postcompile": True})
    cursor = conn.connection.cursor()
    try:
        with cursor.copy(f"COPY ({compiled}) TO STDOUT WITH (FORMAT csv)", compiled.params):
            lines = _lines(cursor.connection.pgconn)
            while some := b"".join(islice(lines, _ROWS_AT_ONCE)):
                yield _parsed(some, schema)
    finally:
        cursor.close()


def _lines(libpq: PGconn) -> Iterator[bytes]:
    """Yield the lines of a COPY that has begun: psycopg's own reader takes seven times as long a line."""
    from psycopg.errors import error_from_result
    from psycopg.pq import ExecStatus

    length, line = libpq.get_copy_data(1)
    while length >= 0:
        if length:
            yield bytes(line)
        else:
            _await_more(libpq)
        length, line = libpq.get_copy_data(1)
    while outcome := _outcome(libpq):
        if outcome.status != ExecStatus.COMMAND_OK:
            raise error_from_result(outcome)


def _outcome(libpq: PGconn) -> PGresult | None:
    while libpq.is_busy():
        _await_more(libpq)
    return libpq.get_result()


def _await_more(libpq: PGconn) -> None:
    # libpq's own waiting keeps every other thread from running, and no signal breaks it off.
    arrival = select.poll()
    arrival.register(libpq.socket, select.POLLIN)
    arrival.poll()
    libpq.consume_input()


def _parsed(lines: bytes, schema: pa.Schema) -> pa.RecordBatch:
    kinds = {field.name: pa.string() if _is_bytes(field.type) else field.type for field in schema}
    read = pyarrow.csv.read_csv(
        pa.BufferReader(lines),
        pyarrow.csv.ReadOptions(column_names=schema.names, block_size=len(lines) + 1),
        pyarrow.csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        # PostgreSQL writes null as nothing, and empty text as two quotes.
        pyarrow.csv.ConvertOptions(
            column_types=kinds,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["t"],
            false_values=["f"],
        ),
    ).combine_chunks()
    columns = [read.column(name).chunk(0) for name in schema.names]
    arrays = [
        from_hex(column, field.type) if _is_bytes(field.type) else column
        for column, field in zip(columns, schema, strict=True)
    ]
    return pa.record_batch(arrays, schema=schema)


def changed_rows(conn: Connection, statement: Insert | Update | Delete) -> int:
    """Execute a statement and return how many rows it inserted, updated or deleted."""
    # SQLAlchemy does not keep an insert's count unless asked to.
    return conn.execute(statement, execution_options={"preserve_rowcount": True}).rowcount


def one_of(conn: Connection, column: Column[str], values: Collection[str]) -> ColumnElement[bool]:
    """Return the condition that a column has one of these values, however many they are.

    They travel as one parameter: a database limits how many a statement may have.
    """
    text = sa.literal(orjson.dumps(sorted(values)).decode(), sa.Text)
    if conn.dialect.name == "postgresql":
        return column.in_(sa.select(sa.func.json_array_elements_text(sa.cast(text, sa.JSON))))
    listed = sa.func.json_each(text).table_valued("value")
    return column.in_(sa.select(listed.c.value))


def _scalar(value: object) -> pa.Scalar:
    """Return a value as Arrow keeps it; a moment in UTC."""
    return pa.scalar(value, pa.timestamp("us", "UTC")) if isinstance(value, datetime) else pa.scalar(value)


_Constants = Mapping[str, pa.Scalar]


def _copy(conn: Connection, table: Table, rows: pa.Table, same: _Constants) -> None:
    target = _target(conn, table, (*same, *rows.column_names))
    cursor = conn.connection.cursor()
    try:
        with cursor.copy(f"COPY {target} FROM STDIN WITH (FORMAT binary)") as copy:
            # Each piece is made while the one before is sent: else the server waits for us.
            for piece in one_ahead(_fitting(table, rows, same)):
                copy.write(piece)
    finally:
        cursor.close()


def _fitting(table: Table, rows: pa.Table, same: _Constants) -> Iterator[bytes | memoryview]:
    """Yield the rows to copy; a value that does not fit its column is ContractBroken CF40, unseen.

    psycopg tells the server why a COPY broke off, and the server writes that into its log.
    """
    try:
        yield from packed.pieces(table, rows, same)
    except pa.ArrowException as error:
        raise ContractBroken(
            "CF40",
            f"A value does not fit its column of {table.name} ({type(error).__name__}).",
            fix="Nothing of this step was saved; send this line to the sisbridge maintainers.",
        ) from None


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_fixed_size_binary(kind) or pa.types.is_binary(kind))


def _execute_many(conn: Connection, table: Table, rows: pa.Table, same: _Constants) -> None:
    target = _target(conn, table, (*rows.column_names, *same))
    marks = ", ".join("?" * (rows.num_columns + len(same)))
    repeated = [repeat(_for_sqlite(pa.array([value]))[0].as_py()) for value in same.values()]
    statement = f"INSERT INTO {target} VALUES ({marks})"  # noqa: S608 (names quoted by SQLAlchemy)
    cursor = conn.connection.cursor()
    try:
        for batch in rows.to_batches(max_chunksize=_ROWS_AT_ONCE):
            values = [_for_sqlite(column).to_pylist() for column in batch.columns]
            cursor.executemany(statement, list(zip(*values, *repeated, strict=False)))
    finally:
        cursor.close()


def _for_sqlite(column: pa.Array) -> pa.Array:
    """Return dates and moments as the text that SQLAlchemy keeps them as."""
    if pa.types.is_timestamp(column.type):
        return pc.cast(pc.cast(column, pa.timestamp("us")), pa.string())
    return pc.cast(column, pa.string()) if pa.types.is_date(column.type) else column
