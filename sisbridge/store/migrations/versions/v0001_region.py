"""The region: districts, keys, secrets, connectors, runs, the master schedule, the audit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sisbridge.store.migrations.columns import MOMENT, key, of, text

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables of the region, and close the audit to changes."""
    _districts()
    _runs()
    _master_schedule()
    _audit()


def _districts() -> None:
    op.create_table(
        "district",
        key("code"),
        text("name"),
        text("state"),
        text("lea_identifier"),
        text("time_zone"),
        text("school_year"),
        sa.Column("mou_approved_on", sa.Date),
        sa.Column("settings", sa.JSON, nullable=False),
    )
    op.create_table(
        "district_key",
        key("district_code"),
        sa.Column("sealed_key", sa.LargeBinary),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("destroyed_at", MOMENT),
    )
    op.create_table(
        "secret",
        key("district_code"),
        key("name"),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(["district_code"], ["district.code"]),
    )
    op.create_table(
        "connector_config",
        key("district_code"),
        key("purpose"),
        text("kind"),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("secrets", sa.JSON, nullable=False),
        sa.Column("checked_at", MOMENT),
        sa.ForeignKeyConstraint(["district_code"], ["district.code"]),
    )


def _runs() -> None:
    op.create_table(
        "run",
        key("district_code"),
        key("run_id"),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("night_on", sa.Date, nullable=False),
        text("mode"),
        text("state"),
        text("stage"),
        sa.Column("snapshot_id", sa.Text),
        text("code"),
        text("message"),
        text("fix"),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT),
        sa.Column("counts", sa.JSON, nullable=False),
        sa.ForeignKeyConstraint(["district_code"], ["district.code"]),
    )
    op.create_table(
        "run_stage",
        key("district_code"),
        key("run_id"),
        key("stage"),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        of("run", "run_id"),
    )


def _master_schedule() -> None:
    op.create_table(
        "offering",
        key("offering_id"),
        text("title"),
        text("course_code"),
        text("term"),
        text("school_year"),
        text("host_district"),
        text("teacher"),
        text("period_kind"),
        sa.Column("sessions_per_week", sa.Integer, nullable=False),
        sa.Column("minutes_per_session", sa.Integer, nullable=False),
        sa.Column("begin_date", sa.Date, nullable=False),
        sa.Column("end_date", sa.Date, nullable=False),
        sa.Column("posting_opens_on", sa.Date, nullable=False),
        sa.Column("posting_closes_on", sa.Date, nullable=False),
        sa.Column("minimum_seats", sa.Integer, nullable=False),
        sa.Column("maximum_seats", sa.Integer, nullable=False),
    )
    op.create_table(
        "crosswalk",
        key("district_code"),
        key("school_year"),
        key("course_code"),
        text("offering_id"),
        sa.ForeignKeyConstraint(["district_code"], ["district.code"]),
        sa.ForeignKeyConstraint(["offering_id"], ["offering.offering_id"]),
    )
    op.create_table(
        "term_map",
        key("district_code"),
        key("term"),
        key("reporting_period"),
        key("kind"),
        text("session_sourced_id"),
        text("label"),
        text("title"),
        sa.Column("opens_on", sa.Date),
        sa.Column("closes_on", sa.Date),
        sa.ForeignKeyConstraint(["district_code"], ["district.code"]),
    )


def _audit() -> None:
    op.create_table(
        "audit",
        key("district_code"),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", MOMENT, nullable=False),
        text("actor"),
        text("action"),
        text("subject"),
        sa.Column("before_digest", sa.Text),
        sa.Column("after_digest", sa.Text),
        text("previous_hash"),
        text("hash"),
        sa.ForeignKeyConstraint(["district_code"], ["district.code"]),
    )
    _close_audit(op.get_bind().dialect.name)


def _close_audit(dialect: str) -> None:
    """Make the database itself refuse to change or remove what was audited."""
    for statement in _CLOSED[dialect]:
        op.execute(statement)


_REFUSAL = "the audit is append-only"

_CLOSED: dict[str, tuple[str, ...]] = {
    "sqlite": tuple(
        f"CREATE TRIGGER audit_no_{verb} BEFORE {verb.upper()} ON audit "
        f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        for verb in ("update", "delete")
    ),
    "postgresql": (
        "CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$",
        "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit "
        "FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()",
        "CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()",
    ),
}
