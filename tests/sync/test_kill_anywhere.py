"""A night that is killed anywhere and started again ends like one that was never disturbed.

Every named place of a small night (each commit, each write to a SIS) is a point to die at; then the
same night runs again, and store and SISs must be as after an undisturbed one, run ids, times and
attempts aside.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from domain.ids import DistrictCode
from simulators.dataset import Dataset
from sisbridge.store.database import Store
from sisbridge.sync.grades.collect_grades import collect_from
from sisbridge.sync.grades.release import release
from sisbridge.sync.grades.writeback import deliver
from sisbridge.sync.night import sync_region
from tests.support.copies import copied_store
from tests.support.night_process import NightProcess, NightSpec
from tests.support.small_region import FILES, NOW, REST, SmallRegion, add_student, roster
from tests.support.store_dump import dump

pytestmark = [pytest.mark.crash, pytest.mark.timeout(900)]

CHUNKS = 2
"""Into how many tests the places to die at are split, so that several workers share them."""

RANDOM_KILLS = 5
"""For each district on each database: twenty in all."""


def first_grades(district: str) -> list[str]:
    """Return the grades of the night before."""
    return [f"{district},u{number},{70 + number}.5" for number in range(3)]


def second_grades(district: str) -> list[str]:
    """Return tonight's grades: one corrected, one new."""
    return [*(row.replace("70.5", "90.5") for row in first_grades(district)), f"{district},u4,88"]


def churned(dataset: Dataset) -> Dataset:
    """Add a student, change one and withdraw one."""
    add_student(dataset, "u7", "900000007")
    dataset.change("users", "u1", NOW, email="new@sample.example")
    dataset.withdraw("users", "u5", NOW)
    dataset.withdraw("enrollments", "e-u5", NOW)
    return dataset


@dataclass
class Theatre:
    """One district's second night, which can be run again and again from the same beginning."""

    region: SmallRegion
    process: NightProcess
    district: DistrictCode
    home: Path
    template: str
    served: Dataset
    inbox: dict[str, bytes]

    def rewind(self) -> None:
        """Bring the SISs to where the second night begins."""
        self.region.provider.dataset = self.served.copy()
        folder = self.region.sftp.inbox(FILES)
        for file in folder.iterdir():
            file.unlink()
        for name, content in self.inbox.items():
            (folder / name).write_bytes(content)

    def sis(self) -> dict[str, Any]:
        """Return what the SISs hold: grades and delivered files, without moments and control files."""
        results = self.region.provider.dataset.records("results")
        scores = sorted((r["sourcedId"], r["student"]["sourcedId"], r["score"]) for r in results)
        lines = sorted(line["sourcedId"] for line in self.region.provider.dataset.records("lineItems"))
        files = {file.name: file.read_bytes() for file in self.region.sftp.inbox(FILES).glob("*.csv")}
        return {"results": scores, "line items": lines, "files": files}

    @contextmanager
    def night(self) -> Iterator[NightSpec]:
        """Yield the specification of a fresh second night on a copy of the store."""
        self.rewind()
        grades = str(self.region.grade_file(second_grades(self.district)))
        with copied_store(self.template) as url:
            yield NightSpec(url, str(self.home), [self.district], grades)

    def after(self, url: str) -> dict[str, Any]:
        """Return store and SISs as they are now."""
        store = Store(url)
        try:
            return {"store": dump(store), "sis": self.sis()}
        finally:
            store.dispose()


@contextmanager
def theatre(url: str, district: DistrictCode, folder: Path) -> Iterator[Theatre]:
    """Run the first night undisturbed and yield what the second one begins from."""
    with SmallRegion(folder) as region, NightProcess() as process:
        house = region.open(url, folder / "home")
        sync_region(house, [district])
        collect_from(house, region.grade_file(first_grades(district)))
        release(house, district, "tester")
        deliver(house, district)
        house.close()
        churned(region.provider.dataset)
        region.drop(churned(roster()))
        inbox = {file.name: file.read_bytes() for file in region.sftp.inbox(FILES).iterdir()}
        served = region.provider.dataset.copy()
        yield Theatre(region, process, district, folder / "home", url, served, inbox)


@pytest.fixture(params=[REST, FILES], ids=["rest", "files"])
def stage(request: pytest.FixtureRequest, store_url: str, tmp_path: Path) -> Iterator[Theatre]:
    """A district's second night on each database."""
    with theatre(store_url, request.param, tmp_path) as made:
        yield made


def undisturbed(stage: Theatre, log: Path) -> tuple[dict[str, Any], list[str], float]:
    """Run the night to its end: what it leaves, the places it passed, and how long it took."""
    with stage.night() as spec:
        begun = time.monotonic()
        assert stage.process.run(replace(spec, log=str(log))) == 0
        return stage.after(spec.database_url), log.read_text().split(), time.monotonic() - begun


def chosen(places: list[str], url: str) -> list[str]:
    """Return every write to a SIS, and each commit once: its far side on SQLite, its near side on PostgreSQL.

    Between the end of one commit and the beginning of the next the store does not move.
    """
    skipped = ":before@" if url.startswith("sqlite") else ":after@"
    return [place for place in places if not place.startswith("commit:") or skipped not in place]


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_a_night_killed_at_any_named_place_ends_as_if_it_had_not_been(
    stage: Theatre, tmp_path: Path, chunk: int
) -> None:
    expected, places, _ = undisturbed(stage, tmp_path / "places.log")
    assert len(places) > 40
    assert any(place.startswith("sis:") for place in places)
    for place in chosen(places, stage.template)[chunk::CHUNKS]:
        with stage.night() as spec:
            assert stage.process.run(replace(spec, failpoint=place)) == -9, place
            assert stage.process.run(spec) == 0, place
            assert stage.after(spec.database_url) == expected, place


def test_a_night_killed_at_random_moments_or_run_twice_ends_as_if_it_had_not_been(
    stage: Theatre, tmp_path: Path
) -> None:
    expected, _, seconds = undisturbed(stage, tmp_path / "places.log")
    assert_something_changed(stage, expected)
    dice, killed = random.Random(20260120), 0
    for _ in range(RANDOM_KILLS):
        with stage.night() as spec:
            killed += stage.process.run(replace(spec, kill_after=dice.uniform(0.01, seconds))) == -9
            assert stage.process.run(spec) == 0
            assert stage.after(spec.database_url) == expected
    assert killed > 0
    with stage.night() as spec:
        assert [stage.process.run(spec), stage.process.run(spec)] == [0, 0]
        assert stage.after(spec.database_url) == expected


def assert_something_changed(stage: Theatre, expected: dict[str, Any]) -> None:
    """Refuse a comparison that would be equal whatever the night did."""
    stage.rewind()
    before = stage.after(stage.template)
    changed = {name for name, rows in expected["store"].items() if rows != before["store"][name]}
    assert {"roster_users", "seat", "outbox", "change", "audit"} <= changed
    assert before["sis"] != expected["sis"]
