"""Notice that a SIS gave everybody new sourcedIds, hold what follows from it, and land the crosswalk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import pyarrow as pa
import pyarrow.compute as pc

from domain.model import Op
from domain.tables import RosterTable
from mappings import crosswalk as pairing
from mappings.arrow import Texts, texts
from mappings.holding import Seed
from mappings.pairs import PAIRS, Crosswalk
from sisbridge.store import rekey as store
from sisbridge.sync.context import Stage, clean_name, raw_name
from sisbridge.sync.holding.judging import among, rows_of
from validation.people import renumbered

KIND = "rekey"
"""The kind of a hold for a re-key."""

SUMMARY = "rekey/summary"
"""Where the counts of a proposed crosswalk lie, beside its pairs."""

_GONE = pa.array([Op.MISSING.value, Op.REMOVE.value])
_LEGACY_COLUMN = "legacysourcedid"
"""How the column ends by which a SIS tells what a user was called before (Infinite Campus: in metadata)."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """How far the rows of one table that are gone were found again under new ids."""

    table: str
    in_force: int
    gone: int
    paired: int
    confidence: float


def pairs_name(table: RosterTable) -> str:
    """Return where the pairs of a table's proposed crosswalk lie."""
    return f"rekey/{table}"


def detect(
    stage: Stage, changes: Mapping[RosterTable, pa.Table], in_force: Mapping[RosterTable, int]
) -> list[Seed]:
    """Return what a re-key holds back, none when there is none; a crosswalk found is landed.

    Held are all rows that are gone from a re-keyed table, and the new rows that they became: nothing is
    removed or added twice while a person decides.
    """
    gone = {table: _ids(found, _GONE) for table, found in changes.items()}
    come = {table: _ids(found, pa.array([Op.ADD.value])) for table, found in changes.items()}
    if not any(_could_be(gone[table], come[table], in_force.get(table, 0)) for table in changes):
        return []
    found = _found(stage, gone, come)
    moved = [t for t, pairs in found.items() if pairing.is_rekey(pairs.num_rows, in_force.get(t, 0))]
    if not moved:
        return []
    told = [_told(table, found, gone, in_force) for table in found]
    _land(stage, found, told)
    return [_seed(told, {t: _held(t, found[t], gone[t], whole=t in moved) for t in found})]


def _found(
    stage: Stage, gone: Mapping[RosterTable, Texts], come: Mapping[RosterTable, Texts]
) -> dict[RosterTable, pa.Table]:
    """Return the crosswalk that tonight proposes, without what a person refused."""
    with stage.house.store.read() as conn:

        def was(table: RosterTable) -> pa.Table:
            return rows_of(conn, stage.code, table, pairing.compared(table), gone[table])

        def becomes(table: RosterTable) -> pa.Table:
            return _tonight(stage, table, come[table])

        proposed = pairing.propose(was, becomes, _legacy(stage, come[RosterTable.USERS]))
        return pairing.without(proposed, store.refused(conn, stage.code))


def _ids(changes: pa.Table, ops: pa.Array) -> Texts:
    return texts(changes.filter(pc.is_in(changes.column("op"), value_set=ops)), "sourced_id")


def _could_be(gone: Texts, come: Texts, in_force: int) -> bool:
    return pairing.is_rekey(min(len(gone), len(come)), in_force)


def _tonight(stage: Stage, table: RosterTable, ids: Texts) -> pa.Table:
    names = pairing.compared(table)
    return among(stage.read(clean_name(table), names), ids, names)


def _legacy(stage: Stage, users: Texts) -> dict[str, str]:
    """Return what the SIS itself says new users were called before: new → old sourcedId."""
    told: dict[str, str] = {}
    for batch in stage.read(raw_name("users")):
        names = {name.lower(): name for name in batch.schema.names}
        column = next((name for low, name in names.items() if low.endswith(_LEGACY_COLUMN)), None)
        if column is None or "sourcedid" not in names:
            continue
        rows = pa.Table.from_batches([batch.select([names["sourcedid"], column])])
        rows = rows.filter(pc.is_in(rows.column(0), value_set=users)).drop_null()
        told.update(zip(rows.column(0).to_pylist(), rows.column(1).to_pylist(), strict=True))
    return told


def _told(
    table: RosterTable,
    found: Crosswalk,
    gone: Mapping[RosterTable, Texts],
    in_force: Mapping[RosterTable, int],
) -> Proposed:
    many = len(gone[table])
    sure = pairing.confidence(found[table], many)
    return Proposed(table.value, in_force.get(table, 0), many, found[table].num_rows, round(sure, 3))


def _held(table: RosterTable, pairs: pa.Table, gone: Texts, *, whole: bool) -> Texts:
    old = gone if whole else texts(pairs, "old_sourced_id")
    return pa.concat_arrays([old, texts(pairs, "new_sourced_id")])


def _land(stage: Stage, found: Crosswalk, told: list[Proposed]) -> None:
    for table, pairs in found.items():
        stage.write(pairs_name(table), iter(pairs.select(PAIRS.names).to_batches()))
    data = json.dumps([asdict(one) for one in told]).encode()
    stage.house.landing.write(stage.code, stage.snapshot, SUMMARY, data)


def _seed(told: list[Proposed], rows: Mapping[RosterTable, Texts]) -> Seed:
    (found,) = renumbered({one.table: (one.paired, one.gone) for one in told})
    return Seed(
        kind=KIND,
        table="",
        school="",
        direction="",
        rule=found.rule,
        message=found.message,
        fix=found.fix,
        rows=rows,
    )
