"""Three nights of one size on one database, as often as asked, with the yardsticks of each run."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import yardsticks
from bench.databases import describe_database, empty_database
from bench.generator import MadeDistrict, write_package
from bench.process import in_fresh_process
from bench.stages import Place, StageCost, measure_night
from domain.tables import RosterTable


@dataclass(frozen=True)
class Yardsticks:
    """Seconds of the least that could be done, in one run. duckdb: None where it is not installed.

    merge: the row-by-row ORM merge of every row of every table, scaled from those that were timed;
    merge_enrollments: of the enrollments alone.
    """

    read: float
    duckdb: float | None
    write_raw: float
    write_ready: float
    write_history: float
    merge: float
    merge_enrollments: float


@dataclass(frozen=True)
class Measured:
    """Everything of one size on one database; rows are of the first package, lists have an entry a run."""

    students: int
    database: str
    rows: int
    costs: Sequence[Sequence[StageCost]]
    yardsticks: Sequence[Yardsticks]


@dataclass(frozen=True)
class _Packages:
    """The packages of two nights and the rows of each file of the first."""

    first: Path
    second: Path
    rows: dict[str, int]


def measure(
    students: int, database: str, *, runs: int, seed: int, folder: Path | None, say: Callable[[str], None]
) -> Measured:
    """Measure one size on one database (as `databases.empty_database` takes it).

    folder: where to work, None for the system's temporary folder. say: is told of each run as it begins,
    and of each stage. Raises CannotMeasure, and whatever a stage raises.
    """
    costs: list[list[StageCost]] = []
    sticks: list[Yardsticks] = []
    with _working_folder(folder) as shared:
        packages = in_fresh_process(_make_packages, shared, students, seed)
        for run in range(runs):
            with _working_folder(shared) as own, empty_database(database, own) as url:
                say(f"{students:,} students on {describe_database(url)}, run {run + 1} of {runs}")
                own_costs, own_sticks = _measure_run(Place(own, url), packages, say)
                costs.append(own_costs)
                sticks.append(own_sticks)
                name = describe_database(url)
    return Measured(students, name, sum(packages.rows.values()), costs, sticks)


def _make_packages(folder: Path, students: int, seed: int) -> _Packages:
    first, second = folder / "night-1", folder / "night-2"
    rows = write_package(MadeDistrict(students, seed), first)
    write_package(MadeDistrict(students, seed, night=2), second)
    return _Packages(first, second, rows)


def _measure_run(
    place: Place, packages: _Packages, say: Callable[[str], None]
) -> tuple[list[StageCost], Yardsticks]:
    first = measure_night(place, packages.first, 1, say)
    # Between the nights, while the roster of record holds exactly the first package.
    sticks = _yardsticks(place, packages)
    second = measure_night(place, packages.first, 2, say)
    third = measure_night(place, packages.second, 3, say)
    return [*first, *second, *third], sticks


def _yardsticks(place: Place, packages: _Packages) -> Yardsticks:
    url, package, scratch = place.database_url, packages.first, place.folder
    merged = in_fresh_process(yardsticks.merge_by_row, url)
    return Yardsticks(
        read=in_fresh_process(yardsticks.read_with_pyarrow, package),
        duckdb=in_fresh_process(yardsticks.read_with_duckdb, package),
        write_raw=in_fresh_process(yardsticks.write_raw, url, package, scratch),
        write_ready=in_fresh_process(yardsticks.write_ready, url, scratch),
        write_history=in_fresh_process(yardsticks.write_history, url, scratch),
        merge=sum(merged.values()),
        merge_enrollments=merged[RosterTable.ENROLLMENTS],
    )


@contextmanager
def _working_folder(inside: Path | None) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="sisbridge-bench-", dir=inside))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
