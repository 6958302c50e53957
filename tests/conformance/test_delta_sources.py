"""Every source that can tell changes, held to the delta contract."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from domain.oneroster import Version
from simulators.oneroster import Dialect
from tests.conformance.delta_contract import DeltaNightContract, RosterDeltaContract
from tests.conformance.powerschool_scenes import by_oneroster
from tests.conformance.roster_scenes import package, rest
from tests.support.small_region import SmallRegion

OLD, NEW = Version.V1P1, Version.V1P2


def region(version: Version, **manner: object) -> Callable[[Path], SmallRegion]:
    return partial(SmallRegion, version=version, dialect=Dialect(**manner))


class TestRest1p1(RosterDeltaContract):
    make = staticmethod(rest(OLD))


class TestRest1p2InPagesOfOne(RosterDeltaContract):
    make = staticmethod(rest(NEW, page_size=1))


class TestRestThatIgnoresTheFilter(RosterDeltaContract):
    make = staticmethod(rest(NEW, page_size=4, dialect=Dialect(ignore_filter=True)))


class TestRestThatTellsNothing(RosterDeltaContract):
    make = staticmethod(rest(OLD, page_size=2, dialect=Dialect(send_total=False, send_link=False)))


class TestPowerSchoolOneRoster(RosterDeltaContract):
    make = staticmethod(by_oneroster())


class TestCsvZip1p1(RosterDeltaContract):
    make = staticmethod(package(OLD, zipped=True))


class TestLooseCsv1p2(RosterDeltaContract):
    make = staticmethod(package(NEW, zipped=False))


class TestRest1p2ByNight(DeltaNightContract):
    make = staticmethod(region(NEW))


class TestRestThatTellsNothingByNight(DeltaNightContract):
    make = staticmethod(region(OLD, send_total=False, ignore_filter=True))
    tells_totals = False
