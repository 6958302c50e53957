"""The kinds of column that migrations write down; never changed once a migration uses them."""

from __future__ import annotations

import sqlalchemy as sa

MOMENT = sa.DateTime(timezone=True)


def key(name: str) -> sa.Column[str]:
    """Return a text column of the primary key."""
    return sa.Column(name, sa.Text, primary_key=True)


def text(name: str) -> sa.Column[str]:
    """Return a text column that is never null."""
    return sa.Column(name, sa.Text, nullable=False)


def of(table: str, *columns: str) -> sa.ForeignKeyConstraint:
    """Return a reference to a row of the same district in another table, by columns of the same names."""
    names = ["district_code", *columns]
    return sa.ForeignKeyConstraint(names, [f"{table}.{name}" for name in names])
