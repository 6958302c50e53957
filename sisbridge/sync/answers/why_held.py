"""Why a row is held: a rule, or a hold that waits for a person."""

from __future__ import annotations

import pyarrow.compute as pc

from domain.ids import SnapshotId, SourcedId
from domain.model import Decision, District, Op
from domain.tables import RosterTable
from sisbridge.house import House
from sisbridge.store import findings, holds, runs
from sisbridge.store.database import Connection
from sisbridge.sync.answers.why_words import named, told

_WOULD = {
    Op.ADD: "would come",
    Op.UPDATE: "would change",
    Op.RETURN: "would change",
    Op.MISSING: "is not in the feed and would go",
    Op.REMOVE: "would go",
}


def by_rule(conn: Connection, house: House, district: District, subject: SourcedId) -> str:
    """Say which rule holds a row back in the newest snapshot."""
    run = runs.latest(conn, district.code)
    if run is None or not run.snapshot_id:
        return ""
    held = findings.quarantined(conn, district.code, SnapshotId(run.snapshot_id), sourced_id=subject)
    if not held:
        return ""
    first = held[0]
    return (
        f"{named(first.table, subject, district)} is held back by the night of {run.night_on}: "
        f"{told(first.rule, first.place)}."
    )


def by_hold(conn: Connection, house: House, district: District, subject: SourcedId) -> str:
    """Say which hold keeps a row as it was, and what it waits for."""
    changes = holds.held(conn, district.code)
    mine = changes.filter(pc.equal(changes.column("sourced_id"), subject)).to_pylist()
    if not mine:
        return ""
    change = mine[0]
    hold = holds.get(conn, district.code, change["hold_id"])
    waits = (
        f"{change['decided_by']} decided to keep it as it was"
        if change["decision"] == Decision.DISCARD
        else "a person has to decide"
    )
    name = named(RosterTable(change["roster_table"]), subject, district)
    return (
        f"{name} {_WOULD[Op(change['op'])]} since the night of {change['first_held_on']}, but stays as it "
        f"was in hold {hold.hold_id}: {hold.message.rstrip('.')} ({hold.rule}); {waits}."
    )
