"""The region file edited between two nights: what is taken out of it counts no more."""

from __future__ import annotations

import pytest

from domain.errors import StopDistrict
from sisbridge.house import House
from sisbridge.sync.answers.cases import open_cases
from sisbridge.sync.grades.collect_grades import collect_from
from sisbridge.sync.grades.release import release
from sisbridge.sync.grades.writeback import deliver
from sisbridge.sync.night import sync_district
from sisbridge.sync.purge import purge
from sisbridge.sync.region import load_entries
from tests.support.small_region import FILES, REST, SmallRegion


def test_a_route_taken_out_of_the_file_carries_no_grade_any_more(house: House, region: SmallRegion) -> None:
    sync_district(house, REST)
    collect_from(house, region.grade_file([f"{REST},u0,88.5"]))
    release(house, REST, "tester")
    entries = region.entries()
    del entries["district"][0]["grades"]
    load_entries(house, entries, "tester")
    with pytest.raises(StopDistrict, match="CF12"):
        deliver(house, REST)
    assert region.provider.dataset.records("results") == []
    assert [case.rule for case in open_cases(house, REST)] == ["CF12"]
    region.load(house)
    assert deliver(house, REST).confirmed == 1
    assert open_cases(house, REST) == []


def test_a_roster_taken_out_of_the_file_is_pulled_no_more(house: House, region: SmallRegion) -> None:
    sync_district(house, REST)
    entries = region.entries()
    del entries["district"][0]["roster"]
    load_entries(house, entries, "tester")
    outcome = sync_district(house, REST)
    assert (outcome.state, outcome.code) == ("stopped", "CF10")


def test_a_purged_district_left_in_the_file_leaves_all_of_it_unloaded(
    house: House, region: SmallRegion
) -> None:
    purge(house, FILES, "tester")
    entries = region.entries()
    entries["district"][0]["name"] = "Renamed"
    with pytest.raises(StopDistrict, match="CF05: District 9102 was purged") as refused:
        load_entries(house, entries, "tester")
    assert "Take district 9102 out of the file" in refused.value.fix
    assert house.district(REST).name == "District 9101"
    del entries["district"][1]
    load_entries(house, entries, "tester")
    assert house.district(REST).name == "Renamed"
