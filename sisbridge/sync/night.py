"""One district's night: its stages in order, its run row on every path, its cases at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from domain.errors import RetryLater, SisbridgeError, StopDistrict
from domain.ids import DistrictCode, RunId, SnapshotId
from domain.model import District, Finding, Mode, Settings, Severity
from sisbridge.house import House, clock_of, today_of
from sisbridge.store import cases, regions, retention, runs, snapshots
from sisbridge.store.runs import RunMode, RunState
from sisbridge.store.sealing import key_destroyed
from sisbridge.sync import overtaken, unexpected
from sisbridge.sync.context import STAGES, Stage
from sisbridge.sync.grades.reconcile import reconcile
from sisbridge.sync.holding import holds
from sisbridge.sync.identity.people import keep_worklist
from sisbridge.sync.roster import window
from sisbridge.sync.roster.apply import apply
from sisbridge.sync.roster.bleed import bleeding
from sisbridge.sync.roster.compare import compare
from sisbridge.sync.roster.dependents import spoken
from sisbridge.sync.roster.edits import leaving_out
from sisbridge.sync.roster.normalize import normalize
from sisbridge.sync.roster.pull import pull
from sisbridge.sync.roster.validate import validate
from sisbridge.sync.roster.windows import blackout_of
from sisbridge.sync.seats import findings_of, seats

REHEARSED: tuple[str, ...] = ("pull", "normalize", "validate", "compare")
"""The stages of a rehearsal: everything up to the change list, nothing applied."""

Progress = Callable[[DistrictCode, str], None]


@dataclass(frozen=True)
class NightOutcome:
    """How a district's night ended: finished, or stopped or paused with code, message and fix."""

    district: DistrictCode
    run_id: RunId
    state: str
    code: str = ""
    message: str = ""
    fix: str = ""
    retry: bool = False
    counts: dict[str, int] = field(default_factory=dict)


def begin(house: House, district: DistrictCode, mode: RunMode = RunMode.NIGHTLY) -> RunId:
    """Write the run row of tonight; an earlier run that never ended is marked interrupted."""
    known = house.district(district)
    with house.store.begin("begin") as conn:
        return runs.open_run(conn, district, today_of(known), mode, clock_of(known)())


def pause(house: House, district: DistrictCode, mode: RunMode = RunMode.NIGHTLY) -> NightOutcome | None:
    """Write the run row of a district whose pulls pause today and return its outcome; None on other days.

    Grades leave as ever. Raises StopDistrict CF82 for a blackout that is not understood.
    """
    known = house.district(district)
    try:
        window = blackout_of(known)
    except SisbridgeError as error:
        _stop(house, district, begin(house, district, mode), error)
        raise
    if window is None:
        return None
    reason = f": {window.reason}" if window.reason else ""
    message = f"Pulls of district {district} pause until {window.ends_on}{reason}."
    fix = "Nothing needs to be done; take the blackout out of the region file to end it sooner."
    run_id, at = begin(house, district, mode), clock_of(known)()
    with house.store.begin("pause") as conn:
        runs.close_run(conn, district, run_id, RunState.PAUSED, code="CF48", message=message, fix=fix, at=at)
    return NightOutcome(district, run_id, "paused", "CF48", message, fix)


def due(house: House, chosen: Iterable[DistrictCode]) -> list[DistrictCode]:
    """Return the districts of these to pull tonight; the run rows of the others are written here.

    One whose blackout is not understood is stopped with a case of its own, and the others go on.
    """
    return [code for code in chosen if _is_due(house, code)]


def _is_due(house: House, district: DistrictCode) -> bool:
    try:
        return pause(house, district) is None
    except StopDistrict:
        return False


def step(house: House, district: DistrictCode, run_id: RunId, stage_name: str) -> None:
    """Run one stage and record its cost; on failure close the run row, open its case, re-raise.

    Raises one of the four errors of domain.errors; StopDistrict CF60 when the district has a newer run and
    CF05 when it was purged meanwhile, without a trace of it.
    """
    started = time.perf_counter()
    try:
        stage = _stage(house, district, run_id)
        counts = _run(stage, stage_name)
    except Exception as error:  # noqa: BLE001 - the run row is closed whatever happened
        purged = _purged(house, district)
        known = purged or unexpected.named(f"The {stage_name} stage", error)
        if purged is None and _stop(house, district, run_id, known):
            _keep_worklist(house, district, run_id, stage_name)
        # The cause stays behind: its text might hold a row.
        raise known from None
    with house.store.begin("stage") as conn:
        runs.record_stage(
            conn, district, run_id, stage_name, sum(counts.values()), time.perf_counter() - started
        )
        runs.add_counts(conn, district, run_id, counts)


def _purged(house: House, district: DistrictCode) -> SisbridgeError | None:
    """Return what to raise of a district purged meanwhile; what its night landed since then is deleted."""
    with house.store.read() as conn:
        if retention.purged_at(conn, district) is None:
            return None
    house.landing.delete_district(district)
    return key_destroyed(district)


def finish(house: House, district: DistrictCode, run_id: RunId) -> None:
    """Fold tonight's findings into cases, close the run row, and look for acknowledged grade files.

    Raises StopDistrict CF60 when the district has a newer run.
    """
    stage = _stage(house, district, run_id)
    with house.store.begin("finish") as conn:
        overtaken.refuse(conn, district, run_id)
        found = spoken(findings_of(stage), stage.read_findings("dependents"))
        found += bleeding(conn, stage) + leaving_out(conn, stage)
        mode = snapshots.load(conn, district, stage.snapshot).mode
        cases.fold(conn, district, stage.night_on, found, "roster", closing=mode is Mode.BULK)
        if mode is not Mode.BULK:
            holds.close_cases(conn, district, stage.night_on)
        if not window.is_in_doubt(conn, district):
            cases.fold(conn, district, stage.night_on, [], "feed")
        runs.close_run(conn, district, run_id, RunState.FINISHED, at=stage.now())
    reconcile(house, district)


