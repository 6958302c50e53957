"""Compare tonight's clean roster with the roster of record and land the changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pyarrow as pa
import pyarrow.compute as pc

from domain.ahead import one_ahead
from domain.errors import ContractBroken
from domain.failpoints import failpoint
from domain.model import Mode, RosterSnapshot
from domain.tables import PLACE, RosterTable
from mappings import compare as comparing
from mappings import holding
from sisbridge.store import findings, roster, snapshots
from sisbridge.sync.context import BATCH_ROWS, Stage, canonical_name, changes_name, clean_name
from sisbridge.sync.holding.holds import absences
from sisbridge.sync.holding.withhold import Detector, withhold
from sisbridge.sync.identity import recycled, rekey
from sisbridge.sync.roster import against
from sisbridge.sync.roster.keys import TonightKeys, tonight_keys
from sisbridge.sync.roster.seen import seen
from sisbridge.sync.roster.usable import carry
from sisbridge.sync.roster.windows import hours_apart

DETECTORS: tuple[Detector, ...] = (rekey.detect,)
"""What looks for a reason of its own to hold changes, before the thresholds count them."""

_NO_IDS = pa.array([], pa.string())


def compare(stage: Stage) -> dict[str, int]:
    """Land what changed in every table, parted into what flows and what is held; return how many there are.

    Raises ContractBroken PG09 for a snapshot that was not read to its end: nothing can be said from it.
    """
    with stage.house.store.read() as conn:
        snapshot = snapshots.load(conn, stage.code, stage.snapshot)
    _require_complete(snapshot)
    against.note(stage)
    moves: dict[RosterTable, Counter[str]] = {}
    told: dict[RosterTable, pa.Array] = {}
    last_rows: dict[RosterTable, int] = {}
    # The database goes through one table while another is compared here.
    in_force = one_ahead(_in_force(stage))
    for table in RosterTable:
        carry(stage, table, snapshot.mode)
        tonight = tonight_keys(stage, table, snapshot.mode)
        last, absent = next(in_force)
        changes, told[table] = _changes(stage, snapshot, tonight, last, absent)
        moves[table], last_rows[table] = _land(stage, table, changes), last.num_rows
    found, counts = withhold(stage, moves, last_rows, told, recycled.detect(stage), DETECTORS)
    if found:
        with stage.house.store.begin("held") as conn:
            findings.record_findings(conn, stage.code, stage.run_id, found)
    stage.write_findings("compare", found)
    failpoint("compare:landed")
    return {"changes": sum(rows for of_table in moves.values() for rows in of_table.values()), **counts}


def _require_complete(snapshot: RosterSnapshot) -> None:
    if not snapshot.complete:
        raise ContractBroken(
            "PG09",
            f"The snapshot of district {snapshot.district} was not read to its end: {snapshot.reason}",
            fix="Run the district's sync again; the last good roster stays in force until then.",
        )


def _in_force(stage: Stage) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Yield the keys in force of each table, and when each row was first seen to be absent."""
    for table in RosterTable:
        with stage.house.store.read() as conn:
            found = roster.keys(conn, stage.code, table), absences(conn, stage.code, table)
        yield found


def _changes(
    stage: Stage, snapshot: RosterSnapshot, tonight: TonightKeys, last: pa.Table, absent: pa.Table
) -> tuple[Iterator[pa.Table], pa.Array]:
    """Return a table's changes with no removal that lacks its evidence, a range of ids after another; and the
    ids marked as deleted.
    """
    table = tonight.table
    held = seen(stage, snapshot.version, table, tonight.parts())
    if table is RosterTable.ROLES and snapshot.mode is Mode.DELTA:
        tonight = tonight.joined_by(_unlisted_roles(stage, snapshot.version, tonight, held))
    apart = timedelta(hours=hours_apart(stage.district))
    ripe = comparing.ripe(absent, snapshot.as_of, stage.night_on, apart)

    def by_range() -> Iterator[pa.Table]:
        for ids in tonight.ranges:
            told, sides = ids.among(tonight.told), (ids.of(last), tonight.within(ids))
            for part in comparing.compare_by_range(table, *sides, ids.among(held), snapshot.mode):
                yield comparing.proven(part, told, ripe)

    return by_range(), tonight.told


def _land(stage: Stage, table: RosterTable, changes: Iterator[pa.Table]) -> Counter[str]:
    """Land a table's changes as they come, and return how many there are of each direction."""
    moves: Counter[str] = Counter()

    def counted() -> Iterator[pa.RecordBatch]:
        for part in changes:
            moves.update(_moves(part))
            yield from part.to_batches(max_chunksize=BATCH_ROWS)

    stage.write(changes_name(table), counted())
    return moves


def _unlisted_roles(stage: Stage, version: str, tonight: TonightKeys, held: pa.Array) -> pa.Table:
    """Return the roles to remove because their user's row of tonight, which carries them all, lacks them."""
    users = _users_with_roles(stage, version)
    columns, whose = ["sourced_id", "digest", "user_sourced_id"], {"user_sourced_id": users.to_pylist()}
    with stage.house.store.read() as conn:
        last = roster.rows(conn, stage.code, RosterTable.ROLES, columns, whose)
    listed = pa.chunked_array([held, *(one for part in tonight.parts() for one in part.column(0).chunks)])
    return comparing.unlisted(last, users, listed)


def _users_with_roles(stage: Stage, version: str) -> pa.Array:
    """Return the usable users whose rows carried their roles: all but those of a 1.2 users.csv."""
    carrying = [
        batch.filter(pc.or_(version == "1.1", pc.starts_with(batch.column(PLACE), "/"))).column("sourced_id")
        for batch in stage.read(canonical_name(RosterTable.USERS), ["sourced_id", PLACE])
    ]
    clean = [
        batch.column("sourced_id") for batch in stage.read(clean_name(RosterTable.USERS), ["sourced_id"])
    ]
    ids = pa.concat_arrays([*carrying, _NO_IDS])
    return ids.filter(pc.is_in(ids, value_set=pa.concat_arrays([*clean, _NO_IDS])))


def _moves(changes: pa.Table) -> dict[str, int]:
    counts = pc.value_counts(holding.directions(changes)).to_pylist()
    return {entry["values"]: entry["counts"] for entry in counts}
