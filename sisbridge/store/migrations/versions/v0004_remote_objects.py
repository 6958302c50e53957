"""What SISs call the line items and results of ours whose ids they chose themselves."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sisbridge.store.migrations.columns import key, text

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table of remote ids."""
    op.create_table(
        "remote_object",
        key("district_code"),
        key("route"),
        key("our_id"),
        text("remote_id"),
        sa.ForeignKeyConstraint(["district_code"], ["district.code"]),
    )
