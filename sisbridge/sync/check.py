"""Try a district's connections step by step, without changing anything."""

from __future__ import annotations

from connectors import registry
from connectors.protocol import CheckReport, CheckStep
from domain.errors import SisbridgeError
from domain.ids import DistrictCode
from sisbridge.house import House, clock_of
from sisbridge.sync.context import connector_of


def check(house: House, district: DistrictCode) -> dict[str, CheckReport]:
    """Return a report per purpose that is configured (`roster`, `grades`); never raises an SIS's failure."""
    known = house.district(district)
    reports: dict[str, CheckReport] = {}
    for purpose in ("roster", "grades"):
        config, secret = connector_of(house, known.code, purpose)
        if config is None:
            continue
        try:
            maker = registry.roster_source if purpose == "roster" else registry.grade_sink
            reports[purpose] = maker(config, secret, clock=clock_of(known)).check()
        except SisbridgeError as error:
            step = CheckStep("settings", "failed", error.message, error.fix)
            reports[purpose] = CheckReport(known.code, (step,))
    return reports
