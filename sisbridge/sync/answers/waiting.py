"""What waits: holds for a person's word, and grades on their way."""

from __future__ import annotations

from domain.grading import OutboxState
from domain.ids import DistrictCode
from sisbridge.house import House
from sisbridge.store import holds
from sisbridge.store.holds import Hold, HoldState
from sisbridge.store.outbox_columns import PlacedItem, placed_items

SETTLED = (OutboxState.CONFIRMED, OutboxState.SUPERSEDED, OutboxState.WITHDRAWN)
"""States of a grade that nothing more becomes of."""


def standing_holds(house: House, district: DistrictCode | None = None) -> list[Hold]:
    """Return the holds that are not closed, of one district or all, by district and number.

    Raises StopDistrict when the district is not known.
    """
    codes = [house.district(district).code] if district is not None else house.districts()
    with house.store.read() as conn:
        return [one for code in codes for one in holds.holds(conn, code, HoldState.OPEN, HoldState.DECIDED)]


def grades_on_their_way(house: House, district: DistrictCode, *, settled: bool = False) -> list[PlacedItem]:
    """Return a district's items that are not settled, or all of them, by offering and grade column."""
    house.district(district)
    states = [state for state in OutboxState if settled or state not in SETTLED]
    with house.store.read() as conn:
        return placed_items(conn, district, states)
