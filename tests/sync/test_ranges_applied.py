"""A large roster is written a range of ids at a time, and comes out as if it had been written in one go."""

from __future__ import annotations

import pytest

from sisbridge.house import House
from sisbridge.store import roster as stored
from sisbridge.sync.night import sync_district
from sisbridge.sync.roster import apply as applying
from tests.support.small_region import FILES, SmallRegion, roster


def test_a_roster_written_in_ranges_is_the_one_that_was_sent(
    any_house: House, region: SmallRegion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(applying, "_CHANGES_AT_ONCE", 2)
    monkeypatch.setattr(applying, "_ROWS_AT_ONCE", 1)
    region.drop(roster())
    first, again = sync_district(any_house, FILES), sync_district(any_house, FILES)
    assert (first.counts["changes"], again.counts["changes"]) == (first.counts["clean"], 0)
    with any_house.store.read() as conn:
        assert sum(stored.count(conn, FILES).values()) == first.counts["clean"]
