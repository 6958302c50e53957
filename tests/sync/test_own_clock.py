"""A SIS that has a clock of its own goes by its district's, unless its settings name another."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.ids import DistrictCode, fresh_id
from sisbridge.house import House
from sisbridge.store import regions
from sisbridge.sync.region import load_entries


def zone_of(house: House, kind: str, settings: dict[str, Any]) -> object:
    """Load a district in Central time and return the time zone its SIS is asked by."""
    code = DistrictCode(fresh_id())
    entry = {
        "code": code,
        "name": "West",
        "state": "IN",
        "school_year": "2026",
        "time_zone": "America/Chicago",
        "mou_approved_on": date(2025, 7, 1),
        "roster": {"kind": kind, "settings": settings},
    }
    load_entries(house, {"district": [entry]}, "tester")
    with house.store.read() as conn:
        config = regions.connector(conn, code, "roster")
    assert config is not None
    return config.settings.get("time_zone")


@pytest.mark.parametrize(
    ("kind", "settings", "zone"),
    [
        ("infinite_campus_oneroster", {}, "America/Chicago"),
        ("infinite_campus_files_sftp", {"time_zone": "America/Denver"}, "America/Denver"),
        ("oneroster_rest", {}, None),
    ],
)
def test_a_campus_keeps_its_districts_time(
    house: House, kind: str, settings: dict[str, Any], zone: str | None
) -> None:
    assert zone_of(house, kind, settings) == zone
