"""`python -m bench.peers --earthmover-python PATH`: the same files through `earthmover` and through ours.

`earthmover` (PyPI) is what a district's data engineer reaches for: a YAML file of sources, operations and
destinations, from CSV to lines of JSON. It is asked for less than our `normalize` does: the columns of the
canonical tables under their names, the grade codes spelt the standard's way, no row marked `tobedeleted`;
written by its own default template. It seals nothing, judges nothing and compares with nothing, so that
ours are shown up to three points: read and normalized (landed and sealed twice), judged, and applied. Every
process is timed whole, imports included.

It wants another pandas, so install it apart: `python -m venv peers && peers/bin/pip install earthmover`.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.databases import SQLITE, empty_database
from bench.generator import FILES, MadeDistrict, write_package
from bench.process import in_fresh_process
from bench.report import machine
from bench.stages import DISTRICT, Place, prepare
from domain.oneroster import COLLECTIONS, Version
from domain.tables import ROSTER, RosterTable
from sisbridge.sync import night
from sisbridge.sync.context import STAGES

OURS = {
    "pull, normalize": ("pull", "normalize"),
    "pull, normalize, validate": ("pull", "normalize", "validate"),
    "a whole first load": STAGES,
}
"""How far our stages go, each time from the start and into an empty store."""

_TABLES = {"academicSessions": RosterTable.ACADEMIC_SESSIONS}
_SPELT = {"Kindergarten": "KG", "K": "KG", **{str(grade): f"{grade:02}" for grade in range(1, 10)}}


@dataclass(frozen=True)
class Cost:
    """What one run took: wall seconds, and CPU seconds of all its processes."""

    seconds: float
    cpu: float


def earthmover(python: Path, package: Path, scratch: Path) -> Cost:
    """Transform the package's files to JSON lines. Raises CalledProcessError when earthmover fails."""
    scratch.mkdir()
    config = scratch / "earthmover.yaml"
    # Every JSON text is YAML; the indent keeps two closing braces apart, which Jinja would take for its own.
    config.write_text(json.dumps(earthmover_config(package, scratch), indent=1))
    command = [python, "-m", "earthmover", "run", "-c", config, "--force"]
    alone = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    cost = _timed(lambda: subprocess.run(command, check=True, capture_output=True, env=alone))
    for file in FILES:
        assert _lines(scratch / f"{file}.jsonl") == _lines(package / f"{file}.csv") - 1
    return cost


def earthmover_config(package: Path, target: Path) -> dict[str, Any]:
    """Return the YAML file's contents: a source, a chain of operations and a destination per file."""
    return {
        "version": 2,
        "config": {"output_dir": str(target), "log_level": "WARNING", "show_graph": False},
        "sources": {file: {"file": str(package / f"{file}.csv"), "header_rows": 1} for file in FILES},
        "transformations": {
            f"canonical_{file}": {"source": f"$sources.{file}", "operations": _operations(file)}
            for file in FILES
        },
        "destinations": {
            file: {"source": f"$transformations.canonical_{file}", "extension": "jsonl"} for file in FILES
        },
    }


def _operations(file: str) -> list[dict[str, Any]]:
    table = ROSTER[_TABLES.get(file) or RosterTable(file)]
    theirs = [_snake(name) for name in COLLECTIONS[file].columns[Version.V1P1]]
    kept = [name for name in theirs if name in {column.name for column in table.columns}]
    parted: list[dict[str, Any]] = [
        {"operation": "snake_case_columns"},
        {"operation": "keep_columns", "columns": kept},
        {"operation": "filter_rows", "query": "status != 'tobedeleted'", "behavior": "include"},
    ]
    spelt = {"operation": "map_values", "column": "grades", "mapping": _SPELT}
    return [*parted, spelt] if "grades" in kept else parted


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def ours(package: Path, folder: Path, stages: Sequence[str]) -> Cost:
    """Run so many stages of a first load in one new process, on SQLite."""
    folder.mkdir()
    with empty_database(SQLITE, folder) as url:
        place = Place(folder, url)
        return _timed(lambda: in_fresh_process(_stages, place, package, stages))


def _stages(place: Place, package: Path, stages: Sequence[str]) -> None:
    run_id = prepare(place, package, 1)
    house = place.open()
    for stage in stages:
        night.step(house, DISTRICT, run_id, stage)
    house.close()


def _timed(work: Callable[[], object]) -> Cost:
    begun, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(time.perf_counter() - begun, cpu)


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file)


def measure(students: int, runs: int, python: Path) -> tuple[int, dict[str, list[Cost]]]:
    """Return the rows of a made district's files, and what everything cost, in turn in each run."""
    found: dict[str, list[Cost]] = {}
    with tempfile.TemporaryDirectory(prefix="sisbridge-bench-") as name:
        folder = Path(name)
        rows = in_fresh_process(write_package, MadeDistrict(students), folder / "package")
        for run in range(runs):
            cost = earthmover(python, folder / "package", folder / f"earthmover-{run}")
            found.setdefault("earthmover", []).append(cost)
            for number, (until, stages) in enumerate(OURS.items()):
                cost = ours(folder / "package", folder / f"ours-{run}-{number}", stages)
                found.setdefault(until, []).append(cost)
    return sum(rows.values()), found


def show(rows: int, found: dict[str, list[Cost]], runs: int) -> None:
    """Print the medians, and how many times longer earthmover took than each of ours."""
    console, theirs = Console(soft_wrap=True), median(cost.seconds for cost in found["earthmover"])
    console.print(machine())
    table = Table(
        "what", "seconds", "CPU s", "rows per second", "earthmover took", title=f"{rows:,} rows, n={runs}"
    )
    for name, costs in found.items():
        seconds, cpu = median(cost.seconds for cost in costs), median(cost.cpu for cost in costs)
        table.add_row(
            name, f"{seconds:.1f}", f"{cpu:.1f}", f"{rows / seconds:,.0f}", f"{theirs / seconds:.1f} ×"
        )
    console.print(table)


def main() -> None:
    """Measure what the arguments ask for and print it."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.peers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--students", type=int, default=5_000, help="of the made district; 400 or more")
    add("--runs", type=int, default=3, help="how often; medians are shown")
    add(
        "--earthmover-python", type=Path, required=True, help="an interpreter that has `earthmover` installed"
    )
    asked = parser.parse_args()
    os.environ.pop("PYTHONPATH", None)
    show(*measure(asked.students, asked.runs, asked.earthmover_python.absolute()), asked.runs)


if __name__ == "__main__":
    main()
