"""Bulk rows arrive as they were sent, in the caller's transaction."""

from __future__ import annotations

import threading
from datetime import UTC, date

import pyarrow as pa
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import ContractBroken
from sisbridge.store import bulk, packed
from sisbridge.store.database import Store
from sisbridge.store.tables.base import Moment
from tests.store.examples import undone

TABLE = sa.Table(
    "case",  # a word SQL keeps for itself
    sa.MetaData(),
    sa.Column("primary", sa.Text),
    sa.Column("blob", sa.LargeBinary),
    sa.Column("day", sa.Date),
    sa.Column("number", sa.BigInteger),
    sa.Column("flag", sa.Boolean),
    sa.Column("at", Moment),
    prefixes=["TEMPORARY"],
)
SCHEMA = pa.schema(
    [
        ("primary", pa.string()),
        ("blob", pa.binary()),
        ("day", pa.date32()),
        ("number", pa.int64()),
        ("flag", pa.bool_()),
        ("at", pa.timestamp("us", "UTC")),
    ]
)
text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
rows = st.fixed_dictionaries(
    {
        "primary": st.none() | text | st.sampled_from(["", "\\N", '"', "\\.", "NULL", "a,b", "\r\n", " "]),
        "blob": st.none() | st.binary(),
        "day": st.none() | st.dates(),
        "number": st.none() | st.integers(-(2**63), 2**63 - 1),
        "flag": st.none() | st.booleans(),
        "at": st.none() | st.datetimes(timezones=st.just(UTC)),
    }
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sent=st.lists(rows, max_size=5))
def test_every_value_arrives_as_it_was_sent(store: Store, sent: list[dict[str, object]]) -> None:
    with store.begin("bulk") as conn:
        TABLE.create(conn)
        assert bulk.insert(conn, TABLE, pa.Table.from_pylist(sent, schema=SCHEMA)) == len(sent)
        arrived = [tuple(row) for row in conn.execute(sa.select(TABLE))]
        TABLE.drop(conn)
    assert arrived == [tuple(row[name] for name in SCHEMA.names) for row in sent]


fetched = pa.schema([SCHEMA.field(name) for name in ("primary", "blob", "flag")])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sent=st.lists(rows, max_size=5), day=st.dates())
def test_every_value_is_fetched_as_it_was_sent(
    store: Store, sent: list[dict[str, object]], day: date
) -> None:
    columns = [TABLE.c[name] for name in fetched.names]
    chosen = (TABLE.c.day >= day) & TABLE.c.primary.not_in(["100%", "'"])
    with store.begin("bulk") as conn:
        TABLE.create(conn)
        bulk.insert(conn, TABLE, pa.Table.from_pylist(sent, schema=SCHEMA))
        arrived = bulk.fetch(conn, sa.select(*columns).where(chosen).order_by(TABLE.c.number), fetched)
        selected = conn.execute(sa.select(*columns).where(chosen).order_by(TABLE.c.number)).all()
        TABLE.drop(conn)
    assert [tuple(row.values()) for row in arrived.to_pylist()] == [tuple(row) for row in selected]


def test_columns_not_sent_are_null(store: Store) -> None:
    with store.begin("bulk") as conn:
        TABLE.create(conn)
        bulk.insert(conn, TABLE, pa.record_batch({"day": [date(2026, 1, 5)]}))
        assert [tuple(row) for row in conn.execute(sa.select(TABLE.c.primary, TABLE.c.day))] == [
            (None, date(2026, 1, 5))
        ]
        TABLE.drop(conn)


def test_parts_without_a_row_send_nothing(store: Store) -> None:
    day = pa.schema([("day", pa.date32())])
    parts = [day.empty_table(), pa.table({"day": [date(2026, 1, 5)]}, schema=day), day.empty_table()]
    with store.begin("bulk") as conn:
        TABLE.create(conn)
        assert bulk.insert(conn, TABLE, pa.concat_tables(parts)) == 1
        assert list(conn.scalars(sa.select(TABLE.c.day))) == [date(2026, 1, 5)]
        TABLE.drop(conn)


def test_rows_go_with_the_transaction(store: Store) -> None:
    kept = sa.Table("kept", sa.MetaData(), sa.Column("name", sa.Text))
    with store.begin("make") as conn:
        kept.create(conn)
    with pytest.raises(RuntimeError):
        undone(store, lambda conn: bulk.insert(conn, kept, pa.table({"name": ["a"]})))
    with store.read() as conn:
        assert conn.execute(sa.select(kept)).all() == []


def test_a_column_of_another_kind_is_refused_before_anything_is_sent() -> None:
    priced = sa.Table("priced", sa.MetaData(), sa.Column("price", sa.Numeric))
    with pytest.raises(TypeError, match="Numeric"):
        list(packed.pieces(priced, pa.table({"price": [1]}), {}))


def test_a_value_that_does_not_fit_is_told_to_nobody(postgres_url: str) -> None:
    store, dated = Store(postgres_url), sa.Table("dated", sa.MetaData(), sa.Column("day", sa.Date))
    with store.begin("make") as conn:
        dated.create(conn)
    with pytest.raises(ContractBroken) as raised:
        undone(store, lambda conn: bulk.insert(conn, dated, pa.table({"day": ["Quillfeather"]})))
    assert (raised.value.code, "Quillfeather" in str(raised.value)) == ("CF40", False)


def test_other_threads_go_on_while_rows_are_awaited(postgres_url: str) -> None:
    slow = sa.select(
        sa.literal_column("repeat('x', 500)").label("long"),
        sa.literal_column("CASE number WHEN 5000 THEN pg_sleep(0.5)::text END").label("late"),
    ).select_from(sa.text("generate_series(1, 6000) AS number"))
    over, ticks = threading.Event(), list[int]()

    def tick() -> None:
        while not over.wait(0.01):
            ticks.append(1)

    other = threading.Thread(target=tick, daemon=True)
    with Store(postgres_url).read() as conn:
        other.start()
        rows = bulk.fetch(conn, slow, pa.schema([("long", pa.string()), ("late", pa.string())]))
        over.set()
    assert rows.num_rows == 6000
    assert len(ticks) > 10
