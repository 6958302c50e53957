"""Try a district's connections step by step; nothing is changed unless a write test is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from connectors import registry
from connectors.protocol import CheckReport, CheckStep
from domain.errors import SisbridgeError
from domain.ids import DistrictCode
from domain.model import District
from sisbridge.house import House, clock_of
from sisbridge.store import server_log
from sisbridge.sync.context import connector_of
from sisbridge.sync.grades.write_test import write_test
from sisbridge.sync.roster.belonging import district_step

_WAYS = {"roster": "rosters", "grades": "grades"}


def check(house: House, district: DistrictCode, write_for: str = "") -> dict[str, CheckReport]:
    """Return a report per purpose (`roster`, `grades`, on PostgreSQL `store`); never raises an SIS's failure.

    The last step proves by the orgs that the connection is this district's: of the roster always, of the
    grades where their credentials may read orgs.
    write_for: the sourcedId of a marked test student for whom a grade is written and taken back.
    """
    known = house.district(district)
    reports = {purpose: _report(house, known, purpose) for purpose in _WAYS}
    if write_for:
        reports["write test"] = CheckReport(known.code, _written(house, known, write_for, reports))
    if house.store.dialect == "postgresql":
        reports["store"] = CheckReport(known.code, (_servers_log(house),))
    return reports


def _servers_log(house: House) -> CheckStep:
    """Look whether the database server keeps rows out of its own log, as everything of ours does."""
    with house.store.read() as conn:
        telling = server_log.telling(conn)
    if not telling:
        return CheckStep("server's log", "passed", "the database server writes no row into its log")
    settings = "; ".join(f"ALTER DATABASE … SET {name} = {value}" for name, value in telling.items())
    return CheckStep(
        "server's log",
        "failed",
        "the database server may write rows of students into its own log",
        f"Ask its administrator for: {settings}.",
    )


def _written(
    house: House, district: District, student: str, reports: Mapping[str, CheckReport]
) -> tuple[CheckStep, ...]:
    """Write only over connections that are proven to be this district's."""
    if all(report.passed for report in reports.values()):
        return write_test(house, district, student)
    return (CheckStep("test record", "skipped", "not tried, because a step before it failed"),)


def _report(house: House, district: District, purpose: str) -> CheckReport:
    config, secret = connector_of(house, district.code, purpose)
    if config is None:
        step = CheckStep("settings", "skipped", f"the region file names no way for {_WAYS[purpose]}")
        return CheckReport(district.code, (step,))
    try:
        if purpose == "grades":
            report = registry.grade_sink(config, secret, clock=clock_of(district)).check()
        else:
            report = registry.roster_source(config, secret, clock=clock_of(district)).check()
    except SisbridgeError as error:
        step = CheckStep("settings", "failed", f"{error.code}: {error.message}", error.fix)
        return CheckReport(district.code, (step,))
    if purpose == "grades" and report.orgs is None:
        return report
    return replace(report, steps=(*report.steps, district_step(district, report.orgs)))
