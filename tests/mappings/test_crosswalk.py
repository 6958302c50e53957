"""Which old row is which new one when all ids change."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.model import Mode
from domain.tables import ROSTER, Kind, RosterTable
from mappings.compare import apply_changes, compare
from mappings.crosswalk import (
    LEGACY,
    changes,
    confidence,
    is_rekey,
    propose,
    rekeyed,
    without,
)
from mappings.digests import digests
from mappings.pairs import PAIRS
from tests.mappings.building import canonical

T = RosterTable
Rows = dict[RosterTable, pa.Table]
NO_IDS = pa.array([], pa.string())


def roster(students: int = 6) -> Rows:
    """Return a district of one school with two sections, students in turn in either."""
    dates = {"start_date": "2025-08-15", "end_date": "2026-06-10"}
    rows: dict[RosterTable, list[dict[str, str | None]]] = {
        T.ORGS: [
            {"sourced_id": "d", "name": "District", "type": "district", "identifier": "9001"},
            {"sourced_id": "s", "name": "School", "type": "school", "parent_sourced_id": "d"},
        ],
        T.ACADEMIC_SESSIONS: [
            {"sourced_id": "y", "title": "Year", "type": "schoolYear", **dates},
            {"sourced_id": "t", "title": "Fall", "type": "term", "parent_sourced_id": "y", **dates},
        ],
        T.COURSES: [{"sourced_id": "c", "course_code": "PHYS", "org_sourced_id": "s"}],
        T.CLASSES: [
            {
                "sourced_id": f"k{n}", "class_code": f"PHYS-{n}", "course_sourced_id": "c",
                "school_sourced_id": "s", "term_sourced_ids": "t,y",
            }
            for n in (1, 2)
        ],
        T.USERS: [{"sourced_id": f"u{n}", "identifier": f"{n:09}"} for n in range(students)],
        T.ROLES: [
            {
                "sourced_id": f"u{n}:s:student", "user_sourced_id": f"u{n}", "role": "student",
                "org_sourced_id": "s",
            }
            for n in range(students)
        ],
        T.ENROLLMENTS: [
            {
                "sourced_id": f"e{n}", "user_sourced_id": f"u{n}", "class_sourced_id": f"k{n % 2 + 1}",
                "school_sourced_id": "s", "role": "student",
            }
            for n in range(students)
        ],
    }  # fmt: skip
    return {table: pa.Table.from_batches([canonical(table, *found)]) for table, found in rows.items()}


def renamed(rows: Rows, tables: Collection[RosterTable]) -> Rows:
    """Return the roster with other ids in these tables, references with them."""
    crosswalk = {table: pairs((id_, f"n-{id_}") for id_ in ids(rows[table])) for table in tables}
    return {table: rekeyed(table, found, crosswalk) for table, found in rows.items()}


def pairs(found: object) -> pa.Table:
    """Return a crosswalk's table from (old, new)."""
    return pa.Table.from_pylist(
        [dict(zip(PAIRS.names, (*pair, "x"), strict=True)) for pair in found],  # type: ignore[attr-defined]
        schema=PAIRS,
    )


def ids(rows: pa.Table) -> list[str]:
    found: list[str] = rows.column("sourced_id").to_pylist()
    return found


def proposed(
    last: Rows, tonight: Rows, legacy: Mapping[str, str] | None = None
) -> dict[RosterTable, pa.Table]:
    """Return the crosswalk of what is only in one roster."""
    return propose(only_in(last, tonight).__getitem__, only_in(tonight, last).__getitem__, legacy or {})


def only_in(rows: Rows, others: Rows) -> Rows:
    return {
        table: found.filter(
            pc.invert(pc.is_in(found.column("sourced_id"), value_set=others[table].column("sourced_id")))
        )
        for table, found in rows.items()
    }


def with_digests(table: RosterTable, rows: pa.Table) -> pa.Table:
    columns = [pa.concat_arrays([*column.chunks, NO_IDS]) for column in rows.columns]
    batch = pa.RecordBatch.from_arrays(columns, names=rows.column_names)
    return rows.append_column("digest", digests(table, batch))


def keys(table: RosterTable, rows: pa.Table, flag: str) -> pa.Table:
    """Return (sourced_id, digest, flag), the flag false."""
    digested = with_digests(table, rows).select(["sourced_id", "digest"])
    return digested.append_column(flag, pa.array([False] * rows.num_rows, pa.bool_()))


def evidence(crosswalk: Mapping[RosterTable, pa.Table], table: RosterTable) -> dict[str, str]:
    """Return the evidence of each pair, by new id."""
    rows = crosswalk[table].to_pylist()
    return {row["new_sourced_id"]: row["evidence"] for row in rows}


def test_users_under_new_ids_are_paired_by_their_numbers_and_their_roles_with_them() -> None:
    last = roster()
    found = proposed(last, renamed(last, [T.USERS, T.ROLES]))
    assert set(found) == {T.USERS, T.ROLES}
    assert found[T.USERS].to_pylist()[0] == {
        "old_sourced_id": "u0", "new_sourced_id": "n-u0", "evidence": "identifier",
    }  # fmt: skip
    assert found[T.ROLES].num_rows == 6


