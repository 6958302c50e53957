"""The door to the database: one transaction at a time, named, and the same on SQLite and PostgreSQL."""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.engine import URL, Engine
from sqlalchemy.pool import ConnectionPoolEntry

from domain.errors import ContractBroken, RetryLater, SisbridgeError
from domain.failpoints import failpoint

__all__ = ["Connection", "Store"]

_log = logging.getLogger(__name__)

_BUSY_SECONDS = 30
_WRITER = "sisbridge_writer"

_PATIENCE = {
    "connect_timeout": 30,
    "keepalives_idle": 60,
    "keepalives_interval": 10,
    "keepalives_count": 6,
    "tcp_user_timeout": 120_000,
}
"""A server that vanished in the middle of an answer is given up after two minutes, where libpq would wait for
hours; the address may say otherwise."""

_PRAGMAS = (
    f"PRAGMA busy_timeout={_BUSY_SECONDS * 1000}",
    "PRAGMA journal_mode=WAL",
    # In WAL this loses nothing when the process dies; a power cut may undo the last commits, whole.
    "PRAGMA synchronous=NORMAL",
    "PRAGMA foreign_keys=ON",
)


class Store:
    """The database of one installation.

    url: a SQLAlchemy address, `sqlite:///folder/file.db` or `postgresql+psycopg://…`. A SQLite file's
    folder is made when it is missing.
    """

    def __init__(self, url: str) -> None:
        self._engine = _engine(sa.make_url(url))
        self._here = threading.local()

    @property
    def dialect(self) -> str:
        """Return `sqlite` or `postgresql`."""
        return self._engine.dialect.name

    @contextmanager
    def begin(self, label: str) -> Iterator[Connection]:
        """Open one writing transaction; it commits when the block ends well and else leaves no trace.

        label: names the failpoints `commit:<label>:before` and `…:after`. Raises RetryLater CF09 when
        the database is away or busy, ContractBroken CF40 when it refuses a write; neither shows a row.
        """
        with self._connected() as conn, conn.execution_options(**{_WRITER: True}).begin(), self._marked(conn):
            yield conn
            failpoint(f"commit:{label}:before")
        failpoint(f"commit:{label}:after")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open one reading transaction, which sees one state of the store from beginning to end."""
        with self._connected() as conn:
            if self.dialect == "postgresql":
                conn = conn.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield conn

    @contextmanager
    def joined(self, label: str) -> Iterator[Connection]:
        """Join this thread's open writing transaction, or open one of its own.

        For what must be written while a caller may already be writing: on SQLite a second writer
        would wait for the first, which waits for it.
        """
        current: Connection | None = getattr(self._here, "conn", None)
        if current is not None:
            yield current
            return
        with self.begin(label) as conn:
            yield conn

    @contextmanager
    def alone(self, name: str) -> Iterator[bool]:
        """Yield whether nobody else does a named thing just now; others are told so until the block ends.

        It lets go when the process dies. On SQLite by a lock on a file beside the database.
        """
        if self.dialect == "postgresql":
            with self._connected() as conn, _advisory(conn, name) as taken:
                yield taken
        elif self._engine.url.database:
            with _file_lock(Path(f"{self._engine.url.database}.{name}.lock")) as taken:
                yield taken
        else:
            yield True

    def dispose(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    @contextmanager
    def _marked(self, conn: Connection) -> Iterator[None]:
        outer, self._here.conn = getattr(self._here, "conn", None), conn
        try:
            yield
        finally:
            self._here.conn = outer

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        """Connect, and turn the database's errors into ours: PostgreSQL's own show the failing row."""
        # COPY and executemany go past SQLAlchemy, so that the driver's errors arrive as they are.
        driver_error: type[Exception] = self._engine.dialect.loaded_dbapi.Error
        try:
            with self._engine.connect() as conn:
                yield conn
        except (sa.exc.DBAPIError, sa.exc.TimeoutError, driver_error) as error:
            failure = _ours(getattr(error, "orig", None) or error)
        else:
            return
        raise failure from None


@contextmanager
def _advisory(conn: Connection, name: str) -> Iterator[bool]:
    conn = conn.execution_options(isolation_level="AUTOCOMMIT")
    number = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), signed=True)
    taken = bool(conn.scalar(sa.select(sa.func.pg_try_advisory_lock(number))))
    try:
        yield taken
    finally:
        if taken:
            conn.execute(sa.select(sa.func.pg_advisory_unlock(number)))


@contextmanager
def _file_lock(path: Path) -> Iterator[bool]:
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "w") as file:
        _tighten(path)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _tells_no_rows(record: logging.LogRecord) -> bool:
    return record.levelno > logging.DEBUG


def _engine(url: URL) -> Engine:
    # At DEBUG SQLAlchemy logs every row it reads, children's among them.
    logging.getLogger("sqlalchemy.engine.Engine").addFilter(_tells_no_rows)
    if url.get_backend_name() != "sqlite":
        # Values of a row must not reach a log by way of an error's text.
        patience = {name: value for name, value in _PATIENCE.items() if name not in url.query}
        return sa.create_engine(url, hide_parameters=True, pool_pre_ping=True, connect_args=patience)
    if url.database:
        _keep_private(Path(url.database))
    engine = sa.create_engine(url, hide_parameters=True, connect_args={"check_same_thread": False})
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _keep_private(file: Path) -> None:
    """Make the file and its folder for this account alone: the roster of record lies in it in clear."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.touch(mode=0o600)
    were_open = [_tighten(file.with_name(f"{file.name}{end}")) for end in ("", "-wal", "-shm")]
    if any(were_open):
        _log.warning("The database file could be read by other accounts of this machine; now it cannot.")


def _tighten(file: Path) -> bool:
    """Take a file of ours away from other accounts, and return whether they could reach it."""
    if not file.exists():
        return False
    is_open = file.stat().st_uid == os.geteuid() and file.stat().st_mode & 0o077 != 0
    if is_open:
        file.chmod(0o600)
    return is_open


def _prepare_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    # The driver's own transaction handling would commit before DDL and begin too late for a reader.
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _begin_sqlite(conn: Connection) -> None:
    # A writer that begins as a reader can fail at its first write, when it is too late to wait.
    writer = conn.get_execution_options().get(_WRITER)
    conn.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")


def _ours(cause: BaseException) -> SisbridgeError:
    """Return the failure to raise for a driver's error, without the values that caused it."""
    named = f"{type(cause).__name__}{_constraint(cause)}"
    if isinstance(cause, sa.exc.TimeoutError) or _is_away(cause):
        return RetryLater(
            "CF09",
            f"The database is busy or cannot be reached ({named}).",
            fix="Check that the database runs and that SISBRIDGE_DATABASE_URL is right, then run again.",
        )
    return ContractBroken(
        "CF40",
        f"The database refused a write ({named}).",
        fix="Nothing of this step was saved; send this line to the sisbridge maintainers.",
    )


def _is_away(cause: BaseException) -> bool:
    if isinstance(cause, sqlite3.OperationalError):  # also what a missing table is called there
        return any(word in str(cause) for word in ("locked", "busy", "unable to open", "disk"))
    return any(base.__name__ == "OperationalError" for base in type(cause).__mro__)


def _constraint(cause: BaseException) -> str:
    """Return which constraint was hurt, never the values that hurt it."""
    if isinstance(cause, sqlite3.Error):
        # SQLite's own words name tables and columns; those of Python's driver may quote a text.
        return f": {cause}" if getattr(cause, "sqlite_errorname", None) else ""
    name = getattr(getattr(cause, "diag", None), "constraint_name", None)
    return f": {name}" if name else ""
