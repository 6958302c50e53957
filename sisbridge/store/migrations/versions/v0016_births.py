"""Marks of name and birth date, of the districts that turn them on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sisbridge.store.migrations.columns import key, text

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Make the table; it stays empty until a district asks for demographics."""
    op.create_table(
        "identity_birth",
        key("district_code"),
        key("user_sourced_id"),
        text("mark"),
        sa.Column("since_on", sa.Date, nullable=False),
        sa.ForeignKeyConstraint(["district_code"], ["district.code"]),
    )
    op.create_index("ix_identity_birth_mark", "identity_birth", ["mark"])
