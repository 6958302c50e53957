"""Tables of identity: what students are known by, what people decided, and who waits for a decision."""

from __future__ import annotations

from sqlalchemy import Column, Date, Index, Table

from sisbridge.store.tables.base import METADATA, Moment, district_code, key, maybe, of, of_district, text

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

# One mark of name and birth date together, under a key of the region, of students in force: neither can be
# told from it, nor who has the same birth date under another name.
identity_birth = Table(
    "identity_birth",
    METADATA,
    district_code(),
    key("user_sourced_id"),
    text("mark"),
    Column("since_on", Date, nullable=False),
    of_district(),
    Index(None, "mark"),
)

# What a person decided about a roster whose sourcedIds all changed, and every pair of ids it was about.
rekey = Table(
    "rekey",
    METADATA,
    district_code(),
    key("rekey_id"),
    text("verdict"),
    text("snapshot_id"),
    Column("night_on", Date, nullable=False),
    text("decided_by"),
    Column("decided_at", Moment, nullable=False),
    of_district(),
)

rekey_pair = Table(
    "rekey_pair",
    METADATA,
    district_code(),
    key("rekey_id"),
    key("roster_table"),
    key("old_sourced_id"),
    text("new_sourced_id"),
    text("evidence"),
    of("rekey", "rekey_id"),
    Index(None, "district_code", "roster_table", "new_sourced_id"),
)
