"""Seats and their dated history, and our own numbering of the home sections they stand in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection

from domain.ids import DistrictCode, OfferingId, SourcedId
from domain.model import Seat

HomeClassKey = tuple[OfferingId, str, SourcedId]
"""Offering, term, and the home class's sourcedId."""


def seats(conn: Connection, district: DistrictCode) -> list[Seat]:
    """Return all seats a district ever had, by offering, term and person."""
    raise NotImplementedError


def save(conn: Connection, district: DistrictCode, seats: Sequence[Seat], night_on: date) -> dict[str, int]:
    """Make these the district's seats and return counts: opened, moved, ended, unchanged."""
    raise NotImplementedError


def home_classes(conn: Connection, district: DistrictCode) -> dict[HomeClassKey, str]:
    """Return our id of every home class that was numbered."""
    raise NotImplementedError


def number_home_classes(
    conn: Connection, district: DistrictCode, classes: Sequence[HomeClassKey], night_on: date
) -> dict[HomeClassKey, str]:
    """Give each new home class the next number of its offering and term; return all, as `home_classes`."""
    raise NotImplementedError


def seats_of_offering(conn: Connection, offering: OfferingId) -> list[Seat]:
    """Return all districts' seats in an offering, by district, term and person."""
    raise NotImplementedError
