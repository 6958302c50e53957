"""Let go of what was landed longer ago than a district wants it kept; counts and hashes stay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from domain.errors import StopDistrict
from domain.ids import DistrictCode
from domain.model import District
from sisbridge.house import House, clock_of
from sisbridge.store import audit, retention

DEFAULT_DAYS = 30
"""How long raw answers stay when a district's settings do not say `retention_days`."""


@dataclass(frozen=True, slots=True)
class Retained:
    """What one district let go of. days: how long its landings stay."""

    district: DistrictCode
    days: int
    snapshots: int
    quarantined: int


def retain(house: House, district: DistrictCode) -> Retained:
    """Delete the landings and quarantined rows of snapshots past their days; safe to repeat.

    The snapshot in force and the newest one stay. Raises StopDistrict CF71 when `retention_days` is no
    whole number of at least 1.
    """
    known = house.district(district)
    days, at = _days(known), clock_of(known)()
    with house.store.read() as conn:
        gone = retention.past_their_days(conn, district, at - timedelta(days=days))
    quarantined = 0
    for snapshot_id in gone:
        house.landing.delete_snapshot(district, snapshot_id)
        with house.store.begin("retain") as conn:
            quarantined += retention.forget_rows(conn, district, snapshot_id, at)
            audit.append(conn, district, "retention", "landing deleted", snapshot_id, None, None, at)
    return Retained(district, days, len(gone), quarantined)


def _days(district: District) -> int:
    days = district.settings.get("retention_days", DEFAULT_DAYS)
    if isinstance(days, bool) or not isinstance(days, int) or days < 1:
        raise StopDistrict(
            "CF71",
            f"District {district.code} does not say for how many days raw data is kept.",
            fix="Set retention_days in the district's settings to a whole number, 30 for example.",
        )
    return days
