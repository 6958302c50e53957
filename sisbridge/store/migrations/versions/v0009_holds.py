"""What waits for a person: holds and the changes they hold."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sisbridge.store.migrations.columns import MOMENT, key, of, text

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make the tables of holds."""
    op.create_table(
        "hold",
        key("district_code"),
        sa.Column("hold_id", sa.Integer, primary_key=True, autoincrement=False),
        *(text(name) for name in ("kind", "roster_table", "school", "direction", "state")),
        *(text(name) for name in ("rule", "message", "fix")),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("opened_on", sa.Date, nullable=False),
        sa.Column("last_seen_on", sa.Date, nullable=False),
        sa.Column("closed_on", sa.Date),
        sa.Column("decided_by", sa.Text),
        sa.Column("decided_at", MOMENT),
        sa.ForeignKeyConstraint(["district_code"], ["district.code"]),
    )
    op.create_table(
        "held_change",
        key("district_code"),
        key("roster_table"),
        key("sourced_id"),
        sa.Column("hold_id", sa.Integer, nullable=False),
        text("op"),
        text("school"),
        sa.Column("before_digest", sa.LargeBinary),
        sa.Column("after_digest", sa.LargeBinary),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("first_held_on", sa.Date, nullable=False),
        sa.Column("first_as_of", MOMENT, nullable=False),
        text("decision"),
        sa.Column("decided_by", sa.Text),
        of("hold", "hold_id"),
    )
    op.create_index("ix_held_change_district_code_hold_id", "held_change", ["district_code", "hold_id"])
