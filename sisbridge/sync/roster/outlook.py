"""What a compared night comes to, table by table, and what of it waits for a person and why."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from domain.model import Op
from domain.tables import RosterTable
from sisbridge.store import roster
from sisbridge.sync.context import Stage, changes_name, clean_name, seen_name
from sisbridge.sync.holding.withhold import SEEDS, held_name
from sisbridge.sync.roster.changes import ChangedRow, held_back


@dataclass(frozen=True, slots=True)
class TableOutlook:
    """One table's rows of a night. flowing: its changes that nothing holds, by op; held: those that wait."""

    table: RosterTable
    clean: int
    quarantined: int
    in_force: int
    flowing: Mapping[str, int]
    held: int

    @property
    def would_be(self) -> int:
        """Return how many rows are in force once what flows is applied."""
        return self.in_force + self.flowing.get(Op.ADD, 0) - self.flowing.get(Op.REMOVE, 0)


@dataclass(frozen=True, slots=True)
class Withheld:
    """One reason to hold, and how many changes it holds. table, school, direction: "" for all of them."""

    rows: int
    table: str
    school: str
    direction: str
    rule: str
    message: str
    fix: str


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a night comes to against the roster in force. held_rows: the first that wait, masked."""

    tables: tuple[TableOutlook, ...]
    withheld: tuple[Withheld, ...]
    held_rows: tuple[ChangedRow, ...]


def outlook(stage: Stage, most: int) -> Outlook:
    """Return what a night comes to that was compared and not applied yet; at most so many held rows."""
    with stage.house.store.read() as conn:
        in_force = roster.count(conn, stage.code)
    tables = (
        TableOutlook(
            table,
            *judged(stage, table),
            in_force[table],
            dict(_by(stage, changes_name(table), "op")),
            _rows(stage, held_name(table)),
        )
        for table in RosterTable
    )
    return Outlook(tuple(tables), _withheld(stage), tuple(held_back(stage, most)))


def judged(stage: Stage, table: RosterTable) -> tuple[int, int]:
    """Return how many rows of a table a night found usable, and how many it quarantined."""
    return _rows(stage, clean_name(table)), _rows(stage, seen_name(table))


def _withheld(stage: Stage) -> tuple[Withheld, ...]:
    """Return why changes wait, the reason that holds most first."""
    seeds = json.loads(stage.house.landing.read(stage.code, stage.snapshot, SEEDS))
    rows: Counter[str] = Counter()
    for table in RosterTable:
        rows += _by(stage, held_name(table), "seed")
    names = ("table", "school", "direction", "rule", "message", "fix")
    return tuple(
        Withheld(count, *(seeds[int(number)][name] or "" for name in names))
        for number, count in rows.most_common()
    )


def _rows(stage: Stage, name: str) -> int:
    return sum(batch.num_rows for batch in stage.read(name, ["sourced_id"]))


def _by(stage: Stage, name: str, column: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for batch in stage.read(name, [column]):
        found.update(map(str, batch.column(column).to_pylist()))
    return found
