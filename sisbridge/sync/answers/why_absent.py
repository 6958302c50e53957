"""Why a row is not on the roster: known otherwise, taken off, never applied, out of scope."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from domain.ids import SnapshotId, SourcedId
from domain.model import District, Op
from domain.tables import PLACE, RosterTable
from sisbridge.house import House
from sisbridge.store import rekey, runs, timeline
from sisbridge.store.database import Connection
from sisbridge.store.runs import Run, RunState
from sisbridge.sync.answers.why_words import LOOKED_IN, named
from sisbridge.sync.context import canonical_name, raw_name
from sisbridge.sync.roster.edits import last_edit


def known_otherwise(conn: Connection, house: House, district: District, subject: SourcedId) -> str:
    """Say under which sourcedId a row goes on since a re-key."""
    found = rekey.present(conn, district.code, subject)
    if found is None:
        return ""
    new, decided = found
    return (
        f"What was {subject} in district {district.code} is {new} since the night of {decided.night_on}, "
        f"when {decided.decided_by} accepted that the SIS had given its rows new sourcedIds (SZ30)."
    )


def gone(conn: Connection, house: House, district: District, subject: SourcedId) -> str:
    """Say on which night a row was taken off the roster, and on what evidence."""
    for table in LOOKED_IN:
        past = timeline.of_record(conn, district.code, table, subject)
        if past and past[0].op is Op.REMOVE:
            earlier = next((one for one in past[1:] if one.op in (Op.MISSING, Op.RETURN)), None)
            because = (
                f"two complete rosters lacked it, the first on the night of {earlier.night_on}"
                if earlier is not None and earlier.op is Op.MISSING
                else "the SIS marked the record as deleted"
            )
            return (
                f"{named(table, subject, district)} was taken off the roster on the night of "
                f"{past[0].night_on}, because {because} (decided by {past[0].decided_by})."
            )
    return ""


def not_applied(conn: Connection, house: House, district: District, subject: SourcedId) -> str:
    """Say why a row of the newest feed is not on the roster although no rule holds it."""
    run = runs.latest(conn, district.code)
    if run is None or not run.snapshot_id:
        return ""
    for table in LOOKED_IN:
        place = _place(house, district, run, canonical_name(table), "sourced_id", subject)
        if place:
            return f"{named(table, subject, district)} was in the feed ({place}), but {_unapplied(run)}"
    return ""


def _unapplied(run: Run) -> str:
    if run.state is RunState.STOPPED:
        return f"nothing of the night of {run.night_on} was applied: {run.message.rstrip('.')} ({run.code})."
    return f"the night of {run.night_on} did not apply it (its run is {run.state} as {run.mode})."


def left_out(conn: Connection, house: House, district: District, subject: SourcedId) -> str:
    """Say of a row that is missing or gone that the SIS sends it still, and the mapping leaves it out."""
    for table in LOOKED_IN:
        past = timeline.of_record(conn, district.code, table, subject)
        if past and past[0].op in (Op.MISSING, Op.REMOVE):
            return out_of_scope(conn, house, district, subject)
    return ""


def out_of_scope(conn: Connection, house: House, district: District, subject: SourcedId) -> str:
    """Say that the SIS sends a row which the district's mapping leaves out."""
    run = runs.latest(conn, district.code)
    if run is None or not run.snapshot_id:
        return ""
    for source in ("users", "classes", "enrollments", "courses"):
        kept = _place(house, district, run, canonical_name(RosterTable(source)), "sourced_id", subject)
        place = _place(house, district, run, raw_name(source), "sourcedId", subject)
        if place and not kept:
            edit = last_edit(conn, district.code, run.night_on)
            since = f" (the mapping was edited: {edit})" if edit else ""
            return (
                f"{subject} is in the feed of district {district.code} of the night of {run.night_on} "
                f"({place}), but out of scope: the district's mapping keeps no row of that kind or "
                f"role{since}."
            )
    return ""


def _place(house: House, district: District, run: Run, name: str, column: str, subject: SourcedId) -> str:
    """Return where a row stands in what a night landed under a name, "" when it is not there.

    Not every SIS has a table of that name, a night may stop before it, and raw data is deleted in time.
    """
    snapshot = SnapshotId(run.snapshot_id or "")
    if not house.landing.exists(district.code, snapshot, f"{name}/end"):
        return ""
    for batch in house.landing.read_batches(district.code, snapshot, name):
        if column in batch.schema.names and PLACE in batch.schema.names:
            found = batch.filter(pc.equal(batch.column(column).cast(pa.string()), subject)).column(PLACE)
            if len(found):
                return str(found[0].as_py())
    return ""
