"""What students are known by, what people decided about them, and who waits for a decision."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sisbridge.store.migrations.columns import MOMENT, key, text

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the tables of identity; the first night afterwards fills them."""
    op.create_table(
        "identity_key",
        key("district_code"),
        key("school_year"),
        key("user_sourced_id"),
        sa.Column("identity_id", sa.Text),
        sa.Column("local_fingerprint", sa.Text),
        sa.ForeignKeyConstraint(["district_code"], ["district.code"]),
    )
    for column in ("identity_id", "local_fingerprint"):
        name = f"ix_identity_key_district_code_school_year_{column}"
        op.create_index(name, "identity_key", ["district_code", "school_year", column])
    op.create_table(
        "identity_decision",
        key("district_code"),
        key("school_year"),
        key("first_sourced_id"),
        key("second_sourced_id"),
        text("verdict"),
        text("decided_by"),
        sa.Column("decided_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["district_code"], ["district.code"]),
    )
    op.create_table(
        "identity_worklist",
        key("district_code"),
        key("user_sourced_id"),
        text("rule"),
        text("others"),
        text("agree"),
        sa.Column("since_on", sa.Date, nullable=False),
        sa.ForeignKeyConstraint(["district_code"], ["district.code"]),
    )
