"""Every route for grades we have, held to the contract."""

from __future__ import annotations

from domain.oneroster import Version
from tests.conformance.powerschool_sink_scenes import points_gradebook, stored_grades, xte_gradebook
from tests.conformance.sink_contract import FileSinkContract, ReadBackSinkContract
from tests.conformance.sink_scenes import gradebook, registrar_file


class TestGradebook1p1(ReadBackSinkContract):
    make = staticmethod(gradebook(Version.V1P1))


class TestGradebook1p2(ReadBackSinkContract):
    make = staticmethod(gradebook(Version.V1P2))


class TestGradebookThatGetsScoreScales(ReadBackSinkContract):
    make = staticmethod(
        gradebook(Version.V1P2, score_scale_title="Letters", score_scale_values={"90-100": "A"})
    )


class TestRegistrarFile(FileSinkContract):
    make = staticmethod(registrar_file)


class TestPowerSchoolStoredGrades(ReadBackSinkContract):
    make = staticmethod(stored_grades)


class TestPowerSchoolGradebookByOneRoster(ReadBackSinkContract):
    make = staticmethod(points_gradebook)


class TestPowerSchoolGradebookByXte(ReadBackSinkContract):
    make = staticmethod(xte_gradebook)
