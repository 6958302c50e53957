"""Which rules bind which column."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import pandas as pd
import pytest

from domain.model import Severity
from domain.tables import ROSTER, RosterTable
from validation.codes import CODE_SETS, OPEN_SETS
from validation.rules.ID import UNUSABLE
from validation.suites import departing_suite, grade_suite, roster_suite

MAPS = Path(__file__).parents[2] / "mappings" / "codes"


def test_the_enrollments_suite_is_this() -> None:
    bound = [(binding.field, binding.rule.code) for binding in roster_suite(RosterTable.ENROLLMENTS, {})]
    assert bound == [
        ("sourced_id", "ID01"),
        ("sourced_id", "ID02"),
        ("sourced_id", "ID04"),
        ("status", "ID06"),
        ("status", "CD01"),
        ("date_last_modified", "DT02"),
        ("class_sourced_id", "ID06"),
        ("class_sourced_id", "RF01"),
        ("class_sourced_id", "RF03"),
        ("school_sourced_id", "ID06"),
        ("school_sourced_id", "RF01"),
        ("school_sourced_id", "RF03"),
        ("user_sourced_id", "ID06"),
        ("user_sourced_id", "RF01"),
        ("user_sourced_id", "RF03"),
        ("role", "ID06"),
        ("role", "CD01"),
        ("primary", "CD05"),
        ("begin_date", "DT02"),
        ("end_date", "DT02"),
    ]


@pytest.mark.parametrize("table", list(RosterTable))
def test_every_required_column_holds_the_row_that_lacks_it(table: RosterTable) -> None:
    required = {column.name for column in ROSTER[table].columns if column.required}
    holding = {
        binding.field
        for binding in roster_suite(table, {})
        if binding.rule.code in ("ID01", "ID05", "ID06") and binding.severity is Severity.HOLD_ROW
    }
    assert holding == required


@pytest.mark.parametrize("table", list(RosterTable))
def test_an_optional_value_is_only_ever_dropped_unless_it_identifies_or_grades_a_person(
    table: RosterTable,
) -> None:
    optional = {column.name for column in ROSTER[table].columns if not column.required}
    holding = {
        (binding.rule.code, binding.field)
        for binding in roster_suite(table, {})
        if binding.field in optional and binding.severity is not Severity.DROP_VALUE
    }
    assert holding <= {("ID03", "identifier"), ("ID04", "identifier"), ("CD02", "grades")}


def test_rows_on_their_way_out_are_judged_by_identity_alone() -> None:
    assert [binding.rule.code for binding in departing_suite(RosterTable.USERS, {})] == [
        "ID01",
        "ID02",
        "ID04",
    ]


def test_every_code_column_knows_its_codes() -> None:
    named = {column.code_set for spec in ROSTER.values() for column in spec.columns if column.code_set}

    assert named == set(CODE_SETS)

    assert all(CODE_SETS.values())


@pytest.mark.parametrize("name", sorted(CODE_SETS))
def test_every_code_that_the_maps_lead_to_is_known_here(name: str) -> None:
    with (MAPS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        canonical = {row["canonical"] for row in csv.DictReader(file)}
    assert canonical - {"ext:*"} <= CODE_SETS[name]
    assert ("ext:*" in canonical) == (name in OPEN_SETS)


def test_every_grade_rule_is_in_the_grade_suite() -> None:
    codes = {binding.rule.code for binding in grade_suite({})}
    assert codes == {f"GR{number:02}" for number in range(1, 11)}


def test_any_white_space_around_a_sourced_id_makes_it_unusable() -> None:
    blanks = [one for one in map(chr, range(sys.maxunicode + 1)) if one.isspace()]
    ids = pd.Series([text for one in blanks for text in (f"{one}a", f"a{one}")], dtype="str")
    assert ids.str.contains(UNUSABLE).all()
    assert not pd.Series(["a", "a b", "é", "x" * 255], dtype="str").str.contains(UNUSABLE).any()
