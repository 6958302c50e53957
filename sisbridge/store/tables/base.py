"""What all tables share: one MetaData, names of constraints, column kinds and the district in every key."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy import Column, Dialect, ForeignKeyConstraint, MetaData, Text
from sqlalchemy.types import TypeDecorator

METADATA = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)
"""All tables of the store. Constraints have fixed names: a migration must name them on any database."""

WITHOUT_DISTRICT = frozenset({"alembic_version", "offering"})
"""The tables that belong to no district. Every other has district_code in its keys (a test proves it)."""


class Moment(TypeDecorator[datetime]):
    """A moment in UTC: comes back with its zone on SQLite too, and is refused without one."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the moment in UTC; ValueError when it has no zone."""
        if value is not None and value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the moment with UTC as its zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def district_code() -> Column[str]:
    """Return the first column of every key that touches a student."""
    return Column("district_code", Text, primary_key=True)


def key(name: str) -> Column[str]:
    """Return a further text column of the primary key."""
    return Column(name, Text, primary_key=True)


def text(name: str) -> Column[str]:
    """Return a text column that is never null; empty when there is nothing to say."""
    return Column(name, Text, nullable=False)


def maybe(name: str) -> Column[str]:
    """Return a text column that may be null."""
    return Column(name, Text)


def of_district() -> ForeignKeyConstraint:
    """Return the reference of a district's row to its district."""
    return ForeignKeyConstraint(["district_code"], ["district.code"])


def of(table: str, *columns: str) -> ForeignKeyConstraint:
    """Return a reference to a row of the same district in another table, by columns of the same names."""
    names = ["district_code", *columns]
    return ForeignKeyConstraint(names, [f"{table}.{name}" for name in names])
