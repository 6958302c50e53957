"""A sourcedId that a SIS gives to another student: what is of one is never taken for the other's."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.ids import PersonId, SourcedId
from simulators.dataset import Dataset
from sisbridge.house import House
from sisbridge.store import people
from sisbridge.sync.answers.cases import open_cases
from sisbridge.sync.grades.collect_grades import collect_from
from sisbridge.sync.grades.release import release
from sisbridge.sync.grades.writeback import deliver
from sisbridge.sync.holding import decisions
from sisbridge.sync.identity.people_desk import renew
from sisbridge.sync.night import NightOutcome, sync_district
from sisbridge.sync.region import load_entries
from tests.support.small_region import NOW, REST, SmallRegion, add_student

U0 = SourcedId("u0")
ANOTHER = {"identifier": "911999999", "givenName": "Zoe", "familyName": "Other"}


def night(house: House, region: SmallRegion, number: int) -> NightOutcome:
    """Run the REST district's night of a day."""
    region.load(house, NOW + timedelta(days=number))
    return sync_district(house, REST)


def night_of_next_year(
    house: House, region: SmallRegion, number: int, code: str = "ESC-PHYS"
) -> NightOutcome:
    """Run the REST district's night of a day in the school year after, with a course code of that year."""
    entries = region.entries(NOW + timedelta(days=number))["district"]
    changed = {"school_year": "2027", "crosswalk": {code: "PHYS"}}
    load_entries(house, {"district": [one | changed for one in entries]}, "tester")
    return sync_district(house, REST)


def person(house: House) -> PersonId:
    """Return who u0 is."""
    with house.store.read() as conn:
        return people.links(conn, REST, "2026")[U0]


def graded(region: SmallRegion) -> list[str]:
    """Return the students of whom a grade stands in the SIS."""
    dataset: Dataset = region.provider.dataset
    return sorted(record["student"]["sourcedId"] for record in dataset.records("results"))


def with_a_released_grade(house: House, region: SmallRegion) -> None:
    """Run the first night and release a grade of u0, which has not left yet."""
    night(house, region, 0)
    collect_from(house, region.grade_file([f"{REST},u0,90"]))
    release(house, REST, "tester")


def test_no_grade_of_a_student_goes_to_the_one_who_got_the_id(any_house: House, region: SmallRegion) -> None:
    night(any_house, region, 0)
    was = person(any_house)
    collect_from(any_house, region.grade_file([f"{REST},u0,90", f"{REST},u1,80"]))
    release(any_house, REST, "tester")
    region.provider.dataset.change("users", "u0", NOW, **ANOTHER)
    assert night(any_house, region, 1).counts["held"] == 1
    counts = deliver(any_house, REST)
    assert (counts.held, counts.confirmed, graded(region)) == (1, 1, ["u1"])
    assert [case.rule for case in open_cases(any_house, REST)] == ["ID25", "WB29"]
    assert renew(any_house, REST, U0, "registrar") == (
        f"u0 is a new person from now on; `sisbridge holds release {REST} 1` lets its seats follow."
    )
    assert decisions.release(any_house, REST, "registrar", decisions.chosen(hold_id=1)).applied == {
        "update": 1
    }
    assert person(any_house) != was
    collect_from(any_house, region.grade_file([f"{REST},u0,55"]))
    release(any_house, REST, "tester")
    counts = deliver(any_house, REST)
    assert (counts.held, counts.confirmed, graded(region)) == (1, 2, ["u0", "u1"])


def test_a_released_hold_says_that_it_is_the_same_student_and_the_grade_leaves(
    house: House, region: SmallRegion
) -> None:
    with_a_released_grade(house, region)
    region.provider.dataset.change("users", "u0", NOW, **ANOTHER)
    night(house, region, 1)
    assert deliver(house, REST).held == 1
    decisions.release(house, REST, "registrar", decisions.chosen(hold_id=1))
    assert (deliver(house, REST).confirmed, open_cases(house, REST)) == (1, [])
    assert night(house, region, 2).counts["changes"] == 0


