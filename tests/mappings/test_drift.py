"""Columns that are new are said and ignored; a column no row can do without holds the feed."""

from __future__ import annotations

import pytest

from domain.errors import StopDistrict
from domain.model import Severity
from domain.oneroster import COLLECTIONS, Version
from domain.tables import RosterTable
from mappings.drift import drift, gone, keeps_values, kept, lost, scope_columns, under_contract
from mappings.maps import maps_for

V1 = maps_for("1.1")
ORGS = ["sourcedId", "status", "dateLastModified", "name", "type"]


@pytest.mark.parametrize("version", list(Version))
@pytest.mark.parametrize("table", ["orgs", "academicSessions", "courses", "classes", "users", "enrollments"])
def test_the_standard_header_is_no_drift(table: str, version: Version) -> None:
    assert drift(maps_for(version.value), table, COLLECTIONS[table].columns[version]) == []


def test_an_unknown_column_is_ignored_and_said_once() -> None:
    (finding,) = drift(V1, "orgs", [*ORGS, "mascot"])
    assert (finding.rule, finding.severity, finding.field) == ("CD03", Severity.DROP_VALUE, "mascot")
    assert "mascot" in finding.message


def test_an_unknown_column_that_may_be_a_person_is_said_by_its_shape() -> None:
    (finding,) = drift(V1, "orgs", [*ORGS, "Quillfeather, Zanzibara"])
    assert finding.field == "xxxxxxxxxxxx, xxxxxxxxx"
    assert "Zanzibara" not in repr(finding)


@pytest.mark.parametrize("name", ["metadata.mascot", "_place", "SMS", "agentSourceIds"])
def test_extensions_and_columns_we_have_no_use_for_are_no_drift(name: str) -> None:
    users = COLLECTIONS["users"].columns[Version.V1P1]
    assert drift(V1, "users", [*users, name]) == []


def test_a_missing_required_column_holds_the_feed_and_is_named_with_the_fix() -> None:
    (finding,) = drift(V1, "orgs", ["sourcedId", "name"])
    assert (finding.rule, finding.severity, finding.field) == ("FL10", Severity.HOLD_FEED, "type")
    assert finding.fix == "Add type to the export of orgs, or map the column that carries it."


def test_a_1_1_users_file_needs_what_its_role_rows_are_made_of() -> None:
    found = drift(V1, "users", ["sourcedId", "givenName", "familyName"])
    assert [finding.field for finding in found] == ["role", "orgSourcedIds"]


def test_a_renamed_column_is_known_and_takes_the_place_of_the_standard_one() -> None:
    maps = maps_for("1.1", {"columns": {"orgs": {"type": "orgKind"}}})
    assert drift(maps, "orgs", ["sourcedId", "name", "OrgKind"]) == []
    assert [finding.field for finding in drift(maps, "orgs", ORGS)] == ["orgKind"]


@pytest.mark.parametrize("value", ["none", "sms"])
def test_a_file_without_a_header_does_not_have_its_first_row_repeated(value: str) -> None:
    found = drift(V1, "users", ["992e", "Pedro", "Vanderpuff", value])
    assert {finding.rule for finding in found} == {"FL10"}
    assert "Pedro" not in str(found)


def test_a_table_we_do_not_keep_does_not_drift() -> None:
    assert drift(V1, "demographics", ["anything"]) == []


@pytest.mark.parametrize(
    ("contract", "severity"),
    [({}, "drop value"), ({"new_column": "evolve"}, "drop value"), ({"new_column": "freeze"}, "hold feed")],
)
def test_a_contract_says_what_becomes_of_a_feed_with_a_new_column(
    contract: dict[str, object], severity: str
) -> None:
    found = drift(V1, "orgs", ["sourcedId", "name", "type", "mascot"])
    assert [(one.rule, one.severity) for one in under_contract(found, contract)] == [("CD03", severity)]


def test_a_contract_may_hold_the_rows_that_need_a_lost_column_instead_of_the_feed() -> None:
    found = drift(V1, "orgs", ["sourcedId", "type"])
    held = under_contract(found, {"lost_column": "hold row"})
    assert [(one.rule, one.severity) for one in held] == [("FL10", "hold row")]


def test_under_a_contract_that_keeps_values_a_lost_column_is_told_by_what_it_kept() -> None:
    header = ["sourcedId", "status", "givenName", "familyName", "role", "orgSourcedIds"]
    assert keeps_values({"lost_column": "drop value"})
    assert not keeps_values({"lost_column": "hold row", "new_column": "evolve"})
    gone = lost(V1, "users", header)[RosterTable.USERS]
    assert {"identifier", "grades", "username"} <= set(gone)
    assert not {"sourced_id", "status", "given_name", "role"} & set(gone)
    finding = kept(V1, "users", RosterTable.USERS, "grades", 7)
    assert (finding.rule, finding.severity, finding.field) == ("CD06", Severity.DROP_VALUE, "grades")
    assert finding.message == "users has no column grades: 7 rows keep the value they have in force."
    needed = drift(V1, "orgs", ["sourcedId", "type"])
    assert under_contract(needed, {"lost_column": "drop value"}) == []


@pytest.mark.parametrize("word", ["hold row", "drop value"])
def test_a_feed_that_does_not_say_who_is_in_scope_is_held_whatever_the_contract_says(word: str) -> None:
    found = drift(V1, "users", ["sourcedId", "status", "givenName", "familyName", "orgSourcedIds"])
    held = under_contract(found, {"lost_column": word}, scope_columns(V1, "users"))
    assert [(one.field, one.severity) for one in held] == [("role", Severity.HOLD_FEED)]


@pytest.mark.parametrize("contract", [{"new_column": "ignore"}, {"other": "freeze"}, {"lost_column": 1}])
def test_a_contract_that_is_not_understood_stops_the_district(contract: dict[str, object]) -> None:
    with pytest.raises(StopDistrict, match="CF83"):
        under_contract([], contract)


def test_a_column_that_no_row_needs_and_that_we_read_is_said_when_it_is_gone() -> None:
    before = [*ORGS, "identifier", "mascot", "metadata.jd"]
    (finding,) = gone(V1, "orgs", before, [one for one in ORGS if one != "name"])
    assert (finding.rule, finding.severity, finding.field) == ("CD07", Severity.DROP_VALUE, "identifier")
    assert gone(V1, "orgs", before, [*ORGS, "IDENTIFIER"]) == []
