"""One district by each route: its SIS, what that holds, and what a registrar does there.

`held` is what the SIS shows of each student's grade, by place in the class list, so that routes compare.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from domain.clock import FixedClock
from domain.ids import DistrictCode
from simulators.powerschool import RunningPowerSchool
from sisbridge.house import House
from sisbridge.sync.region import keep_secret, load_entries
from tests.support.campus_region import CampusRegion
from tests.support.powerschool import our_plugin, reach_plugin
from tests.support.powerschool_region import SECRET, PowerSchoolRegion
from tests.support.small_region import FILES, NOW, REST, SmallRegion, roster

LATER = NOW + timedelta(hours=1)

LAYOUT = {
    "columns": [
        {"name": "studentNumber", "value": "student_identifier"},
        {"name": "course", "value": "course_code"},
        {"name": "endYear", "value": "end_year"},
        {"name": "Final", "value": "percent", "task": "Final"},
    ],
    "bound_terms": ["F1"],
}


@dataclass
class RouteScene:
    """A district whose grades go by one route.

    state: all that the SIS holds of grades, comparable. scores: the percents it shows, sorted. enter: a
    registrar puts another percent in the place of the first grade; None where grades go by file. pick_up:
    the registrar takes the files and acknowledges them; None where grades are read back.
    """

    region: SmallRegion
    district: DistrictCode
    entries: Callable[[], dict[str, Any]]
    state: Callable[[], object]
    scores: Callable[[], list[float]]
    enter: Callable[[float], None] | None = None
    pick_up: Callable[[], None] | None = None

    def load(self, house: House) -> None:
        """Load the region with the district's route."""
        load_entries(house, self.entries(), "tester")


@contextmanager
def oneroster_gradebook(folder: Path) -> Iterator[RouteScene]:
    """Yield a OneRoster 1.2 gradebook."""
    with SmallRegion(folder) as region:
        yield _by_results(region)


@contextmanager
def infinite_campus_gradebook(folder: Path) -> Iterator[RouteScene]:
    """Yield a Campus with published grading tasks."""
    with CampusRegion(folder) as region:
        yield _by_results(region)


def _by_results(region: SmallRegion) -> RouteScene:
    dataset = region.provider.dataset

    def enter(percent: float) -> None:
        first = min(dataset.records("results"), key=lambda one: one["student"]["sourcedId"])
        dataset.change("results", first["sourcedId"], LATER, score=percent)

    def scores() -> list[float]:
        return sorted(float(one["score"]) for one in dataset.records("results"))

    return RouteScene(region, REST, region.entries, region.provider.gradebook, scores, enter=enter)


@contextmanager
def registrar_file(folder: Path) -> Iterator[RouteScene]:
    """Yield a registrar's folder on an SFTP server."""
    with SmallRegion(folder) as region:
        yield _by_file(region, FILES, region.entries, column=7)


@contextmanager
def infinite_campus_import_file(folder: Path) -> Iterator[RouteScene]:
    """Yield a Campus that takes an import file of an agreed layout."""
    with CampusRegion(folder) as region:
        yield _by_file(region, REST, lambda: region.by_file(LAYOUT), column=3)


def _by_file(
    region: SmallRegion, district: DistrictCode, entries: Callable[[], dict[str, Any]], column: int
) -> RouteScene:
    inbox = region.sftp.inbox(FILES)

    def files() -> list[Path]:
        return sorted(inbox.glob("*.csv"))

    def pick_up() -> None:
        for file in files():
            file.with_name(f"{file.name}.ack").write_bytes(b"")

    def scores() -> list[float]:
        lines = [line for file in files() for line in file.read_text().splitlines()[1:]]
        return sorted(float(line.split(",")[column]) for line in lines)

    def state() -> object:
        return {file.name: file.read_bytes() for file in files()}

    return RouteScene(region, district, entries, state, scores, pick_up=pick_up)


class _StoredGradesRegion(PowerSchoolRegion):
    """The first district's grades go into PowerSchool's stored grades."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        plugin = our_plugin("powerschool_stored_grades")
        self.sis = RunningPowerSchool(roster(), plugin=plugin, clock=FixedClock(NOW))

    def load(self, house: House, now: Any = NOW, **settings: Any) -> None:
        super().load(house, now, **settings)
        keep_secret(house, REST, SECRET, self.sis.client_secret, "tester")

    def by_stored_grades(self) -> dict[str, Any]:
        """Return the region file with the store code that the district uses."""
        entries = self.entries()
        values = {name: value for name, value in reach_plugin(self.sis).items() if name != "client_secret"}
        entries["district"][0]["grades"] = {
            "kind": "powerschool_stored_grades", "settings": values, "secrets": {"client_secret": SECRET},
        }  # fmt: skip
        for term in entries["district"][0]["term"]:
            term["labels"] = {"store_code": {"final": "S1", "progress": "P1"}[term["kind"]]}
        return entries


@contextmanager
def powerschool_stored_grades(folder: Path) -> Iterator[RouteScene]:
    """Yield a PowerSchool whose stored grades our plugin may write."""
    with _StoredGradesRegion(folder) as region:
        tables = region.sis.tables

        def rows() -> list[dict[str, Any]]:
            return tables.rows("storedgrades")

        def enter(percent: float) -> None:
            first = min(rows(), key=lambda row: int(row["studentid"]))
            tables.change("storedgrades", int(first["dcid"]), percent=percent)

        def scores() -> list[float]:
            return sorted(float(row["percent"]) for row in rows())

        yield RouteScene(region, REST, region.by_stored_grades, rows, scores, enter=enter)


ROUTES = (
    oneroster_gradebook,
    registrar_file,
    infinite_campus_gradebook,
    infinite_campus_import_file,
    powerschool_stored_grades,
)