def test_an_id_used_again_after_its_student_was_gone_brings_nobody_back(
    house: House, region: SmallRegion
) -> None:
    region.posting_is_over = True
    night(house, region, 0)
    dataset = region.provider.dataset
    dataset.drop("users", "u0")
    dataset.drop("enrollments", "e-u0")
    night(house, region, 1)
    assert night(house, region, 2).counts["remove"] == 3
    add_student(dataset, "u0", "911999999")
    assert night(house, region, 3).counts["held"] == 3
    dataset.change("users", "u0", NOW, identifier="900000000")
    assert night(house, region, 4).counts["add"] == 3


def test_an_id_that_was_free_when_the_year_began_is_anybodys(house: House, region: SmallRegion) -> None:
    region.posting_is_over = True
    night(house, region, 0)
    dataset = region.provider.dataset
    dataset.drop("users", "u0")
    dataset.drop("enrollments", "e-u0")
    night(house, region, 1)
    night(house, region, 2)
    add_student(dataset, "u0", "911999999")
    counts = night_of_next_year(house, region, 3).counts
    assert (counts["add"], counts["held"]) == (3, 0)


@pytest.mark.parametrize("code", ["ESC-PHYS", "ESC-PHYS-27"])
def test_a_grade_of_the_year_that_ended_still_leaves(house: House, region: SmallRegion, code: str) -> None:
    with_a_released_grade(house, region)
    night_of_next_year(house, region, 1, code)
    assert deliver(house, REST).confirmed == 1


def test_an_id_used_again_over_the_summer_gets_no_grade_of_the_year_that_ended(
    any_house: House, region: SmallRegion
) -> None:
    with_a_released_grade(any_house, region)
    region.provider.dataset.change("users", "u0", NOW, **ANOTHER)
    assert night_of_next_year(any_house, region, 1).counts["held"] == 1
    assert (deliver(any_house, REST).held, graded(region)) == (1, [])
    renew(any_house, REST, U0, "registrar")
    assert decisions.release(any_house, REST, "registrar", decisions.chosen(hold_id=1)).applied
    assert (deliver(any_house, REST).held, graded(region)) == (1, [])


def test_no_grade_goes_into_a_class_that_teaches_another_course_by_now(
    house: House, region: SmallRegion
) -> None:
    with_a_released_grade(house, region)
    dataset = region.provider.dataset
    art = dataset.get("courses", "c") | {"sourcedId": "a", "courseCode": "ART"}  # type: ignore[operator]
    dataset.add("courses", art, NOW)
    dataset.change("classes", "k", NOW, course={"sourcedId": "a", "type": "course"})
    night(house, region, 1)
    assert (deliver(house, REST).held, graded(region)) == (1, [])
    assert [case.rule for case in open_cases(house, REST)] == ["WB29"]
    dataset.change("classes", "k", NOW, course={"sourcedId": "c", "type": "course"})
    night(house, region, 2)
    assert (deliver(house, REST).confirmed, open_cases(house, REST)) == (1, [])


def test_a_queued_grade_follows_a_student_whose_account_was_made_anew(
    house: House, region: SmallRegion
) -> None:
    with_a_released_grade(house, region)
    dataset = region.provider.dataset
    dataset.withdraw("enrollments", "e-u0", NOW)
    dataset.withdraw("users", "u0", NOW)
    night(house, region, 1)
    decisions.release(house, REST, "registrar", decisions.chosen(hold_id=1))
    add_student(dataset, "u9", "900000000")
    night(house, region, 2)
    assert (deliver(house, REST).confirmed, graded(region)) == (1, ["u9"])


@pytest.mark.parametrize(
    "corrected",
    [{"identifier": "911999999"}, {"givenName": "Zoe", "familyName": "Other"}, {"familyName": "Other"}],
    ids=["a number", "both names", "a name"],
)
def test_a_number_or_a_name_that_is_corrected_flows(
    house: House, region: SmallRegion, corrected: dict[str, str]
) -> None:
    night(house, region, 0)
    region.provider.dataset.change("users", "u0", NOW, **corrected)
    counts = night(house, region, 1).counts
    assert (counts["update"], counts["held"]) == (1, 0)
