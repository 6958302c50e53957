"""The settings by which a snapshot was mapped and judged, so that its night can be replayed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the settings to the snapshots; earlier ones have none."""
    op.add_column("snapshot", sa.Column("settings", sa.JSON()))
