"""Which of tonight's changes wait for a person, and which wait with them, by ids and references."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from domain.model import Op
from domain.tables import ROSTER, RosterTable
from mappings.arrow import Texts, texts

ADD, UPDATE, REMOVE = "add", "update", "remove"
"""The directions a change can have: what is held, released and discarded is chosen by them."""

DIRECTIONS: Mapping[str, str] = {
    Op.ADD: ADD,
    Op.UPDATE: UPDATE,
    Op.RETURN: UPDATE,
    Op.REMOVE: REMOVE,
    Op.MISSING: REMOVE,
}
"""Each op's direction: a row that goes missing is on its way out, one that returns is a changed row."""

SCHOOL: Mapping[RosterTable, str] = {
    RosterTable.COURSES: "org_sourced_id",
    RosterTable.CLASSES: "school_sourced_id",
    RosterTable.ROLES: "org_sourced_id",
    RosterTable.ENROLLMENTS: "school_sourced_id",
}
"""The column that says whose a row is; a user's school is that of its roles, other tables have none."""

PARENTS: Mapping[RosterTable, Mapping[str, RosterTable]] = {
    table: {c.name: c.refers_to for c in spec.columns if c.required and c.refers_to is not None}
    for table, spec in ROSTER.items()
}
"""For each table the columns without whose row a row makes no sense, and where they lead."""

FREE = -1
"""Stands for no seed: the change is not held."""

_Seeds = npt.NDArray[np.int32]
_BRINGING = pa.array([Op.ADD.value, Op.UPDATE.value, Op.RETURN.value])


@dataclass(frozen=True, slots=True)
class Seed:
    """A reason to hold, and the rows it names: their change of tonight waits, whatever it is.

    kind, table, school and direction are the hold's standing key: the same reason on another night
    renews the same hold. decision: `hold`, or `discard` for what a person has decided to keep as it was.
    always: hold even what a person released, because the roster would not hold together without it.
    """

    kind: str
    table: str
    school: str
    direction: str
    rule: str
    message: str
    fix: str
    rows: Mapping[RosterTable, Texts]
    decision: str = "hold"
    always: bool = False


@dataclass(slots=True)
class Board:
    """Tonight's changes of every table and, row by row beside them, the seed that holds each (or FREE).

    released: rows that a person let go; no seed holds them, though a held parent does.
    """

    changes: Mapping[RosterTable, pa.Table]
    released: Mapping[RosterTable, Texts] = field(default_factory=dict)
    under: dict[RosterTable, _Seeds] = field(init=False)

    def __post_init__(self) -> None:
        """Begin with nothing held."""
        self.under = {
            table: np.full(rows.num_rows, FREE, dtype=np.int32) for table, rows in self.changes.items()
        }

    def place(self, number: int, seed: Seed) -> None:
        """Hold the rows a seed names, unless an earlier seed holds them or a person released them."""
        for table, ids in seed.rows.items():
            chosen = _flags(pc.is_in(self.changes[table].column("sourced_id"), value_set=ids))
            if not seed.always:
                chosen &= ~self.is_released(table)
            self.under[table][chosen & (self.under[table] == FREE)] = number

    def is_released(self, table: RosterTable) -> npt.NDArray[np.bool_]:
        """Return which changes of a table a person released."""
        none = pa.array([], pa.string())
        ids = self.released.get(table, none)
        return _flags(pc.is_in(self.changes[table].column("sourced_id"), value_set=ids))

    def free(self, table: RosterTable) -> pa.Table:
        """Return the changes of a table that are not held."""
        return self.changes[table].filter(pa.array(self.under[table] == FREE))

    def held(self, table: RosterTable) -> pa.Table:
        """Return the changes of a table that are held, with their seed's number."""
        mask = self.under[table] != FREE
        numbers = pa.array(self.under[table][mask], pa.int32())
        return self.changes[table].filter(pa.array(mask)).append_column("seed", numbers)


def directions(changes: pa.Table) -> pa.Array:
    """Return the direction of each change."""
    words = list(DIRECTIONS)
    place = pc.index_in(texts(changes, "op"), value_set=pa.array(words))
    return pa.array([DIRECTIONS[word] for word in words]).take(place)


def of_direction(changes: pa.Table, direction: str) -> Texts:
    """Return the ids of the changes of one direction."""
    return texts(changes.filter(pc.equal(directions(changes), direction)), "sourced_id")


def beside(changes: pa.Table, rows: pa.Table, columns: Sequence[str]) -> pa.Table:
    """Return columns of rows laid beside the changes, by sourced_id; null where a change has no row."""
    places = pc.index_in(texts(changes, "sourced_id"), value_set=texts(rows, "sourced_id"))
    return pa.table({name: texts(rows, name).take(places) for name in columns})


def spread(
    board: Board, before: Mapping[RosterTable, pa.Table], after: Mapping[RosterTable, pa.Table]
) -> None:
    """Hold what depends on a held row: what is to be brought under a held add, what goes with a held removal.

    before, after: for a table its required references beside the changes, as in force and as of tonight; a
    table left out has no such rows. A row that stays in force never depends on this: see `waiting`.
    """
    for table, columns in PARENTS.items():
        changes = board.changes[table]
        for column, parent in columns.items():
            if table in after:
                brings = _flags(pc.is_in(changes.column("op"), value_set=_BRINGING))
                _drag(board, table, brings, after[table].column(column), parent, ADD)
            if table in before:
                goes = _flags(pc.equal(directions(changes), REMOVE)) & ~board.is_released(table)
                _drag(board, table, goes, before[table].column(column), parent, REMOVE)


def _drag(
    board: Board,
    table: RosterTable,
    may: npt.NDArray[np.bool_],
    references: object,
    parent: RosterTable,
    direction: str,
) -> None:
    held = board.held(parent)
    held = held.filter(pc.equal(directions(held), direction))
    if held.num_rows == 0:
        return
    at = pc.index_in(references, value_set=texts(held, "sourced_id"))
    numbers = held.column("seed").combine_chunks().take(at).fill_null(FREE).to_numpy(zero_copy_only=False)
    chosen = may & (numbers != FREE) & (board.under[table] == FREE)
    board.under[table][chosen] = numbers[chosen]


def waiting(removals: Texts, children: pa.Table, column: str, going: Texts) -> Texts:
    """Return which removals have to wait, because a row that refers to them stays in force.

    children: (sourced_id, column) of rows that will be in force. going: those that go tonight as well.
    """
    staying = children.filter(pc.invert(pc.is_in(children.column("sourced_id"), value_set=going)))
    return cast(Texts, removals.filter(pc.is_in(removals, value_set=texts(staying, column))))


def unexplained(gone: pa.Table, references: pa.Table, gone_parents: Mapping[str, Texts]) -> Texts:
    """Return the ids of rows that go though none of these parents goes: the others follow their parent.

    references: columns beside gone. gone_parents: for a column the parents that go tonight too.
    """
    follows = np.zeros(gone.num_rows, dtype=bool)
    for column, parents in gone_parents.items():
        follows |= _flags(pc.is_in(references.column(column), value_set=parents))
    return texts(gone.filter(pa.array(~follows)), "sourced_id")


def _flags(flags: object) -> npt.NDArray[np.bool_]:
    return cast(npt.NDArray[np.bool_], np.asarray(flags, dtype=bool))
