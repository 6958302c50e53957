"""A purge beside what still runs: a delivery, a night, and grades that have not arrived."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from domain.errors import RetryLater, StopDistrict
from sisbridge.house import House
from sisbridge.store import snapshots
from sisbridge.sync.grades.collect_grades import collect_from
from sisbridge.sync.grades.release import release
from sisbridge.sync.grades.writeback import alone, deliver
from sisbridge.sync.night import sync_district
from sisbridge.sync.purge import purge
from sisbridge.sync.roster import pull as pulling
from tests.support.small_region import NOW, REST, SmallRegion
from tests.sync.test_retention import PROOF, rows_of


def left(house: House) -> set[str]:
    """Return the tables that still hold rows of the district."""
    return {name for name, count in rows_of(house, REST).items() if count}


def test_no_district_is_purged_while_its_grades_are_delivered(any_house: House, region: SmallRegion) -> None:
    sync_district(any_house, REST)
    before = rows_of(any_house, REST)
    with alone(any_house, REST), pytest.raises(RetryLater, match=r"WB14: .* 9101; nothing was deleted"):
        purge(any_house, REST, "tester")
    assert rows_of(any_house, REST) == before
    purge(any_house, REST, "tester")
    assert left(any_house) == PROOF


def test_grades_that_have_not_arrived_are_purged_only_when_told_so(house: House, region: SmallRegion) -> None:
    sync_district(house, REST)
    collect_from(house, region.grade_file([f"{REST},u{number},88.5" for number in range(3)]))
    with pytest.raises(StopDistrict, match="CF76: 3 grades of district 9101 are not in its SIS yet"):
        purge(house, REST, "tester")
    release(house, REST, "tester")
    with pytest.raises(StopDistrict, match="CF76: 3 grades"):
        purge(house, REST, "tester")
    deliver(house, REST)
    collect_from(house, region.grade_file([f"{REST},u0,91.5"]))
    certified = purge(house, REST, "tester", unsent_too=True)
    assert certified.unsent_grades == 1
    assert "not in the SIS yet, as far as we know: 1." in certified.text()
    assert left(house) == PROOF


def test_what_a_night_lands_after_a_purge_is_deleted_with_the_rest(
    any_house: House, region: SmallRegion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = House.open(any_house.settings)

    def purged(place: str) -> None:
        if place == "pull:users:landed":
            purge(other, REST, "tester")

    monkeypatch.setattr(pulling, "failpoint", purged)
    outcome = sync_district(any_house, REST)
    other.close()
    assert (outcome.state, outcome.code) == ("stopped", "CF05")
    assert left(any_house) == PROOF
    assert list((tmp_path / "home").rglob("*.sealed")) == []


def test_a_purge_waits_for_who_is_writing_rows_of_the_district(any_house: House, region: SmallRegion) -> None:
    other = House.open(any_house.settings)
    with ThreadPoolExecutor(1) as threads:
        with other.store.begin("test") as conn:
            snapshots.set_bookmark(conn, REST, "users", NOW)
            purging = threads.submit(purge, any_house, REST, "tester")
            with pytest.raises(TimeoutError):
                purging.result(0.3)
        assert purging.result(60).rows["bookmark"] == 1
    other.close()
    assert left(any_house) == PROOF
