"""Whom the open cases are about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from domain.ids import DistrictCode, SourcedId
from sisbridge.house import House
from sisbridge.store import snapshots
from sisbridge.sync.context import Stage
from sisbridge.sync.roster.behind import CaseKey, students_of, supporting


def students_behind(house: House, district: DistrictCode) -> Mapping[CaseKey, Sequence[SourcedId]]:
    """Return the students of each case of a district's last roster in force, by sourcedId.

    None for cases of grades, of feeds that were stopped and of nights whose raw data is gone. Raises
    StopDistrict when the district is not known.
    """
    known = house.district(district)
    with house.store.read() as conn:
        last = snapshots.last_applied(conn, district)
    if last is None:
        return {}
    stage = Stage(house, known, last.run_id, last.snapshot_id, last.as_of.date())
    return {key: students_of(found) for key, found in supporting(stage).items()}
