"""How many rows each night saw on either side, and why they differ."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sisbridge.store.migrations.columns import key, of

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Make the table of drift."""
    op.create_table(
        "drift",
        *(key(name) for name in ("district_code", "run_id", "roster_table", "school", "reason")),
        sa.Column("rows", sa.BigInteger, nullable=False),
        of("run", "run_id"),
    )
