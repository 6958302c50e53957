"""Every source of rosters we have, held to the contract."""

from __future__ import annotations

from domain.oneroster import Version
from simulators.oneroster import Dialect
from tests.conformance.roster_contract import RosterSourceContract
from tests.conformance.roster_scenes import dropped, flat, package, rest

OLD, NEW = Version.V1P1, Version.V1P2


class TestRest1p1(RosterSourceContract):
    make = staticmethod(rest(OLD))


class TestRest1p2(RosterSourceContract):
    make = staticmethod(rest(NEW))


class TestRestInSmallPages(RosterSourceContract):
    make = staticmethod(rest(NEW, page_size=4))


class TestRestClampedWithATotal(RosterSourceContract):
    make = staticmethod(rest(OLD, dialect=Dialect(page_cap=3, send_link=False)))


class TestRestClampedWithLinksOnly(RosterSourceContract):
    make = staticmethod(rest(NEW, dialect=Dialect(page_cap=3, send_total=False)))


class TestRestClampedAndSilent(RosterSourceContract):
    make = staticmethod(rest(NEW, dialect=Dialect(page_cap=3, send_total=False, send_link=False)))


class TestRestWithPageSizesForTotals(RosterSourceContract):
    make = staticmethod(rest(NEW, dialect=Dialect(page_cap=3, counted="page")))


class TestRestWithNulls(RosterSourceContract):
    make = staticmethod(rest(OLD, dialect=Dialect(nulls="null", booleans="json")))


class TestCsvZip1p1(RosterSourceContract):
    make = staticmethod(package(OLD, zipped=True))


class TestCsvZip1p2(RosterSourceContract):
    make = staticmethod(package(NEW, zipped=True))


class TestLooseCsv1p1(RosterSourceContract):
    make = staticmethod(package(OLD, zipped=False))


class TestLooseCsv1p2(RosterSourceContract):
    make = staticmethod(package(NEW, zipped=False))


class TestSftpZip1p1(RosterSourceContract):
    make = staticmethod(dropped(OLD, zipped=True))


class TestSftpLooseFiles1p2(RosterSourceContract):
    make = staticmethod(dropped(NEW, zipped=False))


class TestFlatFiles(RosterSourceContract):
    make = staticmethod(flat(OLD))
