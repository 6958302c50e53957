"""Why rows of grade files are held, until a good row of the same grade comes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sisbridge.store.migrations.columns import key, text

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make the table of held grade rows."""
    op.create_table(
        "held_grade",
        key("district_code"),
        key("row_key"),
        key("rule"),
        key("field"),
        key("place"),
        text("batch"),
        text("severity"),
        text("sourced_id"),
        text("masked"),
        text("message"),
        text("fix"),
        text("grouping"),
        sa.Column("student", sa.Text),
        sa.ForeignKeyConstraint(["district_code"], ["district.code"]),
    )
