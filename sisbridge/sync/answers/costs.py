"""What each district's last night cost."""

from __future__ import annotations

from sisbridge.house import House
from sisbridge.store import timeline
from sisbridge.store.timeline import StageCost
from sisbridge.sync.night import STAGES


def last_costs(house: House) -> list[StageCost]:
    """Return rows and seconds of each stage of each district's last run, in the order they ran."""
    with house.store.read() as conn:
        costs = timeline.last_costs(conn)
    return sorted(costs, key=lambda cost: (cost.district, STAGES.index(cost.stage)))
