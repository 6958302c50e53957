"""Grades as teachers write them, what is understood of them, and what is sent."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.grading import GRADE_COLUMNS, GradeValue, Mark
from domain.tables import PLACE
from mappings.grades import (
    ParsedGrade,
    agrees,
    contested,
    parse,
    to_table,
    value_of,
)
from mappings.scales import scale_from

SCALE = scale_from({"bands": {"A": 93, "A-": 90, "B": 80, "F": 0}})
WHO = {
    "district": "D1", "student_sourced_id": "s1", "offering": "O1", "term": "2026F",
    "reporting_period": "Q1", "kind": "final", "complete": "yes",
}  # fmt: skip


def grade(**cells: str | None) -> ParsedGrade:
    return parse("grades.csv:2", {**WHO, **cells})


def test_a_plain_line_is_understood_whole() -> None:
    row = grade(percent=" 92.5 ", text_score="A-", comment=" well done ", entered_by="t1", kind="Final")
    assert (row.percent, row.text_score, row.mark) == (Decimal("92.5"), "A-", Mark.GRADED)
    assert (row.district, row.student, row.offering, row.term) == ("D1", "s1", "O1", "2026F")
    assert (row.reporting_period, row.kind, row.comment, row.entered_by) == ("Q1", "final", "well done", "t1")
    assert (row.complete, row.place) == (True, "grades.csv:2")


@pytest.mark.parametrize(
    ("percent", "text_score", "read"),
    [
        ("92", None, ("92", None)),
        ("92%", None, ("92", None)),
        ("104", None, ("104", None)),
        ("-1", None, ("-1", None)),
        ("92 A-", None, ("92", "A-")),
        (None, "92.5 a-", ("92.5", "A-")),
        ("92 A-", "A", (None, "A")),
        ("A-", None, (None, None)),
        ("92,5", None, (None, None)),
        ("1e2", None, (None, None)),
        ("NaN", None, (None, None)),
        (None, "A-", (None, "A-")),
    ],
)
def test_percent_and_letter_are_told_apart(
    percent: str | None, text_score: str | None, read: tuple[str | None, str | None]
) -> None:
    row = grade(percent=percent, text_score=text_score)
    assert (row.percent and str(row.percent), row.text_score) == read
    assert row.raw["percent"] == percent


@pytest.mark.parametrize(
    ("came", "mark"),
    [
        ("", Mark.GRADED),
        ("I", Mark.INCOMPLETE),
        ("Incomplete", Mark.INCOMPLETE),
        ("wd", Mark.WITHDRAWN),
        ("P", Mark.PASS),
        ("No Grade", Mark.NO_GRADE),
    ],
)
def test_a_mark_is_never_a_number(came: str, mark: Mark) -> None:
    row = grade(mark=came, percent="92" if mark is not Mark.GRADED else None)
    assert row.mark is mark
    assert value_of(row, SCALE) == GradeValue(percent=None, text_score=None, mark=mark)


def test_what_is_not_known_is_not_guessed() -> None:
    row = grade(mark="smiley", kind="quarterly", complete="almost")
    assert (row.mark, row.kind, row.complete) == (None, "quarterly", None)


def test_blanks_are_never_zero() -> None:
    row = grade(percent=" ", text_score="")
    assert value_of(row, SCALE) == GradeValue(percent=None, text_score=None)


@pytest.mark.parametrize(
    ("percent", "sent", "letter"), [("92.5", "92.5", "A-"), ("92.96", "93.0", "A"), ("0", "0.0", "F")]
)
def test_the_letter_is_that_of_the_percent_as_it_is_sent(percent: str, sent: str, letter: str) -> None:
    assert value_of(grade(percent=percent), SCALE) == GradeValue(Decimal(sent), letter)


def test_a_letter_alone_stays_as_given() -> None:
    assert value_of(grade(text_score="B"), SCALE) == GradeValue(None, "B")


@pytest.mark.parametrize(
    ("percent", "text_score", "agreed"),
    [
        ("92.5", "A-", True),
        ("92.5", "A", False),
        ("92.5", None, True),
        (None, "B", True),
        (None, "Q", False),
        (None, None, True),
    ],
)
def test_a_given_letter_agrees_with_the_home_districts_scale(
    percent: str | None, text_score: str | None, agreed: bool
) -> None:
    assert agrees(grade(percent=percent, text_score=text_score), SCALE) is agreed


def test_a_mark_has_no_letter_to_disagree_with() -> None:
    assert agrees(grade(mark="I", text_score="I"), SCALE)


def test_the_table_holds_what_was_understood_and_the_rest_as_it_came() -> None:
    table = to_table([grade(percent="92 A-", mark="inc"), grade(percent="abc", mark="?", kind="FINAL")])
    assert tuple(table.column_names) == (*GRADE_COLUMNS, PLACE)
    cells = table.select(["percent", "text_score", "mark", "kind", "complete", "comment", PLACE]).to_pylist()
    assert [tuple(row.values()) for row in cells] == [
        ("92", "A-", "incomplete", "final", "true", None, "grades.csv:2"),
        ("abc", None, "?", "final", "true", None, "grades.csv:2"),
    ]


def test_no_rows_give_an_empty_table() -> None:
    assert to_table([]).num_rows == 0


def test_two_different_grades_in_one_column_are_contested_and_repeats_are_not() -> None:
    rows = [
        parse(f"g:{line}", {**WHO, "student_sourced_id": student, "percent": percent})
        for line, (student, percent) in enumerate([("s1", "90"), ("s1", "91"), ("s2", "80"), ("s2", "80")])
    ]
    assert contested(rows) == {"g:0", "g:1"}


def test_a_grade_shows_neither_student_nor_value() -> None:
    shown = repr(grade(student_sourced_id="s-secret", percent="87.3", text_score="B", comment="late again"))
    assert not any(word in shown for word in ("s-secret", "87.3", "'B'", "late again"))


@given(st.dictionaries(st.sampled_from(GRADE_COLUMNS), st.none() | st.text(max_size=12)))
def test_any_cells_can_be_read(cells: dict[str, str | None]) -> None:
    row = parse("x:1", cells)
    assert to_table([row]).num_rows == 1
    assert value_of(row, SCALE).percent is None or row.percent is not None
