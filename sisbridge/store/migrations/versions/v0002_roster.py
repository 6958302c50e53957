"""The roster of record, its history, and what was found wrong with it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sisbridge.store.migrations.columns import MOMENT, key, of, text

revision = "0002"
down_revision = "0001"

_DATES = frozenset({"start_date", "end_date", "begin_date"})

# As the canonical tables stood when this was written; later columns come with later migrations.
_COLUMNS = {
    "orgs": ("status date_last_modified name type identifier parent_sourced_id"),
    "academic_sessions": (
        "status date_last_modified title type start_date end_date parent_sourced_id school_year"
    ),
    "courses": (
        "status date_last_modified title school_year_sourced_id course_code grades org_sourced_id "
        "subjects subject_codes"
    ),
    "classes": (
        "status date_last_modified title class_code class_type location grades course_sourced_id "
        "school_sourced_id term_sourced_ids subjects subject_codes periods"
    ),
    "users": (
        "status date_last_modified enabled_user username user_ids given_name family_name "
        "middle_name preferred_given_name preferred_family_name identifier email grades "
        "user_master_identifier primary_org_sourced_id"
    ),
    "roles": ("status date_last_modified user_sourced_id role_type role org_sourced_id begin_date end_date"),
    "enrollments": (
        "status date_last_modified class_sourced_id school_sourced_id user_sourced_id role "
        "primary begin_date end_date"
    ),
}


def upgrade() -> None:
    """Make the tables of the roster."""
    _snapshots()
    _roster()
    _history()
    _judgement()
    _cases()


def _snapshots() -> None:
    op.create_table(
        "snapshot",
        key("district_code"),
        key("snapshot_id"),
        text("run_id"),
        sa.Column("as_of", MOMENT, nullable=False),
        text("mode"),
        text("version"),
        sa.Column("complete", sa.Boolean, nullable=False),
        text("reason"),
        sa.Column("applied_at", MOMENT),
        sa.Column("applied_seq", sa.Integer),
        of("run", "run_id"),
    )
    op.create_table(
        "snapshot_table",
        key("district_code"),
        key("snapshot_id"),
        key("roster_table"),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("distinct_ids", sa.BigInteger, nullable=False),
        sa.Column("declared_total", sa.BigInteger),
        text("sha256"),
        of("snapshot", "snapshot_id"),
    )
    op.create_table(
        "bookmark",
        key("district_code"),
        key("name"),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["district_code"], ["district.code"]),
    )


def _roster() -> None:
    for table, columns in _COLUMNS.items():
        op.create_table(
            f"roster_{table}",
            key("district_code"),
            key("sourced_id"),
            *(sa.Column(name, sa.Date if name in _DATES else sa.Text) for name in columns.split()),
            sa.Column("digest", sa.LargeBinary, nullable=False),
            text("roster_year"),
            text("first_snapshot_id"),
            text("last_changed_snapshot_id"),
            sa.Column("missing_since", sa.Date),
            sqlite_with_rowid=False,
        )


def _history() -> None:
    op.create_table(
        "change",
        key("district_code"),
        sa.Column("change_id", sa.BigInteger, primary_key=True, autoincrement=False),
        text("snapshot_id"),
        text("run_id"),
        sa.Column("night_on", sa.Date, nullable=False),
        text("roster_table"),
        text("sourced_id"),
        sa.Column("school", sa.Text),
        text("op"),
        text("fields"),
        sa.Column("before_digest", sa.LargeBinary),
        sa.Column("after_digest", sa.LargeBinary),
        sa.Column("before", sa.Text),
        text("decision"),
        text("decided_by"),
        sa.Column("at", MOMENT, nullable=False),
    )
    op.create_index(
        "ix_change_district_code_roster_table_sourced_id",
        "change",
        ["district_code", "roster_table", "sourced_id"],
    )


def _judgement() -> None:
    op.create_table(
        "quarantine",
        key("district_code"),
        key("snapshot_id"),
        key("roster_table"),
        key("place"),
        key("rule"),
        text("sourced_id"),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        of("snapshot", "snapshot_id"),
    )
    op.create_index("ix_quarantine_district_code_sourced_id", "quarantine", ["district_code", "sourced_id"])
    op.create_table(
        "finding",
        key("district_code"),
        key("run_id"),
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        text("rule"),
        text("severity"),
        text("roster_table"),
        text("field"),
        text("place"),
        text("key"),
        text("masked"),
        text("message"),
        text("fix"),
        text("grouping"),
        sa.Column("student", sa.Text),
        of("run", "run_id"),
    )
    op.create_index("ix_finding_district_code_key", "finding", ["district_code", "key"])


def _cases() -> None:
    op.create_table(
        "case",
        key("district_code"),
        key("case_id"),
        text("scope"),
        text("rule"),
        text("roster_table"),
        text("field"),
        text("grouping"),
        text("state"),
        text("message"),
        text("fix"),
        text("first_place"),
        text("first_key"),
        sa.Column("opened_on", sa.Date, nullable=False),
        sa.Column("last_seen_on", sa.Date, nullable=False),
        sa.Column("closed_on", sa.Date),
        sa.ForeignKeyConstraint(["district_code"], ["district.code"]),
    )
    op.create_table(
        "case_night",
        key("district_code"),
        key("case_id"),
        sa.Column("night_on", sa.Date, primary_key=True),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("students", sa.Integer, nullable=False),
        of("case", "case_id"),
    )
