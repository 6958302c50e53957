"""`python -m bench.csv_pull`: enrollments of a bulk CSV into a sealed snapshot, beside pyarrow's own reading.

The pull is the whole stage: the bytes of the file and its pages are compressed, sealed and
landed, its ids counted, the snapshot saved. Beside it pyarrow streams the same file and drops it. Both are
measured in turn, each in a process of its own.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from bench.databases import SQLITE, empty_database
from bench.generator import CLASS_STUDENTS, PERIODS, MadeDistrict, write_package
from bench.process import in_fresh_process, peak_mib
from bench.stages import DISTRICT, Place, prepare
from bench.yardsticks import read_with_pyarrow
from sisbridge.sync import night

TIMES_PYARROW, MOST_MIB, GROWTH = 2.0, 600, 2.1
"""The goals, all at most: times pyarrow's wall seconds, peak memory, times the seconds of half the rows."""

_FILES = ("enrollments",)


@dataclass(frozen=True)
class Cost:
    """Wall seconds, CPU seconds of all threads, and the most memory the process ever held."""

    seconds: float
    cpu: float
    peak: float


@dataclass(frozen=True)
class Measured:
    """All runs of one size."""

    rows: int
    megabytes: float
    pulls: Sequence[Cost]
    streams: Sequence[Cost]

    @property
    def ratio(self) -> float:
        """Our seconds as a multiple of pyarrow's in the same run: the median of the runs."""
        pairs = zip(self.pulls, self.streams, strict=True)
        return median(ours.seconds / theirs.seconds for ours, theirs in pairs)


def pull(package: Path) -> Cost:
    """Pull the package into a new installation and return what the stage cost."""
    with (
        tempfile.TemporaryDirectory(prefix="sisbridge-bench-", dir=package.parent) as folder,
        empty_database(SQLITE, Path(folder)) as url,
    ):
        place = Place(Path(folder), url)
        run_id = prepare(place, package, 1)
        house = place.open()
        cost = _timed(lambda: night.step(house, DISTRICT, run_id, "pull"))
        house.close()
    return cost


def stream(package: Path) -> Cost:
    """Stream the package through pyarrow and return what that cost."""
    return _timed(lambda: read_with_pyarrow(package, _FILES))


def _timed(work: Callable[[], object]) -> Cost:
    started, cpu = time.perf_counter(), time.process_time()
    work()
    return Cost(time.perf_counter() - started, time.process_time() - cpu, peak_mib())


def measure(rows: int, runs: int, folder: Path) -> Measured:
    """Measure one size: a package of about so many rows, pulled and streamed in turn."""
    students = round(rows / (PERIODS * (1 + 1 / CLASS_STUDENTS)))
    package = folder / f"{rows}"
    made = in_fresh_process(write_package, MadeDistrict(students), package, _FILES)
    pulls, streams = [], []
    for _ in range(runs):
        streams.append(in_fresh_process(stream, package))
        pulls.append(in_fresh_process(pull, package))
    megabytes = sum(file.stat().st_size for file in package.iterdir()) / 1e6
    return Measured(sum(made.values()), megabytes, pulls, streams)


def show(found: Sequence[Measured], console: Console) -> None:
    """Print seconds, ratios and memory of every size: median, and the least in brackets."""
    table = Table("rows", "MB", "pyarrow s", "its CPU s", "pull s", "our CPU s", "x pyarrow", "peak MiB")
    for one in found:
        table.add_row(
            f"{one.rows:,}",
            f"{one.megabytes:,.0f}",
            _both([cost.seconds for cost in one.streams]),
            _both([cost.cpu for cost in one.streams]),
            _both([cost.seconds for cost in one.pulls]),
            _both([cost.cpu for cost in one.pulls]),
            f"{one.ratio:.2f}, goal {TIMES_PYARROW:.1f}",
            f"{max(cost.peak for cost in one.pulls):,.0f}, goal {MOST_MIB}",
        )
    console.print(table)


def _both(values: Sequence[float]) -> str:
    return f"{median(values):.2f} ({min(values):.2f})"


def _growth(half: Measured, whole: Measured) -> str:
    seconds = [median(cost.seconds for cost in one.pulls) for one in (half, whole)]
    return (
        f"{whole.rows / half.rows:.2f} x the rows, {seconds[1] / seconds[0]:.2f} x the time (goal {GROWTH})"
    )


def main() -> None:
    """Measure what the arguments ask for, and half of it, and print both."""
    asked, console = _arguments(), Console(width=130)
    with tempfile.TemporaryDirectory(prefix="sisbridge-bench-", dir=asked.folder) as folder:
        sizes = [measure(rows, asked.runs, Path(folder)) for rows in (asked.rows // 2, asked.rows)]
    cores = len(os.sched_getaffinity(0))
    console.print(f"{cores} cores; median (min) of {asked.runs}; machine load {os.getloadavg()[0]:.1f}")
    show(sizes, console)
    console.print(_growth(*sizes))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.csv_pull", description=__doc__)
    add = parser.add_argument
    add("--rows", type=int, default=8_000_000, help="enrollments of the larger package")
    add("--runs", type=int, default=3, help="how often; median and least are shown")
    add("--folder", type=Path, default=None, help="where to work; about 600 bytes a row are needed")
    return parser.parse_args()


if __name__ == "__main__":
    main()
