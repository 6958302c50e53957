"""An index of the history's removals: every night asks how many the last ones were."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Make the index, which holds nothing of the other changes: a first load adds nothing to it."""
    is_removal = sa.text("op = 'remove'")
    op.create_index(
        "ix_change_district_code_night_on",
        "change",
        ["district_code", "night_on"],
        sqlite_where=is_removal,
        postgresql_where=is_removal,
    )
