"""People, seats and grades, and the way of grades into a SIS."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sisbridge.store.migrations.columns import MOMENT, key, of, text

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables of seats and grades."""
    _people()
    _seats()
    _grades()
    _outbox()


def _people() -> None:
    op.create_table(
        "person",
        key("district_code"),
        key("person_id"),
        sa.Column("created_on", sa.Date, nullable=False),
        sa.ForeignKeyConstraint(["district_code"], ["district.code"]),
    )
    op.create_table(
        "person_link",
        key("district_code"),
        key("school_year"),
        key("user_sourced_id"),
        text("person_id"),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_to", sa.Date),
        of("person", "person_id"),
    )
    op.create_index("ix_person_link_district_code_person_id", "person_link", ["district_code", "person_id"])


def _seats() -> None:
    op.create_table(
        "home_class",
        key("district_code"),
        key("home_class_id"),
        text("offering_id"),
        text("term"),
        sa.Column("number", sa.Integer, nullable=False),
        text("class_sourced_id"),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_to", sa.Date),
        sa.ForeignKeyConstraint(["district_code"], ["district.code"]),
        sa.ForeignKeyConstraint(["offering_id"], ["offering.offering_id"]),
        sa.UniqueConstraint("district_code", "offering_id", "term", "class_sourced_id"),
        sa.UniqueConstraint("district_code", "offering_id", "term", "number"),
    )
    op.create_table(
        "seat",
        key("district_code"),
        key("person_id"),
        key("offering_id"),
        key("term"),
        text("home_school"),
        text("home_class"),
        text("student"),
        sa.Column("begin_date", sa.Date),
        sa.Column("end_date", sa.Date),
        of("person", "person_id"),
        sa.ForeignKeyConstraint(["offering_id"], ["offering.offering_id"]),
    )
    op.create_table(
        "seat_history",
        key("district_code"),
        key("person_id"),
        key("offering_id"),
        key("term"),
        sa.Column("valid_from", sa.Date, primary_key=True),
        sa.Column("valid_to", sa.Date),
        text("home_school"),
        text("home_class"),
        text("student"),
        sa.Column("begin_date", sa.Date),
        sa.Column("end_date", sa.Date),
        of("seat", "person_id", "offering_id", "term"),
    )


def _grades() -> None:
    op.create_table(
        "grade_batch",
        key("district_code"),
        key("name"),
        key("sha256"),
        sa.Column("read_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["district_code"], ["district.code"]),
    )
    op.create_table(
        "grade",
        key("district_code"),
        key("grade_id"),
        sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
        text("person_id"),
        text("student"),
        text("offering_id"),
        text("term"),
        text("reporting_period"),
        text("kind"),
        text("scale_version"),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        text("value_fingerprint"),
        text("entered_by"),
        text("state"),
        sa.Column("collected_at", MOMENT, nullable=False),
        sa.Column("released_by", sa.Text),
        sa.Column("released_at", MOMENT),
        text("place"),
        of("person", "person_id"),
        sa.ForeignKeyConstraint(["offering_id"], ["offering.offering_id"]),
    )


def _outbox() -> None:
    op.create_table(
        "file_batch",
        key("district_code"),
        key("batch_id"),
        text("route"),
        text("name"),
        text("sha256"),
        sa.Column("rows", sa.Integer, nullable=False),
        text("state"),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["district_code"], ["district.code"]),
    )
    op.create_table(
        "outbox",
        key("district_code"),
        key("item_id"),
        text("route"),
        text("grade_id"),
        sa.Column("revision", sa.Integer, nullable=False),
        text("line_item_id"),
        text("result_id"),
        text("payload_digest"),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        text("state"),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("batch_id", sa.Text),
        sa.Column("updated_at", MOMENT, nullable=False),
        of("file_batch", "batch_id"),
        of("grade", "grade_id", "revision"),
        sa.UniqueConstraint("district_code", "route", "grade_id", "revision"),
    )
    op.create_table(
        "receipt",
        key("district_code"),
        key("item_id"),
        sa.Column("attempt", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("sent_at", MOMENT, nullable=False),
        text("outcome"),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        text("remote"),
        text("message"),
        text("fix"),
        of("outbox", "item_id"),
    )
