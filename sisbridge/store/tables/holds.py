"""Tables of what waits for a person, and of how the rosters on either side differ."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Index, Integer, LargeBinary, Table

from sisbridge.store.tables.base import METADATA, Moment, district_code, key, maybe, of, of_district, text

hold = Table(
    "hold",
    METADATA,
    district_code(),
    Column("hold_id", Integer, primary_key=True, autoincrement=False),
    # What makes it the same hold on another night.
    text("kind"),
    text("roster_table"),
    text("school"),
    text("direction"),
    text("state"),
    text("rule"),
    text("message"),
    text("fix"),
    Column("rows", BigInteger, nullable=False),
    Column("opened_on", Date, nullable=False),
    Column("last_seen_on", Date, nullable=False),
    Column("closed_on", Date),
    maybe("decided_by"),
    Column("decided_at", Moment),
    of_district(),
)

# The key is the row: its change is in one hold at most.
held_change = Table(
    "held_change",
    METADATA,
    district_code(),
    key("roster_table"),
    key("sourced_id"),
    Column("hold_id", Integer, nullable=False),
    text("op"),
    text("school"),
    Column("before_digest", LargeBinary),
    Column("after_digest", LargeBinary),
    Column("sealed", LargeBinary),
    Column("first_held_on", Date, nullable=False),
    Column("first_as_of", Moment, nullable=False),
    text("decision"),
    maybe("decided_by"),
    of("hold", "hold_id"),
    Index(None, "district_code", "hold_id"),
)

# How many rows of a table and school one night saw on either side, and why they differ.
drift = Table(
    "drift",
    METADATA,
    district_code(),
    key("run_id"),
    key("roster_table"),
    key("school"),
    key("reason"),
    Column("rows", BigInteger, nullable=False),
    of("run", "run_id"),
)
