"""Row digests: golden values that no version or machine may change."""

from __future__ import annotations

import pytest

from domain.tables import RosterTable
from mappings.digests import digests
from tests.mappings.building import canonical

NORTH: dict[str, str | None] = {"sourced_id": "o1", "status": "active", "name": "North", "type": "school"}


def hex_of(table: RosterTable, row: dict[str, str | None]) -> str:
    (found,) = digests(table, canonical(table, row)).to_pylist()
    return str(found.hex())


@pytest.mark.parametrize(
    ("table", "row", "golden"),
    [
        (RosterTable.ORGS, NORTH, "6b0163d441221227115d86b28e70648f"),
        (RosterTable.ORGS, {**NORTH, "name": "Müller-Škola"}, "f22f741fda41f1396cd7a642a70395c5"),
        (RosterTable.ENROLLMENTS, {"role": "student", "primary": "true"}, "517687115863799f32a4a2d09c8bcede"),
    ],
)
def test_a_digest_never_changes(table: RosterTable, row: dict[str, str | None], golden: str) -> None:
    assert hex_of(table, row) == golden


def test_a_null_is_not_an_empty_text() -> None:
    assert hex_of(RosterTable.ORGS, {**NORTH, "identifier": ""}) != hex_of(RosterTable.ORGS, NORTH)


def test_a_value_in_the_next_column_is_another_content() -> None:
    one, other = {**NORTH, "identifier": "x"}, {**NORTH, "parent_sourced_id": "x"}
    assert hex_of(RosterTable.ORGS, one) != hex_of(RosterTable.ORGS, other)


def test_neither_the_key_nor_a_refreshed_stamp_is_content() -> None:
    moved = {**NORTH, "sourced_id": "o2", "date_last_modified": "2026-01-15T00:00:00.000Z"}
    assert hex_of(RosterTable.ORGS, moved) == hex_of(RosterTable.ORGS, NORTH)


def test_no_rows_give_no_digests() -> None:
    assert digests(RosterTable.ORGS, canonical(RosterTable.ORGS)).to_pylist() == []
