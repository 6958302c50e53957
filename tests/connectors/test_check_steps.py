"""A check as steps, the fixes of a vendor in them, and how two clocks are compared."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connectors.check_steps import Step, run_steps, with_fixes
from connectors.http_steps import clock_said, sample_said
from connectors.protocol import CheckStep, SeenOrgs
from domain.errors import StopDistrict
from domain.ids import DistrictCode

NORTH = DistrictCode("north")
NOW = datetime(2026, 1, 15, 6, tzinfo=UTC)


def refuses() -> str:
    raise StopDistrict("CN04", "Not allowed", fix="Ask for it")


def passes() -> str:
    return "well"


def test_a_step_that_blocks_has_the_ones_after_it_skipped_and_says_why() -> None:
    report = run_steps(NORTH, [("name", passes), ("token", refuses), ("users", passes)])
    assert report.steps == (
        CheckStep("name", "passed", "well"),
        CheckStep("token", "failed", "CN04: Not allowed", "Ask for it"),
        CheckStep("users", "skipped", "not tried, because the step token failed"),
    )


def test_a_step_that_does_not_block_leaves_the_others_to_be_tried() -> None:
    report = run_steps(NORTH, [Step("users", refuses, blocks=False), Step("orgs", passes)])
    assert ([step.outcome for step in report.steps], report.passed) == (["failed", "passed"], False)


@pytest.mark.parametrize(
    ("fixes", "fix"),
    [
        ({"CN04": "System > Plugins"}, "System > Plugins"),
        ({"users/CN04": "Fields > Users", "CN04": "System > Plugins"}, "Fields > Users"),
        ({"CN03": "System > Plugins"}, "Ask for it"),
    ],
)
def test_a_vendors_fix_stands_in_the_place_of_the_general_one(fixes: dict[str, str], fix: str) -> None:
    assert run_steps(NORTH, [("users", refuses)], fixes).steps[0].fix == fix
    assert with_fixes(run_steps(NORTH, [("users", refuses)]), fixes).steps[0].fix == fix


def test_orgs_are_read_only_when_nothing_stood_in_the_way() -> None:
    seen = SeenOrgs("1.2", "orgs", ())
    assert run_steps(NORTH, [("orgs", passes)], orgs=lambda: seen).orgs is seen
    assert run_steps(NORTH, [("orgs", refuses)], orgs=lambda: seen).orgs is None


@pytest.mark.parametrize(
    ("date", "said"),
    [
        ("Thu, 15 Jan 2026 06:00:07 GMT", "the clock of sis is 7 seconds from ours"),
        ("Thu, 15 Jan 2026 06:00:01 GMT", "the clock of sis is 1 second from ours"),
        ("Thu, 15 Jan 2026 05:55:00 GMT", "the clock of sis is 300 seconds from ours"),
        ("", "sis does not tell its time"),
        ("soon", "sis does not tell its time"),
    ],
)
def test_clocks_that_agree_pass(date: str, said: str) -> None:
    assert clock_said({"Date": date}, "sis", NOW) == said


@pytest.mark.parametrize(
    ("date", "way"),
    [("Thu, 15 Jan 2026 06:20:00 GMT", "ahead of"), ("Thu, 15 Jan 2026 05:40:00 GMT", "behind")],
)
def test_clocks_far_apart_are_told_which_way(date: str, way: str) -> None:
    with pytest.raises(StopDistrict, match=f"CN17: The clock of sis is 20 minutes {way} ours"):
        clock_said({"Date": date}, "sis", NOW)


@pytest.mark.parametrize(
    ("has_row", "total", "said"),
    [
        (True, 1736, "one row was read, of 1,736"),
        (False, 0, "no row came, of 0"),
        (True, None, "one row was read; how many there are is not told"),
    ],
)
def test_a_sample_says_what_was_read_and_of_how_many(has_row: bool, total: int | None, said: str) -> None:
    assert sample_said(has_row, total) == said
