"""What was measured, as the tables of docs/performance.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bench.measure import Measured
from bench.report import GOALS, Line, growth, lines, machine, pairs, ratios, started
from bench.stages import NIGHTS

_STAGES = (
    "| Night | Stage | Rows | Seconds | Rows per second | Peak MiB |",
    "| --- | --- | ---: | ---: | ---: | ---: |",
)

_ABOUT_RATIOS = """\
Medians of the ratios of the runs. Great Expectations (`validate`) is left out where the yardstick judges
nothing. *Raw write*: the files as they are into text tables without keys, by `COPY` or `executemany`.
*Ready rows*, *history*: what the roster of record and its history of changes hold, once more into empty
tables like their own, keys included. *ORM merge*: `session.merge` row by row, timed with a few rows of each
table and scaled; that ratio is how many times longer the plain program takes. In all others smaller is
better, and 1 is the yardstick itself."""


def page(found: Sequence[Measured]) -> str:
    """Return a section for every size and database, the ratios of all beside their goals, and the growth."""
    parts = [f"**Machine**: {machine()}."]
    parts += [_section(measured) for measured in found]
    parts += [_ratios(found), *(_growth(*pair) for pair in pairs(found))]
    return "\n\n".join(parts) + "\n"


def _section(measured: Measured) -> str:
    rows = [row for night in NIGHTS for row in _night(night, lines(measured))]
    runs, start = len(measured.costs), started(measured)
    about = f"{measured.rows:,} rows, n = {runs}. Starting a stage's process took {start:.1f} s, not counted."
    return "\n".join(
        [f"## {measured.students:,} students, {measured.database}", "", about, "", *_STAGES, *rows]
    )


def _night(night: str, found: Iterable[Line]) -> list[str]:
    own = [line for line in found if line.night == night]
    seconds, peak = sum(line.seconds for line in own), max(line.peak_mib for line in own)
    whole = [f"**{cell}**" for cell in _cells(Line(night, "whole night", own[0].rows, seconds, peak))]
    return [_row(_cells(line)) for line in own] + [_row(whole)]


def _cells(line: Line) -> tuple[str, ...]:
    # Below a hundredth of a second, rows per second would be noise.
    speed = f"{line.rows / line.seconds:,.0f}" if line.rows and line.seconds >= 0.01 else "–"
    rows = f"{line.rows:,}" if line.rows else "–"
    return line.night, line.stage, rows, f"{line.seconds:.2f}", speed, f"{line.peak_mib:,.0f}"


def _ratios(found: Sequence[Measured]) -> str:
    names = [f"{measured.students:,} on {measured.database.split()[0]}" for measured in found]
    each = [ratios(measured) for measured in found]
    heads = [_row(("Ratio", "Goal", *names)), _row(("---", "---:", *("---:" for _ in names)))]
    rows = [
        _row((name, GOALS.get(name, ""), *(f"{one[name]:.2f}" if name in one else "–" for one in each)))
        for name in dict.fromkeys(name for one in each for name in one)
    ]
    title = "## Beside what it could cost at least, and what is usual"
    return "\n".join([title, "", _ABOUT_RATIOS, "", *heads, *rows])


def _growth(small: Measured, large: Measured) -> str:
    times = growth(small, large)
    heads = [_row(("Night", "Times the seconds")), _row(("---", "---:"))]
    rows = [_row((night, f"{times[night]:.1f}")) for night in NIGHTS]
    sizes = f"{small.students:,} to {large.students:,} students"
    title = f"## Growth from {sizes} on {large.database}: {times['rows']:.1f} times the rows"
    return "\n".join([title, "", *heads, *rows])


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
