"""Run a night again from the raw data it landed: in rehearsal, for real, or under edited settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from domain.clock import system_clock
from domain.errors import StopDistrict
from domain.ids import DistrictCode, RunId, SnapshotId, fresh_id
from domain.model import District, RosterSnapshot, Settings
from domain.tables import RosterTable
from sisbridge.house import House
from sisbridge.store import audit, retention, runs, snapshots
from sisbridge.store.runs import RunMode, RunState
from sisbridge.sync import night
from sisbridge.sync.context import Stage, clean_name
from sisbridge.sync.region_words import refuse_unknown_settings
from sisbridge.sync.roster.changes import MOST, ChangedRow, between, proposed
from sisbridge.sync.roster.outlook import Outlook, judged, outlook
from sisbridge.sync.roster.unchanged import EXPORT

COPIED = ("pages/", "findings/pull", EXPORT)
"""Beginnings of the names under which a pull leaves what the stages after it need."""

COMPARED = ("normalize", "validate", "compare")
APPLIED = ("apply", "seats")


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay came to. counts: as of any run; changes: the first that nothing holds, masked.

    outlook: what all of it meant for the roster in force, and what of it waits.
    """

    district: DistrictCode
    run_id: RunId
    night_on: date
    counts: Mapping[str, int]
    changes: tuple[ChangedRow, ...]
    outlook: Outlook


@dataclass(frozen=True, slots=True)
class Preview:
    """What edited settings make of last night's raw data.

    before, after: the counts of that night's own run, and under the edit. changes: the first rows that the
    edit changes, masked. judged: the usable and the quarantined rows that night had, by table. outlook: what
    the edit would mean for the roster in force, and what of it would wait.
    """

    district: DistrictCode
    night_on: date
    before: Mapping[str, int]
    after: Mapping[str, int]
    changes: tuple[ChangedRow, ...]
    judged: Mapping[RosterTable, tuple[int, int]]
    outlook: Outlook


@dataclass(frozen=True, slots=True)
class _Source:
    """The night to run again."""

    snapshot: RosterSnapshot
    night_on: date
    started_at: datetime
    counts: Mapping[str, int]


def rehearse(
    house: House,
    district: DistrictCode,
    night_on: date | None = None,
    *,
    as_then: bool = False,
    most: int = MOST,
) -> Replayed:
    """Run a night again up to its change list against the roster in force; nothing is applied.

    night_on: the last night when left out. as_then: map and judge with that night's settings instead of
    today's. Raises StopDistrict CF72 (no such night), CF73 (its raw data is gone), or what a stage raises.
    """
    known = house.district(district)
    source = _source(house, district, night_on)
    stage = _begin(house, source, _settings(house, known, source, as_then), RunMode.REHEARSAL)
    _steps(stage, COMPARED)
    changes, found = proposed(stage, most), outlook(stage, most)
    _close(stage)
    return _replayed(stage, source, changes, found)


def replay(
    house: House,
    district: DistrictCode,
    actor: str,
    night_on: date | None = None,
    *,
    as_then: bool = False,
    over_newer: bool = False,
    most: int = MOST,
) -> Replayed:
    """Run a night again for real, as that night: its day counts, so that it proves no second absence.

    Raises as `rehearse`, and StopDistrict CF74 when a newer roster is in force and `over_newer` is not
    given. Audited.
    """
    known = house.district(district)
    source = _source(house, district, night_on)
    _refuse_older(house, source, over_newer)
    stage = _begin(house, source, _settings(house, known, source, as_then), RunMode.REPLAY)
    with house.store.begin("replay") as conn:
        subject = f"{source.night_on} {source.snapshot.snapshot_id}"
        audit.append(conn, district, actor, "night replayed", subject, None, None, system_clock())
    _steps(stage, COMPARED)
    changes, found = proposed(stage, most), outlook(stage, most)
    _steps(stage, APPLIED)
    night.finish(house, district, stage.run_id)
    return _replayed(stage, source, changes, found)


def preview(house: House, district: DistrictCode, edit: Settings, *, most: int = MOST) -> Preview:
    """Return what an edit of the district's settings would have made of last night's data.

    edit: settings as in the region file's [district.settings], merged over today's table by table. What
    the preview landed is deleted again. Raises as `rehearse`, StopDistrict CF75 when last night was
    stopped before its rows were judged, and CF20 for a setting that means nothing.
    """
    refuse_unknown_settings(edit, "the edit")
    known = house.district(district)
    source = _source(house, district, None)
    before = Stage(house, known, source.snapshot.run_id, source.snapshot.snapshot_id, source.night_on)
    _require_judged(before, source)
    stage = _begin(house, source, merged(known.settings, edit), RunMode.REHEARSAL)
    try:
        _steps(stage, COMPARED)
        changes, found = between(before, stage, most), outlook(stage, most)
        _close(stage)
    finally:
        house.landing.delete_snapshot(district, stage.snapshot)
        with house.store.begin("preview") as conn:
            retention.forget_rows(conn, district, stage.snapshot, system_clock())
    were = {table: judged(before, table) for table in RosterTable}
    after = _counts(stage)
    return Preview(district, source.night_on, source.counts, after, tuple(changes), were, found)


