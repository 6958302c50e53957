"""Keep what tonight holds: written in the transaction that applies the rest of the night."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from domain.ids import DistrictCode
from domain.model import Decision, Mode, RosterSnapshot
from domain.tables import ROSTER, RosterTable
from mappings import holding
from mappings.arrow import Texts, texts
from sisbridge.store import cases, evidence, holds
from sisbridge.store.database import Connection
from sisbridge.store.holds import Chosen, Hold, HoldState
from sisbridge.sync.context import Stage, seen_name
from sisbridge.sync.holding.withhold import HELD, SEEDS, held_name
from sisbridge.sync.roster.usable import usable

_RULES = frozenset(("SZ10", "SZ11", "SZ12", "SZ13", "SZ14", "SZ15", "SZ16", "SZ30", "RF11", "RF12", "ID25"))
"""What only a hold is a case for."""


def settle(conn: Connection, stage: Stage, snapshot: RosterSnapshot) -> None:
    """Bring the district's holds to what tonight holds, after the rest was applied.

    A hold seen again goes on under its number, and its changes keep the night they were first seen. What
    tonight's snapshot no longer asks for is let go of; of what a delta does not mention nothing is known,
    and it stays. What a person decided stays with the change for as long as it is asked for.
    """
    numbers = _save_holds(conn, stage)
    for table in RosterTable:
        stored = holds.held(conn, stage.code, Chosen(table=table))
        tonight = pa.Table.from_batches(stage.read(held_name(table)), schema=HELD)
        if stored.num_rows or tonight.num_rows:
            _settle_table(
                conn, stage, snapshot, table, stored, _as_held(stage, snapshot, table, tonight, numbers)
            )
    holds.bring_up_to_date(conn, stage.code, stage.night_on)


def waits_for_a_person(conn: Connection, district: DistrictCode, table: RosterTable | None = None) -> bool:
    """Return whether a change, of one table or any, is held and nobody has decided on it."""
    found = holds.held(conn, district, Chosen(table=table.value if table else None))
    return bool(pc.any(pc.equal(found.column("decision"), Decision.HOLD.value)).as_py())


def close_cases(conn: Connection, district: DistrictCode, night_on: date) -> None:
    """Close the cases of holds that stand no more, or that a person has decided on since they were opened.

    After a delta: it is silent of what waits, so that a case cannot close for not being seen in it.
    """
    standing = holds.holds(conn, district, HoldState.OPEN, HoldState.DECIDED)
    waits = {(one.table, one.school) for one in standing if one.state is HoldState.OPEN}
    decided = {(one.rule, one.table, one.school) for one in standing}
    moot = [
        one.case_id
        for one in cases.open_cases(conn, district)
        if one.rule in _RULES
        and (one.table, one.group) not in waits
        and (one.rule, one.table, one.group) not in decided
    ]
    cases.close(conn, district, night_on, moot)


def absences(conn: Connection, district: DistrictCode, table: RosterTable) -> pa.Table:
    """Return when each row was first seen to be absent, as `evidence.ABSENCES`: marked as such, or held."""
    stored = holds.held(conn, district, Chosen(table=table.value))
    stored = stored.filter(pc.equal(holding.directions(stored), holding.REMOVE))
    first = stored.select(["sourced_id", "first_held_on", "first_as_of"])
    marked = evidence.absences(conn, district, table)
    return pa.concat_tables([marked, first.rename_columns(evidence.ABSENCES.names).cast(evidence.ABSENCES)])


def _save_holds(conn: Connection, stage: Stage) -> list[tuple[int, str]]:
    """Save the hold of each of tonight's seeds that holds something; return its number and decision."""
    seeds = json.loads(stage.house.landing.read(stage.code, stage.snapshot, SEEDS))
    rows = _rows_held(stage)
    of_hold: Counter[tuple[str, str, str, str]] = Counter()
    for place, seed in enumerate(seeds):
        of_hold[_key(seed)] += rows.get(place, 0)
    known = {
        (one.kind, one.table, one.school, one.direction): one
        for one in holds.holds(conn, stage.code, HoldState.OPEN, HoldState.DECIDED)
    }
    numbers = []
    for place, seed in enumerate(seeds):
        key = _key(seed)
        number = _save(conn, stage, seed, of_hold[key], known.get(key)) if rows.get(place) else 0
        numbers.append((number, seed["decision"]))
    return numbers


def _key(seed: dict[str, str]) -> tuple[str, str, str, str]:
    """Return what makes a hold the same on another night; what was refused and what is new may share one."""
    return seed["kind"], seed["table"], seed["school"], seed["direction"]


def _rows_held(stage: Stage) -> dict[int, int]:
    rows: dict[int, int] = {}
    for table in RosterTable:
        for batch in stage.read(held_name(table)):
            for one in pc.value_counts(batch.column("seed")).to_pylist():
                rows[one["values"]] = rows.get(one["values"], 0) + one["counts"]
    return rows


def _save(conn: Connection, stage: Stage, seed: dict[str, str], rows: int, known: Hold | None) -> int:
    return holds.save(
        conn,
        Hold(
            district=stage.code,
            hold_id=known.hold_id if known else 0,
            kind=seed["kind"],
            table=seed["table"],
            school=seed["school"],
            direction=seed["direction"],
            state=HoldState.OPEN,
            rule=seed["rule"],
            message=seed["message"],
            fix=seed["fix"],
            rows=rows,
            opened_on=known.opened_on if known else stage.night_on,
            last_seen_on=stage.night_on,
            decided_by=known.decided_by if known else None,
            decided_at=known.decided_at if known else None,
        ),
    )


