"""Count each night what the SIS has and what is in force, by table and school, and why they differ."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from domain.ids import DistrictCode, RunId
from domain.model import Mode, Op, RosterSnapshot
from domain.tables import RosterTable
from mappings import holding, tally
from mappings.arrow import texts
from mappings.holding import ADD, REMOVE, SCHOOL, UPDATE
from mappings.tally import Tally
from sisbridge.house import House
from sisbridge.store import drift as store
from sisbridge.store import evidence, roster, runs
from sisbridge.store.database import Connection
from sisbridge.store.runs import Run
from sisbridge.sync.context import Stage, seen_name
from sisbridge.sync.holding.withhold import HELD, held_name
from sisbridge.sync.roster.seen import meant
from sisbridge.sync.roster.told import LEFT_OUT, TOLD, told_rows
from sisbridge.sync.roster.unsettled import unsettled
from sisbridge.sync.roster.usable import usable


@dataclass(frozen=True, slots=True)
class Line:
    """One table of one school: what the SIS has, what is in force, the reasons between, and what is left."""

    table: str
    school: str
    in_the_sis: int
    in_force: int
    reasons: Mapping[str, int]
    unexplained: int


def counted(stage: Stage, table: RosterTable) -> Iterator[pa.RecordBatch]:
    """Yield the keys of a table's usable rows, and leave behind how many of them each school has."""
    rows: Counter[str] = Counter()
    columns = ["sourced_id", "digest", "status", *_school_column(table)]
    for batch in usable(stage, table, columns):
        live = pc.not_equal(batch.column("status"), "tobedeleted")
        for one in pc.value_counts(tally.school_of(table, batch).filter(live)).to_pylist():
            rows[one["values"] or ""] += one["counts"]
        yield batch
    stage.house.landing.write(stage.code, stage.snapshot, f"counted/{table}", json.dumps(rows).encode())


def record(conn: Connection, stage: Stage, snapshot: RosterSnapshot) -> int:
    """Keep tonight's counts, after the night was applied; return how many rows nothing explains.

    A delta says nothing of the rows it leaves out: what the SIS has of them is concluded from what is in
    force and why, and only what the delta brought is looked at.
    """
    is_whole = snapshot.mode is Mode.BULK
    tables = {table: _tally(conn, stage, table, is_whole=is_whole) for table in RosterTable}
    rows = {
        (table.value, school, reason): count
        for table, found in tables.items()
        for (reason, school), count in found.rows.items()
        if count
    }
    _, before = store.last(conn, stage.code)
    store.save(conn, stage.code, stage.run_id, {**rows, **told_rows(snapshot, rows, before)})
    if not is_whole:
        return unsettled(conn, stage)
    return sum(abs(left) for found in tables.values() for left in tally.unexplained(found.rows).values())


def last_drift(house: House, district: DistrictCode) -> tuple[RunId | None, list[Line]]:
    """Return the newest run that counted and its lines, by table and school.

    Raises StopDistrict when the district is not known.
    """
    known = house.district(district)
    with house.store.read() as conn:
        run_id, kept = store.last(conn, known.code)
    rows = {key: count for key, count in kept.items() if key[2] not in (TOLD, LEFT_OUT)}
    keys = {(table, school) for table, school, _ in rows}
    order = [table.value for table in RosterTable]
    return run_id, [_line(*one, rows) for one in sorted(keys, key=lambda key: (order.index(key[0]), key[1]))]


def run_of(house: House, district: DistrictCode, run_id: RunId) -> Run:
    """Return a run: its night, and its numbers by name as they are told after it."""
    with house.store.read() as conn:
        return runs.get(conn, district, run_id)


def _line(table: str, school: str, rows: store.Rows) -> Line:
    mine = {reason: count for (one, at, reason), count in rows.items() if (one, at) == (table, school)}
    left = tally.unexplained({(reason, school): count for reason, count in mine.items()})
    in_the_sis, in_force = mine.pop(tally.IN_THE_SIS, 0), mine.pop(tally.IN_FORCE, 0)
    reasons = {reason: tally.EXPLAINS[reason] * count for reason, count in sorted(mine.items())}
    return Line(table, school, in_the_sis, in_force, reasons, left.get(school, 0))