def test_what_the_sis_itself_says_comes_first() -> None:
    last = roster(2)
    tonight = renamed(last, [T.USERS])
    found = proposed(last, tonight, {"n-u0": "u1", "n-u1": "u0"})
    assert evidence(found, T.USERS) == {"n-u0": LEGACY, "n-u1": LEGACY}
    assert dict(found[T.USERS].select([0, 1]).to_pandas().itertuples(index=False)) == {
        "u1": "n-u0", "u0": "n-u1",
    }  # fmt: skip


def test_a_number_that_two_have_pairs_nobody() -> None:
    last, tonight = roster(2), renamed(roster(2), [T.USERS])
    twin = tonight[T.USERS].to_pylist()[0] | {"sourced_id": "twin"}
    tonight[T.USERS] = pa.concat_tables(
        [tonight[T.USERS], pa.Table.from_pylist([twin], schema=tonight[T.USERS].schema)]
    )
    assert evidence(proposed(last, tonight), T.USERS) == {"n-u1": "identifier"}


def test_people_are_never_paired_by_their_names() -> None:
    last, tonight = roster(2), roster(2)
    for rows, prefix in ((last, "a"), (tonight, "b")):
        named = [
            {"sourced_id": f"{prefix}{n}", "given_name": f"Ann{n}", "family_name": "Other", "email": f"{n}@x"}
            for n in (1, 2)
        ]
        rows[T.USERS] = pa.Table.from_batches([canonical(T.USERS, *named)])
    assert T.USERS not in proposed(last, tonight)


def test_a_username_is_weak_evidence() -> None:
    last, tonight = roster(0), roster(0)
    for rows, prefix in ((last, "a"), (tonight, "b")):
        named = [{"sourced_id": f"{prefix}{n}", "username": f"ann{n}"} for n in range(4)]
        rows[T.USERS] = pa.Table.from_batches([canonical(T.USERS, *named)])
    found = proposed(last, tonight)[T.USERS]
    assert (found.num_rows, confidence(found, 4), confidence(found, 8)) == (4, 0.5, 0.25)


@pytest.mark.parametrize(
    ("rows", "in_force", "expected"), [(4, 4, False), (5, 5, True), (19, 100, False), (20, 100, True)]
)
def test_a_re_key_is_many_rows_and_a_good_part_of_them(rows: int, in_force: int, expected: bool) -> None:
    assert is_rekey(rows, in_force) is expected


def test_a_refused_pair_is_not_proposed_again() -> None:
    last = roster(3)
    found = proposed(last, renamed(last, [T.USERS]))
    left = without(found, {T.USERS: found[T.USERS].slice(0, 2)})
    assert left[T.USERS].column("new_sourced_id").to_pylist() == ["n-u2"]
    assert without(found, found) == {}


@settings(max_examples=60)
@given(
    st.integers(0, 12),
    st.sets(st.sampled_from(list(RosterTable))),
    st.sets(st.integers(0, 11)),
)
def test_a_roster_moved_by_its_crosswalk_is_the_re_keyed_one(
    students: int, tables: set[RosterTable], leavers: set[int]
) -> None:
    whole = roster(students)
    staying = [f"u{n}" for n in range(students) if n not in leavers]
    kept = of_users(whole, staying)
    tonight = renamed(kept, tables)
    found = proposed(whole, tonight)
    for table, rows in whole.items():
        mine, brought = changes(table, with_digests(table, rows), found)
        moved = apply_changes(keys(table, rows, "missing"), mine, keys(table, brought, "deleted"))
        left = compare(table, moved, keys(table, tonight[table], "deleted"), NO_IDS, Mode.BULK)
        assert set(left.column("op").to_pylist()) <= {"missing"}
        assert left.num_rows == rows.num_rows - kept[table].num_rows


def of_users(rows: Rows, users: list[str]) -> Rows:
    """Return the roster without the rows of other users."""
    columns = {T.USERS: "sourced_id", T.ROLES: "user_sourced_id", T.ENROLLMENTS: "user_sourced_id"}
    wanted = pa.array(users, pa.string())
    return {
        table: found.filter(pc.is_in(found.column(columns[table]), value_set=wanted))
        if table in columns
        else found
        for table, found in rows.items()
    }


def test_lists_of_references_stay_sorted() -> None:
    last = roster(0)
    crosswalk = {T.ACADEMIC_SESSIONS: pairs([("t", "z")])}
    classes = rekeyed(T.CLASSES, last[T.CLASSES], crosswalk)
    assert classes.column("term_sourced_ids").to_pylist() == ["y,z", "y,z"]
    assert [c.name for c in ROSTER[T.CLASSES].columns if c.kind is Kind.REFERENCES] == ["term_sourced_ids"]
