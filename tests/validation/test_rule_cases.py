"""Every rule's case file: rows that pass it and rows that fail it, as literals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from pathlib import Path

import pyarrow as pa
import pytest
import yaml

from domain.grading import Offering
from domain.ids import DistrictCode, OfferingId
from domain.model import Finding, Severity
from domain.tables import PLACE, RosterTable
from tests.validation.building import context, grade_context, grade_rows, roster_batch
from validation import guards, people
from validation.belonging import foreign_orgs
from validation.guards import year_ahead, year_over
from validation.judge import judge, judge_grades
from validation.rules import catalogue
from validation.rules.rule import Counted
from validation.settle import Judged
from validation.sizes import sizes

CASES = Path(__file__).parent / "cases"
CODES = sorted(catalogue())
JUDGING = [code for code in CODES if not isinstance(catalogue()[code].check, Counted)]
COUNTING = [code for code in CODES if code not in JUDGING]


def read(code: str) -> dict:
    """Return one rule's case file; every value is text, as in a feed."""
    return yaml.load((CASES / f"{code}.yml").read_text(encoding="utf-8"), Loader=yaml.SafeLoader)


def text(row: Mapping[str, object]) -> dict[str, object]:
    """Return a row as a feed has it: dates and numbers are text, the caller's facts are booleans."""
    return {
        name: value if value is None or name.startswith("_") else str(value) for name, value in row.items()
    }


def judged(case: dict, rows: list[dict[str, object]]) -> Judged:
    """Judge the rows of a case in one batch."""
    changes = case.get("context", {})
    if case["judge"] == "grades":
        return judge_grades(grade_rows(rows), grade_context(**changes))
    table = RosterTable(case["judge"])
    arrays = {name: pa.array(value) if isinstance(value, list) else value for name, value in changes.items()}
    return judge(table, roster_batch(table, rows), context(**arrays))


@cache
def failing(code: str) -> tuple[dict, Judged]:
    """Return a case and its failing rows judged, once."""
    case = read(code)
    return case, judged(case, [text(fail["row"]) for fail in case["fails"]])


def test_every_rule_has_a_case_file_and_every_case_file_a_rule() -> None:
    assert sorted(path.stem for path in CASES.glob("*.yml")) == CODES


@pytest.mark.parametrize("code", JUDGING)
def test_rows_that_pass_come_out_clean_and_without_a_word(code: str) -> None:
    case = read(code)
    rows = [text(row) for row in case["passes"]]
    outcome = judged(case, rows)
    assert outcome.findings == ()
    assert outcome.clean.num_rows == len(rows) > 0


@pytest.mark.parametrize("code", JUDGING)
def test_rows_that_fail_are_found_named_and_masked(code: str) -> None:
    case, outcome = failing(code)
    found = {finding.place: finding for finding in outcome.findings if finding.rule == code}
    assert list(found) == [f"file:{number}" for number, _ in enumerate(case["fails"], 1)]
    for fail, finding in zip(case["fails"], found.values(), strict=True):
        assert_said(fail, finding)


def assert_said(fail: dict, finding: Finding) -> None:
    """Compare a finding with what its case expects."""
    assert (finding.field, finding.masked, finding.group) == (
        fail["field"],
        fail["masked"],
        fail.get("group", ""),
    )
    assert finding.key == fail.get("key", finding.key)
    assert finding.student == fail.get("student", finding.student)
    assert "{" not in finding.message + finding.fix.replace("{8E4B", "")


@pytest.mark.parametrize("code", JUDGING)
def test_rows_that_fail_have_the_effect_of_the_severity(code: str) -> None:
    case, outcome = failing(code)
    if catalogue()[code].severity is Severity.HOLD_ROW:
        assert outcome.clean.num_rows == 0
        assert set(outcome.quarantined.column("_rule").to_pylist()) == {code}
    else:
        assert outcome.quarantined.num_rows == 0
        for row, fail in zip(outcome.clean.to_pylist(), case["fails"], strict=True):
            assert row[fail["field"]] == fail.get("keeps")


@pytest.mark.parametrize("code", JUDGING)
def test_a_row_fails_for_one_cause_and_is_told_once(code: str) -> None:
    _, outcome = failing(code)
    assert [finding.place for finding in outcome.findings] == outcome_places(outcome)


def outcome_places(outcome: Judged) -> list[str]:
    """Return the places of all rows of an outcome, in the order of the source."""
    places = [*outcome.clean.column(PLACE).to_pylist(), *outcome.quarantined.column(PLACE).to_pylist()]
    return sorted(places)


def offering_sizes(seats: int) -> list[Finding]:
    """Return what is said of one offering for 10 to 20 students with so many seats."""
    day = date(2026, 8, 10)
    offering = Offering(
        OfferingId("physics-fall"),
        "Physics",
        "PHY1",
        "fall",
        "2027",
        DistrictCode("north"),
        "t-1",
        "regular day",
        3,
        45,
        day,
        day,
        day,
        day,
    )
    return sizes([offering], {offering.offering_id: seats})


CALLS: dict[str, Callable[..., list[Finding]]] = {
    "sizes": offering_sizes,
    "mass_change": guards.mass_change,
    "strangers": guards.strangers,
    "in_flight": guards.in_flight,
    "kept": guards.kept,
    "vanished": guards.vanished,
    "bled": guards.bled,
    "left_out": guards.left_out,
    "waiting": guards.waiting,
    "orphans": guards.orphans,
    "empty_table": guards.empty_table,
    "foreign_orgs": foreign_orgs,
    "year_ahead": year_ahead,
    "year_over": year_over,
    "in_doubt": people.in_doubt,
    "recognised": people.recognised,
    "recycled": people.recycled,
    "renumbered": people.renumbered,
}


@pytest.mark.parametrize("code", COUNTING)
def test_counts_within_bounds_open_no_finding(code: str) -> None:
    case = read(code)
    assert [CALLS[case["judge"]](**call) for call in case["passes"]] == [[] for _ in case["passes"]]


@pytest.mark.parametrize("code", COUNTING)
def test_counts_out_of_bounds_say_the_numbers(code: str) -> None:
    case = read(code)
    for fail in case["fails"]:
        found = CALLS[case["judge"]](**fail["call"])
        assert [(finding.rule, finding.message) for finding in found] == [(code, fail["message"])]
        assert found[0].severity is catalogue()[code].severity
