"""Tables of people, seats and grades, and of their way out: outbox, file batches, receipts."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
)

from sisbridge.store.tables.base import METADATA, Moment, district_code, key, maybe, of, of_district, text

# A person known in two districts has a row in each, under one person_id.
person = Table(
    "person",
    METADATA,
    district_code(),
    key("person_id"),
    Column("created_on", Date, nullable=False),
    of_district(),
)

# A district may give last year's number to another student: the school year is part of the key.
person_link = Table(
    "person_link",
    METADATA,
    district_code(),
    key("school_year"),
    key("user_sourced_id"),
    text("person_id"),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    of("person", "person_id"),
    Index(None, "district_code", "person_id"),
)

home_class = Table(
    "home_class",
    METADATA,
    district_code(),
    key("home_class_id"),
    text("offering_id"),
    text("term"),
    Column("number", Integer, nullable=False),
    text("class_sourced_id"),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    UniqueConstraint("district_code", "offering_id", "term", "number"),
    UniqueConstraint("district_code", "offering_id", "term", "class_sourced_id"),
    of_district(),
    ForeignKeyConstraint(["offering_id"], ["offering.offering_id"]),
)

seat = Table(
    "seat",
    METADATA,
    district_code(),
    key("person_id"),
    key("offering_id"),
    key("term"),
    text("home_school"),
    text("home_class"),
    text("student"),
    Column("begin_date", Date),
    Column("end_date", Date),
    of("person", "person_id"),
    ForeignKeyConstraint(["offering_id"], ["offering.offering_id"]),
)

seat_history = Table(
    "seat_history",
    METADATA,
    district_code(),
    key("person_id"),
    key("offering_id"),
    key("term"),
    Column("valid_from", Date, primary_key=True),
    Column("valid_to", Date),
    text("home_school"),
    text("home_class"),
    text("student"),
    Column("begin_date", Date),
    Column("end_date", Date),
    of("seat", "person_id", "offering_id", "term"),
)

grade_batch = Table(
    "grade_batch",
    METADATA,
    district_code(),
    key("name"),
    key("sha256"),
    Column("read_at", Moment, nullable=False),
    of_district(),
)

grade = Table(
    "grade",
    METADATA,
    district_code(),
    key("grade_id"),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    text("person_id"),
    text("student"),
    text("offering_id"),
    text("term"),
    text("reporting_period"),
    text("kind"),
    text("scale_version"),
    Column("sealed", LargeBinary, nullable=False),
    text("value_fingerprint"),
    text("entered_by"),
    text("state"),
    Column("collected_at", Moment, nullable=False),
    maybe("released_by"),
    Column("released_at", Moment),
    text("place"),
    of("person", "person_id"),
    ForeignKeyConstraint(["offering_id"], ["offering.offering_id"]),
    # Else each person who goes in a purge has every grade looked through.
    Index(None, "district_code", "person_id"),
)

# row_key: a keyed fingerprint of the grade that a row says it is, right or wrong.
held_grade = Table(
    "held_grade",
    METADATA,
    district_code(),
    key("row_key"),
    key("rule"),
    key("field"),
    key("place"),
    text("batch"),
    text("severity"),
    text("sourced_id"),
    text("masked"),
    text("message"),
    text("fix"),
    text("grouping"),
    maybe("student"),
    of_district(),
)

file_batch = Table(
    "file_batch",
    METADATA,
    district_code(),
    key("batch_id"),
    text("route"),
    text("name"),
    text("sha256"),
    Column("rows", Integer, nullable=False),
    text("state"),
    Column("created_at", Moment, nullable=False),
    of_district(),
)

outbox = Table(
    "outbox",
    METADATA,
    district_code(),
    key("item_id"),
    text("route"),
    text("grade_id"),
    Column("revision", Integer, nullable=False),
    text("line_item_id"),
    text("result_id"),
    text("payload_digest"),
    Column("sealed", LargeBinary, nullable=False),
    text("state"),
    Column("attempts", Integer, nullable=False),
    maybe("batch_id"),
    Column("updated_at", Moment, nullable=False),
    UniqueConstraint("district_code", "route", "grade_id", "revision"),
    of("grade", "grade_id", "revision"),
    of("file_batch", "batch_id"),
    Index(None, "district_code", "grade_id", "revision"),
    Index(None, "district_code", "batch_id"),
)

receipt = Table(
    "receipt",
    METADATA,
    district_code(),
    key("item_id"),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("sent_at", Moment, nullable=False),
    text("outcome"),
    Column("sealed", LargeBinary, nullable=False),
    text("remote"),
    text("message"),
    text("fix"),
    of("outbox", "item_id"),
)

# What a SIS calls a line item or a result of ours, where it chose the id.
remote_object = Table(
    "remote_object",
    METADATA,
    district_code(),
    key("route"),
    key("our_id"),
    text("remote_id"),
    of_district(),
)
