"""Empty databases to measure in: a SQLite file, a private PostgreSQL, or one that is given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

SQLITE, POSTGRESQL = "sqlite", "postgresql"


class CannotMeasure(RuntimeError):
    """There is no database to measure in; the text says what to do."""


@contextmanager
def empty_database(chosen: str, folder: Path) -> Iterator[str]:
    """Yield the SQLAlchemy address of an empty database.

    chosen: `sqlite`, `postgresql` (a private server, without fsync, gone afterwards) or an address.
    Raises CannotMeasure when a given database is not empty, or when there is no PostgreSQL to start.
    """
    if chosen == SQLITE:
        yield f"sqlite:///{folder / 'sisbridge.db'}"
    elif chosen == POSTGRESQL:
        with _private_postgresql() as url:
            yield url
    else:
        _refuse_used(chosen)
        yield chosen


@contextmanager
def _private_postgresql() -> Iterator[str]:
    try:
        from tests.support.postgres import NoPostgres, fresh_database, private_server
    except ImportError as error:
        raise CannotMeasure("Run this in a clone, or name an empty database: --database URL.") from error
    try:
        with private_server() as server, fresh_database(server) as url:
            yield url
    except NoPostgres as error:
        raise CannotMeasure(f"No PostgreSQL could be started: {error}") from error


def _refuse_used(url: str) -> None:
    engine = sa.create_engine(url)
    try:
        if sa.inspect(engine).get_table_names():
            raise CannotMeasure("That database is not empty; measuring would write into it.")
    finally:
        engine.dispose()


def describe_database(url: str) -> str:
    """Return name and version of the database, and whether it skips fsync."""
    engine = sa.create_engine(url)
    try:
        with engine.connect() as conn:
            if engine.dialect.name == SQLITE:
                return f"SQLite {conn.scalar(sa.text('select sqlite_version()'))}"
            version = str(conn.scalar(sa.text("show server_version"))).split()[0]
            fsync = conn.scalar(sa.text("show fsync"))
        return f"PostgreSQL {version}" + ("" if fsync == "on" else ", private server without fsync")
    finally:
        engine.dispose()
