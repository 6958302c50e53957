"""What is in force in a district right now, whatever tonight came to."""

from __future__ import annotations

from dataclasses import dataclass

from domain.ids import DistrictCode
from sisbridge.house import House, today_of
from sisbridge.store import roster
from sisbridge.store import seats as seat_store


@dataclass(frozen=True)
class Standing:
    """Rows of the roster of record, and seats that have not ended."""

    rows: int
    seats: int


def standing(house: House, district: DistrictCode) -> Standing:
    """Return what is in force in a district today."""
    today = today_of(house.district(district))
    with house.store.read() as conn:
        rows = sum(roster.count(conn, district).values())
        seats = [s for s in seat_store.seats(conn, district) if s.end_date is None or s.end_date > today]
    return Standing(rows, len(seats))