def merged(settings: Settings, edit: Settings) -> Settings:
    """Return settings with an edit laid over them, table by table."""
    together = dict(settings)
    for name, value in edit.items():
        below = together.get(name)
        deeper = isinstance(below, Mapping) and isinstance(value, Mapping)
        together[name] = merged(below, value) if deeper else value  # type: ignore[arg-type]
    return together


def _source(house: House, district: DistrictCode, night_on: date | None) -> _Source:
    with house.store.read() as conn:
        snapshot = snapshots.of_night(conn, district, night_on)
        if snapshot is None:
            raise _no_such_night(district, night_on)
        deleted_at = retention.landing_deleted_at(conn, district, snapshot.snapshot_id)
        run = runs.get(conn, district, snapshot.run_id)
    if deleted_at is not None:
        raise StopDistrict(
            "CF73",
            f"The raw data of district {district} of {run.night_on} was deleted on {deleted_at:%Y-%m-%d}.",
            fix="Nothing can be replayed after retention_days; choose a later night.",
        )
    return _Source(snapshot, run.night_on, run.started_at, run.counts)


def _no_such_night(district: DistrictCode, night_on: date | None) -> StopDistrict:
    which = f"of {night_on}" if night_on else "yet"
    return StopDistrict(
        "CF72",
        f"District {district} has no complete night {which}.",
        fix="Choose a night that was pulled to its end; `sisbridge runs` names the last.",
    )


def _refuse_older(house: House, source: _Source, over_newer: bool) -> None:
    with house.store.read() as conn:
        applied = snapshots.last_applied(conn, source.snapshot.district)
    if over_newer or applied is None or applied.as_of <= source.snapshot.as_of:
        return
    raise StopDistrict(
        "CF74",
        f"A roster newer than the one of {source.night_on} is in force in district {applied.district}.",
        fix="Replay the last night, or say --over-newer to put the older roster in its place.",
    )


def _require_judged(stage: Stage, source: _Source) -> None:
    last = f"{clean_name(list(RosterTable)[-1])}/end"
    if not stage.house.landing.exists(stage.code, stage.snapshot, last):
        raise StopDistrict(
            "CF75",
            f"District {stage.code} was stopped on {source.night_on} before its rows were judged.",
            fix="Save the edit and rehearse a replay instead: it shows what that night comes to.",
        )


def _settings(house: House, known: District, source: _Source, as_then: bool) -> Settings:
    if not as_then:
        return known.settings
    with house.store.read() as conn:
        kept = snapshots.settings_of(conn, known.code, source.snapshot.snapshot_id)
    return known.settings if kept is None else kept


def _begin(house: House, source: _Source, settings: Settings, mode: RunMode) -> Stage:
    """Open a run and give it a snapshot of its own with what the night's pull had left."""
    old = source.snapshot
    # The night's own clock: the same data a second time is no second night.
    settings = {**settings, "fixed_now": source.started_at.isoformat()}
    known = replace(house.district(old.district), settings=settings)
    with house.store.begin("replay") as conn:
        run_id = runs.open_run(conn, old.district, source.night_on, mode, system_clock())
    stage = Stage(house, known, run_id, SnapshotId(fresh_id()), source.night_on)
    for name in house.landing.names(old.district, old.snapshot_id):
        if name.startswith(COPIED):
            data = house.landing.read(old.district, old.snapshot_id, name)
            house.landing.write(old.district, stage.snapshot, name, data)
    with house.store.begin("replay") as conn:
        snapshots.save(conn, replace(old, snapshot_id=stage.snapshot, run_id=run_id))
        snapshots.keep_settings(conn, old.district, stage.snapshot, settings)
        runs.set_snapshot(conn, old.district, run_id, stage.snapshot)
        runs.add_counts(conn, old.district, run_id, {"read": source.counts.get("read", 0)})
    return stage


def _steps(stage: Stage, names: tuple[str, ...]) -> None:
    for name in names:
        night.step(stage.house, stage.code, stage.run_id, name)


def _close(stage: Stage) -> None:
    with stage.house.store.begin("replay") as conn:
        runs.close_run(conn, stage.code, stage.run_id, RunState.FINISHED, at=system_clock())


def _replayed(stage: Stage, source: _Source, changes: list[ChangedRow], found: Outlook) -> Replayed:
    return Replayed(stage.code, stage.run_id, source.night_on, _counts(stage), tuple(changes), found)


def _counts(stage: Stage) -> Mapping[str, int]:
    with stage.house.store.read() as conn:
        return runs.get(conn, stage.code, stage.run_id).counts