def sync_district(
    house: House, district: DistrictCode, *, rehearse: bool = False, progress: Progress | None = None
) -> NightOutcome:
    """Run one district's night, or rehearse it, and return how it ended; never raises an SIS's failure."""
    mode = RunMode.REHEARSAL if rehearse else RunMode.NIGHTLY
    house.district(district)  # one that is unknown or purged has no run row to write
    try:
        paused = pause(house, district, mode)
    except SisbridgeError as error:
        return _stopped(district, RunId(""), error, {})
    if paused is not None:
        return paused
    run_id = begin(house, district, mode)
    try:
        for name in REHEARSED if rehearse else STAGES:
            if progress:
                progress(district, name)
            step(house, district, run_id, name)
        if rehearse:
            _finish_rehearsal(house, district, run_id)
        else:
            finish(house, district, run_id)
    except SisbridgeError as error:
        return _stopped(district, run_id, error, _counts(house, district, run_id))
    return NightOutcome(district, run_id, "finished", counts=_counts(house, district, run_id))


def sync_region(
    house: House, chosen: Iterable[DistrictCode], *, rehearse: bool = False, progress: Progress | None = None
) -> list[NightOutcome]:
    """Run the night of each district in turn; one district's failure never touches another."""
    outcomes = []
    for district in chosen:
        try:
            outcomes.append(sync_district(house, district, rehearse=rehearse, progress=progress))
        except Exception as error:  # noqa: BLE001 - one district's bug must not end the others' night
            outcomes.append(_stopped(district, RunId(""), unexpected.named("The night", error), {}))
    return outcomes


def _stopped(
    district: DistrictCode, run_id: RunId, error: SisbridgeError, counts: dict[str, int]
) -> NightOutcome:
    retry = isinstance(error, RetryLater)
    return NightOutcome(district, run_id, "stopped", error.code, error.message, error.fix, retry, counts)


def _finish_rehearsal(house: House, district: DistrictCode, run_id: RunId) -> None:
    with house.store.begin("finish") as conn:
        runs.close_run(conn, district, run_id, RunState.FINISHED, at=clock_of(house.district(district))())


def _stage(house: House, district: DistrictCode, run_id: RunId) -> Stage:
    """Return what a stage works with; a run that is no night uses the settings its snapshot was given."""
    with house.store.read() as conn:
        run, known = runs.get(conn, district, run_id), regions.district(conn, district)
        snapshot_id = SnapshotId(run.snapshot_id or "")
        if run.mode is not RunMode.NIGHTLY:
            given = snapshots.settings_of(conn, district, snapshot_id)
            known = known if given is None else replace(known, settings=_for_run(given, known, run.mode))
    return Stage(house, known, run_id, snapshot_id, run.night_on)


def _for_run(given: Settings, known: District, mode: RunMode) -> Settings:
    """Return the settings a snapshot was given, for a run. A release happens today, a replay that night."""
    if mode is not RunMode.RELEASE:
        return given
    today = {"fixed_now": known.settings.get("fixed_now")} if "fixed_now" in known.settings else {}
    return {name: value for name, value in given.items() if name != "fixed_now"} | today


_STAGES: dict[str, Callable[[Stage], dict[str, int]]] = {
    "pull": pull,
    "normalize": normalize,
    "validate": validate,
    "compare": compare,
    "apply": apply,
    "seats": seats,
}


def _run(stage: Stage, name: str) -> dict[str, int]:
    with stage.house.store.begin("stage") as conn:
        overtaken.refuse(conn, stage.code, stage.run_id)
        runs.set_stage(conn, stage.code, stage.run_id, name)
    return _STAGES[name](stage)


def _counts(house: House, district: DistrictCode, run_id: RunId) -> dict[str, int]:
    with house.store.read() as conn:
        purged = retention.purged_at(conn, district) is not None
        counts = {} if purged else runs.get(conn, district, run_id).counts
    return {name: int(str(count)) for name, count in counts.items()}


def _keep_worklist(house: House, district: DistrictCode, run_id: RunId, stage_name: str) -> None:
    """Say who cannot be recognised though the night stops; that it cannot be said changes nothing."""
    if stage_name in ("compare", "apply"):
        with suppress(SisbridgeError):
            keep_worklist(_stage(house, district, run_id))


def _stop(house: House, district: DistrictCode, run_id: RunId, error: SisbridgeError) -> bool:
    """Close the run as stopped and open the feed's case; the last good roster stays in force.

    A rehearsal that stops opens no case and casts no doubt on what is in force. A run that a newer one has
    overtaken leaves no trace at all; return whether this one did.
    """
    known = house.district(district)
    finding = Finding(
        rule=error.code,
        severity=Severity.HOLD_FEED,
        table="",
        field="",
        place=error.place,
        key="",
        masked="",
        message=error.message,
        fix=error.fix,
    )
    with house.store.begin("stop") as conn:
        if runs.is_overtaken(conn, district, run_id):
            return False
        run = runs.get(conn, district, run_id)
        if run.mode is not RunMode.REHEARSAL:
            cases.fold(conn, district, run.night_on, [finding], "feed")
            window.doubt(conn, district, run_id)
        runs.close_run(
            conn,
            district,
            run_id,
            RunState.STOPPED,
            code=error.code,
            message=error.message,
            fix=error.fix,
            at=clock_of(known)(),
        )
    return True
