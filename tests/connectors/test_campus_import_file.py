"""Grade files in the layout a district and Campus agreed on."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.infinite_campus.import_file import CampusImportSettings, InfiniteCampusImportSink
from connectors.protocol import FileState
from domain.clock import FixedClock
from domain.errors import RowRejected
from domain.grading import GradeValue, Mark
from simulators.sftp import RunningSftp
from tests.conformance.campus_scenes import LAYOUT
from tests.conformance.canaries import AT
from tests.conformance.sink_work import LABELS, LETTER, NORTH, payload, work
from tests.support.sftp import USER, reach, sftp_server

ROUTE = "infinite_campus_import_file"
KEYS: list[dict[str, Any]] = [
    {"name": "studentNumber", "value": "student_identifier"},
    {"name": "courseNumber", "value": "course_code"},
    {"name": "endYear", "value": "end_year"},
]
BOUND = [*KEYS, {"name": "Final", "value": "letter", "task": "Final"}]
NOWHERE = {"host": "sftp.example", "username": "u"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningSftp]:
    with sftp_server(tmp_path / "root") as running:
        yield running


def sink(
    layout: dict[str, Any], server: RunningSftp | None = None, **more: object
) -> InfiniteCampusImportSink:
    access = reach(server, "/inbox") if server else NOWHERE
    settings = CampusImportSettings.model_validate({**access, "layout": layout, **more})
    return InfiniteCampusImportSink(NORTH, settings, clock=FixedClock(AT))


def test_columns_order_header_delimiter_and_fixed_texts_are_the_districts() -> None:
    columns = [{"name": "version", "fixed": "2"}, *KEYS[::-1], {"name": "pct", "value": "percent"}]
    columns += [{"name": "task", "value": "grading_task"}]
    grade = replace(payload("u1", "83.75"), student_identifier="0042")
    batch = sink({"columns": columns}, delimiter="|").render(*work(ROUTE, grade))
    head, line = batch.content.decode().splitlines()
    assert head == "version|endYear|courseNumber|studentNumber|pct|task"
    assert line == "2|2026|PH|0042|83.8|Final"
    bare = sink({"columns": columns}, header=False).render(*work(ROUTE, payload("u1", "83.75")))
    assert len(bare.content.splitlines()) == 1


def test_a_letter_column_says_marks_in_the_districts_words() -> None:
    incomplete = replace(payload("u1", "83.7"), value=GradeValue(None, None, Mark.INCOMPLETE))
    layout = {**LAYOUT, "mark_texts": {"incomplete": "INC"}}
    lines = sink(layout).render(*work(ROUTE, incomplete, payload("u-2", "83.7"))).content.decode()
    assert ",Final,INC,," in lines
    assert f",Final,{LETTER},83.7," in lines


def test_a_grade_changed_back_is_a_new_file() -> None:
    first = sink(LAYOUT).render(*work(ROUTE, payload("u1", "83.7")))
    items, payloads = work(ROUTE, payload("u1", "83.7"))
    again = [replace(item, item_id=type(item.item_id)("another")) for item in items]
    second = sink(LAYOUT).render(again, {again[0].item_id: payloads[items[0].item_id]})
    assert first.content == second.content
    assert first.name != second.name


@pytest.mark.parametrize(
    ("labels", "code"),
    [
        ({**LABELS, "grading_task": "Progress"}, "WB53"),
        ({**LABELS, "term_name": "S2"}, "WB54"),
        ({**LABELS, "term_name": "S1"}, None),
    ],
)
def test_a_bound_column_takes_its_own_task_in_the_terms_somebody_looked_at(
    labels: dict[str, str], code: str | None
) -> None:
    route = sink({"columns": BOUND, "bound_terms": ["S1"]})
    grade = replace(payload("u1", "83.7"), labels=labels)
    items, payloads = work(ROUTE, grade)
    unfit = route.unfit(list(payloads.values()))
    assert [one.code for one in unfit.values()] == ([code] if code else [])
    if code:
        with pytest.raises(RowRejected):
            route.render(items, payloads)


def test_a_grade_that_campus_could_not_place_is_refused() -> None:
    columns = [*LAYOUT["columns"], {"name": "schoolNumber", "value": "school_identifier"}]
    (refusal,) = sink({"columns": columns}).unfit([payload("u1", "83.7")]).values()
    assert (refusal.code, "schoolNumber" in refusal.message) == ("WB55", True)


def test_a_character_the_encoding_lacks_refuses_its_own_grade_alone() -> None:
    route = sink({"columns": [*LAYOUT["columns"], {"name": "school", "value": "school"}]}, encoding="cp1252")
    fine, odd = payload("u1", "83.7"), replace(payload("u-2", "83.7"), school_name="Ło High")
    _, payloads = work(ROUTE, fine, odd)
    assert [one.code for one in route.unfit(list(payloads.values())).values()] == ["WB57"]


@given(st.text(), st.text(), st.sampled_from([",", "\t", ";", "|"]))
def test_whatever_a_comment_holds_a_grade_is_one_line_with_all_its_cells(
    comment: str, school: str, delimiter: str
) -> None:
    columns = [*LAYOUT["columns"], {"name": "school", "value": "school"}]
    grades = [replace(payload(one, "83.7"), comment=comment, school_name=school) for one in ("u1", "u-2")]
    route = sink({"columns": columns}, delimiter=delimiter)
    items, payloads = work(ROUTE, *grades)
    if route.unfit(list(payloads.values())):
        return
    text = route.render(items, payloads).content.decode()
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    assert [len(row) for row in rows] == [len(columns)] * 3
    assert text.count("\n") == 3


def test_what_the_layout_cannot_say_is_among_the_limits() -> None:
    assert sink({"columns": BOUND, "bound_terms": ["S1"]}).limits().comment_length == 0
    percents = [*KEYS, {"name": "task", "value": "grading_task"}, {"name": "pct", "value": "percent"}]
    limits = sink({"columns": percents}, encoding="cp1252").limits()
    assert (limits.needs_percent, limits.marks, limits.characters) == (True, {Mark.GRADED}, "cp1252")


def test_a_file_the_module_renamed_as_taken_is_acknowledged(server: RunningSftp) -> None:
    route = sink(LAYOUT, server, done_prefix="p_")
    batch = route.render(*work(ROUTE, payload("u1", "83.7")))
    route.stage(batch)
    assert route.place(batch) is FileState.IN_PLACE
    inbox = server.inbox(USER)
    (inbox / batch.name).rename(inbox / f"p_{batch.name}")
    assert route.look(batch.name, batch.sha256) is FileState.ACKNOWLEDGED
    # The process died before the control file was written, and the module was quicker than the next delivery.
    (inbox / f"{batch.name}.ctl").unlink()
    assert route.look(batch.name, batch.sha256) is FileState.ACKNOWLEDGED


@pytest.mark.parametrize(
    ("layout", "said"),
    [
        ({"columns": KEYS}, "percent or letter"),
        ({"columns": [*KEYS, {"name": "pct", "value": "percent"}]}, "say the task"),
        ({"columns": BOUND}, "bound_terms"),
        ({"columns": [*BOUND, {"name": "Q1", "value": "letter", "task": "Q1"}]}, "one task only"),
        ({"columns": [*BOUND, {"name": "final", "fixed": ""}], "bound_terms": ["S1"]}, "same name"),
        ({"columns": [*BOUND, {"name": "x", "value": "shoe_size"}]}, "unknown value"),
        ({"columns": [*BOUND, {"name": "x", "value": "percent", "fixed": "1"}]}, "either a value"),
        ({"columns": [*BOUND, {"name": "x", "value": "end_year", "task": "Final"}]}, "bound to a task"),
        ({"columns": [KEYS[0], KEYS[1], BOUND[3]]}, "end_year"),
    ],
)
def test_a_layout_that_would_misplace_grades_is_refused(layout: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        sink(layout)
