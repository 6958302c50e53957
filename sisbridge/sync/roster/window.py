"""Which part of a roster a night asks for: everything, or what changed since a moment.

A delta needs a bookmark. Whatever casts doubt on the roster of record forgets the bookmarks, and the
next night asks for everything: that is the one mechanism behind every automatic full.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pyarrow.compute as pc

from connectors.protocol import Capability, Landing, Pull, PullFacts, RosterSource
from domain.errors import SisbridgeError, StopDistrict
from domain.ids import DistrictCode, RunId
from domain.model import District, Mode, Op, RosterSnapshot
from domain.tables import RosterTable
from mappings import compare as comparing
from sisbridge.store import roster, runs, snapshots
from sisbridge.store.database import Connection
from sisbridge.store.runs import RunMode
from sisbridge.sync.context import Stage, clean_name, seen_name
from sisbridge.sync.holding import holds

FULL = "full"
"""The bookmark of the last applied full roster; a district without it takes no delta."""

DOUBT = "doubt"
"""The bookmark of a stopped run, at that run's start: only the same run may go on with a delta."""

Ops = Mapping[RosterTable, Mapping[str, int]]
"""How many changes of each kind were applied to each table."""


@dataclass(frozen=True, slots=True)
class DeltaSettings:
    """How a district wants its nights: `delta`, `full_every_days` and `delta_skew_hours` in its settings.

    skew: how far the SIS's clock may be behind ours, and how long it may take to show a change.
    """

    asked: bool = False
    full_every: timedelta = timedelta(days=7)
    skew: timedelta = timedelta(hours=2)

    @classmethod
    def of(cls, district: District) -> DeltaSettings:
        """Read them; StopDistrict CF45 names a setting that is of the wrong kind."""
        asked = district.settings.get("delta", False)
        if not isinstance(asked, bool):
            raise _wrong(district, "delta", "true or false")
        return cls(
            asked,
            timedelta(days=_number(district, "full_every_days", 7)),
            timedelta(hours=_number(district, "delta_skew_hours", 2)),
        )


def _number(district: District, name: str, usual: float) -> float:
    chosen = district.settings.get(name, usual)
    if isinstance(chosen, bool) or not isinstance(chosen, int | float) or chosen < 0:
        raise _wrong(district, name, "a number that is not negative")
    return chosen


def _wrong(district: District, name: str, kind: str) -> StopDistrict:
    return StopDistrict(
        "CF45",
        f"The setting {name} of district {district.code} has to be {kind}.",
        fix="Correct it in the district's settings and load the region file again.",
        place=f"settings: {name}",
    )


def open_pull(stage: Stage, source: RosterSource, landing: Landing) -> Pull:
    """Begin tonight's pull over the window that is due.

    Raises what the source raises, and StopDistrict CF46 or CF47 for a delta package that this district
    cannot take tonight.
    """
    pull = source.open(since(stage, source.capabilities()), landing)
    try:
        _refuse_unwanted(stage, pull.facts)
    except SisbridgeError:
        pull.close()
        raise
    return pull


def since(stage: Stage, capabilities: Collection[Capability]) -> datetime | None:
    """Return the moment from which changes are asked for, or None for everything.

    None unless the district asks for deltas, the source can, every bookmark stands and is no later than this
    run, and no full is due.
    """
    chosen = DeltaSettings.of(stage.district)
    if not chosen.asked or Capability.ROSTER_DELTA not in capabilities:
        return None
    with stage.house.store.read() as conn:
        marks = snapshots.bookmarks(conn, stage.code)
        begun = runs.get(conn, stage.code, stage.run_id).started_at
    full, stopped = marks.pop(FULL, None), marks.pop(DOUBT, begun)
    if full is None or not marks or stopped != begun or begun - full >= chosen.full_every:
        return None
    # A clock that ran ahead set a bookmark of tomorrow: what changes until then would never be asked for.
    return None if max(full, *marks.values()) > begun else min(marks.values())


def _refuse_unwanted(stage: Stage, facts: PullFacts) -> None:
    """Raise StopDistrict when a package says delta and the roster in force cannot take one.

    What a file holds is chosen by the SIS: it cannot be asked for everything, only refused.
    """
    if facts.mode is not Mode.DELTA:
        return
    if not DeltaSettings.of(stage.district).asked:
        raise StopDistrict(
            "CF46",
            f"The package of district {stage.code} holds changes only; its settings ask for whole rosters.",
            fix="Have the SIS export in bulk mode, or set delta = true in the district's settings.",
        )
    with stage.house.store.read() as conn:
        marks = snapshots.bookmarks(conn, stage.code)
        begun = runs.get(conn, stage.code, stage.run_id).started_at
    if FULL not in marks or marks.get(DOUBT, begun) != begun:
        raise StopDistrict(
            "CF47",
            f"The package of district {stage.code} holds changes only, and a whole roster is needed first: "
            "none was applied yet, or a night was stopped since and its changes may be lost.",
            fix="Have the SIS export once in bulk mode.",
        )


