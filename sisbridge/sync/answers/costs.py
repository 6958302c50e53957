"""How each district's last night ended, and what it cost."""

from __future__ import annotations

from dataclasses import replace

from domain.ids import DistrictCode
from sisbridge.house import House
from sisbridge.store import timeline
from sisbridge.store.timeline import LastRun, StageCost
from sisbridge.sync.context import STAGES


def last_runs(house: House, district: DistrictCode | None = None) -> list[LastRun]:
    """Return each district's last run with its stages in the order they ran; of one district if named.

    Raises StopDistrict when the district is not known.
    """
    if district is not None:
        house.district(district)
    with house.store.read() as conn:
        found = timeline.last_runs(conn)
    chosen = [one for one in found if district in (None, one.district)]
    return [replace(one, stages=tuple(sorted(one.stages, key=_order))) for one in chosen]


def _order(cost: StageCost) -> int:
    return STAGES.index(cost.stage)
