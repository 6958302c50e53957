"""What went wrong elsewhere when grades were written back, met by a delivery."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from domain.grading import OutboxState
from sisbridge.house import House
from sisbridge.store import outbox
from sisbridge.sync.answers.cases import open_cases
from sisbridge.sync.grades.collect_grades import collect_from
from sisbridge.sync.grades.release import Released, release
from sisbridge.sync.grades.writeback import DeliveryCounts, deliver
from sisbridge.sync.night import sync_region
from sisbridge.sync.region import load_entries
from tests.support.small_region import FILES, GRADE_HEAD, NOW, REST, SmallRegion

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def seated(house: House) -> House:
    """A house whose rosters are in force."""
    sync_region(house, [REST, FILES])
    return house


def released(house: House, region: SmallRegion, *rows: str, district: str = REST) -> Released:
    """Collect and release finals of `student,percent,text_score,mark,comment,complete` rows."""
    lines = []
    for row in rows:
        student, percent, text_score, mark, comment, complete = row.split(",")
        cells = (percent, text_score, mark, comment, "teacher", complete)
        lines.append(f"{district},{student},PHYS,S1,Final,final,{','.join(cells)}\n")
    path = region.folder / "rows.csv"
    path.write_text(GRADE_HEAD + "".join(lines), encoding="utf-8")
    collect_from(house, path)
    return release(house, house.district(district).code, "tester")


def sent(house: House, region: SmallRegion, *rows: str, district: str = REST) -> DeliveryCounts:
    """Collect, release and deliver finals."""
    released(house, region, *rows, district=district)
    return deliver(house, house.district(district).code)


def column(region: SmallRegion) -> dict[str, Any]:
    """Return the one line item that is in force."""
    (found,) = [one for one in region.provider.dataset.records("lineItems") if one["status"] == "active"]
    return found


def scores(region: SmallRegion) -> dict[str, object]:
    """Return the scores in force by student."""
    results = region.provider.dataset.records("results")
    return {r["student"]["sourcedId"]: r.get("score") for r in results if r["status"] == "active"}


def rules(house: House, district: str = REST) -> list[str]:
    """Return the rules of a district's open cases."""
    return sorted(case.rule for case in open_cases(house, house.district(district).code))


def in_term(region: SmallRegion, house: House, **values: object) -> None:
    """Load the region with other values in the first line of the district's term map."""
    entries = region.entries()
    entries["district"][0]["term"][0].update(values)
    load_entries(house, entries, "tester")


def test_field_failure_65_the_due_date_of_a_column_lies_inside_its_term(
    seated: House, region: SmallRegion
) -> None:
    region.provider.dataset.change("academicSessions", "t1", LATER, endDate="2026-01-10")
    sync_region(seated, [REST])
    sent(seated, region, "u0,88.5,,,,true")
    assert column(region)["dueDate"][:10] == "2026-01-09"


@pytest.mark.parametrize("row", ["u0,,,,,true", "u0, ,,graded,,true"])
def test_field_failure_67_a_blank_is_no_zero_and_does_not_leave(
    seated: House, region: SmallRegion, row: str
) -> None:
    assert released(seated, region, row) == Released()
    assert (deliver(seated, REST).sent, scores(region)) == (0, {})


def test_field_failure_68_an_incomplete_leaves_as_a_mark_and_never_as_a_number(
    seated: House, region: SmallRegion
) -> None:
    assert sent(seated, region, "u0,,,incomplete,,true").confirmed == 1
    (result,) = region.provider.dataset.records("results")
    assert (result.get("score"), result["textScore"], result["incomplete"]) == (None, "I", "true")


def test_field_failure_69_a_grade_that_is_not_marked_complete_stays(
    seated: House, region: SmallRegion
) -> None:
    assert released(seated, region, "u0,88.5,,,,false", "u1,77,,,,true") == Released(queued=1)
    assert rules(seated) == ["GR08"]


def test_field_failure_71_a_correction_after_the_transcripts_were_posted_is_a_case_for_a_person(
    seated: House, region: SmallRegion
) -> None:
    assert sent(seated, region, "u0,88.5,,,,true").confirmed == 1
    in_term(region, seated, transcript_posted_on=NOW.date())
    assert sent(seated, region, "u0,91,,,,true").by_hand == 1
    assert (rules(seated), scores(region)) == (["WB27"], {"u0": 88.5})


def test_field_failure_72_a_percent_and_a_letter_that_disagree_are_held(
    seated: House, region: SmallRegion
) -> None:
    assert released(seated, region, "u0,88.5,A,,,true") == Released()
    assert rules(seated) == ["GR05"]


def test_field_failure_72_a_scale_that_changed_between_collection_and_release_holds_the_grade(
    seated: House, region: SmallRegion
) -> None:
    path = region.grade_file([f"{REST},u0,88.5"])
    collect_from(seated, path)
    region.load(seated, scale={"bands": {"A": 85, "F": 0}})
    assert release(seated, REST, "tester") == Released(held=1)
    assert rules(seated) == ["WB24"]


def test_field_failure_76_a_column_that_was_deleted_is_made_anew_with_all_its_grades(
    seated: House, region: SmallRegion
) -> None:
    sent(seated, region, "u0,88.5,,,,true", "u1,77,,,,true")
    made, dataset = column(region)["sourcedId"], region.provider.dataset
    for collection in ("results", "lineItems"):
        for record in list(dataset.records(collection)):
            dataset.withdraw(collection, record["sourcedId"], LATER)
    counts = sent(seated, region, "u0,90,,,,true", "u2,66,,,,true")
    assert (counts.confirmed, counts.conflict) == (3, 0)
    assert (column(region)["sourcedId"], scores(region)) == (made, {"u0": 90.0, "u1": 77.0, "u2": 66.0})
    with seated.store.read() as conn:
        kept = [item for item in outbox.items(conn, REST) if item.revision == 1]
    assert {item.state for item in kept} == {OutboxState.CONFIRMED}


def test_field_failure_78_a_grade_that_stands_is_never_sent_again(seated: House, region: SmallRegion) -> None:
    assert sent(seated, region, "u0,88.5,,,,true").sent == 1
    region.provider.forget_requests()
    assert sent(seated, region, "u0,88.5,,,,true").sent == 0
    assert sum(region.provider.requests.values()) == 0


def test_field_failure_80_a_pass_never_stands_where_a_letter_belongs(
    seated: House, region: SmallRegion
) -> None:
    counts = sent(seated, region, "u0,,,pass,,true", "u1,,P,,,true")
    (result,) = region.provider.dataset.records("results")
    assert (counts.confirmed, result["textScore"], rules(seated)) == (1, "P", ["GR05"])


def test_field_failure_63_a_category_that_was_renamed_is_made_anew_and_the_column_is_filed_under_it(
    seated: House, region: SmallRegion
) -> None:
    dataset = region.provider.dataset
    dataset.change("categories", "final", LATER, title="Semester marks")
    assert sent(seated, region, "u0,88.5,,,,true").confirmed == 1
    own = column(region)["category"]["sourcedId"]
    titles = {one["sourcedId"]: one["title"] for one in dataset.records("categories")}
    assert titles == {"final": "Semester marks", own: "Final Grade"}


def test_field_failure_64_titles_too_long_for_the_sis_are_cut_and_stay_unique(
    seated: House, region: SmallRegion
) -> None:
    in_term(region, seated, title="A title that is far longer than the fifty characters it may have {course}")
    sent(seated, region, "u0,88.5,,,,true")
    assert len(column(region)["title"]) == 50
    assert column(region)["title"].endswith(column(region)["sourcedId"][:4])
