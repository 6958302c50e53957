"""What is open on the alert desk."""

from __future__ import annotations

from domain.ids import DistrictCode
from domain.model import Case
from sisbridge.house import House
from sisbridge.store import cases


def open_cases(house: House, district: DistrictCode | None = None) -> list[Case]:
    """Return the open cases of one district or of all, in a stable order.

    Raises StopDistrict when the district is not known.
    """
    if district is not None:
        house.district(district)
    with house.store.read() as conn:
        return cases.open_cases(conn, district)
