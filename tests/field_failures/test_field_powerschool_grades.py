"""What went wrong elsewhere when grades went into PowerSchool, met by a delivery."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from connectors.powerschool.gradebook import ROUTE as GRADEBOOK
from connectors.powerschool.stored_grades import ROUTE as STORED
from domain.errors import StopDistrict
from simulators.powerschool import Manner
from sisbridge.house import House
from sisbridge.sync.answers.cases import open_cases
from sisbridge.sync.grades.release import release_again
from sisbridge.sync.grades.writeback import deliver
from sisbridge.sync.night import sync_district
from tests.support.powerschool_grades import PowerSchoolGrades
from tests.support.small_region import REST

Begin = Callable[..., tuple[PowerSchoolGrades, House]]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """Return a function that starts a district by a route, its roster in force."""
    with ExitStack() as stack:

        def go(route: str = STORED, **settings: Any) -> tuple[PowerSchoolGrades, House]:
            region = stack.enter_context(PowerSchoolGrades(tmp_path, route, **settings))
            house = region.open(f"sqlite:///{tmp_path / 'store.db'}", tmp_path / "home")
            stack.callback(house.close)
            assert sync_district(house, REST).state == "finished"
            region.sis.forget_requests()
            return region, house

        yield go


def rules(house: House) -> list[str]:
    """Return the rules of the first district's open cases about its grades."""
    return sorted(case.rule for case in open_cases(house, REST) if case.rule[:2] in ("WB", "CN"))


def told(house: House) -> str:
    """Return what the first district's open cases say, and what to do."""
    return " ".join(f"{case.message} {case.fix}" for case in open_cases(house, REST))


def test_field_failure_06_a_plugin_installed_anew_stops_the_delivery_and_loses_no_grade(
    begin: Begin,
) -> None:
    region, house = begin()
    assert region.sent(house, "88.5,,,").confirmed == 1
    region.sis.reinstall()
    with pytest.raises(StopDistrict, match="does not accept our credentials"):
        region.sent(house, "91,,,", "77,,,")
    assert rules(house) == ["CN03"]
    region.load(house)
    counts = deliver(house, REST)
    assert (counts.confirmed, sorted(row["percent"] for row in region.stored())) == (2, [77, 91])
    assert rules(house) == []


def test_field_failure_07_a_plugin_that_nobody_registered_reads_rosters_and_its_grades_wait(
    begin: Begin,
) -> None:
    region, house = begin(GRADEBOOK)
    region.sis.registered = False
    with pytest.raises(StopDistrict, match="nobody pressed Register"):
        region.sent(house, "88.5,,,")
    assert rules(house) == ["WB75"]
    assert sync_district(house, REST).state == "finished"
    region.sis.registered = True
    assert deliver(house, REST).confirmed == 1


def test_field_failure_12_a_delivery_keeps_the_pause_that_the_server_asks_for_in_words(
    begin: Begin,
) -> None:
    region, house = begin(attempts=6, patience=20)
    region.sis.manner = Manner(min_interval_ms=120)
    assert region.sent(house, "88.5,,,", "77,,,", "66,,,").confirmed == 3
    assert sorted(row["percent"] for row in region.stored()) == [66, 77, 88.5]


@pytest.mark.parametrize("by", ["oneroster", "xte"])
def test_field_failure_64_a_title_is_cut_for_the_gradebook_and_stays_its_own(begin: Begin, by: str) -> None:
    region, house = begin(GRADEBOOK, by=by, title_limit=12)
    region.sis.manner = Manner(title_limit=12)
    assert region.sent(house, "88.5,,,").confirmed == 1
    name = {
        "oneroster": lambda: region.sis.dataset.records("lineItems")[0]["title"],
        "xte": lambda: region.sis.tables.rows("assignmentsection")[0]["name"],
    }[by]()
    assert (name[:8], len(name)) == ("Physics ", 12)


@pytest.mark.parametrize("by", ["oneroster", "xte"])
def test_field_failure_65_a_due_date_outside_the_sections_term_is_moved_into_it(
    begin: Begin, by: str
) -> None:
    region, house = begin(GRADEBOOK, by=by)
    region.sis.tables.change(
        "terms", region.sis.tables.rows("terms", id=3501)[0]["dcid"], lastday="2026-01-09"
    )
    region.sis.dataset.change("academicSessions", "t1", region.sis.clock(), endDate="2026-01-10")
    assert region.sent(house, "88.5,,,").confirmed == 1
    due = {
        "oneroster": lambda: region.sis.dataset.records("lineItems")[0]["dueDate"][:10],
        "xte": lambda: region.sis.tables.rows("assignmentsection")[0]["duedate"],
    }[by]()
    assert due == "2026-01-09"


