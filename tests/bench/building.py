"""Measured figures, made up."""

from __future__ import annotations

from bench.measure import Measured, Yardsticks
from bench.stages import NIGHTS, STEPS, StageCost

STICKS = Yardsticks(
    read=1.0,
    duckdb=None,
    write_raw=2.0,
    write_ready=3.0,
    write_history=1.0,
    merge=90.0,
    merge_enrollments=45.0,
)


def costs(seconds: float, peak: float = 100.0) -> list[StageCost]:
    """Return what every stage of the three nights cost: all the same."""
    return [StageCost(night, step, 10, seconds, peak, 0.5) for night in NIGHTS for step in STEPS]


def measured(*runs: list[StageCost], rows: int = 10) -> Measured:
    """Return a district measured so many times."""
    return Measured(400, "SQLite 3", rows, runs, [STICKS] * len(runs))
