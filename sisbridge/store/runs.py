"""Runs: one row for every district every night, written on every path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Row

from domain.errors import ContractBroken
from domain.ids import DistrictCode, RunId, SnapshotId, fresh_id
from sisbridge.store.tables.region import district as district_table
from sisbridge.store.tables.region import run, run_stage
from sisbridge.store.upsert import upsert


class RunMode(StrEnum):
    """Whether a run is for real or applies nothing, and where its roster comes from.

    REPLAY: for real, from what an earlier night landed. RELEASE: what a person released of the last
    snapshot. A rehearsal never touches another run.
    """

    NIGHTLY = "nightly"
    REHEARSAL = "rehearsal"
    REPLAY = "replay"
    RELEASE = "release"


class RunState(StrEnum):
    """How a run stands; STOPPED and PAUSED carry a code and a reason, INTERRUPTED: the process went away."""

    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Run:
    """What happened in one district one night. counts: numbers by name, for the summary."""

    run_id: RunId
    district: DistrictCode
    night_on: date
    mode: RunMode
    state: RunState
    stage: str
    snapshot_id: SnapshotId | None
    code: str
    message: str
    fix: str
    started_at: datetime
    finished_at: datetime | None
    counts: Mapping[str, int] = field(default_factory=dict)


def open_run(conn: Connection, district: DistrictCode, night_on: date, mode: str, at: datetime) -> RunId:
    """Open a run, and mark runs of the district that never ended as interrupted, but for a rehearsal.

    mode: a RunMode, or its text. Waits for a transaction that holds the district (`hold`).
    """
    hold(conn, district)
    if RunMode(mode) is not RunMode.REHEARSAL:
        _interrupt(conn, district, at)
    last = conn.scalar(sa.select(sa.func.max(run.c.seq)).where(run.c.district_code == district))
    run_id = RunId(fresh_id())
    row: dict[str, object] = {
        "district_code": district,
        "run_id": run_id,
        "seq": (last or 0) + 1,
        "night_on": night_on,
        "mode": RunMode(mode).value,
        "state": RunState.RUNNING.value,
        "started_at": at,
        "counts": {},
        **dict.fromkeys(("stage", "code", "message", "fix"), ""),
    }
    conn.execute(sa.insert(run).values(row))
    return run_id


def hold(conn: Connection, district: DistrictCode, *, alone: bool = False) -> None:
    """Let no other transaction open a run of the district, or hold it, until this one ends.

    Taken before anything else is written, so that two transactions never wait for each other. alone: wait for
    those that write rows of the district, and let none begin.
    """
    # Rows that refer to the district may still be written meanwhile. On SQLite there is one writer anyway.
    here = sa.select(district_table.c.code).where(district_table.c.code == district)
    conn.execute(here.with_for_update(key_share=not alone))


def is_overtaken(conn: Connection, district: DistrictCode, run_id: RunId) -> bool:
    """Return whether a newer run of the district was opened, or this one is gone; never so of a rehearsal.

    Holds the district: what is answered stays true until the transaction ends.
    """
    mode = conn.scalar(sa.select(run.c.mode).where(*_is(district, run_id)))
    if mode == RunMode.REHEARSAL.value:
        return False
    hold(conn, district)
    newest = latest(conn, district)
    return newest is None or newest.run_id != run_id


def set_stage(conn: Connection, district: DistrictCode, run_id: RunId, stage: str) -> None:
    """Note which stage a run has entered; a stopped run whose stage is tried again runs again."""
    _change(conn, district, run_id, stage=stage)
    going_on = {"state": RunState.RUNNING.value, "finished_at": None}
    blank = dict.fromkeys(("code", "message", "fix"), "")
    stopped = run.c.state == RunState.STOPPED.value
    conn.execute(sa.update(run).where(*_is(district, run_id), stopped).values(**going_on, **blank))


def set_snapshot(conn: Connection, district: DistrictCode, run_id: RunId, snapshot_id: SnapshotId) -> None:
    """Note which snapshot a run has landed."""
    _change(conn, district, run_id, snapshot_id=snapshot_id)


def record_stage(
    conn: Connection, district: DistrictCode, run_id: RunId, stage: str, rows: int, seconds: float
) -> None:
    """Note how many rows a stage took and how long; a repeated stage replaces its first record."""
    row = {"district_code": district, "run_id": run_id, "stage": stage, "rows": rows, "seconds": seconds}
    upsert(conn, run_stage, [row])


def usual_seconds(conn: Connection) -> dict[DistrictCode, float]:
    """Return how long the last finished night of each district took; a district without one is not there."""
    ended = (run.c.state == RunState.FINISHED.value, run.c.mode == RunMode.NIGHTLY.value)
    last = sa.select(run.c.district_code, sa.func.max(run.c.seq).label("seq")).where(*ended)
    newest = last.group_by(run.c.district_code).subquery()
    wanted = (
        sa.select(run.c.district_code, sa.func.sum(run_stage.c.seconds))
        .join(newest, sa.and_(newest.c.district_code == run.c.district_code, newest.c.seq == run.c.seq))
        .join(run_stage, sa.and_(*(run_stage.c[name] == run.c[name] for name in ("district_code", "run_id"))))
        .group_by(run.c.district_code)
    )
    return {DistrictCode(code): float(seconds) for code, seconds in conn.execute(wanted)}


def add_counts(conn: Connection, district: DistrictCode, run_id: RunId, counts: Mapping[str, int]) -> None:
    """Add numbers to a run's counts; a name that is there already is replaced."""
    _change(conn, district, run_id, counts={**get(conn, district, run_id).counts, **counts})