def test_field_failure_73_a_store_code_that_somebody_has_used_is_a_conflict_and_not_overwritten(
    begin: Begin,
) -> None:
    region, house = begin()
    region.sis.manner = Manner(same_code_twice="overwrite")
    entered = {"studentid": 501, "schoolid": 100, "storecode": "S1", "termid": 3501, "sectionid": 2201}
    region.sis.tables.add("storedgrades", {**entered, "course_number": "ESC-PHYS", "percent": 70})
    counts = region.sent(house, "88.5,,,", "77,,,")
    assert (counts.confirmed, counts.conflict) == (1, 1)
    assert [(row["studentid"], row["percent"]) for row in region.stored()] == [(501, 70), (502, 77)]
    assert rules(house) == ["WB10"]


def test_field_failure_75_a_correction_wipes_nothing_of_what_stands_in_the_row(begin: Begin) -> None:
    region, house = begin()
    assert region.sent(house, "88.5,,,Steady").confirmed == 1
    region.sis.tables.change("storedgrades", 9001, behavior="S", earnedcrhrs=1, potentialcrhrs=1)
    assert region.sent(house, "91,,,Steady").confirmed == 1
    (row,) = region.stored()
    assert (row["percent"], row["comment_value"], row["behavior"]) == (91, "Steady", "S")
    assert (row["earnedcrhrs"], row["potentialcrhrs"], row["sectionid"]) == (1, 1, 2201)


def test_field_failure_77_a_412_is_sent_again_once_and_a_409_is_told_in_words_without_a_name(
    begin: Begin,
) -> None:
    region, house = begin(GRADEBOOK, by="xte")
    region.sis.manner = Manner(resubmits=1)
    assert region.sent(house, "88.5,,,").confirmed == 1
    seat = region.sis.tables.rows("cc", studentid=502)[0]
    # The roster lists the student; the gradebook refuses, and its text has the name in it.
    region.sis.tables.change("cc", seat["dcid"], sectionid=-2201)
    counts = region.sent(house, "88.5,,,", "77,,,", "66,,,")
    assert (counts.confirmed, counts.rejected) == (2, 1)
    assert "code 409: the student is not enrolled in the section" in told(house)
    assert "Family" not in told(house)


def test_field_failure_81_no_credit_goes_along_unless_the_district_says_so(begin: Begin) -> None:
    region, house = begin()
    assert region.sent(house, "88.5,,,").confirmed == 1
    assert [region.stored()[0][name] for name in ("earnedcrhrs", "potentialcrhrs", "gpa_points")] == [
        None
    ] * 3


def test_field_failure_81_a_course_without_credit_hours_stores_no_row_of_zero_credits(begin: Begin) -> None:
    region, house = begin(credit_fields=["potentialcrhrs", "earnedcrhrs"])
    region.sis.tables.change("courses", 300, credit_hours=0)
    counts = region.sent(house, "88.5,,,", "77,,,")
    assert (counts.rejected, region.stored()) == (2, [])
    assert "every grade of it would earn none" in told(house)


def test_field_failure_82_a_grade_tied_to_no_section_is_taken_back_and_the_others_are_not_sent(
    begin: Begin,
) -> None:
    region, house = begin()
    region.sis.manner = Manner(links_sections=False)
    counts = region.sent(house, "88.5,,,", "77,,,")
    assert (counts.rejected, region.stored()) == (2, [])
    assert region.sis.requests["POST schema/table/storedgrades"] == 1
    assert rules(house) == ["WB12"]
    assert "the state's feed does not find it" in told(house)
    region.sis.manner = Manner()
    release_again(house, REST, "tester")
    assert deliver(house, REST).confirmed == 2
    assert {(row["sectionid"], row["termid"]) for row in region.stored()} == {(2201, 3501)}


def test_field_failure_79_half_a_credit_goes_along_only_where_the_district_says_so(begin: Begin) -> None:
    region, house = begin(credit_fields=["potentialcrhrs", "earnedcrhrs"])
    region.sis.tables.change("courses", 300, credit_hours=0.5)
    assert region.sent(house, "88.5,,,").rejected == 1
    assert region.sis.tables.rows("storedgrades") == []
    assert "half_credits" in told(house)
