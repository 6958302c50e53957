"""What a district may change about the rules, and what it may not."""

from __future__ import annotations

import pytest

from domain.errors import StopDistrict
from domain.model import Severity
from domain.tables import RosterTable
from tests.validation.building import context, grade_context, grade_rows, key_set, roster_batch
from validation.context import JudgeContext
from validation.judge import judge, judge_grades
from validation.overrides import read_overrides


def overridden(rules: dict[str, object]) -> JudgeContext:
    """Return a feed of a district with these rule settings, with student s1 and six-digit identifiers."""
    return context(overrides={"rules": rules}, students=key_set(["s1"]).clean, identifier_width=6)


SHORT = {"sourced_id": "s1", "identifier": "1234"}


def test_a_rule_turned_off_finds_nothing() -> None:
    outcome = judge(
        RosterTable.USERS, roster_batch(RosterTable.USERS, [SHORT]), overridden({"ID03": {"off": True}})
    )
    assert outcome.findings == ()
    assert outcome.clean.column("identifier").to_pylist() == ["1234"]


def test_a_softened_rule_drops_the_value_and_keeps_the_row() -> None:
    softer = overridden({"ID03": {"severity": "drop value"}})
    outcome = judge(RosterTable.USERS, roster_batch(RosterTable.USERS, [SHORT]), softer)
    assert [(f.rule, f.severity) for f in outcome.findings] == [("ID03", Severity.DROP_VALUE)]
    assert outcome.clean.column("identifier").to_pylist() == [None]


def test_a_hardened_rule_holds_the_feed_and_the_row() -> None:
    harder = overridden({"RF01": {"severity": "hold feed"}})
    batch = roster_batch(RosterTable.ENROLLMENTS, [{"class_sourced_id": "class-9"}])
    outcome = judge(RosterTable.ENROLLMENTS, batch, harder)
    assert outcome.findings[0].severity is Severity.HOLD_FEED
    assert outcome.quarantined.num_rows == 1


def test_a_required_value_is_never_dropped() -> None:
    softer = overridden({"ID05": {"severity": "drop value"}})
    outcome = judge(RosterTable.USERS, roster_batch(RosterTable.USERS, [{"given_name": None}]), softer)
    assert outcome.findings[0].severity is Severity.HOLD_ROW
    assert outcome.clean.num_rows == 0


def test_grade_rules_follow_the_districts_settings_too() -> None:
    rows = grade_rows([{"text_score": "A", "_letter_agrees": False}])
    assert judge_grades(rows, grade_context(rules={"GR05": {"off": True}})).findings == ()


def test_settings_that_say_the_usual_change_nothing() -> None:
    assert read_overrides({"rules": {"ID03": {"off": False}}}).severities == {"ID03": Severity.HOLD_ROW}


@pytest.mark.parametrize(
    ("rules", "code", "reason"),
    [
        ({"ID99": {"off": True}}, "CF35", "does not exist"),
        ({"RF01": {"off": True}}, "CF36", "neither softened nor turned off"),
        ({"RF01": {"severity": "drop value"}}, "CF36", "neither softened nor turned off"),
        ({"ID03": {"severity": "shrug"}}, "CF36", "drop value, hold row, hold feed"),
        ({"ID03": {"severity": 3}}, "CF36", "drop value, hold row, hold feed"),
        ({"ID03": {"off": "yes"}}, "CF36", "true or false"),
        ({"ID03": {"off": True, "severity": "hold row"}}, "CF36", "exactly one"),
        ({"ID03": "off"}, "CF36", "exactly one"),
        ({"SZ10": {"off": True}}, "CF36", "thresholds"),
        (["ID03"], "CF36", "table of rule codes"),
    ],
)
def test_settings_that_cannot_be_used_stop_the_district_with_the_reason(
    rules: object, code: str, reason: str
) -> None:
    with pytest.raises(StopDistrict, match=reason) as stopped:
        read_overrides({"rules": rules})
    assert stopped.value.code == code
    assert stopped.value.fix
