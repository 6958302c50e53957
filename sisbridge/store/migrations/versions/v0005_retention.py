"""When a snapshot's landing was deleted. (Each upgrade also gives new tables their row-level security.)"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the moment to the snapshots."""
    op.add_column("snapshot", sa.Column("landing_deleted_at", sa.DateTime(timezone=True)))
