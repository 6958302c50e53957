"""Rules that cannot go undocumented, in sentences that can be said."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.model import Finding, Severity
from validation.documentation import rules_page
from validation.rules import catalogue
from validation.rules.rule import Counted, Rule
from validation.wording import case_message

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"
ROW_RULES = [rule for rule in catalogue().values() if not isinstance(rule.check, Counted)]


def test_the_page_of_rules_is_the_catalogue() -> None:
    assert PAGE.read_text(encoding="utf-8") == rules_page()


@pytest.mark.parametrize("code", sorted(catalogue()))
def test_every_rule_is_on_the_page(code: str) -> None:
    assert f"\n| {code} | {catalogue()[code].title} |" in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("rule", ROW_RULES, ids=lambda rule: rule.code)
def test_every_sentence_tells_how_many_rows_of_what_and_where(rule: Rule) -> None:
    said = rule.say(2888, table="academic_sessions", field="end_date", group="x_1", place="a.csv:7")
    assert "2,888 rows" in said
    assert "academic sessions" in said
    assert "a.csv:7" in said


def test_a_case_says_of_all_its_rows_what_its_first_finding_says_of_one() -> None:
    first = finding("RF03", message="1 row of ...")
    assert case_message(first, 12) == (
        "12 rows of enrollments wait for a row of academic sessions that is itself held (first: e.csv:3)."
    )


def test_a_case_of_a_connectors_notice_keeps_the_notices_sentence() -> None:
    assert case_message(finding("FL03", message="The file is cp1252."), 12) == "The file is cp1252."


def finding(rule: str, message: str) -> Finding:
    """Return a finding on an enrollment."""
    return Finding(
        rule=rule,
        severity=Severity.HOLD_ROW,
        table="enrollments",
        field="class_sourced_id",
        place="e.csv:3",
        key="e1",
        masked="",
        message=message,
        fix="",
        group="academic_sessions",
    )
