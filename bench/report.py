"""What was measured, as a table for people and as JSON; several runs are summed up by their median."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from itertools import pairwise
from statistics import median

from rich.console import Console
from rich.table import Table

from bench.measure import Measured, Yardsticks
from bench.stages import NIGHTS, STEPS, StageCost

_LIBRARIES = ("pyarrow", "pandas", "sqlalchemy", "great-expectations")

GOALS = {
    "pull ÷ pyarrow streaming the same files": "≤ 2",
    "first load's apply ÷ writing ready rows and history": "≤ 1.5",
    "first load without validate ÷ writing ready rows and history": "≤ 2.5",
    "nothing changed without validate ÷ its pull, normalize, compare": "≤ 1.3",
    "1 % changed without validate ÷ (DuckDB read + raw write)": "≤ 3",
    "row-by-row ORM merge of all tables ÷ 1 % changed without validate": "≥ 100",
}
"""What a ratio is meant to be on PostgreSQL at 50,000 students; the others are only told."""


@dataclass(frozen=True)
class Line:
    """One stage of one night over all runs: median seconds, highest peak."""

    night: str
    stage: str
    rows: int
    seconds: float
    peak_mib: float


def machine() -> str:
    """Return cores, memory, Python and libraries, and nothing that names the machine."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), {pages / 2**30:.0f} GiB, {platform.system()}, "
        f"Python {platform.python_version()}, {libraries}"
    )


def lines(measured: Measured) -> list[Line]:
    """Return a line per night and stage, in the order they ran."""
    return [_line([costs[place] for costs in measured.costs]) for place in range(len(measured.costs[0]))]


def _line(same: Sequence[StageCost]) -> Line:
    first, peak = same[0], max(cost.peak_mib for cost in same)
    return Line(first.night, first.stage, first.rows, median(cost.seconds for cost in same), peak)


def started(measured: Measured) -> float:
    """Return the median of the seconds that a stage's process needed before it could begin."""
    return median(cost.started for costs in measured.costs for cost in costs)


def ratios(measured: Measured) -> dict[str, float]:
    """Return our time as a multiple of each yardstick's: the median of the runs' ratios.

    Great Expectations is left out on our side where the yardstick judges nothing.
    """
    found: dict[str, list[float]] = {}
    for costs, yardsticks in zip(measured.costs, measured.yardsticks, strict=True):
        for name, value in _ratios(costs, yardsticks).items():
            found.setdefault(name, []).append(value)
    return {name: median(values) for name, values in found.items()}


def _ratios(costs: Sequence[StageCost], yardsticks: Yardsticks) -> dict[str, float]:
    first, unchanged, changed = (_chain(costs, night) for night in NIGHTS)
    floor = yardsticks.read + yardsticks.write_raw
    ready = yardsticks.write_ready + yardsticks.write_history
    compared = _seconds(costs, NIGHTS[1], ("pull", "normalize", "compare"))
    written = _seconds(costs, NIGHTS[2], ("compare", "apply"))
    found = {
        "pull ÷ pyarrow streaming the same files": _seconds(costs, NIGHTS[0], ("pull",)) / yardsticks.read,
        "first load without validate ÷ (pyarrow read + raw write)": first / floor,
        "1 % changed without validate ÷ (pyarrow read + raw write)": changed / floor,
        "first load's apply ÷ writing ready rows and history": _seconds(costs, NIGHTS[0], ("apply",)) / ready,
        "first load without validate ÷ writing ready rows and history": first / ready,
        "nothing changed without validate ÷ its pull, normalize, compare": unchanged / compared,
        "row-by-row ORM merge of all tables ÷ 1 % changed without validate": yardsticks.merge / changed,
        "row-by-row ORM merge of all tables ÷ compare and apply of 1 % changed": yardsticks.merge / written,
        "row-by-row ORM merge of the enrollments ÷ 1 % changed without validate": yardsticks.merge_enrollments
        / changed,
    }
    if yardsticks.duckdb is not None:
        floor = yardsticks.duckdb + yardsticks.write_raw
        found["1 % changed without validate ÷ (DuckDB read + raw write)"] = changed / floor
    return found


def _chain(costs: Iterable[StageCost], night: str) -> float:
    return _seconds(costs, night, [step for step in STEPS if step != "validate"])


def _seconds(costs: Iterable[StageCost], night: str, stages: Sequence[str]) -> float:
    return sum(cost.seconds for cost in costs if cost.night == night and cost.stage in stages)


def growth(small: Measured, large: Measured) -> dict[str, float]:
    """Return per night how many times longer the larger district took; `rows`: how many more it has."""
    found = {"rows": large.rows / small.rows}
    for night in NIGHTS:
        found[night] = _total(lines(large), night) / _total(lines(small), night)
    return found


def _total(found: Iterable[Line], night: str) -> float:
    return sum(line.seconds for line in found if line.night == night)


def as_json(found: Sequence[Measured]) -> dict[str, object]:
    """Return everything, each run's figures included."""
    return {
        "machine": machine(),
        "measured": [
            asdict(measured) | {"started_seconds": started(measured), "ratios": ratios(measured)}
            for measured in found
        ],
        "growth": [growth(*pair) for pair in pairs(found)],
    }


def show(found: Sequence[Measured]) -> None:
    """Print a table per size and database, the ratios under it, and how time grew between sizes."""
    console = Console(soft_wrap=True)
    console.print(machine())
    for measured in found:
        console.print(_table(measured))
        console.print(f"Starting a stage's process took {started(measured):.1f} s each, not counted above.")
        _show_all(console, ratios(measured), lambda value, name: f"{value:.2f} × {name}{_goal(name)}")
    for small, large in pairs(found):
        times = growth(small, large)
        console.print(f"From {small.students:,} to {large.students:,} students on {large.database}:")
        _show_all(console, times, "{:.1f} × {}".format)


def pairs(found: Sequence[Measured]) -> list[tuple[Measured, Measured]]:
    """Return each size with the next larger one on the same database."""
    return [(one, two) for one, two in pairwise(found) if one.database == two.database]


def _goal(name: str) -> str:
    return f" (goal {GOALS[name]})" if name in GOALS else ""


def _show_all(console: Console, figures: dict[str, float], words: Callable[[float, str], str]) -> None:
    for name, value in figures.items():
        console.print("  " + words(value, name), highlight=False)


def _table(measured: Measured) -> Table:
    runs = len(measured.costs)
    title = f"{measured.students:,} students, {measured.rows:,} rows, {measured.database}, n={runs}"
    table = Table(title=title, title_justify="left")
    table.add_column("night")
    table.add_column("stage")
    for name in ("rows", "seconds", "rows per second", "peak MiB"):
        table.add_column(name, justify="right")
    for night in NIGHTS:
        own = [line for line in lines(measured) if line.night == night]
        for line in own:
            table.add_row(night, line.stage, *_figures(line.rows, line.seconds, line.peak_mib))
        whole = _figures(own[0].rows, sum(line.seconds for line in own), max(line.peak_mib for line in own))
        table.add_row(night, "whole night", *whole, end_section=True)
    return table


def _figures(rows: int, seconds: float, peak: float) -> tuple[str, str, str, str]:
    # Below a hundredth of a second, rows per second would be noise.
    speed = f"{rows / seconds:,.0f}" if rows and seconds >= 0.01 else "–"
    return f"{rows:,}" if rows else "–", f"{seconds:.2f}", speed, f"{peak:,.0f}"