def close_run(
    conn: Connection,
    district: DistrictCode,
    run_id: RunId,
    state: str,
    *,
    code: str = "",
    message: str = "",
    fix: str = "",
    counts: Mapping[str, int] | None = None,
    at: datetime,
) -> None:
    """Close a run with its outcome. state: a RunState, or its text; counts are added to what is there."""
    if counts:
        add_counts(conn, district, run_id, counts)
    ended = {"state": RunState(state).value, "finished_at": at}
    _change(conn, district, run_id, code=code, message=message, fix=fix, **ended)


def latest(conn: Connection, district: DistrictCode) -> Run | None:
    """Return the district's last opened run that was no rehearsal, or None."""
    for_real = (run.c.district_code == district, run.c.mode != RunMode.REHEARSAL.value)
    wanted = sa.select(run).where(*for_real).order_by(run.c.seq.desc()).limit(1)
    row = conn.execute(wanted).one_or_none()
    return _run(row) if row else None


def get(conn: Connection, district: DistrictCode, run_id: RunId) -> Run:
    """Return one run; raises ContractBroken CF08 when the district has none of that id."""
    row = conn.execute(sa.select(run).where(*_is(district, run_id))).one_or_none()
    if row is None:
        raise ContractBroken(
            "CF08",
            f"District {district} has no run {run_id}.",
            fix="Check the run's id; runs are listed by district.",
        )
    return _run(row)


def _interrupt(conn: Connection, district: DistrictCode, at: datetime) -> None:
    conn.execute(
        sa.update(run)
        .where(run.c.district_code == district, run.c.state == RunState.RUNNING)
        .values(
            state=RunState.INTERRUPTED.value,
            finished_at=at,
            message="The process ended before the run did.",
            fix="Nothing needs to be done: the next run completes it.",
        )
    )


def _is(district: DistrictCode, run_id: RunId) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return run.c.district_code == district, run.c.run_id == run_id


def _change(conn: Connection, district: DistrictCode, run_id: RunId, **values: object) -> None:
    conn.execute(sa.update(run).where(*_is(district, run_id)).values(**values))


def _run(row: Row[*tuple[Any, ...]]) -> Run:
    values = dict(row._mapping)
    del values["seq"]
    mode, state = RunMode(values.pop("mode")), RunState(values.pop("state"))
    return Run(district=values.pop("district_code"), mode=mode, state=state, **values)
