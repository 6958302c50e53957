"""Hold back what is too much for one night, what is in flight, and what depends on either.

The changes of every table lie in the landing zone. What may flow is left there with, where a person
released it, that person's name; what is held is laid beside it with the reason.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from domain.model import Decision, Finding, Severity
from domain.tables import RosterTable
from mappings import holding
from mappings.arrow import Texts, texts
from mappings.compare import CHANGES
from mappings.holding import ADD, REMOVE, UPDATE, Board, Seed
from sisbridge.store import holds
from sisbridge.sync.context import Stage, changes_name, coalesce
from sisbridge.sync.holding import reasons
from sisbridge.sync.holding.judging import Judging
from sisbridge.sync.holding.reasons import KINDS
from sisbridge.sync.roster.edits import last_edit
from sisbridge.sync.roster.windows import thresholds_of
from validation.guards import Limits

_BESIDE = pa.schema([("school", pa.string()), ("decided_by", pa.string())])
"""Beside each change that is to be applied: whose it is, and who released it (null: nobody had to)."""

HELD = pa.schema([*CHANGES, pa.field("school", pa.string()), pa.field("seed", pa.int32())])
"""A change that waits, and the number of its seed."""

SEEDS = "holds"
"""Where tonight's reasons to hold lie."""

Moves = Mapping[RosterTable, Mapping[str, int]]
"""How many changes of each direction each table has tonight."""

Detector = Callable[[Stage, Mapping[RosterTable, pa.Table], Mapping[RosterTable, int]], list[Seed]]
"""Looks at tonight's changes (mappings.compare.CHANGES) beside how many rows of each table are in force, and
returns what is to be held for its own reason.
"""


def held_name(table: RosterTable) -> str:
    """Return where a table's held changes lie."""
    return f"held/{table}"


def flow(stage: Stage, table: RosterTable, rows: int) -> Iterator[pa.Table]:
    """Yield the changes of a table that are to be applied, by their ids in order, about so many at a time.

    Columns: CHANGES, school and decided_by. decided_by: who released the change, null where nobody had to.
    school: null where nothing asked for it.
    """
    beside, start = pa.Table.from_batches(stage.read(_beside_name(table)), schema=_BESIDE), 0
    for batch in coalesce(stage.read(changes_name(table)), rows):
        changes, here = pa.Table.from_batches([batch]), beside.slice(start, batch.num_rows)
        start += batch.num_rows
        for name in _BESIDE.names:
            # Where nothing could be held, nothing lies beside the changes.
            told = here.column(name) if beside.num_rows else pa.nulls(batch.num_rows, pa.string())
            changes = changes.append_column(name, told)
        yield changes


def _beside_name(table: RosterTable) -> str:
    return f"beside/{table}"


def withhold(
    stage: Stage,
    moves: Moves,
    last_rows: Mapping[RosterTable, int],
    told: Mapping[RosterTable, Texts],
    doubts: Sequence[Seed] = (),
    detectors: Sequence[Detector] = (),
) -> tuple[list[Finding], dict[str, int]]:
    """Part the landed changes into what flows and what is held; return the findings and the counts.

    last_rows: rows in force by table. told: ids that tonight marks as deleted. doubts: what is to be held
    whatever else there is. counts: held (waits for a person), refused (a person keeps it as it was), waiting
    (goes when what refers to it goes). Raises StopDistrict CF36 or CF82 for settings that are not understood.
    """
    with stage.house.store.read() as conn:
        stored = holds.held(conn, stage.code)
        if stored.num_rows == 0 and not doubts and not _worth_a_look(stage, moves, last_rows, told):
            _land_nothing(stage)
            return [], {"held": 0, "refused": 0, "waiting": 0}
        night = Judging(conn, stage, _board(stage, stored), last_rows, told)
        _judge(night, stored, doubts, detectors)
        _name_edit(night)
        for table in RosterTable:
            _land(night, table, stored)
    _land_seeds(stage, night.seeds)
    sizes = _sizes(night)
    return _findings(night, sizes), _counts(night, sizes)


def _worth_a_look(
    stage: Stage,
    moves: Moves,
    last_rows: Mapping[RosterTable, int],
    told: Mapping[RosterTable, Texts],
) -> bool:
    """Return whether anything could be held at all: something goes, or more moves than the floor allows."""
    if any(directions.get(REMOVE) for directions in moves.values()):
        return True
    if any(map(len, told.values())) and any(map(any, (one.values() for one in moves.values()))):
        return True
    thresholds = thresholds_of(stage)
    return any(
        last_rows.get(table, 0) and rows > Limits.of(thresholds, table).allowed(direction, 0)
        for table, directions in moves.items()
        for direction, rows in directions.items()
    )


def _board(stage: Stage, stored: pa.Table) -> Board:
    changes = {
        table: pa.Table.from_batches(stage.read(changes_name(table)), schema=CHANGES) for table in RosterTable
    }
    released = {t: reasons.decided(changes[t], stored, t, Decision.APPLY) for t in RosterTable}
    return Board(changes, released)


