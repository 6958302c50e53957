"""The roster of record moves exactly as its changes say, and its history can take it back."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import ContractBroken
from domain.ids import DistrictCode, RunId, SnapshotId
from domain.tables import ROSTER, RosterTable
from sisbridge.store import keyscan, roster, staging
from sisbridge.store.database import Store
from sisbridge.store.tables import METADATA
from sisbridge.store.tables.roster import change

SCHOOLS, OTHERS = DistrictCode("north"), DistrictCode("south")
TABLE = RosterTable.ACADEMIC_SESSIONS
NAMES = ROSTER[TABLE].names
NIGHT = date(2026, 1, 5)
Rows = dict[str, dict[str, str | None]]
CHANGES = pa.schema(
    [
        ("sourced_id", pa.string()),
        ("op", pa.string()),
        ("before_digest", pa.binary(16)),
        ("after_digest", pa.binary(16)),
        ("school", pa.string()),
    ]
)


def session(title: str | None = "Fall", end: str | None = "2025-12-20") -> dict[str, str | None]:
    """One academic session's values."""
    return {"status": "active", "title": title, "type": "term", "start_date": "2025-08-01", "end_date": end}


def digest(row: dict[str, str | None]) -> bytes:
    """Any stable digest serves the store."""
    return hashlib.md5(repr(sorted(row.items())).encode()).digest()


def difference(old: Rows, new: Rows) -> pa.Table:
    """The changes from one roster to another."""
    lines = []
    for key in sorted(old.keys() | new.keys()):
        before = digest(old[key]) if key in old else None
        after = digest(new[key]) if key in new else None
        if before != after:
            op = "add" if before is None else "remove" if after is None else "update"
            lines.append((key, op, before, after, "school-1"))
    columns = list(zip(*lines, strict=True)) or [[]] * 5
    return pa.table(columns, schema=CHANGES)


def as_table(rows: Rows) -> pa.Table:
    """Canonical rows as an Arrow table of text."""
    full = [{"sourced_id": key, **row} for key, row in rows.items()]
    return pa.Table.from_pylist(full, schema=pa.schema([(name, pa.string()) for name in NAMES]))


def move(
    store: Store, old: Rows, new: Rows, *, night: date = NIGHT, district: DistrictCode = SCHOOLS
) -> dict[str, int]:
    """Apply the difference of two rosters."""
    return step(store, difference(old, new), new, night=night, district=district)


def step(
    store: Store, changes: pa.Table, rows: Rows, *, night: date = NIGHT, district: DistrictCode = SCHOOLS
) -> dict[str, int]:
    """Apply changes in one transaction."""
    with store.begin("apply") as conn:
        return roster.apply(
            conn,
            district,
            TABLE,
            staging.beside(district, TABLE, changes, as_table(rows)),
            snapshot_id=SnapshotId(f"s-{night}"),
            run_id=RunId("r"),
            night_on=night,
            school_year="2025-2026",
            actor="nightly run",
            at=datetime(2026, 1, 5, 3, tzinfo=UTC),
        )


def one(op: str, key: str, before: bytes | None, after: bytes | None) -> pa.Table:
    """One change."""
    return pa.table([[key], [op], [before], [after], [None]], schema=CHANGES)


def stored(store: Store, district: DistrictCode = SCHOOLS) -> list[dict[str, str | None]]:
    """The roster of record as it stands."""
    with store.read() as conn:
        rows: list[dict[str, str | None]] = roster.rows(conn, district, TABLE).to_pylist()
    return rows


def state(store: Store, night: date) -> dict[str, bytes]:
    """The roster as it was at a night."""
    with store.read() as conn:
        table = roster.at_night(conn, SCHOOLS, TABLE, night)
    return dict(zip(table["sourced_id"].to_pylist(), table["digest"].to_pylist(), strict=True))


def history(store: Store, *columns: str) -> list[tuple[object, ...]]:
    """What the history says, in order."""
    with store.read() as conn:
        selected = conn.execute(sa.select(*(change.c[name] for name in columns)).order_by(change.c.change_id))
        return [tuple(row) for row in selected]


def test_a_first_load_is_the_roster(store: Store) -> None:
    assert move(store, {}, {"b": session(), "a": session('Été "x", \\N\n', None)}) == {"add": 2}
    assert [row["sourced_id"] for row in stored(store)] == ["a", "b"]
    assert [row["title"] for row in stored(store)] == ['Été "x", \\N\n', "Fall"]
    assert [row["end_date"] for row in stored(store)] == [None, "2025-12-20"]


def test_empty_text_and_null_stay_what_they_are(store: Store) -> None:
    move(store, {}, {"a": session(""), "b": session(None)})
    assert [row["title"] for row in stored(store)] == ["", None]


def test_keys_say_what_is_stored_and_what_is_missing(store: Store) -> None:
    move(store, {}, {"a": session(), "b": session()})
    step(store, one("missing", "a", digest(session()), digest(session())), {})
    with store.read() as conn:
        keys = roster.keys(conn, SCHOOLS, TABLE).sort_by("sourced_id")
    assert keys.schema.field("digest").type == pa.binary(16)
    assert keys["sourced_id"].to_pylist() == ["a", "b"]
    assert keys["digest"].to_pylist() == [digest(session())] * 2
    assert keys["missing"].to_pylist() == [True, False]


def test_keys_of_many_ranges_come_once_each(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyscan, "_ROWS_AT_ONCE", 2)
    ids = ["é", "Z", "a", "", "z/1", "日本", "b"]
    move(store, {}, {key: session(key) for key in ids})
    move(store, {}, {"south": session()}, district=OTHERS)
    with store.read() as conn:
        keys = roster.keys(conn, SCHOOLS, TABLE)
    found = dict(zip(keys["sourced_id"].to_pylist(), keys["digest"].to_pylist(), strict=True))
    assert keys.num_rows == len(ids)
    assert found == {key: digest(session(key)) for key in ids}


