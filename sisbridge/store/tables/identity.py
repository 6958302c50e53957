"""Tables of identity: what students are known by, what people decided, and who waits for a decision."""

from __future__ import annotations

from sqlalchemy import Column, Date, Index, Table

from sisbridge.store.tables.base import METADATA, Moment, district_code, key, maybe, of_district, text

# Fingerprints, never numbers. An identity_id is a state id under the region's key: equal in two districts
# when the student is one, so that nobody has to look into another district's rows to find out.
identity_key = Table(
    "identity_key",
    METADATA,
    district_code(),
    key("school_year"),
    key("user_sourced_id"),
    maybe("identity_id"),
    maybe("local_fingerprint"),
    of_district(),
    Index(None, "district_code", "school_year", "identity_id"),
    Index(None, "district_code", "school_year", "local_fingerprint"),
)

identity_decision = Table(
    "identity_decision",
    METADATA,
    district_code(),
    key("school_year"),
    key("first_sourced_id"),
    key("second_sourced_id"),
    text("verdict"),
    text("decided_by"),
    Column("decided_at", Moment, nullable=False),
    of_district(),
)

identity_worklist = Table(
    "identity_worklist",
    METADATA,
    district_code(),
    key("user_sourced_id"),
    text("rule"),
    text("others"),
    text("agree"),
    Column("since_on", Date, nullable=False),
    of_district(),
)
