"""What people decided about rosters whose sourcedIds all changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sisbridge.store.migrations.columns import MOMENT, key, of, text

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make the tables of decided re-keys and their pairs."""
    op.create_table(
        "rekey",
        key("district_code"),
        key("rekey_id"),
        text("verdict"),
        text("snapshot_id"),
        sa.Column("night_on", sa.Date, nullable=False),
        text("decided_by"),
        sa.Column("decided_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["district_code"], ["district.code"]),
    )
    op.create_table(
        "rekey_pair",
        key("district_code"),
        key("rekey_id"),
        key("roster_table"),
        key("old_sourced_id"),
        text("new_sourced_id"),
        text("evidence"),
        of("rekey", "rekey_id"),
    )
    columns = ["district_code", "roster_table", "new_sourced_id"]
    op.create_index(f"ix_rekey_pair_{'_'.join(columns)}", "rekey_pair", columns)
