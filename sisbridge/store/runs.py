"""Runs: one row for every district every night, written on every path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Connection

from domain.ids import DistrictCode, RunId


class RunMode(StrEnum):
    """Whether a run is for real or applies nothing."""

    NIGHTLY = "nightly"
    REHEARSAL = "rehearsal"


class RunState(StrEnum):
    """How a run stands; STOPPED carries a code and a fix, INTERRUPTED means the process went away."""

    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Run:
    """What happened in one district one night. counts: JSON-like numbers for the summary."""

    run_id: RunId
    district: DistrictCode
    night_on: date
    mode: RunMode
    state: RunState
    stage: str
    code: str
    message: str
    fix: str
    started_at: datetime
    finished_at: datetime | None
    counts: Mapping[str, object] = field(default_factory=dict)


def open_run(conn: Connection, district: DistrictCode, night_on: date, mode: RunMode, at: datetime) -> RunId:
    """Open a run, and mark runs of the district that never ended as interrupted."""
    raise NotImplementedError


def set_stage(conn: Connection, district: DistrictCode, run_id: RunId, stage: str) -> None:
    """Note which stage a run has entered."""
    raise NotImplementedError


def record_stage(
    conn: Connection, district: DistrictCode, run_id: RunId, stage: str, rows: int, seconds: float
) -> None:
    """Note how many rows a stage took and how long."""
    raise NotImplementedError


def close_run(
    conn: Connection,
    district: DistrictCode,
    run_id: RunId,
    state: RunState,
    *,
    code: str = "",
    message: str = "",
    fix: str = "",
    counts: Mapping[str, object] | None = None,
    at: datetime,
) -> None:
    """Close a run with its outcome."""
    raise NotImplementedError


def latest(conn: Connection, district: DistrictCode) -> Run | None:
    """Return the district's last opened run, or None."""
    raise NotImplementedError


def get(conn: Connection, district: DistrictCode, run_id: RunId) -> Run:
    """Return one run; raises ContractBroken CF08 when the district has none of that id."""
    raise NotImplementedError