def test_a_missing_row_that_returns_is_in_force_again(store: Store) -> None:
    old, new = session(), session("Spring")
    move(store, {}, {"a": old})
    step(store, one("missing", "a", digest(old), digest(old)), {})
    assert step(store, one("return", "a", digest(old), digest(new)), {"a": new}) == {"return": 1}
    with store.read() as conn:
        assert roster.keys(conn, SCHOOLS, TABLE)["missing"].to_pylist() == [False]
    assert stored(store)[0]["title"] == "Spring"


def test_the_history_keeps_what_an_update_takes_away(store: Store) -> None:
    move(store, {}, {"a": session()})
    move(store, {"a": session()}, {"a": session(end="2025-12-19")})
    assert history(store, "op", "fields", "before", "school") == [
        ("add", "", None, "school-1"),
        ("update", "end_date", '{"end_date":"2025-12-20"}', "school-1"),
    ]


def test_the_history_keeps_a_removed_row_whole(store: Store) -> None:
    move(store, {}, {"a": session()})
    assert move(store, {"a": session()}, {}) == {"remove": 1}
    assert '"start_date":"2025-08-01"' in str(history(store, "before")[1][0])
    assert stored(store) == []


def test_one_district_never_moves_another(store: Store) -> None:
    move(store, {}, {"a": session()}, district=OTHERS)
    move(store, {}, {"a": session("Spring")})
    move(store, {"a": session("Spring")}, {})
    assert [row["title"] for row in stored(store, OTHERS)] == ["Fall"]


def test_every_earlier_night_can_be_told(store: Store) -> None:
    first, second = {"a": session(), "b": session()}, {"b": session("Spring"), "c": session()}
    move(store, {}, first, night=date(2026, 1, 5))
    move(store, first, second, night=date(2026, 1, 6))
    assert state(store, date(2026, 1, 4)) == {}
    assert state(store, date(2026, 1, 5)) == {key: digest(row) for key, row in first.items()}
    assert state(store, date(2026, 1, 6)) == {key: digest(row) for key, row in second.items()}


def test_a_night_can_be_rebuilt_though_an_older_one_was_replayed_after_it(store: Store) -> None:
    """The rows that only the replay changed since are undone with what the nights after it did."""
    older, newer = {"a": session("A"), "b": session("A")}, {"a": session("B"), "b": session("A")}
    last = {"a": session("A"), "b": session("B")}
    move(store, {}, older, night=date(2026, 1, 5))
    move(store, older, newer, night=date(2026, 1, 6))
    move(store, newer, {**newer, "b": session("C")}, night=date(2026, 1, 7))
    move(store, {**newer, "b": session("C")}, older, night=date(2026, 1, 5))
    move(store, older, last, night=date(2026, 1, 8))
    assert state(store, date(2026, 1, 5)) == {key: digest(row) for key, row in older.items()}
    assert state(store, date(2026, 1, 6)) == {key: digest(row) for key, row in newer.items()}
    assert state(store, date(2026, 1, 8)) == {key: digest(row) for key, row in last.items()}


@pytest.mark.parametrize(
    ("op", "before"), [("update", b"0" * 16), ("remove", b"0" * 16), ("update", None), ("missing", None)]
)
def test_changes_made_from_another_roster_are_refused(store: Store, op: str, before: bytes | None) -> None:
    move(store, {}, {"a": session()})
    key = "a" if before else "nowhere"
    with pytest.raises(ContractBroken, match="CF41"):
        step(store, one(op, key, before, b"1" * 16), {key: session("Spring")})
    assert [row["title"] for row in stored(store)] == ["Fall"]
    assert len(history(store, "op")) == 1


def test_a_change_without_its_row_is_refused(store: Store) -> None:
    with pytest.raises(ContractBroken, match="CF41"):
        step(store, one("add", "a", None, b"1" * 16), {"b": session()})


def test_rows_can_be_chosen_by_columns_and_by_thousands_of_values(store: Store) -> None:
    move(store, {}, {key: session(f"title {key}") for key in ("a", "b", "c")})
    wanted = [f"title {number}" for number in range(70_000)] + ["title b", 'it\'s "c"']
    with store.read() as conn:
        chosen = roster.rows(conn, SCHOOLS, TABLE, ["sourced_id", "digest"], {"title": wanted})
        none = roster.rows(conn, SCHOOLS, TABLE, ["sourced_id"], {"title": []})
    assert chosen["sourced_id"].to_pylist() == ["b"]
    assert none.num_rows == 0


def test_count_is_by_table(store: Store) -> None:
    move(store, {}, {"a": session()})
    with store.read() as conn:
        counts = roster.count(conn, SCHOOLS)
    assert counts[TABLE] == 1
    assert counts[RosterTable.USERS] == 0


values = st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=6)
sessions = st.builds(session, values, st.sampled_from([None, "2026-05-31"]))
rosters = st.dictionaries(st.sampled_from("abcdefgh"), sessions)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(old=rosters, new=rosters)
def test_applying_the_difference_makes_the_roster_equal(store: Store, old: Rows, new: Rows) -> None:
    with store.begin("clear") as conn:
        for table in (METADATA.tables["roster_academic_sessions"], change):
            conn.execute(sa.delete(table))
    move(store, {}, old, night=date(2026, 1, 5))
    move(store, old, new, night=date(2026, 1, 6))
    assert stored(store) == as_table(dict(sorted(new.items()))).to_pylist()
    assert state(store, date(2026, 1, 5)) == {key: digest(row) for key, row in old.items()}