def _tally(conn: Connection, stage: Stage, table: RosterTable, *, is_whole: bool) -> Tally:
    found = Tally()
    if is_whole:
        clean = json.loads(stage.house.landing.read(stage.code, stage.snapshot, f"counted/{table}"))
        found.put(tally.IN_THE_SIS, clean)
    _add_seen(conn, stage, table, found)
    _add_held(conn, stage, table, found)
    standing = evidence.in_force(conn, stage.code, table, SCHOOL.get(table))
    found.put(tally.MISSING, {school: counted.missing for school, counted in standing.items()})
    found.put(tally.IN_FORCE, {school: counted.rows for school, counted in standing.items()})
    if not is_whole:
        found.put(tally.IN_THE_SIS, tally.unexplained(found.rows))
    return found


def _add_seen(conn: Connection, stage: Stage, table: RosterTable, found: Tally) -> None:
    """Count quarantined rows, each id once: at the school the feed says, and where they stand in force."""
    seen: dict[str, str] = {}
    for batch in stage.read(seen_name(table)):
        for one in batch.select(["sourced_id", "school"]).to_pylist():
            seen.setdefault(one["sourced_id"] or "", one["school"] or "")
    kept = [*seen, *meant(stage, table).to_pylist()]
    if not kept:
        return
    # In a row whose columns are out of place a name may stand where its school should.
    orgs = texts(roster.rows(conn, stage.code, RosterTable.ORGS, ["sourced_id"]), "sourced_id")
    named = pa.array(list(seen.values()), pa.string())
    schools = pc.if_else(pc.is_in(named, value_set=orgs), named, "")
    found.add(tally.IN_THE_SIS, schools)
    found.add(tally.QUARANTINED, schools)
    found.add(tally.KEPT, _in_force(conn, stage, table, kept))


def _add_held(conn: Connection, stage: Stage, table: RosterTable, found: Tally) -> None:
    """Count held changes: adds at tonight's school, removals where they stand if not counted as missing."""
    held = pa.Table.from_batches(stage.read(held_name(table)), schema=HELD)
    if held.num_rows == 0:
        return
    ids = {word: holding.of_direction(held, word) for word in (ADD, UPDATE, REMOVE)}
    missing = texts(evidence.absences(conn, stage.code, table), "sourced_id")
    gone = ids[REMOVE].filter(pc.invert(pc.is_in(ids[REMOVE], value_set=missing)))
    found.add(tally.HELD_REMOVALS, _in_force(conn, stage, table, gone.to_pylist()))
    found.add(tally.HELD_ADDS, _tonight(stage, table, ids[ADD]))
    # A row that is held from returning stays marked as missing, though the SIS has it.
    back = texts(held.filter(pc.equal(held.column("op"), Op.RETURN.value)), "sourced_id")
    found.add(tally.MISSING, _in_force(conn, stage, table, back.to_pylist()), sign=-1)
    if table in SCHOOL:
        found.add(tally.MOVES, _in_force(conn, stage, table, ids[UPDATE].to_pylist()))
        found.add(tally.MOVES, _tonight(stage, table, ids[UPDATE]), sign=-1)


def _in_force(conn: Connection, stage: Stage, table: RosterTable, ids: list[str]) -> pa.Array:
    """Return the schools of these rows as they are in force, "" for each row of a table without schools."""
    column = SCHOOL.get(table, "sourced_id")
    rows = roster.rows(conn, stage.code, table, [column], {"sourced_id": ids})
    return texts(rows, column) if table in SCHOOL else pa.array([""] * rows.num_rows, pa.string())


def _school_column(table: RosterTable) -> list[str]:
    return [SCHOOL[table]] if table in SCHOOL else []


def _tonight(stage: Stage, table: RosterTable, ids: pa.Array) -> pa.Array:
    columns = ["sourced_id", *_school_column(table)]
    parts = [
        tally.school_of(table, batch).filter(pc.is_in(batch.column("sourced_id"), value_set=ids))
        for batch in (usable(stage, table, columns) if len(ids) else ())
    ]
    return pa.concat_arrays([*parts, pa.array([], pa.string())])