def _judge(night: Judging, stored: pa.Table, doubts: Sequence[Seed], detectors: Sequence[Detector]) -> None:
    """Find every reason to hold, the strongest first, then what depends on what is held."""
    night.hold(reasons.refused(night, stored))
    night.hold(doubts)
    for detector in detectors:
        changes = {table: night.board.free(table) for table in RosterTable}
        night.hold(detector(night.stage, changes, night.last_rows))
    night.hold(reasons.strangers(night))
    night.hold(reasons.in_flight(night))
    for table in RosterTable:
        for direction in (REMOVE, UPDATE, ADD):
            night.hold(reasons.too_many(night, table, direction))
    night.hold(reasons.vanished(night))
    for table in RosterTable:
        night.hold(reasons.orphans(night, table))
    _spread(night)
    for parent in reversed(RosterTable):
        night.hold(reasons.referred_to(night, parent))


def _spread(night: Judging) -> None:
    """Hold what depends on held rows; references are fetched only where they can matter."""
    words = {
        word
        for table in RosterTable
        for word in pc.unique(holding.directions(night.board.held(table))).to_pylist()
    }
    tables = [table for table in holding.PARENTS if night.board.changes[table].num_rows]
    before = {table: night.in_force(table) for table in tables if REMOVE in words}
    after = {table: night.tonight(table) for table in tables if ADD in words}
    holding.spread(night.board, before, after)


def _name_edit(night: Judging) -> None:
    """Say with what is held for being too much that the mapping was edited: that may be why."""
    edit = last_edit(night.conn, night.stage.code, night.stage.night_on, night.stage.snapshot)
    if edit is not None:
        said = f" The mapping was edited ({edit})."
        night.seeds = [
            replace(seed, message=seed.message + said) if seed.kind in KINDS.values() else seed
            for seed in night.seeds
        ]


def _land(night: Judging, table: RosterTable, stored: pa.Table) -> None:
    board = night.board
    is_free = pa.array(board.under[table] == holding.FREE)
    held = board.held(table)
    schools = night.schools(table, of_adds=len(holding.of_direction(held, ADD)) > 0)
    released_by = _released_by(board, table, stored).filter(is_free)
    beside = pa.table([schools.filter(is_free), released_by], schema=_BESIDE)
    held = held.append_column("school", schools.filter(pc.invert(is_free)))
    night.stage.write(changes_name(table), iter(board.free(table).to_batches()))
    night.stage.write(_beside_name(table), iter(beside.to_batches()))
    night.stage.write(held_name(table), iter(held.select(HELD.names).cast(HELD).to_batches()))


def _released_by(board: Board, table: RosterTable, stored: pa.Table) -> Texts:
    """Return who released each change of a table, null where nobody did."""
    mine = stored.filter(pc.equal(stored.column("roster_table"), table.value))
    ids = texts(board.changes[table], "sourced_id")
    actors = texts(mine, "decided_by").take(pc.index_in(ids, value_set=texts(mine, "sourced_id")))
    return pc.if_else(pa.array(board.is_released(table)), actors, pa.scalar(None, pa.string()))


def _land_nothing(stage: Stage) -> None:
    for table in RosterTable:
        stage.write(held_name(table), iter(()))
        stage.write(_beside_name(table), iter(()))
    _land_seeds(stage, [])


def _land_seeds(stage: Stage, seeds: Sequence[Seed]) -> None:
    names = ("kind", "table", "school", "direction", "rule", "message", "fix", "decision")
    said = [{name: getattr(seed, name) for name in names} for seed in seeds]
    stage.house.landing.write(stage.code, stage.snapshot, SEEDS, json.dumps(said).encode())


def _sizes(night: Judging) -> dict[int, int]:
    """Return how many changes each seed holds."""
    every = np.concatenate(list(night.board.under.values()))
    numbers, counts = np.unique(every[every != holding.FREE], return_counts=True)
    return dict(zip(numbers.tolist(), counts.tolist(), strict=True))


def _findings(night: Judging, sizes: Mapping[int, int]) -> list[Finding]:
    """Return a finding for each reason that holds something; its case stands under the school."""
    return [
        Finding(
            rule=seed.rule,
            severity=Severity.HOLD_ROW,
            table=seed.table,
            field="",
            place="",
            key="",
            masked="",
            message=seed.message,
            fix=seed.fix,
            group=seed.school,
        )
        for number, seed in enumerate(night.seeds)
        if number in sizes
    ]


def _counts(night: Judging, sizes: Mapping[int, int]) -> dict[str, int]:
    counts = Counter({"held": 0, "refused": 0, "waiting": 0})
    for number, rows in sizes.items():
        seed = night.seeds[number]
        refused = "refused" if seed.decision == Decision.DISCARD else "held"
        counts["waiting" if seed.kind == "waiting" else refused] += rows
    return dict(counts)
