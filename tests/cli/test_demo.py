"""The demo: three nights on third-party rosters, counted to the row."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from sisbridge.cli.main import app

pytestmark = pytest.mark.timeout(600)

ROSTER = (
    "read",
    "out_of_scope",
    "clean",
    "quarantined",
    "add",
    "update",
    "remove",
    "missing",
    "return",
    "in_force",
    "seats",
)
GRADES = ("released", "sent", "delivered", "confirmed", "held", "conflict")


@pytest.fixture(scope="module")
def nights() -> list[dict[str, Any]]:
    """The three summaries, from one run of the command."""
    ended = CliRunner().invoke(app, ["demo", "--json"])
    assert ended.exit_code == 0, ended.output
    summaries: list[dict[str, Any]] = json.loads(ended.stdout)
    return summaries


def table(night: dict[str, Any], columns: tuple[str, ...]) -> dict[str, tuple[int, ...]]:
    """Return a night's counts by district, in the order of columns."""
    return {code: tuple(counts[name] for name in columns) for code, counts in night["counts"].items()}


def cases(night: dict[str, Any]) -> list[tuple[str, str, int]]:
    """Return a night's open cases as district, rule and rows."""
    return sorted((case["district"], case["rule"], case["rows"]) for case in night["cases"])


PLANTED = [
    ("9001", "GR02", 1),  # a percent of 104
    ("9001", "RF01", 1),  # an enrollment to a missing class
    ("9002", "CD02", 16),  # an unknown grade level, with the 15 rows that depend on that student
    ("9002", "ID20", 12),  # six pairs of active students with one number each: so they are in Grand Bend
    ("9003", "GR03", 1),  # a grade for a student who left
    ("9003", "ID03", 9),  # a lost leading zero, with the 8 rows that depend on that student
]


def test_night_one_loads_everything_and_holds_exactly_what_was_planted(nights: list[dict[str, Any]]) -> None:
    assert table(nights[0], ROSTER) == {
        "9001": (7132, 0, 7968, 1, 7968, 0, 0, 0, 0, 7968, 12),
        "9002": (19848, 3753, 16079, 16, 16079, 0, 0, 0, 0, 16079, 15),
        "9003": (37091, 0, 41523, 9, 41523, 0, 0, 0, 0, 41523, 15),
        "9004": (2354, 0, 2622, 0, 2622, 0, 0, 0, 0, 2622, 9),
    }
    assert table(nights[0], GRADES) == {
        "9001": (11, 11, 0, 11, 1, 0),
        "9002": (15, 15, 0, 15, 0, 0),
        "9003": (15, 15, 15, 0, 1, 0),
        "9004": (9, 9, 9, 0, 0, 0),
    }
    assert cases(nights[0]) == PLANTED


def test_every_row_read_is_accounted_for(nights: list[dict[str, Any]]) -> None:
    """Rows of 1.1 users become users and roles, so read rows are at most those judged or out of scope."""
    for counts in nights[0]["counts"].values():
        assert counts["clean"] + counts["quarantined"] + counts["out_of_scope"] >= counts["read"]


def test_night_two_changes_and_writes_nothing(nights: list[dict[str, Any]]) -> None:
    for counts in nights[1]["counts"].values():
        assert [counts[name] for name in ("add", "update", "remove", "missing", "return", "sent")] == [0] * 6
    assert cases(nights[1]) == PLANTED


def test_night_three_shows_the_known_churn_one_conflict_and_one_stopped_district(
    nights: list[dict[str, Any]],
) -> None:
    changed = {code: row[4:9] for code, row in table(nights[2], ROSTER).items()}
    assert changed == {
        "9001": (14, 4, 19, 0, 0),
        "9002": (10, 3, 17, 0, 0),
        "9003": (22, 6, 0, 28, 0),
        "9004": (0, 0, 0, 0, 0),
    }
    assert nights[2]["states"] == {
        "9001": "finished",
        "9002": "finished",
        "9003": "finished",
        "9004": "stopped",
    }
    assert table(nights[2], GRADES) == {
        "9001": (1, 1, 0, 11, 1, 0),
        "9002": (1, 0, 0, 14, 0, 1),
        "9003": (0, 0, 15, 0, 1, 0),
        "9004": (0, 0, 9, 0, 0, 0),
    }
    assert cases(nights[2]) == sorted([*PLANTED, ("9002", "WB10", 1), ("9004", "FL11", 1)])


def test_the_stopped_district_keeps_its_seats_and_every_case_names_a_fix(
    nights: list[dict[str, Any]],
) -> None:
    assert (nights[2]["counts"]["9004"]["in_force"], nights[2]["counts"]["9004"]["seats"]) == (2622, 9)
    assert all(case["fix"] and case["message"] for night in nights for case in night["cases"])
