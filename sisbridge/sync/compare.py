"""Compare tonight's clean roster with the roster of record and land the changes."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from domain.errors import StopDistrict
from domain.failpoints import failpoint
from domain.model import Finding, Mode, Op, RosterSnapshot
from domain.tables import PLACE, RosterTable
from mappings import compare as comparing
from sisbridge.store import findings, roster, snapshots
from sisbridge.sync.context import Stage, canonical_name, changes_name, clean_name, seen_name
from validation import guards

_NO_IDS = pa.array([], pa.string())


def compare(stage: Stage) -> dict[str, int]:
    """Land the changes of every table; return how many there are.

    Raises StopDistrict when a mass change holds the feed (validation.guards); the finding is
    recorded by then and the last good roster stays in force.
    """
    with stage.house.store.read() as conn:
        snapshot = snapshots.load(conn, stage.code, stage.snapshot)
        last_rows = roster.count(conn, stage.code)
    total = 0
    found: list[Finding] = []
    for table in RosterTable:
        changes = _changes(stage, snapshot, table)
        stage.write(changes_name(table), iter(changes.to_batches()))
        total += changes.num_rows
        found += guards.mass_change(table, last_rows.get(table, 0), _ops(changes), _thresholds(stage))
    _hold(stage, found)
    failpoint("compare:landed")
    return {"changes": total}


def tonight_keys(stage: Stage, table: RosterTable) -> pa.Table:
    """Return (sourced_id, digest, deleted) of tonight's clean rows."""
    parts = [
        pa.table(
            {
                "sourced_id": batch.column("sourced_id"),
                "digest": batch.column("digest"),
                "deleted": pc.equal(batch.column("status"), "tobedeleted"),
            }
        )
        for batch in stage.read(clean_name(table))
    ]
    fields = [("sourced_id", pa.string()), ("digest", pa.binary(16)), ("deleted", pa.bool_())]
    return pa.concat_tables(parts) if parts else pa.schema(fields).empty_table()


def _changes(stage: Stage, snapshot: RosterSnapshot, table: RosterTable) -> pa.Table:
    with stage.house.store.read() as conn:
        last = roster.keys(conn, stage.code, table)
        lately = roster.missing_since(conn, stage.code, table, stage.night_on)
    seen = pa.chunked_array([one.column("sourced_id") for one in stage.read(seen_name(table))], pa.string())
    tonight = tonight_keys(stage, table)
    if table is RosterTable.ROLES and snapshot.mode is Mode.DELTA:
        tonight = pa.concat_tables([tonight, _unlisted_roles(stage, snapshot.version, tonight, seen)])
    changes = comparing.compare(table, last, tonight, seen, snapshot.mode)
    return _of_two_nights(changes, tonight.column("sourced_id"), lately)


def _unlisted_roles(stage: Stage, version: str, tonight: pa.Table, held: pa.ChunkedArray) -> pa.Table:
    """Return the roles to remove because their user's row of tonight, which carries them all, lacks them."""
    users = _users_with_roles(stage, version)
    columns, whose = ["sourced_id", "digest", "user_sourced_id"], {"user_sourced_id": users.to_pylist()}
    with stage.house.store.read() as conn:
        last = roster.rows(conn, stage.code, RosterTable.ROLES, columns, whose)
    listed = pa.concat_arrays([*tonight.column("sourced_id").chunks, *held.chunks, _NO_IDS])
    return comparing.unlisted(last, users, listed)


def _users_with_roles(stage: Stage, version: str) -> pa.Array:
    """Return the usable users whose rows carried their roles: all but those of a 1.2 users.csv."""
    carrying = [
        batch.filter(pc.or_(version == "1.1", pc.starts_with(batch.column(PLACE), "/"))).column("sourced_id")
        for batch in stage.read(canonical_name(RosterTable.USERS))
    ]
    clean = [batch.column("sourced_id") for batch in stage.read(clean_name(RosterTable.USERS))]
    ids = pa.concat_arrays([*carrying, _NO_IDS])
    return ids.filter(pc.is_in(ids, value_set=pa.concat_arrays([*clean, _NO_IDS])))


def _of_two_nights(changes: pa.Table, tonight: pa.ChunkedArray, lately: pa.Array) -> pa.Table:
    """Leave out removals of rows that went missing this very night: it takes two nights to prove absence."""
    is_removal = pc.equal(changes.column("op"), Op.REMOVE.value)
    is_young = pc.is_in(changes.column("sourced_id"), value_set=lately)
    is_absent = pc.invert(pc.is_in(changes.column("sourced_id"), value_set=tonight))
    return changes.filter(pc.invert(pc.and_(is_removal, pc.and_(is_young, is_absent))))


def _ops(changes: pa.Table) -> dict[str, int]:
    counts = pc.value_counts(changes.column("op")).to_pylist()
    return {entry["values"]: entry["counts"] for entry in counts}


def _thresholds(stage: Stage) -> Mapping[str, object]:
    chosen = stage.district.settings.get("thresholds", {})
    return chosen if isinstance(chosen, Mapping) else {}


def _hold(stage: Stage, found: list[Finding]) -> None:
    if not found:
        return
    with stage.house.store.begin("held") as conn:
        findings.record_findings(conn, stage.code, stage.run_id, found)
    stage.write_findings("compare", found)
    first = found[0]
    raise StopDistrict(first.rule, first.message, fix=first.fix, place=first.place)
