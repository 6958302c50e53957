"""The maps a district starts from, what it may add, and how a wrong setting is refused."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from domain.errors import StopDistrict
from domain.tables import ROSTER, RosterTable
from mappings.maps import code_set, maps_for


@pytest.mark.parametrize("dialect", ["1.1", "1.2"])
@pytest.mark.parametrize("table", list(RosterTable))
def test_every_canonical_column_has_its_line_in_the_map(dialect: str, table: RosterTable) -> None:
    assert tuple(maps_for(dialect).columns[table]) == ROSTER[table].names


@pytest.mark.parametrize(
    ("name", "code", "canonical"),
    [
        ("grade_levels", "Fourth grade", "04"),
        ("grade_levels", " k ", "KG"),
        ("grade_levels", "9", "09"),
        ("grade_levels", "0", "KG"),
        ("grade_levels", "-1", "PK"),
        ("grade_levels", "other", "Other"),
        ("grade_levels", "009", None),
        ("grade_levels", "ext:A", None),
        ("statuses", "Inactive", "tobedeleted"),
        ("class_types", "Scheduled", "scheduled"),
        ("user_roles", "ext:coach", "ext:coach"),
        ("role_types", "ext:coach", None),
        ("session_types", "gradingperiod", "gradingPeriod"),
        ("grade_marks", "inc", "incomplete"),
    ],
)
def test_codes_match_without_case_and_zeros_are_data(name: str, code: str, canonical: str | None) -> None:
    assert code_set(name).canonical(code) == canonical


def test_every_grade_level_of_ceds_is_its_own_code() -> None:
    levels = ["IT", "PR", "PK", "TK", "KG", *(f"{n:02}" for n in range(1, 14)), "PS", "UG", "Other"]
    assert [code_set("grade_levels").canonical(level) for level in levels] == levels


def test_a_district_can_rename_a_column_and_add_a_code() -> None:
    maps = maps_for(
        "1.1",
        {"columns": {"users": {"identifier": "stateId"}}, "codes": {"grade_levels": {"Frosh": "9"}}},
    )
    assert maps.columns[RosterTable.USERS]["identifier"] == ("stateId",)
    assert maps.columns[RosterTable.USERS]["email"] == ("email",)
    assert maps.codes["grade_levels"].canonical("frosh") == "09"


def test_guardians_are_out_of_scope_unless_a_district_says_otherwise() -> None:
    assert maps_for("1.2").roles_out_of_scope == {"guardian", "parent", "relative"}
    assert maps_for("1.2", {"roles_out_of_scope": []}).roles_out_of_scope == frozenset()


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"colums": {}}, "colums"),
        ({"columns": {"students": {}}}, "students"),
        ({"columns": {"users": {"nickname": "nick"}}}, "nickname"),
        ({"columns": []}, "columns"),
        ({"codes": {"grade_levels": {"Frosh": "9th-ish"}}}, "9th-ish"),
        ({"codes": {"colours": {}}}, "colours"),
        ({"end_dates_inclusive": "yes"}, "end_dates_inclusive"),
        ({"roles_out_of_scope": "parent"}, "roles_out_of_scope"),
        ({"roles_out_of_scope": ["aunt"]}, "aunt"),
    ],
)
def test_a_wrong_setting_stops_the_district_and_is_named(overrides: Mapping[str, object], said: str) -> None:
    with pytest.raises(StopDistrict, match=said) as caught:
        maps_for("1.2", overrides)
    assert caught.value.code == "CF31"
    assert caught.value.fix


def test_an_unknown_version_stops_the_district() -> None:
    with pytest.raises(StopDistrict, match="CF30"):
        maps_for("2.0")
