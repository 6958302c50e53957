"""Failures that look like students leaving: nobody is removed on weak evidence."""

from __future__ import annotations

from datetime import timedelta

from sisbridge.house import House
from sisbridge.store import roster as roster_store
from sisbridge.sync.answers.cases import open_cases
from sisbridge.sync.night import sync_district
from tests.support.small_region import FILES, NOW, SmallRegion, add_student, roster


def users(house: House) -> int:
    """Return how many users of the file district are in force."""
    with house.store.read() as conn:
        return roster_store.count(conn, FILES)["users"]  # type: ignore[index]


def test_field_failure_47_a_row_that_rules_hold_is_seen_and_never_removed_as_missing(
    house: House, region: SmallRegion
) -> None:
    sync_district(house, FILES)
    spoilt = roster()
    spoilt.change("users", "u5", NOW, givenName="")
    region.drop(spoilt)
    for number in range(1, 4):
        region.load(house, NOW + timedelta(days=number))
        outcome = sync_district(house, FILES)
        assert (outcome.counts["quarantined"] > 0, outcome.counts["changes"]) == (True, 0)
    assert users(house) == 6


def test_field_failure_52_a_partial_bulk_file_deletes_nobody_however_many_nights_it_comes(
    house: House, region: SmallRegion
) -> None:
    whole = roster()
    for number in range(30):
        add_student(whole, f"x{number}", f"8000000{number:02d}")
    region.drop(whole)
    sync_district(house, FILES)
    for number in range(18):
        whole.drop("users", f"x{number}")
        whole.drop("enrollments", f"e-x{number}")
    region.drop(whole)
    for number in range(1, 4):
        region.load(house, NOW + timedelta(days=number))
        assert sync_district(house, FILES).counts["held"] == 3 * 18
    assert users(house) == 36
    assert {case.rule for case in open_cases(house, FILES)} <= {"SZ10", "SZ13"}
