"""An index for every reference to a district's row: a purge deletes what is referred to row by row."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"

_REFERENCES = (
    ("snapshot", ("run_id",)),
    ("grade", ("person_id",)),
    ("outbox", ("grade_id", "revision")),
    ("outbox", ("batch_id",)),
)


def upgrade() -> None:
    """Make the indexes."""
    for table, columns in _REFERENCES:
        names = ["district_code", *columns]
        op.create_index(f"ix_{table}_{'_'.join(names)}", table, names)
