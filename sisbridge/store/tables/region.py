"""Tables of the region: districts, keys, secrets, connectors, runs, the master schedule, the audit."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Date, Float, Integer, LargeBinary, Table, Text
from sqlalchemy import ForeignKeyConstraint as Reference

from sisbridge.store.tables.base import METADATA, Moment, district_code, key, maybe, of, of_district, text

district = Table(
    "district",
    METADATA,
    Column("code", Text, primary_key=True),
    text("name"),
    text("state"),
    text("lea_identifier"),
    text("time_zone"),
    text("school_year"),
    Column("mou_approved_on", Date),
    Column("settings", JSON, nullable=False),
)

# No reference to the district: a key may be wanted before the district is saved, and outlives its purge.
district_key = Table(
    "district_key",
    METADATA,
    district_code(),
    Column("sealed_key", LargeBinary),
    Column("created_at", Moment, nullable=False),
    Column("destroyed_at", Moment),
)

secret = Table(
    "secret",
    METADATA,
    district_code(),
    key("name"),
    Column("sealed", LargeBinary, nullable=False),
    of_district(),
)

connector_config = Table(
    "connector_config",
    METADATA,
    district_code(),
    key("purpose"),
    text("kind"),
    Column("settings", JSON, nullable=False),
    Column("secrets", JSON, nullable=False),
    Column("checked_at", Moment),
    of_district(),
)

run = Table(
    "run",
    METADATA,
    district_code(),
    key("run_id"),
    # Moments may be equal under a fixed clock; this says which run came last.
    Column("seq", Integer, nullable=False),
    Column("night_on", Date, nullable=False),
    text("mode"),
    text("state"),
    text("stage"),
    maybe("snapshot_id"),
    text("code"),
    text("message"),
    text("fix"),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("counts", JSON, nullable=False),
    of_district(),
)

run_stage = Table(
    "run_stage",
    METADATA,
    district_code(),
    key("run_id"),
    key("stage"),
    Column("rows", BigInteger, nullable=False),
    Column("seconds", Float, nullable=False),
    of("run", "run_id"),
)

offering = Table(
    "offering",
    METADATA,
    key("offering_id"),
    text("title"),
    text("course_code"),
    text("term"),
    text("school_year"),
    text("host_district"),
    text("teacher"),
    text("period_kind"),
    Column("sessions_per_week", Integer, nullable=False),
    Column("minutes_per_session", Integer, nullable=False),
    Column("begin_date", Date, nullable=False),
    Column("end_date", Date, nullable=False),
    Column("posting_opens_on", Date, nullable=False),
    Column("posting_closes_on", Date, nullable=False),
    Column("minimum_seats", Integer, nullable=False),
    Column("maximum_seats", Integer, nullable=False),
)

crosswalk = Table(
    "crosswalk",
    METADATA,
    district_code(),
    key("school_year"),
    key("course_code"),
    text("offering_id"),
    of_district(),
    Reference(["offering_id"], ["offering.offering_id"]),
)

term_map = Table(
    "term_map",
    METADATA,
    district_code(),
    key("term"),
    key("reporting_period"),
    key("kind"),
    text("session_sourced_id"),
    text("label"),
    text("title"),
    Column("opens_on", Date),
    Column("closes_on", Date),
    Column("labels", JSON, nullable=False),
    Column("transcript_posted_on", Date),
    of_district(),
)

audit = Table(
    "audit",
    METADATA,
    district_code(),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    text("actor"),
    text("action"),
    text("subject"),
    maybe("before_digest"),
    maybe("after_digest"),
    text("previous_hash"),
    text("hash"),
    of_district(),
)

__all__ = [
    "district", "district_key", "secret", "connector_config", "run", "run_stage", "offering", "crosswalk",
    "term_map", "audit",
]  # fmt: skip
