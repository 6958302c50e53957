"""What counts as added, changed, gone, gone for good, and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import ContractBroken
from domain.model import Mode
from domain.tables import RosterTable
from mappings import compare as comparing
from mappings.compare import CHANGES, apply_changes, compare
from mappings.ranges import id_ranges
from tests.mappings.building import digest, keys, last, tonight

NOBODY = pa.array([], pa.string())


def changes(
    before: pa.Table, after: pa.Table, mode: Mode = Mode.BULK, seen: tuple[str, ...] = ()
) -> list[tuple[str, str, str | None, str | None]]:
    found = compare(RosterTable.USERS, before, after, pa.array(seen, pa.string()), mode)
    assert found.schema == CHANGES
    return [
        (row["sourced_id"], row["op"], text_of(row["before_digest"]), text_of(row["after_digest"]))
        for row in found.to_pylist()
    ]


def text_of(found: bytes | None) -> str | None:
    return None if found is None else found.decode().rstrip(".")


def test_nothing_new_is_no_change() -> None:
    assert changes(last(("a", "1"), ("b", "2")), tonight(("b", "2"), ("a", "1"))) == []


def test_a_new_row_is_added_and_another_content_updates() -> None:
    assert changes(last(("b", "1")), tonight(("c", "9"), ("a", "8"), ("b", "2"))) == [
        ("a", "add", None, "8"),
        ("b", "update", "1", "2"),
        ("c", "add", None, "9"),
    ]


def test_rows_of_the_same_content_are_told_apart_by_their_ids() -> None:
    before = last(("a", "1"), ("b", "2"), ("c", "2"), ("d", "3"))
    assert changes(before, tonight(("e", "1"), ("a", "2"), ("d", "2"), ("c", "2"), ("b", "3"))) == [
        ("a", "update", "1", "2"),
        ("b", "update", "2", "3"),
        ("d", "update", "3", "2"),
        ("e", "add", None, "1"),
    ]


def test_absence_from_a_bulk_snapshot_is_missing_first_and_a_removal_the_second_time() -> None:
    assert changes(last(("a", "1"), ("b", "1", True)), tonight()) == [
        ("a", "missing", "1", None),
        ("b", "remove", "1", None),
    ]


def test_absence_from_a_delta_is_nothing() -> None:
    assert changes(last(("a", "1"), ("b", "1", True)), tonight(), Mode.DELTA) == []


@pytest.mark.parametrize("mode", list(Mode))
def test_tobedeleted_is_a_removal_at_once_and_of_an_unknown_id_nothing(mode: Mode) -> None:
    before = last(("a", "1"), ("b", "1", True))
    assert changes(before, tonight(("a", "2", True), ("b", "1", True), ("x", "1", True)), mode) == [
        ("a", "remove", "1", None),
        ("b", "remove", "1", None),
    ]


@pytest.mark.parametrize("mode", list(Mode))
def test_a_missing_row_that_is_back_returns_with_what_it_is_now(mode: Mode) -> None:
    before = last(("a", "1", True), ("b", "1", True))
    assert changes(before, tonight(("a", "1"), ("b", "2")), mode) == [
        ("a", "return", "1", "1"),
        ("b", "return", "1", "2"),
    ]


def test_a_quarantined_row_is_never_missing() -> None:
    assert changes(last(("a", "1"), ("b", "1")), tonight(), seen=("a",)) == [("b", "missing", "1", None)]


def test_a_missing_row_that_is_only_seen_returns_with_its_last_content() -> None:
    assert changes(last(("a", "1", True)), tonight(), seen=("a",)) == [("a", "return", "1", "1")]


def test_ids_are_compared_exactly() -> None:
    assert [row[:2] for row in changes(last(("A", "1"), ("01", "1")), tonight(("a", "1"), ("1", "1")))] == [
        ("01", "missing"), ("1", "add"), ("A", "missing"), ("a", "add"),
    ]  # fmt: skip


def test_one_id_with_two_changes_is_refused() -> None:
    with pytest.raises(ContractBroken, match=r"ID10.*users"):
        changes(last(), tonight(("a", "1"), ("a", "2")))


def test_applying_changes_takes_content_from_tonight() -> None:
    before = last(("a", "1"), ("b", "1"), ("c", "1", True), ("d", "1"), ("e", "1", True))
    after = tonight(("a", "2"), ("d", "1", True), ("f", "1"))
    found = compare(RosterTable.USERS, before, after, pa.array(["e"]), Mode.BULK)
    assert apply_changes(before, found, after).to_pylist() == [
        {"sourced_id": "a", "digest": digest("2"), "missing": False},
        {"sourced_id": "b", "digest": digest("1"), "missing": True},
        {"sourced_id": "e", "digest": digest("1"), "missing": False},
        {"sourced_id": "f", "digest": digest("1"), "missing": False},
    ]


IDS = st.sampled_from([*"abcdefgh", "ä", "0", "00"])
SIDE = st.dictionaries(IDS, st.tuples(st.sampled_from("123"), st.booleans()), max_size=9)
Side = dict[str, tuple[str, bool]]


def rows(side: Side) -> list[tuple[str, str, bool]]:
    return [(sourced_id, text, flag) for sourced_id, (text, flag) in side.items()]


def night(before: pa.Table, after: pa.Table, mode: Mode, seen: set[str]) -> pa.Table:
    found = compare(RosterTable.USERS, before, after, pa.array(sorted(seen), pa.string()), mode)
    return apply_changes(before, found, after)


def state(table: pa.Table) -> dict[str, tuple[bytes, bool]]:
    return {row["sourced_id"]: (row["digest"], row["missing"]) for row in table.to_pylist()}


@given(SIDE, SIDE)
def test_two_bulk_nights_bring_the_roster_of_record_to_what_the_sis_has(a: Side, b: Side) -> None:
    there = {key: (digest(text), False) for key, (text, deleted) in b.items() if not deleted}
    softly_gone = {key: (digest(text), True) for key, (text, gone) in a.items() if key not in b and not gone}
    once = night(last(*rows(a)), tonight(*rows(b)), Mode.BULK, set())
    assert state(once) == there | softly_gone
    assert state(night(once, tonight(*rows(b)), Mode.BULK, set())) == there


@given(SIDE, SIDE, st.sets(IDS))
def test_a_delta_brings_what_it_names_and_leaves_the_rest(a: Side, b: Side, seen: set[str]) -> None:
    seen -= set(b)
    rest = {
        key: (digest(text), missing and key not in seen) for key, (text, missing) in a.items() if key not in b
    }
    there = {key: (digest(text), False) for key, (text, deleted) in b.items() if not deleted}
    assert state(night(last(*rows(a)), tonight(*rows(b)), Mode.DELTA, seen)) == rest | there


@given(SIDE, st.lists(SIDE, max_size=5))
def test_any_deltas_and_a_full_end_where_a_single_full_does(first: Side, deltas: list[Side]) -> None:
    there, roster = dict(first), night(last(), tonight(*rows(first)), Mode.BULK, set())
    for delta in deltas:
        there |= delta
        roster = night(roster, tonight(*rows(delta)), Mode.DELTA, set())
    once = night(last(), tonight(*rows(there)), Mode.BULK, set())
    assert state(roster) == state(night(roster, tonight(*rows(there)), Mode.BULK, set())) == state(once)


@given(SIDE, SIDE, st.sets(IDS))
def test_comparing_again_finds_only_what_a_second_absence_proves(a: Side, b: Side, seen: set[str]) -> None:
    seen -= set(b)
    once = night(last(*rows(a)), tonight(*rows(b)), Mode.BULK, seen)
    gone = {key for key, (_, missing) in state(once).items() if missing}
    again = changes(once, tonight(*rows(b)), Mode.BULK, tuple(seen))
    assert {(key, op) for key, op, _, _ in again} == {(key, "remove") for key in gone}
    assert changes(once, tonight(*rows(b)), Mode.DELTA, tuple(seen)) == []


@given(SIDE, SIDE, st.sets(IDS), st.sampled_from(Mode))
def test_what_was_seen_in_quarantine_is_neither_missing_nor_removed(
    a: Side, b: Side, seen: set[str], mode: Mode
) -> None:
    seen -= set(b)
    found = changes(last(*rows(a)), tonight(*rows(b)), mode, tuple(seen))
    assert {op for key, op, _, _ in found if key in seen} <= {"return"}
    assert found == sorted(found)


@given(SIDE, SIDE, st.sets(IDS), st.integers(1, 6))
def test_many_small_ranges_find_what_one_finds(a: Side, b: Side, seen: set[str], size: int) -> None:
    whole = changes(last(*rows(a)), tonight(*rows(b)), Mode.BULK, tuple(seen))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mappings.ranges.EVERY", 1)
        patch.setattr(comparing, "id_ranges", lambda *tables: id_ranges(*tables, rows=size))
        assert changes(last(*rows(a)), tonight(*rows(b)), Mode.BULK, tuple(seen)) == whole


def test_roles_that_their_users_row_no_longer_lists_are_to_be_removed() -> None:
    roles = keys(("r1", "1"), ("r2", "1"), ("r3", "1")).append_column(
        "user_sourced_id", pa.array(["u1", "u1", "u2"])
    )
    gone = comparing.unlisted(roles, pa.array(["u1"]), pa.array(["r1"]))
    assert gone.to_pylist() == [{"sourced_id": "r2", "digest": digest("1"), "deleted": True}]


@pytest.mark.parametrize(
    ("before", "now", "agree"),
    [(10, 11, True), (10, 12, True), (10, 10, True), (10, 9, False), (10, 13, False), (None, 3, True)],
)
def test_counts_agree_within_what_a_delta_can_explain(before: int | None, now: int, agree: bool) -> None:
    assert comparing.counts_agree(before, now, added=1, removed=1, unkept=1) is agree
    assert comparing.counts_agree(before, None, added=1, removed=1, unkept=1)


def test_ranges_split_ids_without_gap_or_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mappings.ranges.EVERY", 1)
    table = keys(*((f"{n:02}", "1") for n in range(10)))
    parts = [
        table.filter(part.rows_of(table.column("sourced_id"))).column("sourced_id").to_pylist()
        for part in id_ranges(table, rows=4)
    ]
    assert parts == [["00", "01", "02"], ["03", "04", "05"], ["06", "07", "08", "09"]]


ABSENCES = pa.schema(
    [("sourced_id", pa.string()), ("night_on", pa.date32()), ("as_of", pa.timestamp("us", "UTC"))]
)


@pytest.mark.parametrize(
    ("first", "hours", "is_ripe"),
    [
        (datetime(2026, 1, 5, 23, 50, tzinfo=UTC), 12, False),  # twenty minutes over midnight
        (datetime(2026, 1, 6, 0, 5, tzinfo=UTC), 0, False),  # the same night
        (datetime(2026, 1, 5, 12, 10, tzinfo=UTC), 12, True),
        (datetime(2026, 1, 5, 23, 50, tzinfo=UTC), 0, True),
    ],
)
def test_an_absence_is_proven_by_two_nights_far_enough_apart(
    first: datetime, hours: int, is_ripe: bool
) -> None:
    absences = pa.table([["a"], [first.date()], [first]], schema=ABSENCES)
    as_of = datetime(2026, 1, 6, 0, 10, tzinfo=UTC)
    found = comparing.ripe(absences, as_of, as_of.date(), timedelta(hours=hours)).to_pylist()
    assert found == (["a"] if is_ripe else [])


def test_only_what_is_told_or_ripe_is_removed() -> None:
    ops = {"a": "remove", "b": "remove", "c": "remove", "d": "missing", "e": "missing", "f": "add"}
    nothing = pa.nulls(len(ops), pa.binary(16))
    proposed = pa.table([list(ops), list(ops.values()), nothing, nothing], schema=comparing.CHANGES)
    proven = comparing.proven(proposed, told=pa.array(["a"]), ripe_ids=pa.array(["b", "d"]))
    assert dict(zip(proven["sourced_id"].to_pylist(), proven["op"].to_pylist(), strict=True)) == {
        "a": "remove", "b": "remove", "d": "remove", "e": "missing", "f": "add",
    }  # fmt: skip
