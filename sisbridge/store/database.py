"""The door to the database: one transaction at a time, named, and the same on SQLite and PostgreSQL."""

from __future__ import annotations

from contextlib import AbstractContextManager

from sqlalchemy import Connection


class Store:
    """The database of one installation."""

    def __init__(self, url: str) -> None:
        raise NotImplementedError

    @property
    def dialect(self) -> str:
        """Return `sqlite` or `postgresql`."""
        raise NotImplementedError

    def begin(self, label: str) -> AbstractContextManager[Connection]:
        """Open one writing transaction; it commits when the block ends well and else leaves no trace."""
        raise NotImplementedError

    def read(self) -> AbstractContextManager[Connection]:
        """Open one reading transaction, which sees one state of the store from beginning to end."""
        raise NotImplementedError

    def dispose(self) -> None:
        """Close all connections."""
        raise NotImplementedError
