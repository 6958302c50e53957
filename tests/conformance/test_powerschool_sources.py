"""Every way of rosters out of PowerSchool, held to the contract."""

from __future__ import annotations

from tests.conformance.powerschool_scenes import by_exports, by_oneroster, by_power_query
from tests.conformance.roster_contract import RosterSourceContract


class TestPowerQuery(RosterSourceContract):
    make = staticmethod(by_power_query())


class TestPowerQueryInSmallPages(RosterSourceContract):
    make = staticmethod(by_power_query(page_size=4, nulls="null", expires_in_text=False))


class TestOneRoster(RosterSourceContract):
    make = staticmethod(by_oneroster())


class TestOneRosterOfAnOldServerInSmallPages(RosterSourceContract):
    make = staticmethod(by_oneroster(page_size=4, oneroster_path="/ims/oneroster/v1p1"))


class TestExportedTabFiles(RosterSourceContract):
    make = staticmethod(by_exports())


class TestExportedFilesWithoutHeader(RosterSourceContract):
    make = staticmethod(by_exports(delimiter=",", header=False, encoding="utf-8"))
