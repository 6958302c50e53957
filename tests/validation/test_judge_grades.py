"""Judging collected grades."""

from __future__ import annotations

import pyarrow as pa
import pytest

from domain.errors import ContractBroken
from domain.tables import PLACE
from tests.validation.building import grade_context, grade_rows
from validation.judge import judge_grades


def test_good_grades_come_out_as_they_went_in() -> None:
    rows = grade_rows([{}, {"percent": None, "text_score": "B", "_letter_agrees": True}])
    outcome = judge_grades(rows, grade_context())
    assert outcome.findings == ()
    assert pa.Table.from_batches([outcome.clean]).equals(rows)


def test_a_student_who_left_and_a_percent_of_104_are_two_cases_of_one_offering() -> None:
    rows = grade_rows([{"_has_seat": False}, {"percent": "104"}, {}])
    outcome = judge_grades(rows, grade_context())
    assert [(f.rule, f.place, f.group) for f in outcome.findings] == [
        ("GR03", "file:1", "physics-fall"),
        ("GR02", "file:2", "physics-fall"),
    ]
    assert outcome.clean.column(PLACE).to_pylist() == ["file:3"]


def test_no_grade_is_in_any_finding() -> None:
    rows = grade_rows(
        [
            {"percent": "1047.31", "text_score": "QQ", "comment": "Zyx", "_letter_agrees": False},
            {"percent": "77.731", "mark": "withdrawn", "_contested": True},
        ]
    )
    outcome = judge_grades(rows, grade_context())
    assert [finding.rule for finding in outcome.findings] == ["GR02", "GR05", "GR07", "GR06"]
    said = repr(outcome.findings)
    assert not [grade for grade in ("1047", "QQ", "Zyx", "77.7", "withdrawn'") if grade in said]


def test_a_student_of_another_district_is_an_incident_named_by_place_alone() -> None:
    outcome = judge_grades(grade_rows([{"_own_district": False, "_has_seat": False}]), grade_context())
    [finding] = outcome.findings
    assert finding.message.startswith("Incident: 1 row of grades")
    assert (finding.key, finding.student, finding.place) == ("", None, "file:1")


@pytest.mark.parametrize("fact", ["_has_seat", "_known_column", "_own_district", "_contested"])
def test_a_fact_that_nobody_established_holds_the_grade(fact: str) -> None:
    outcome = judge_grades(grade_rows([{fact: None}]), grade_context())
    assert outcome.quarantined.num_rows == 1


def test_no_grades_are_clean_and_a_missing_fact_is_a_fault() -> None:
    assert judge_grades(grade_rows([]), grade_context()).findings == ()
    with pytest.raises(ContractBroken, match="_has_seat"):
        judge_grades(grade_rows([{}]).drop_columns(["_has_seat"]), grade_context())


def test_grades_in_several_chunks_are_judged_as_one() -> None:
    rows = pa.concat_tables([grade_rows([{PLACE: "a:1"}]), grade_rows([{PLACE: "b:1", "percent": "-5"}])])
    outcome = judge_grades(rows, grade_context())
    assert [finding.place for finding in outcome.findings] == ["b:1"]
