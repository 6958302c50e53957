"""Infinite Campus, both ways, held to the contracts."""

from __future__ import annotations

from domain.oneroster import Version
from tests.conformance.campus_scenes import campus_source
from tests.conformance.roster_contract import RosterSourceContract


class TestCampus1p1(RosterSourceContract):
    make = staticmethod(campus_source(Version.V1P1))


class TestCampus1p2(RosterSourceContract):
    make = staticmethod(campus_source(Version.V1P2))
