"""Tables of the roster: snapshots, one table per canonical table, history, quarantine, findings, cases."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
)
from sqlalchemy import text as text_of

from domain.tables import ROSTER, Kind, RosterTable, TableSpec
from sisbridge.store.tables.base import METADATA, Moment, district_code, key, maybe, of, of_district, text

snapshot = Table(
    "snapshot",
    METADATA,
    district_code(),
    key("snapshot_id"),
    text("run_id"),
    Column("as_of", Moment, nullable=False),
    text("mode"),
    text("version"),
    Column("complete", Boolean, nullable=False),
    text("reason"),
    Column("applied_at", Moment),
    # Says which snapshot was applied last when moments are equal.
    Column("applied_seq", Integer),
    # From when on only counts and hashes are left of what was landed.
    Column("landing_deleted_at", Moment),
    # The district's settings of that night: how it was mapped and judged.
    Column("settings", JSON),
    of("run", "run_id"),
    Index(None, "district_code", "run_id"),
)

snapshot_table = Table(
    "snapshot_table",
    METADATA,
    district_code(),
    key("snapshot_id"),
    key("roster_table"),
    Column("rows", BigInteger, nullable=False),
    Column("distinct_ids", BigInteger, nullable=False),
    Column("declared_total", BigInteger),
    text("sha256"),
    of("snapshot", "snapshot_id"),
)

bookmark = Table(
    "bookmark",
    METADATA,
    district_code(),
    key("name"),
    Column("at", Moment, nullable=False),
    of_district(),
)


def _roster_table(spec: TableSpec) -> Table:
    values = [
        Column(column.name, Date if column.kind is Kind.DATE else Text)
        for column in spec.columns
        if column.name != "sourced_id"
    ]
    missing_since = Column("missing_since", Date)
    is_missing = missing_since.is_not(None)
    # No reference to district or snapshot: checking one per row would cost a first load as much as the
    # rows themselves; apply() checks both once.
    return Table(
        f"roster_{spec.table}",
        METADATA,
        district_code(),
        key("sourced_id"),
        *values,
        Column("digest", LargeBinary, nullable=False),
        text("roster_year"),
        text("first_snapshot_id"),
        text("last_changed_snapshot_id"),
        missing_since,
        # Few rows are missing, and every night asks for them several times.
        Index(None, "district_code", "missing_since", sqlite_where=is_missing, postgresql_where=is_missing),
        # One tree per table, in key order: a district's rows lie together and are not stored twice.
        sqlite_with_rowid=False,
    )


roster: dict[RosterTable, Table] = {table: _roster_table(spec) for table, spec in ROSTER.items()}

_IS_REMOVAL = text_of("op = 'remove'")

# `before` holds what the row loses: an update's changed columns, a removed row whole, nothing for an add.
# With the roster of record it gives every earlier night.
change = Table(
    "change",
    METADATA,
    district_code(),
    Column("change_id", BigInteger, primary_key=True, autoincrement=False),
    text("snapshot_id"),
    text("run_id"),
    Column("night_on", Date, nullable=False),
    text("roster_table"),
    text("sourced_id"),
    maybe("school"),
    text("op"),
    text("fields"),
    Column("before_digest", LargeBinary),
    Column("after_digest", LargeBinary),
    maybe("before"),
    text("decision"),
    text("decided_by"),
    Column("at", Moment, nullable=False),
    Index(None, "district_code", "roster_table", "sourced_id"),
    # Of removals only: what a first load adds to the history is not in it.
    Index(None, "district_code", "night_on", sqlite_where=_IS_REMOVAL, postgresql_where=_IS_REMOVAL),
)

quarantine = Table(
    "quarantine",
    METADATA,
    district_code(),
    key("snapshot_id"),
    key("roster_table"),
    key("place"),
    key("rule"),
    text("sourced_id"),
    Column("sealed", LargeBinary, nullable=False),
    of("snapshot", "snapshot_id"),
    Index(None, "district_code", "sourced_id"),
)

finding = Table(
    "finding",
    METADATA,
    district_code(),
    key("run_id"),
    Column("seq", Integer, primary_key=True, autoincrement=False),
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
    maybe("student"),
    of("run", "run_id"),
    Index(None, "district_code", "key"),
)

case = Table(
    "case",
    METADATA,
    district_code(),
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
    Column("opened_on", Date, nullable=False),
    Column("last_seen_on", Date, nullable=False),
    Column("closed_on", Date),
    of_district(),
)

case_night = Table(
    "case_night",
    METADATA,
    district_code(),
    key("case_id"),
    Column("night_on", Date, primary_key=True),
    Column("rows", Integer, nullable=False),
    Column("students", Integer, nullable=False),
    of("case", "case_id"),
)
