"""What one night's changes are judged by: the board they lie on, and what their rows refer to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from domain.ids import DistrictCode
from domain.model import Op
from domain.tables import RosterTable
from mappings import holding
from mappings.arrow import Texts, texts
from mappings.holding import SCHOOL, Board, Seed
from sisbridge.store import evidence, roster
from sisbridge.store.database import Connection
from sisbridge.sync.context import Stage, coalesce
from sisbridge.sync.roster.usable import usable

_IDS_AT_ONCE = 131_072
_ROWS_AT_ONCE = 524_288


@dataclass
class Judging:
    """One night's changes under judgement; what rows refer to is fetched when it is first asked for.

    last_rows: rows in force by table. told: ids that tonight marks as deleted.
    """

    conn: Connection
    stage: Stage
    board: Board
    last_rows: Mapping[RosterTable, int]
    told: Mapping[RosterTable, Texts]
    seeds: list[Seed] = field(default_factory=list)
    _before: dict[RosterTable, pa.Table] = field(default_factory=dict, repr=False)
    _after: dict[RosterTable, pa.Table] = field(default_factory=dict, repr=False)
    _by_school: dict[RosterTable, Mapping[str, int]] = field(default_factory=dict, repr=False)
    _users: pa.Table | None = field(default=None, repr=False)

    def hold(self, seeds: Sequence[Seed]) -> None:
        """Place seeds on the board, each under its number."""
        for seed in seeds:
            self.board.place(len(self.seeds), seed)
            self.seeds.append(seed)

    def open_ids(self, table: RosterTable, direction: str) -> Texts:
        """Return the ids of the changes of a direction that are neither held nor released."""
        free = self.board.changes[table].filter(
            pa.array((self.board.under[table] == holding.FREE) & ~self.board.is_released(table))
        )
        return holding.of_direction(free, direction)

    def flowing(self, table: RosterTable, *ops: Op) -> Texts:
        """Return the ids of the changes of these kinds that are not held."""
        free = self.board.free(table)
        return texts(free.filter(pc.is_in(free.column("op"), value_set=pa.array(list(ops)))), "sourced_id")

    def in_force(self, table: RosterTable) -> pa.Table:
        """Return, beside the changes of a table, what the rows refer to as they are in force."""
        if table not in self._before:
            changes, columns = self.board.changes[table], _columns(table)
            ids = texts(changes.filter(pc.not_equal(changes.column("op"), Op.ADD.value)), "sourced_id")
            rows = rows_of(self.conn, self.stage.code, table, ["sourced_id", *columns], ids)
            self._before[table] = holding.beside(changes, rows, columns)
        return self._before[table]

    def tonight(self, table: RosterTable) -> pa.Table:
        """Return, beside the changes of a table, what the rows refer to as of tonight."""
        if table not in self._after:
            changes, columns = self.board.changes[table], _columns(table)
            ids = texts(changes.filter(pc.not_equal(changes.column("op"), Op.MISSING.value)), "sourced_id")
            rows = _chosen(self.stage, table, ids, ["sourced_id", *columns])
            self._after[table] = holding.beside(changes, rows, columns)
        return self._after[table]

    def schools(self, table: RosterTable, *, of_adds: bool = True) -> Texts:
        """Return the school of each change of a table: as in force, else as of tonight, "" for none.

        of_adds: whether those of new rows are needed, for which tonight's rows have to be read.
        """
        changes = self.board.changes[table]
        if changes.num_rows == 0 or (table is not RosterTable.USERS and table not in SCHOOL):
            return pa.array([""] * changes.num_rows, pa.string())
        known = self._users_schools() if table is RosterTable.USERS else self.in_force(table)
        column = "school" if table is RosterTable.USERS else SCHOOL[table]
        school = known.column(column)
        if of_adds and table in SCHOOL and pc.any(pc.equal(changes.column("op"), Op.ADD.value)).as_py():
            school = pc.coalesce(school, self.tonight(table).column(column))
        return texts(pa.table({"school": pc.fill_null(school, "")}), "school")

    def rows_by_school(self, table: RosterTable) -> Mapping[str, int]:
        """Return how many rows of a table are in force at each school; a table without schools has none."""
        if table not in self._by_school:
            self._by_school[table] = self._counted(table)
        return self._by_school[table]

    def _counted(self, table: RosterTable) -> Mapping[str, int]:
        if table is RosterTable.USERS:
            return evidence.users_by_school(self.conn, self.stage.code)
        if table not in SCHOOL:
            return {}
        standing = evidence.in_force(self.conn, self.stage.code, table, SCHOOL[table])
        return {school: counted.rows for school, counted in standing.items()}

    def _users_schools(self) -> pa.Table:
        if self._users is None:
            changes = self.board.changes[RosterTable.USERS]
            ids = texts(changes, "sourced_id").to_pylist()
            known = evidence.schools_of_users(self.conn, self.stage.code, ids)
            self._users = holding.beside(changes, known, ["school"])
        return self._users


def rows_of(
    conn: Connection, district: DistrictCode, table: RosterTable, columns: Sequence[str], ids: Texts
) -> pa.Table:
    """Return columns of the rows in force with these ids, asked for some at a time: there may be millions."""
    parts = [
        roster.rows(conn, district, table, columns, {"sourced_id": ids.slice(at, _IDS_AT_ONCE).to_pylist()})
        for at in range(0, max(len(ids), 1), _IDS_AT_ONCE)
    ]
    return pa.concat_tables(parts)


def _chosen(stage: Stage, table: RosterTable, ids: Texts, columns: Sequence[str]) -> pa.Table:
    """Return columns of tonight's usable rows with these ids."""
    return among(usable(stage, table, columns), ids, columns)


def among(batches: Iterable[pa.RecordBatch], ids: Texts, columns: Sequence[str]) -> pa.Table:
    """Return columns, all of text, of the rows with these ids."""
    parts = [
        batch.filter(pc.is_in(batch.column("sourced_id"), value_set=ids)).select(list(columns))
        # The ids are looked through once for all these rows: for few at a time that would take minutes.
        for batch in coalesce(iter(batches), _ROWS_AT_ONCE)
    ]
    schema = pa.schema([(name, pa.string()) for name in columns])
    return pa.Table.from_batches(parts, schema=schema)


def _columns(table: RosterTable) -> list[str]:
    return sorted({*holding.PARENTS[table], *([SCHOOL[table]] if table in SCHOOL else [])})
