"""What people decide, and what goes into PowerSchool and Campus, killed anywhere and done again.

Each act begins from one house, is killed at a place, done again, and must leave store and SIS as an act that
was never disturbed: run ids, times and attempts aside. On SQLite it dies after a place, on PostgreSQL before.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.ids import DistrictCode
from simulators.dataset import Dataset
from sisbridge.house import House
from sisbridge.store.database import Store
from sisbridge.sync.grades.collect_grades import collect_from
from sisbridge.sync.grades.release import release
from sisbridge.sync.grades.writeback import deliver
from sisbridge.sync.night import sync_district
from tests.support.campus_region import CampusRegion
from tests.support.copies import copied_store
from tests.support.night_process import NightProcess, NightSpec
from tests.support.powerschool_grades import PowerSchoolGrades
from tests.support.rekeyed import EVERYTHING, rekeyed
from tests.support.small_region import FILES, NOW, REST, SmallRegion, add_student, roster
from tests.support.store_dump import dump

pytestmark = [pytest.mark.crash, pytest.mark.slow, pytest.mark.timeout(900)]

SAID = ("night replayed", "district purged")
"""What the audit says once for every time it is done."""


@pytest.fixture(scope="module")
def process() -> Iterator[NightProcess]:
    """What performs acts, each in a process of its own."""
    with NightProcess() as made:
        yield made


@dataclass
class Scene:
    """One act, which can be done again and again from the same beginning.

    rewind: brings the SIS to where the act begins. sis: what the SIS holds. apart: tables that may differ.
    """

    process: NightProcess
    spec: NightSpec
    rewind: Callable[[], None]
    sis: Callable[[], object]
    apart: tuple[str, ...] = ()

    @contextmanager
    def trial(self) -> Iterator[NightSpec]:
        """Yield the specification of the act on copies of store and landing."""
        self.rewind()
        home = Path(f"{self.spec.home}-copy")
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(self.spec.home, home)
        with copied_store(self.spec.database_url) as url:
            yield replace(self.spec, database_url=url, home=str(home))

    def after(self, spec: NightSpec) -> dict[str, Any]:
        """Return store and SIS as they are now, and whether anything of the districts lies landed."""
        store = Store(spec.database_url)
        try:
            rows = dump(store)
        finally:
            store.dispose()
        rows["audit"] = [row for row in rows["audit"] if not set(SAID) & set(map(str, row))]
        for name in self.apart:
            del rows[name]
        landed = [any((Path(spec.home) / "landing").glob(f"{code}/*")) for code in spec.districts]
        return {**rows, "what the SIS holds": self.sis(), "what lies landed": landed}


def assert_killed_anywhere_ends_alike(scene: Scene, log: Path, places: tuple[str, ...]) -> None:
    """Kill the act at the places that begin so, do it again each time, and compare."""
    with scene.trial() as spec:
        before = scene.after(spec)
        assert scene.process.run(replace(spec, log=str(log))) == 0
        expected = scene.after(spec)
    assert expected != before
    for place in _chosen(log.read_text().split(), scene.spec.database_url, places):
        with scene.trial() as spec:
            assert scene.process.run(replace(spec, failpoint=place)) == -9, place
            assert scene.process.run(spec) == 0, place
            assert differing(scene.after(spec), expected) == {}, place


def differing(found: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    """Return what is not as expected, by name."""
    return {name: (found[name], expected[name]) for name in expected if found[name] != expected[name]}


def _chosen(passed: list[str], url: str, places: tuple[str, ...]) -> list[str]:
    """Return the first place that begins so, and every write to the SIS; on SQLite after it, else before."""
    skipped = ":before@" if url.startswith("sqlite") else ":after@"
    open_to_us = [one for one in passed if skipped not in one]
    first = [next(one for one in open_to_us if one.startswith(place)) for place in places]
    return [one for one in open_to_us if one in first or one.startswith("sis:")]


def nothing() -> None:
    """Stand for a SIS that an act does not touch."""


def crowd(*gone: str) -> Dataset:
    """Return a district of 46 students, less those that are gone."""
    dataset = roster()
    for number in range(40):
        if f"x{number}" not in gone:
            add_student(dataset, f"x{number}", f"8000000{number:02d}")
    return dataset


GONE = tuple(f"x{number}" for number in range(15))


def half_a_file(house: House, region: SmallRegion, nights: int) -> DistrictCode:
    """Let a file of two thirds come after a good one; nights: how often it was read."""
    region.drop(crowd())
    sync_district(house, FILES)
    region.drop(crowd(*GONE))
    for number in range(1, nights + 1):
        region.load(house, NOW + timedelta(days=number))
        assert sync_district(house, FILES).counts["held"] == 45
    return FILES


def first_half_file(house: House, region: SmallRegion) -> DistrictCode:
    """Leave the half file to be read by the night that is killed."""
    half_a_file(house, region, 0)
    region.load(house, NOW + timedelta(days=1))
    return FILES


def held_twice(house: House, region: SmallRegion) -> DistrictCode:
    """Leave removals held that two nights have seen."""
    return half_a_file(house, region, 2)


def new_ids(house: House, region: SmallRegion) -> DistrictCode:
    """Leave a re-key proposed, with grades on their way."""
    sync_district(house, REST)
    collect_from(house, region.grade_file([f"{REST},u{n},{70 + n}" for n in range(3)]))
    release(house, REST, "tester")
    region.provider.dataset = rekeyed(region.provider.dataset, *EVERYTHING)
    sync_district(house, REST)
    return REST


def odd_code(house: House, region: SmallRegion) -> DistrictCode:
    """Leave a night that quarantined a student, and a mapping that would not."""
    region.provider.dataset.records("users")[0]["grades"] = ["Sophomorish"]
    sync_district(house, REST)
    region.load(house, mapping={"codes": {"grade_levels": {"Sophomorish": "10"}}})
    return REST


def graded(house: House, region: SmallRegion) -> DistrictCode:
    """Leave a district with a roster and grades."""
    sync_district(house, REST)
    collect_from(house, region.grade_file([f"{REST},u0,91"]))
    release(house, REST, "tester")
    return REST


ACTS: tuple[tuple[str, Callable[[House, SmallRegion], DistrictCode], tuple[str, ...]], ...] = (
    ("night", first_half_file, ("commit:held", "commit:apply")),
    ("release", held_twice, ("commit:decision", "commit:apply")),
    ("discard", held_twice, ("commit:decision",)),
    ("accept", new_ids, ("commit:rekey",)),
    ("replay", odd_code, ("commit:apply", "commit:finish")),
    ("purge", graded, ("commit:purge",)),
)


@pytest.mark.parametrize(("act", "prepare", "places"), ACTS, ids=[act[0] for act in ACTS])
def test_what_a_person_does_killed_anywhere_and_done_again_ends_alike(
    process: NightProcess, store_url: str, tmp_path: Path, act: str,
    prepare: Callable[[House, SmallRegion], DistrictCode], places: tuple[str, ...],
) -> None:  # fmt: skip
    home = tmp_path / "home"
    with SmallRegion(tmp_path / "sis") as region:
        house = region.open(store_url, home)
        district = prepare(house, region)
        house.close()
        spec = NightSpec(store_url, str(home), [district], "", act=act)
        scene = Scene(process, spec, nothing, lambda: None)
        assert_killed_anywhere_ends_alike(scene, tmp_path / "places", places)


@contextmanager
def powerschool(folder: Path) -> Iterator[tuple[SmallRegion, tuple[str, ...], Callable[[], object], Any]]:
    """Yield a PowerSchool that our grades are stored in, its students, what it holds and how it is reset."""
    with PowerSchoolGrades(folder, "powerschool_stored_grades", in_flight=1) as region:

        def put_back(rows: list[dict[str, Any]]) -> None:
            region.sis.tables.clear("storedgrades")
            for row in rows:
                region.sis.tables.add("storedgrades", row)

        yield region, region.students, region.stored, put_back


@contextmanager
def campus(folder: Path) -> Iterator[tuple[SmallRegion, tuple[str, ...], Callable[[], object], Any]]:
    """Yield a Campus with published tasks, its students, what it holds and how it is reset."""
    with CampusRegion(folder) as region:

        def results() -> list[dict[str, Any]]:
            return sorted(region.provider.dataset.copy().records("results"), key=lambda one: one["sourcedId"])

        def put_back(rows: list[dict[str, Any]]) -> None:
            dataset = region.provider.dataset
            for row in results():
                dataset.drop("results", row["sourcedId"])
            for row in rows:
                dataset.add("results", row, NOW)

        yield region, ("u0", "u1", "u2"), results, put_back


@pytest.mark.parametrize("sis", [powerschool, campus], ids=lambda make: make.__name__)
def test_a_delivery_killed_anywhere_and_done_again_ends_alike(
    process: NightProcess, store_url: str, tmp_path: Path, sis: Callable[[Path], AbstractContextManager[Any]]
) -> None:
    home = tmp_path / "home"
    with sis(tmp_path / "sis") as (region, students, holds, put_back):
        house = region.open(store_url, home)
        assert sync_district(house, REST).state == "finished"
        first, second, third = students
        collect_from(house, region.grade_file([f"{REST},{first},88", f"{REST},{second},77"]))
        release(house, REST, "tester")
        assert deliver(house, REST).confirmed == 2
        house.close()
        rows = holds()
        grades = [f"{REST},{first},91", f"{REST},{second},77", f"{REST},{third},66"]
        spec = NightSpec(store_url, str(home), [REST], str(region.grade_file(grades)), act="grades")
        # A stored row whose answer died with the process is proven by its value, but never ours to delete.
        scene = Scene(process, spec, lambda: put_back(rows), holds, apart=("remote_object",))
        assert_killed_anywhere_ends_alike(
            scene, tmp_path / "places", ("commit:sending", "deliver:answered", "commit:receipts")
        )
        assert len(holds()) == 3
