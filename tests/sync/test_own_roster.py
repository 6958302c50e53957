"""A district pulled with another's credential: refused by the check, and by the night before any person."""

from __future__ import annotations

from domain.ids import DistrictCode
from sisbridge.house import House
from sisbridge.store import roster, runs
from sisbridge.sync.check import check
from sisbridge.sync.night import sync_district
from sisbridge.sync.region import load_entries
from tests.support.small_region import NOW, REST, SmallRegion


def claim(region: SmallRegion, identifier: str | None) -> None:
    """Let the SIS say by which identifier its district goes."""
    region.provider.dataset.change("orgs", "d", NOW, identifier=identifier)


def last_step(house: House) -> tuple[str, str, str]:
    step = check(house, REST)["roster"].steps[-1]
    return step.name, step.outcome, step.message


def test_the_night_stops_before_it_reads_a_person(region: SmallRegion, house: House) -> None:
    claim(region, "1809999")
    region.load(house, expected_org_identifiers=["1805250"])
    region.provider.forget_requests()
    outcome = sync_district(house, REST)
    assert (outcome.state, outcome.code) == ("stopped", "CN20")
    assert "1805250" in outcome.message
    assert "expected_org_identifiers" in outcome.fix
    assert not any("users" in asked for asked in region.provider.requests)
    assert any("orgs" in asked for asked in region.provider.requests)
    with house.store.read() as conn:
        assert sum(roster.count(conn, REST).values()) == 0


def test_the_check_refuses_it_too(region: SmallRegion, house: House) -> None:
    claim(region, "1809999")
    region.load(house, expected_org_identifiers=["1805250"])
    assert last_step(house) == (
        "district",
        "failed",
        "CN20: The feed is another district's: no district in it is 1805250, but 1809999.",
    )


def test_the_right_district_passes_both(region: SmallRegion, house: House) -> None:
    claim(region, "1805250")
    region.load(house, expected_org_identifiers=["1805250"])
    assert last_step(house) == ("district", "passed", "the orgs are those of 1805250")
    assert sync_district(house, REST).state == "finished"


def test_without_a_word_on_either_side_nothing_is_proven_and_that_is_said(
    region: SmallRegion, house: House
) -> None:
    assert (
        last_step(house)[2] == "not proven: say lea_identifier or expected_org_identifiers in the region file"
    )
    region.load(house, expected_org_identifiers=["1805250"])
    assert last_step(house)[1:] == (
        "passed",
        "not proven: no district org says whether it is 1805250",
    )


def test_a_setting_that_is_no_list_stops_the_district(region: SmallRegion, house: House) -> None:
    region.load(house, expected_org_identifiers="1805250")
    assert last_step(house)[2].startswith("CF84")
    assert sync_district(house, REST).code == "CF84"


def test_the_district_number_of_the_region_file_counts(region: SmallRegion, house: House) -> None:
    claim(region, "1809999")
    entries = region.entries()
    entries["district"][0]["lea_identifier"] = "1805250"
    load_entries(house, entries, "tester")
    assert sync_district(house, REST).code == "CN20"
    with house.store.read() as conn:
        latest = runs.latest(conn, REST)
    assert latest is not None
    assert latest.code == "CN20"


def test_a_gradebook_of_another_district_is_refused_by_the_check(region: SmallRegion, house: House) -> None:
    claim(region, "1809999")
    region.load(house, expected_org_identifiers=["1805250"])
    steps = {step.name: step.outcome for step in check(house, REST)["grades"].steps}
    assert steps["district"] == "failed"


def test_a_district_without_a_way_for_grades_is_told_so(region: SmallRegion, house: House) -> None:
    entry = {name: value for name, value in region.entries()["district"][0].items() if name != "grades"}
    load_entries(house, {"district": [{**entry, "code": "9104"}]}, "tester")
    (step,) = check(house, DistrictCode("9104"))["grades"].steps
    assert (step.outcome, step.message) == ("skipped", "the region file names no way for grades")
