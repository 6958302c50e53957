"""`python -m bench.region`: a night of many small districts, in one process and in several side by side.

Every district has a package of its own; the first night loads them all, the second finds 1 % changed. What is
timed is the command, `sisbridge sync --workers N`, from its start to its end.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from bench.databases import POSTGRESQL, empty_database
from bench.generator import MadeDistrict, write_package
from bench.process import in_fresh_process
from bench.report import machine
from bench.stages import Place, region_of
from domain.ids import DistrictCode
from sisbridge.sync.region import load_entries

NIGHTS = ("first load", "1 % changed")
_COMMAND = "from sisbridge.cli.main import app; app()"


@dataclass(frozen=True)
class Packages:
    """Where the packages of all districts lie, a folder a district and night."""

    folder: Path
    districts: int

    def of(self, number: int, night: int) -> Path:
        """Return the folder of one district's package."""
        return self.folder / f"{number:03d}-{night}"

    def code(self, number: int) -> DistrictCode:
        """Return a district's code."""
        return DistrictCode(f"made{number:03d}")


def make(packages: Packages, students: int) -> None:
    """Write two nights' packages of every district; no two districts have an id in common."""
    for number in range(packages.districts):
        for night in (1, 2):
            write_package(MadeDistrict(students, number + 1, night=night), packages.of(number, night))


def run(place: Place, packages: Packages, workers: int) -> list[float]:
    """Return the seconds of each night, all districts' together, with so many processes."""
    spent = []
    for night in (1, 2):
        in_fresh_process(_set_up, place, packages, night)
        begun = time.perf_counter()
        ended = subprocess.run(
            [sys.executable, "-c", _COMMAND, "sync", "--workers", str(workers), "--json"],
            env=os.environ | place.environment(),
            stdout=subprocess.PIPE,
            check=False,
        )
        spent.append(time.perf_counter() - begun)
        stopped = [one["message"] for one in json.loads(ended.stdout) if one["state"] != "finished"]
        if stopped:
            raise RuntimeError(f"{len(stopped)} districts were stopped: {stopped[0]}")
    return spent


def _set_up(place: Place, packages: Packages, night: int) -> None:
    house = place.open()
    for number in range(packages.districts):
        load_entries(house, region_of(packages.code(number), packages.of(number, night), night), "bench")
    house.close()


def main() -> int:
    """Measure what the arguments ask for and print it."""
    parser = argparse.ArgumentParser(prog="python -m bench.region", description=__doc__)
    add = parser.add_argument
    add("--districts", type=int, default=50)
    add("--students", type=int, default=2_000, help="of each district; 400 or more")
    add("--workers", type=int, nargs="+", default=[1, 2])
    add("--runs", type=int, default=1, help="how often; medians are shown")
    add("--database", default=POSTGRESQL)
    asked = parser.parse_args()
    found: dict[int, list[list[float]]] = {workers: [] for workers in asked.workers}
    with tempfile.TemporaryDirectory(prefix="sisbridge-bench-") as folder:
        packages = Packages(Path(folder), asked.districts)
        in_fresh_process(make, packages, asked.students)
        for number in range(asked.runs):
            for workers in asked.workers:
                own = Path(folder) / f"run-{number}-{workers}"
                own.mkdir()
                with empty_database(asked.database, own) as url:
                    found[workers].append(run(Place(own, url), packages, workers))
                print(f"{workers} processes: {found[workers][-1]}", file=sys.stderr, flush=True)
    _show(found, f"{asked.districts} districts of {asked.students:,} students, n={asked.runs}")
    return 0


def _show(found: dict[int, list[list[float]]], title: str) -> None:
    console = Console(soft_wrap=True)
    console.print(machine())
    table = Table("night", *(f"{workers} processes, s" for workers in found), "times faster", title=title)
    for place, night in enumerate(NIGHTS):
        seconds = [_median(runs, place) for runs in found.values()]
        table.add_row(night, *(f"{value:.1f}" for value in seconds), f"{seconds[0] / seconds[-1]:.2f}")
    console.print(table)


def _median(runs: Sequence[Sequence[float]], place: int) -> float:
    return median(run[place] for run in runs)


if __name__ == "__main__":
    raise SystemExit(main())
