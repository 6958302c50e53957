"""What a district's route needs to know of a reporting period, beyond one label."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Give each line of the term map its labels, and the date its transcripts were posted on."""
    op.add_column("term_map", sa.Column("labels", sa.JSON, nullable=False, server_default="{}"))
    op.add_column("term_map", sa.Column("transcript_posted_on", sa.Date))