def settle(conn: Connection, stage: Stage, snapshot: RosterSnapshot, ops: Ops) -> None:
    """Move the bookmarks, in the transaction that applies the snapshot and before it is marked applied.

    A full moves all of them, unless something is missing: then the next night is a full too. A delta
    moves those of tables none of whose rows was held, for a held row would not be sent again. A doubt that
    is younger than the snapshot stands: what a person releases of an older night makes nothing good.
    """
    begins = _begins(conn, stage, snapshot)
    doubted_at = snapshots.bookmark(conn, stage.code, DOUBT)
    snapshots.forget_bookmarks(conn, stage.code, keep=set(snapshots.bookmarks(conn, stage.code)) - {DOUBT})
    landed = [facts.table for facts in snapshot.tables]
    if snapshot.mode is Mode.BULK:
        snapshots.forget_bookmarks(conn, stage.code)
        snapshots.set_bookmark(conn, stage.code, FULL, begins)
        if not _lacks_something(conn, stage) and not holds.waits_for_a_person(conn, stage.code):
            _move(conn, stage, landed, begins)
    elif _doubtful(conn, stage, snapshot, ops):
        snapshots.forget_bookmarks(conn, stage.code, keep=(FULL,))
    else:
        _move(conn, stage, [table for table in landed if not _held(conn, stage, table)], begins)
    if doubted_at is not None and _is_older(conn, stage, snapshot, doubted_at):
        snapshots.set_bookmark(conn, stage.code, DOUBT, doubted_at)


def is_in_doubt(conn: Connection, district: DistrictCode) -> bool:
    """Return whether a night was stopped that no applied roster has made good."""
    return DOUBT in snapshots.bookmarks(conn, district)


def _is_older(conn: Connection, stage: Stage, snapshot: RosterSnapshot, doubted_at: datetime) -> bool:
    """Return whether a release or a replay applied what was there before a night was stopped."""
    run = runs.get(conn, stage.code, stage.run_id)
    return run.mode is not RunMode.NIGHTLY and snapshot.as_of < doubted_at


def doubt(conn: Connection, district: DistrictCode, run_id: RunId) -> None:
    """Have the next run ask for everything, because this one was stopped; a retry of this one goes on."""
    snapshots.set_bookmark(conn, district, DOUBT, runs.get(conn, district, run_id).started_at)


def _begins(conn: Connection, stage: Stage, snapshot: RosterSnapshot) -> datetime:
    """Return where the next window begins: before any request, less the skew.

    That is this run's start, or the moment an earlier run began the pull that this one went on with.
    """
    started = min(runs.get(conn, stage.code, stage.run_id).started_at, snapshot.as_of)
    return started - DeltaSettings.of(stage.district).skew


def _lacks_something(conn: Connection, stage: Stage) -> bool:
    """Return whether a row in force is missing at the SIS, so that a second full has to prove it."""
    return any(len(roster.missing_since(conn, stage.code, table, date.min)) for table in RosterTable)


def _move(conn: Connection, stage: Stage, tables: Iterable[RosterTable], to: datetime) -> None:
    for table in tables:
        snapshots.set_bookmark(conn, stage.code, table.value, to)


def _held(conn: Connection, stage: Stage, table: RosterTable) -> bool:
    """Return whether a row of tonight waits, in quarantine or for a person."""
    in_quarantine = any(batch.num_rows for batch in stage.read(seen_name(table)))
    return in_quarantine or holds.waits_for_a_person(conn, stage.code, table)


def _doubtful(conn: Connection, stage: Stage, snapshot: RosterSnapshot, ops: Ops) -> bool:
    """Return whether a delta brought a table never read in full, or left other counts than the SIS tells."""
    if not {facts.table.value for facts in snapshot.tables} <= set(snapshots.bookmarks(conn, stage.code)):
        return True
    last = snapshots.last_applied(conn, stage.code)
    told = {facts.table: facts.declared_total for facts in last.tables} if last else {}
    return not all(
        comparing.counts_agree(
            told.get(facts.table),
            facts.declared_total,
            added=ops[facts.table].get(Op.ADD, 0),
            removed=ops[facts.table].get(Op.REMOVE, 0),
            unkept=facts.distinct_ids - _live_rows(stage, facts.table),
        )
        for facts in snapshot.tables
    )


def _live_rows(stage: Stage, table: RosterTable) -> int:
    return sum(
        int(pc.sum(pc.equal(batch.column("status"), "active")).as_py() or 0)
        for batch in stage.read(clean_name(table), ["status"])
    )
