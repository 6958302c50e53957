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
        {"name": "task", "value": "grading_task"},
        {"name": "percent", "value": "percent"},
    ],
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
        """Load the region with the district's route, and what opens the folder of the second one."""
        load_entries(house, self.entries(), "tester")
        keep_secret(house, REST, "sis_password", "secret", "tester")


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
        yield _by_file(region, REST, lambda: region.by_file(LAYOUT), column=4)


def _by_file(
    region: SmallRegion,
    district: DistrictCode,
    entries: Callable[[], dict[str, Any]],
    column: int,
    pattern: str = "*.csv",
    delimiter: str = ",",
) -> RouteScene:
    inbox = region.sftp.inbox(FILES)

    def files() -> list[Path]:
        return sorted(inbox.glob(pattern))

    def pick_up() -> None:
        for file in files():
            file.with_name(f"{file.name}.ack").write_bytes(b"")

    def scores() -> list[float]:
        lines = [line for file in files() for line in file.read_text().splitlines()[1:]]
        return sorted(float(line.split(delimiter)[column]) for line in lines)

    def state() -> object:
        return {file.name: file.read_bytes() for file in files()}

    return RouteScene(region, district, entries, state, scores, pick_up=pick_up)


class _PowerSchool(PowerSchoolRegion):
    """The first district's grades go into PowerSchool by one of its routes; kind: how its roster comes."""

    def __init__(self, folder: Path, route: str, kind: str) -> None:
        super().__init__(folder, kind)
        self._route = route
        self.sis = RunningPowerSchool(roster(), plugin=our_plugin(route), clock=FixedClock(NOW))

    def by_route(self, **settings: object) -> dict[str, Any]:
        """Return the region file with the route, and the store codes that the district uses."""
        entries = self.entries()
        values = {name: value for name, value in reach_plugin(self.sis).items() if name != "client_secret"}
        secrets = {"client_secret": SECRET}
        entries["district"][0]["grades"] = {
            "kind": self._route, "settings": values | settings, "secrets": secrets,
        }  # fmt: skip
        _label(entries)
        return entries


def _label(entries: dict[str, Any]) -> None:
    for term in entries["district"][0]["term"]:
        term["labels"] = {"store_code": {"final": "S1", "progress": "P1"}[term["kind"]], "term_id": "3501"}


@contextmanager
def powerschool_stored_grades(folder: Path) -> Iterator[RouteScene]:
    """Yield a PowerSchool whose stored grades our plugin may write."""
    with _PowerSchool(folder, "powerschool_stored_grades", "powerschool_powerquery") as region:
        tables = region.sis.tables

        def rows() -> list[dict[str, Any]]:
            return tables.rows("storedgrades")

        def enter(percent: float) -> None:
            first = min(rows(), key=lambda row: int(row["studentid"]))
            tables.change("storedgrades", int(first["dcid"]), percent=percent)

        def scores() -> list[float]:
            return sorted(float(row["percent"]) for row in rows())

        yield RouteScene(region, REST, region.by_route, rows, scores, enter=enter)


@contextmanager
def powerschool_gradebook(folder: Path) -> Iterator[RouteScene]:
    """Yield a PowerSchool whose gradebook takes points by OneRoster."""
    with _PowerSchool(folder, "powerschool_gradebook", "powerschool_oneroster") as region:
        book = region.sis.rostering

        def enter(percent: float) -> None:
            first = min(book.dataset.records("results"), key=lambda one: one["student"]["sourcedId"])
            book.dataset.change("results", first["sourcedId"], LATER, score=percent)

        def scores() -> list[float]:
            return sorted(float(one["score"]) for one in book.dataset.records("results"))

        yield RouteScene(region, REST, region.by_route, book.gradebook, scores, enter=enter)


@contextmanager
def powerschool_gradebook_xte(folder: Path) -> Iterator[RouteScene]:
    """Yield a PowerSchool whose gradebook takes points by the PowerTeacher Pro API."""
    with _PowerSchool(folder, "powerschool_gradebook", "powerschool_powerquery") as region:
        tables = region.sis.tables

        def rows() -> list[dict[str, Any]]:
            return tables.rows("assignmentscore")

        def enter(percent: float) -> None:
            first = min(rows(), key=lambda row: int(row["studentsdcid"]))
            tables.change("assignmentscore", int(first["assignmentscoreid"]), scorepoints=percent)

        def scores() -> list[float]:
            return sorted(float(row["scorepoints"]) for row in rows())

        yield RouteScene(region, REST, lambda: region.by_route(by="xte"), rows, scores, enter=enter)


@contextmanager
def powerschool_quick_import(folder: Path) -> Iterator[RouteScene]:
    """Yield a registrar's folder from which Quick Import loads stored grades."""
    with _PowerSchool(folder, "powerschool_quick_import", "powerschool_powerquery") as region:

        def entries() -> dict[str, Any]:
            content = region.entries()
            content["district"][0]["grades"] = {
                **content["district"][1]["grades"],
                "kind": "powerschool_quick_import",
            }
            _label(content)
            return content

        yield _by_file(region, REST, entries, column=7, pattern="*.txt", delimiter="\t")


ROUTES = (
    oneroster_gradebook,
    registrar_file,
    infinite_campus_gradebook,
    infinite_campus_import_file,
    powerschool_stored_grades,
    powerschool_gradebook,
    powerschool_gradebook_xte,
    powerschool_quick_import,
)