def _as_held(
    stage: Stage,
    snapshot: RosterSnapshot,
    table: RosterTable,
    tonight: pa.Table,
    numbers: list[tuple[int, str]],
) -> pa.Table:
    """Return tonight's held changes of a table as the store keeps them, first seen tonight."""
    count = tonight.num_rows
    seeds = tonight.column("seed").to_pylist()
    return pa.table(
        {
            "hold_id": pa.array([numbers[seed][0] for seed in seeds], pa.int64()),
            "roster_table": pa.repeat(table.value, count),
            **{name: tonight.column(name) for name in ("sourced_id", "op", "school")},
            **{name: tonight.column(name) for name in ("before_digest", "after_digest")},
            "first_held_on": pa.repeat(pa.scalar(stage.night_on, pa.date32()), count),
            "first_as_of": pa.repeat(pa.scalar(snapshot.as_of, holds.HELD.field("first_as_of").type), count),
            "decision": pa.array([numbers[seed][1] for seed in seeds], pa.string()),
            "decided_by": pa.nulls(count, pa.string()),
        }
    ).cast(holds.HELD)


def _settle_table(
    conn: Connection,
    stage: Stage,
    snapshot: RosterSnapshot,
    table: RosterTable,
    stored: pa.Table,
    tonight: pa.Table,
) -> None:
    kept = pa.concat_tables(
        [_renewed(tonight, stored), _still_open(conn, stage, snapshot, table, stored, tonight)]
    )
    rows = _rows(conn, stage, table, texts(kept, "sourced_id"))
    holds.drop(conn, stage.code, table)
    holds.keep(conn, stage.house.keyring, stage.code, table, kept, rows)


def _renewed(tonight: pa.Table, stored: pa.Table) -> pa.Table:
    """Return tonight's held changes with what is remembered of them: since when, and what was decided.

    A decision holds for the direction it was taken in; a refusal only for the content it was taken on.
    """
    at = pc.index_in(texts(tonight, "sourced_id"), value_set=texts(stored, "sourced_id"))
    before = stored.take(at)
    same = pc.fill_null(pc.equal(holding.directions(tonight), holding.directions(before)), fill_value=False)
    equal = pc.fill_null(
        pc.equal(tonight.column("after_digest"), before.column("after_digest")), fill_value=False
    )
    both_none = pc.and_(pc.is_null(tonight.column("after_digest")), pc.is_null(before.column("after_digest")))
    refused = pc.equal(before.column("decision"), Decision.DISCARD.value)
    stands = pc.and_(
        same, pc.or_(pc.invert(pc.fill_null(refused, fill_value=False)), pc.or_(equal, both_none))
    )
    for name, holds_on in (
        ("first_held_on", same), ("first_as_of", same), ("decision", stands), ("decided_by", stands),
    ):  # fmt: skip
        place = tonight.schema.get_field_index(name)
        value = pc.if_else(holds_on, before.column(name), tonight.column(name))
        tonight = tonight.set_column(place, name, value)
    return tonight.cast(holds.HELD)


def _still_open(
    conn: Connection,
    stage: Stage,
    snapshot: RosterSnapshot,
    table: RosterTable,
    stored: pa.Table,
    tonight: pa.Table,
) -> pa.Table:
    """Return the stored changes that go on though tonight does not hold them.

    Those a delta does not mention; and a released removal whose row is marked as missing, until the second
    night has seen it.
    """
    rest = stored.filter(
        pc.invert(pc.is_in(stored.column("sourced_id"), value_set=texts(tonight, "sourced_id")))
    )
    released = pc.and_(
        pc.equal(rest.column("decision"), Decision.APPLY.value),
        pc.equal(holding.directions(rest), holding.REMOVE),
    )
    missing = texts(evidence.absences(conn, stage.code, table), "sourced_id")
    keeps = pc.and_(released, pc.is_in(rest.column("sourced_id"), value_set=missing))
    if snapshot.mode is Mode.DELTA:
        keeps = pc.or_(
            keeps, pc.invert(pc.is_in(rest.column("sourced_id"), value_set=_mentioned(stage, table)))
        )
    return rest.filter(keeps)


def _mentioned(stage: Stage, table: RosterTable) -> Texts:
    parts = [batch.column("sourced_id") for batch in usable(stage, table, ["sourced_id"])]
    parts += [batch.column("sourced_id") for batch in stage.read(seen_name(table))]
    return pa.concat_arrays([*parts, pa.array([], pa.string())])


def _rows(conn: Connection, stage: Stage, table: RosterTable, ids: Texts) -> pa.Table:
    """Return the rows that held changes would bring: tonight's, else those kept before."""
    names = list(ROSTER[table].names)
    schema = pa.schema([(name, pa.string()) for name in names])
    if len(ids) == 0:
        return schema.empty_table()
    parts = [
        batch.filter(pc.is_in(batch.column("sourced_id"), value_set=ids)).select(names)
        for batch in usable(stage, table)
    ]
    fresh = pa.Table.from_batches(parts, schema=schema)
    kept = holds.rows(conn, stage.house.keyring, stage.code, table)
    old = pc.and_(
        pc.is_in(kept.column("sourced_id"), value_set=ids),
        pc.invert(pc.is_in(kept.column("sourced_id"), value_set=texts(fresh, "sourced_id"))),
    )
    return pa.concat_tables([fresh, kept.filter(old)])
