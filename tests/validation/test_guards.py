"""Tonight's roster against the last good one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import StopDistrict
from domain.model import Severity
from domain.tables import RosterTable
from validation import people
from validation.guards import mass_change


def test_removals_and_updates_are_held_side_by_side_and_named_by_their_school() -> None:
    found = mass_change(RosterTable.USERS, 100, {"remove": 11, "update": 76}, {}, "north")
    said = [(finding.rule, finding.table, finding.group, finding.severity) for finding in found]
    held = Severity.HOLD_ROW
    assert said == [("SZ10", "users", "north", held), ("SZ11", "users", "north", held)]


@given(st.integers(1, 5000), st.integers(0, 5000))
def test_a_school_may_always_lose_a_tenth_and_small_ones_two_rows(last: int, gone: int) -> None:
    held = bool(mass_change(RosterTable.USERS, last, {"remove": gone}, {}))
    assert held == (gone > max(last, 20) / 10)


@pytest.mark.parametrize("bad", ["ten", -1, None, True])
@pytest.mark.parametrize("table", ["", "users"])
def test_a_threshold_that_is_no_number_stops_the_district(table: str, bad: object) -> None:
    thresholds = {"users": {"removed": bad}} if table else {"removed": bad}
    with pytest.raises(StopDistrict, match="removed") as stopped:
        mass_change(RosterTable.USERS, 100, {}, thresholds)
    assert stopped.value.code == "CF36"


def test_a_table_of_thresholds_that_is_no_table_stops_the_district() -> None:
    with pytest.raises(StopDistrict, match="CF36"):
        mass_change(RosterTable.USERS, 100, {}, {"users": 0.2})


def test_a_sourced_id_that_may_be_a_name_stands_in_no_case() -> None:
    found = people.in_doubt("ID21", ["u-1", "Quillfeather Zanzibara"])
    assert [finding.key for finding in found] == ["u-1", ""]
