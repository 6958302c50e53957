"""What is held drags along what depends on it, and nothing else."""

from __future__ import annotations

import pyarrow as pa

from domain.tables import RosterTable
from mappings.compare import CHANGES
from mappings.holding import FREE, Board, Seed, spread, unexplained, waiting

USERS, CLASSES, ENROLLMENTS = RosterTable.USERS, RosterTable.CLASSES, RosterTable.ENROLLMENTS


def changes(*lines: str) -> pa.Table:
    """Return changes from lines such as `remove u1`."""
    ops, ids = zip(*(line.split() for line in lines), strict=True) if lines else ((), ())
    nothing = pa.nulls(len(lines), pa.binary(16))
    return pa.table([list(ids), list(ops), nothing, nothing], schema=CHANGES)


def board(released: tuple[str, ...] = (), **tables: pa.Table) -> Board:
    """Return a board with changes of these tables."""
    every = {table: tables.get(table.value, changes()) for table in RosterTable}
    return Board(every, {ENROLLMENTS: pa.array(released, pa.string())})


def seed(table: RosterTable, *ids: str, decision: str = "hold", always: bool = False) -> Seed:
    """Return a seed that names rows of one table."""
    rows = {table: pa.array(ids, pa.string())}
    return Seed("removals", table.value, "", "remove", "SZ10", "", "", rows, decision, always)


def refers(*lines: str) -> pa.Table:
    """Return an enrollment's references from lines of class and user; - stands for none."""
    columns = ["class_sourced_id", "user_sourced_id", "school_sourced_id"]
    rows = [[None if cell == "-" else cell for cell in (*line.split(), "s")] for line in lines]
    return pa.table([pa.array(column, pa.string()) for column in zip(*rows, strict=True)], columns)


def held(one: Board, table: RosterTable) -> list[str]:
    """Return the ids of a table's held changes."""
    ids: list[str] = one.held(table).column("sourced_id").to_pylist()
    return ids


def test_what_goes_with_a_held_student_is_held_and_what_goes_alone_is_not() -> None:
    one = board(users=changes("missing u1", "remove u2"), enrollments=changes("missing e1", "remove e2"))
    one.place(0, seed(USERS, "u1"))
    spread(one, {ENROLLMENTS: refers("k u1", "k u2")}, {})
    assert (held(one, USERS), held(one, ENROLLMENTS)) == (["u1"], ["e1"])
    assert one.free(ENROLLMENTS).column("sourced_id").to_pylist() == ["e2"]


def test_what_a_held_add_would_bring_is_held_down_to_the_last_row() -> None:
    one = board(
        classes=changes("add k1"),
        users=changes("add u1"),
        enrollments=changes("add e1", "update e2", "remove e3"),
    )
    one.place(0, seed(CLASSES, "k1"))
    none = pa.table({"course_sourced_id": ["c"], "school_sourced_id": ["s"]})
    spread(one, {}, {CLASSES: none, ENROLLMENTS: refers("k1 u1", "k1 u2", "- -")})
    assert held(one, ENROLLMENTS) == ["e1", "e2"]
    assert held(one, USERS) == []


def test_an_update_that_is_held_drags_nobody() -> None:
    one = board(users=changes("update u1"), enrollments=changes("update e1", "remove e2"))
    one.place(0, seed(USERS, "u1"))
    references = {ENROLLMENTS: refers("k u1", "k u1")}
    spread(one, references, references)
    assert held(one, ENROLLMENTS) == []


def test_what_a_person_released_is_held_again_only_where_the_roster_would_not_hold_together() -> None:
    one = board(
        ("e1", "e2"), enrollments=changes("remove e1", "add e2"), users=changes("remove u1", "add u2")
    )
    one.place(0, seed(ENROLLMENTS, "e1"))
    assert held(one, ENROLLMENTS) == []
    one.place(1, seed(USERS, "u1", "u2"))
    references = {ENROLLMENTS: refers("k u1", "k u2")}
    spread(one, references, references)
    assert held(one, ENROLLMENTS) == ["e2"]
    one.place(2, seed(ENROLLMENTS, "e1", always=True))
    assert held(one, ENROLLMENTS) == ["e1", "e2"]


def test_the_first_reason_holds_a_change() -> None:
    one = board(users=changes("remove u1", "remove u2"))
    one.place(0, seed(USERS, "u1"))
    one.place(1, seed(USERS, "u1", "u2"))
    assert one.held(USERS).column("seed").to_pylist() == [0, 1]
    assert one.under[ENROLLMENTS].tolist() == [FREE] * 0


def test_a_removal_waits_for_rows_that_stay_and_refer_to_it() -> None:
    children = pa.table({"sourced_id": ["e1", "e2", "e3"], "user_sourced_id": ["u1", "u2", "u2"]})
    removals = pa.array(["u1", "u2", "u3"])
    assert waiting(removals, children, "user_sourced_id", pa.array(["e1", "e2"])).to_pylist() == ["u2"]


def test_rows_that_follow_a_parent_are_explained() -> None:
    gone, references = changes("remove e1", "missing e2"), refers("k u1", "k u2")
    alone = unexplained(gone, references, {"user_sourced_id": pa.array(["u1"])})
    assert alone.to_pylist() == ["e2"]
