"""An index of the rows that are missing, of each roster table."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_TABLES = ("orgs", "academic_sessions", "courses", "classes", "users", "roles", "enrollments")


def upgrade() -> None:
    """Make the indexes, which hold nothing of a row that is not missing."""
    is_missing = sa.text("missing_since IS NOT NULL")
    for table in _TABLES:
        op.create_index(
            f"ix_roster_{table}_district_code_missing_since",
            f"roster_{table}",
            ["district_code", "missing_since"],
            sqlite_where=is_missing,
            postgresql_where=is_missing,
        )
