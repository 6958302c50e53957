"""Infinite Campus, both ways, held to the contracts."""

from __future__ import annotations

from domain.oneroster import Version
from tests.conformance.campus_scenes import (
    campus_files,
    campus_gradebook,
    campus_import_file,
    campus_source,
)
from tests.conformance.roster_contract import RosterSourceContract
from tests.conformance.sink_contract import FileSinkContract, ReadBackSinkContract


class TestCampus1p1(RosterSourceContract):
    make = staticmethod(campus_source(Version.V1P1))


class TestCampus1p2(RosterSourceContract):
    make = staticmethod(campus_source(Version.V1P2))


class TestCampusGradebook1p1(ReadBackSinkContract):
    make = staticmethod(campus_gradebook(Version.V1P1))


class TestCampusGradebook1p2(ReadBackSinkContract):
    make = staticmethod(campus_gradebook(Version.V1P2))


class TestCampusImportFile(FileSinkContract):
    make = staticmethod(campus_import_file)


class TestCampusFiles(RosterSourceContract):
    make = staticmethod(campus_files)
