"""Stored grades as a file for Quick Import, in the columns and characters of a district's import map."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.powerschool.quick_import import ROUTE, USUAL, QuickImportSettings, QuickImportSink
from connectors.powerschool.quick_import_table import EXCLUDES, grade_level
from domain.clock import FixedClock
from domain.errors import RowRejected
from domain.grading import GradeKind, GradePayload, GradeValue, Mark
from tests.conformance.canaries import AT
from tests.conformance.sink_work import NORTH, payload, work

FEWEST = ("Student_Number", "Course_Name", "Grade_Level", "TermID", "StoreCode", "Percent")


def sink(**changes: Any) -> QuickImportSink:
    values = {"host": "sftp.example", "username": "u", **changes}
    return QuickImportSink(NORTH, QuickImportSettings.model_validate(values), clock=FixedClock(AT))


def lines(made: QuickImportSink, *payloads: GradePayload, codec: str = "cp1252") -> list[list[str]]:
    """Return the cells of the file for payloads."""
    content = made.render(*work(ROUTE, *payloads)).content.decode(codec)
    return [line.split("\t") for line in content.split("\r\n")[:-1]]


def marked(mark: Mark) -> GradePayload:
    """Return a payload whose grade is a mark."""
    return replace(payload("u1", "0"), value=GradeValue(None, None, mark))


def test_the_usual_file_has_powerschools_columns_and_one_line_a_grade() -> None:
    head, line = lines(sink(), payload("u1", "83.75"))
    assert tuple(head) == USUAL
    found = dict(zip(head, line, strict=True))
    assert (found["Percent"], found["StoreCode"], found["TermID"]) == ("83.8", "S1", "3501")
    assert (found["Grade_Level"], found["Course_Number"], found["DateStored"][-4:]) == ("10", "PH", "2026")


def test_order_header_and_columns_are_those_of_the_districts_import_map() -> None:
    columns = (*FEWEST[::-1],)
    (line,) = lines(sink(columns=columns, header=False), payload("u1", "83.7"))
    assert line == ["83.7", "S1", "3501", "10", "Physics", "77700099900"]


@pytest.mark.parametrize(
    ("charset", "codec"),
    [("windows", "cp1252"), ("unicode", "utf-16"), ("mac", "mac-roman"), ("utf-8", "utf-8")],
)
def test_the_file_is_in_the_character_set_that_the_registrar_chooses(charset: str, codec: str) -> None:
    made = replace(payload("u1", "83.7"), comment="très bien")
    _, line = lines(sink(charset=charset), made, codec=codec)
    assert "très bien" in line


def test_a_title_beyond_the_character_set_loses_accents_and_not_the_grade() -> None:
    made = replace(payload("u1", "83.7"), course_title="Čeština\u2003I")
    _, line = lines(sink(), made)
    assert line[1] == "Cestina I"
    assert "83.7" in line


def test_tabs_and_line_breaks_never_reach_the_file() -> None:
    made = replace(payload("u1", "83.7"), comment="one\ttwo\r\nthree")
    rows = lines(sink(), made)
    assert len(rows) == 2
    assert "one two three" in rows[1]
    assert (sink().limits().comment_tabs, sink().limits().comment_lines) == (False, False)


def test_a_mark_is_the_districts_code_and_never_a_zero() -> None:
    made = sink(mark_codes={"incomplete": "INC"})
    head, line = lines(made, marked(Mark.INCOMPLETE))
    found = dict(zip(head, line, strict=True))
    assert (found["Grade"], found["Percent"]) == ("INC", "")
    assert made.limits().marks == {Mark.GRADED, Mark.INCOMPLETE}
    assert sink(columns=FEWEST).limits().marks == {Mark.GRADED}


def test_a_progress_report_is_excluded_from_everything_a_final_grade_counts_in() -> None:
    made = sink(columns=(*FEWEST, *EXCLUDES))
    final, progress = payload("u1", "83.7"), replace(payload("u-2", "70"), kind=GradeKind.PROGRESS)
    _, *rows = lines(made, final, progress)
    assert [set(row[len(FEWEST) :]) for row in rows] == [{"0"}, {"1"}]


def test_credits_are_sent_only_as_the_district_says() -> None:
    columns = (*FEWEST, "EarnedCrHrs", "GradeScale_Name")
    assert lines(sink(columns=columns), payload("u1", "83.7"))[1][-2:] == ["", ""]
    made = sink(columns=columns, constants={"EarnedCrHrs": "1", "GradeScale_Name": "Default"})
    assert lines(made, payload("u1", "83.7"))[1][-2:] == ["1", "Default"]


def test_a_section_is_named_only_where_the_rosters_class_ids_are_sections() -> None:
    columns = (*FEWEST, "SectionID")
    assert lines(sink(columns=columns), payload("u1", "83.7"))[1][-1] == ""
    assert lines(sink(columns=columns, class_is_section=True), payload("u1", "83.7"))[1][-1] == "k"


def test_a_grade_without_its_term_stays_back_and_says_what_to_set() -> None:
    bare = replace(payload("u1", "83.7"), labels={"label": "S1"})
    items, payloads = work(ROUTE, bare, payload("u-2", "70"))
    refused = sink().unfit(list(payloads.values()))
    assert list(refused) == [items[0].item_id]
    assert "TermID" in str(refused[items[0].item_id])
    assert "term_id" in refused[items[0].item_id].fix
    with pytest.raises(RowRejected):
        sink().render(items, payloads)


def test_a_grade_changed_back_makes_another_file() -> None:
    made = payload("u1", "83.7")
    items, payloads = work(ROUTE, made)
    again = [replace(items[0], item_id=f"{items[0].item_id}-3")]
    later = {again[0].item_id: replace(made, item_id=again[0].item_id)}
    first, third = sink().render(items, payloads), sink().render(again, later)  # type: ignore[arg-type]
    assert first.content == third.content
    assert first.name != third.name


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"columns": ["Student_Number"]}, "Grade or Percent"),
        ({"columns": [*FEWEST, "Shoe_Size"]}, "Shoe_Size"),
        ({"columns": FEWEST, "student_key": "State_StudentNumber"}, "State_StudentNumber"),
        ({"constants": {"Percent": "100"}}, "EarnedCrHrs"),
        ({"mark_codes": {"graded": "G"}}, "graded"),
        ({"file_name_pattern": "grades.txt"}, "hash"),
    ],
)
def test_settings_that_make_a_file_nobody_can_import_are_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        sink(**changes)


@pytest.mark.parametrize(
    ("canonical", "number"), [("KG", "0"), ("PK", "-1"), ("01", "1"), ("12", "12"), ("UG", ""), ("", "")]
)
def test_a_grade_level_is_a_number_there(canonical: str, number: str) -> None:
    assert grade_level(canonical) == number


@given(st.text(max_size=60), st.text(max_size=30))
def test_whatever_a_comment_or_a_title_holds_a_grade_is_one_line_of_the_same_cells(
    comment: str, title: str
) -> None:
    made = replace(payload("u1", "83.7"), comment=comment, course_title=f"x{title}")
    rows = lines(sink(), made)
    assert [len(row) for row in rows] == [len(USUAL)] * 2
