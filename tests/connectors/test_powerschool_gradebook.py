"""Points into PowerSchool's gradebook: columns made as it wants them, scores a class at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.powerschool.columns import Days, title_for
from connectors.powerschool.grade_settings import PowerSchoolGradebookSettings
from connectors.powerschool.gradebook import ROUTE, PowerSchoolGradebookSink
from domain.clock import FixedClock
from domain.errors import StopDistrict
from domain.grading import GradePayload, GradeValue, Mark, Outcome, Receipt
from domain.ids import LineItemId
from simulators.oneroster.faults import Fault, FaultKind
from simulators.powerschool import Manner, RunningPowerSchool
from tests.conformance.canaries import AT, FAMILY, roster
from tests.conformance.sink_work import COLUMN, NORTH, Work, payload, work
from tests.support.powerschool import our_plugin, reach_plugin

Start = Callable[..., RunningPowerSchool]


@pytest.fixture
def start() -> Iterator[Start]:
    """Return a function that starts a PowerSchool with the kit's class and our plugin."""
    with ExitStack() as stack:

        def go(**options: Any) -> RunningPowerSchool:
            options = {"plugin": our_plugin(ROUTE), "clock": FixedClock(AT)} | options
            return stack.enter_context(RunningPowerSchool(roster(), **options))

        yield go


def sink(server: RunningPowerSchool, **changes: Any) -> PowerSchoolGradebookSink:
    values = reach_plugin(server, **({"by": "xte"} | changes))
    settings = PowerSchoolGradebookSettings.model_validate(values)
    return PowerSchoolGradebookSink(NORTH, settings, clock=FixedClock(AT))


def grade(student: str = "u1", percent: str = "83.7", **column: Any) -> GradePayload:
    """Return a grade of a student in a column that differs so from the kit's."""
    return replace(payload(student, percent), line_item=replace(COLUMN, **column))


def send(route: PowerSchoolGradebookSink, *payloads: GradePayload) -> list[Receipt]:
    return deliver(route, work(ROUTE, *payloads))


def deliver(route: PowerSchoolGradebookSink, made: Work) -> list[Receipt]:
    items, payloads = made
    route.current(list(payloads.values()))
    route.prepare(list(payloads.values()))
    found = {receipt.item_id: receipt for receipt in route.deliver(items, payloads)}
    return [found[item.item_id] for item in items]


def outcomes(receipts: list[Receipt]) -> list[Outcome]:
    return [receipt.outcome for receipt in receipts]


def test_a_class_goes_in_one_request_and_is_read_back_by_one_list(start: Start) -> None:
    server = start()
    route = sink(server)
    made = work(ROUTE, *(grade(one) for one in ("u1", "u-2", "u.3", "a/b", "x@y", "u 6", "u7")))
    assert outcomes(deliver(route, made)) == [Outcome.DELIVERED] * 7
    assert server.requests["PUT xte/score"] == 1
    server.forget_requests()
    assert all(route.current(list(made[1].values())).values())
    assert server.requests["POST schema/query"] == 2  # the class list, and the scores
    assert server.writes == 0


def test_a_column_is_a_hundred_points_in_the_agreed_category(start: Start) -> None:
    server = start()
    send(sink(server), grade())
    (column,) = server.tables.rows("assignmentsection")
    (link,) = server.tables.rows("assignmentcategoryassoc")
    assert (column["name"], column["scoreentrypoints"], column["sectionsdcid"]) == ("Physics final", 100, 700)
    assert (column["duedate"], link["teachercategoryid"]) == ("2026-01-16", 400)


@pytest.mark.parametrize("by", ["xte", "oneroster"])
def test_a_due_date_outside_the_term_is_moved_inside_it(start: Start, by: str) -> None:
    server = start()
    (receipt,) = send(sink(server, by=by), grade(due_date=date(2026, 7, 1), assign_date=date(2026, 7, 1)))
    assert receipt.outcome is Outcome.DELIVERED
    if by == "xte":
        assert server.tables.rows("assignmentsection")[0]["duedate"] == "2026-06-09"
    else:
        (item,) = server.dataset.records("lineItems")
        assert item["dueDate"] == "2026-06-09T00:00:00.000Z"


@pytest.mark.parametrize("by", ["xte", "oneroster"])
def test_a_long_title_is_cut_and_one_that_is_taken_is_marked(start: Start, by: str) -> None:
    server = start(manner=Manner(title_limit=30))
    title = "Advanced Placement Physics, first semester, final"
    route = sink(server, by=by)
    first = grade(title=title, line_item_id=LineItemId("aaaa-1"))
    second = grade("u7", title=title, line_item_id=LineItemId("bbbb-2"))
    assert outcomes(send(route, first, second)) == [Outcome.DELIVERED] * 2
    titles = {
        "xte": lambda: [row["name"] for row in server.tables.rows("assignmentsection")],
        "oneroster": lambda: [row["title"] for row in server.dataset.records("lineItems")],
    }[by]()
    assert titles == ["Advanced Placement Physic aaaa", "Advanced Placement Physic bbbb"]


def test_a_teachers_own_assignment_of_the_same_title_is_left_alone(start: Start) -> None:
    server = start()
    send(sink(server), grade())
    server.tables.change("assignmentsection", 9001, scoreentrypoints=20)
    (receipt,) = send(sink(server), grade("u7"))
    assert receipt.outcome is Outcome.DELIVERED
    assert [row["name"] for row in server.tables.rows("assignmentsection")] == [
        "Physics final", "Physics final li-1"
    ]  # fmt: skip


def test_a_column_that_a_teacher_renamed_is_found_again_by_its_id(start: Start) -> None:
    server = start()
    first = sink(server)
    send(first, grade())
    server.tables.change("assignmentsection", 9001, name="Shared course")
    again = sink(server)
    again.know(first.learnt())
    assert outcomes(send(again, grade("u7"))) == [Outcome.DELIVERED]
    assert len(server.tables.rows("assignmentsection")) == 1


def test_a_column_that_was_deleted_is_made_anew(start: Start) -> None:
    server = start()
    first = sink(server)
    send(first, grade())
    server.tables.clear("assignmentsection", "assignment", "assignmentscore")
    server.tables.add("assignmentsection", {"assignmentsectionid": 9050, "sectionsdcid": 0, "name": "Other"})
    again = sink(server)
    again.know(first.learnt())
    assert outcomes(send(again, grade())) == [Outcome.DELIVERED]
    assert len(server.tables.rows("assignmentscore")) == 1


@pytest.mark.parametrize("by", ["xte", "oneroster"])
def test_a_category_that_is_not_there_stops_the_district_and_none_is_made(start: Start, by: str) -> None:
    server = start()
    with pytest.raises(StopDistrict, match="no category 'Shared courses'") as stopped:
        send(sink(server, by=by, category="Shared courses"), grade())
    assert "District Setup > PowerTeacher Pro Settings" in stopped.value.fix
    assert server.writes == 0


def test_a_category_that_one_teacher_switched_off_refuses_that_teachers_sections_only(start: Start) -> None:
    server = start()
    server.tables.change("teachercategory", 400, isactive=0)
    (receipt,) = send(sink(server), grade())
    assert receipt.outcome is Outcome.REJECTED
    assert "not active in the gradebook of the section's teacher" in receipt.message


def test_a_section_without_a_teacher_refuses_its_own_students_only(start: Start) -> None:
    server = start()
    server.tables.change("sections", 700, teacher=0)
    (receipt,) = send(sink(server), grade())
    assert receipt.outcome is Outcome.REJECTED
    assert "has no teacher in PowerSchool" in receipt.message


def test_a_request_to_resubmit_is_followed_once(start: Start) -> None:
    server = start(manner=Manner(resubmits=1))
    assert outcomes(send(sink(server), grade())) == [Outcome.DELIVERED]
    assert server.requests["POST xte/section/assignment"] == 2
    stubborn = start(manner=Manner(resubmits=9))
    assert outcomes(send(sink(stubborn), grade())) == [Outcome.REJECTED]
    assert stubborn.requests["POST xte/section/assignment"] == 2


def test_one_student_who_is_refused_does_not_keep_the_class_out(start: Start) -> None:
    server = start()
    route = sink(server)
    made = work(ROUTE, grade(), grade("u7"))
    route.current(list(made[1].values()))
    route.prepare(list(made[1].values()))
    seat = server.tables.rows("cc", studentid=501)[0]
    server.tables.remove("cc", seat["dcid"])
    found = {one.item_id: one for one in route.deliver(*made)}
    receipts = [found[item.item_id] for item in made[0]]
    assert outcomes(receipts) == [Outcome.REJECTED, Outcome.DELIVERED]
    assert "the student is not enrolled in the section" in receipts[0].message
    assert FAMILY not in repr(receipts)


def test_a_locked_term_keeps_the_grades_waiting(start: Start) -> None:
    server = start(manner=Manner(locked_terms=frozenset({"3501"})))
    receipts = send(sink(server), grade(), grade("u7"))
    assert outcomes(receipts) == [Outcome.WAITING] * 2
    assert {receipt.message for receipt in receipts} == {
        "PowerSchool takes no scores for Physics final in term 3501 at present, so they wait"
    }


def test_incomplete_is_a_flag_and_never_a_zero(start: Start) -> None:
    server = start()
    route = sink(server)
    made = work(ROUTE, replace(grade(), value=GradeValue(None, None, Mark.INCOMPLETE)))
    assert outcomes(deliver(route, made)) == [Outcome.DELIVERED]
    (score,) = server.tables.rows("assignmentscore")
    assert (score["scorepoints"], score["isincomplete"]) == (None, 1)
    (held,) = route.current(list(made[1].values())).values()
    assert held is not None
    assert held.value == GradeValue(None, None, Mark.INCOMPLETE)


def test_an_exemption_given_there_is_shown_and_not_written_over(start: Start) -> None:
    server = start()
    route = sink(server)
    made = work(ROUTE, grade())
    deliver(route, made)
    server.tables.change("assignmentscore", 9001, isexempt=1)
    (held,) = route.current(list(made[1].values())).values()
    assert held is not None
    assert held.value == GradeValue(None, "exempt")


def test_withdrawing_the_last_grade_takes_the_column_too_and_a_strangers_score_keeps_it(start: Start) -> None:
    server = start()
    route = sink(server)
    made = work(ROUTE, grade(), grade("u7"))
    deliver(route, made)
    server.tables.change("assignmentscore", 9002, scorepoints=55)
    assert outcomes(list(route.withdraw(*made))) == [Outcome.DELIVERED, Outcome.CONFLICT]
    assert len(server.tables.rows("assignmentsection")) == 1
    server.tables.change("assignmentscore", 9002, scorepoints=83.7)
    assert outcomes(list(route.withdraw(*made))) == [Outcome.ADOPTED, Outcome.DELIVERED]
    assert server.tables.rows("assignmentsection") == []


def test_a_title_that_is_dropped_without_a_word_is_noticed(start: Start) -> None:
    server = start(manner=Manner(title_limit=10, long_titles="drop"))
    (receipt,) = send(sink(server), grade())
    assert receipt.outcome is Outcome.REJECTED
    assert "accepted the column for the grades and did not keep it" in receipt.message


def test_a_lost_answer_to_a_new_column_does_not_make_two(start: Start) -> None:
    server = start()
    server.faults.add(Fault(FaultKind.LOST_ANSWER, path="xte/section/assignment", method="POST"))
    route = sink(server)
    made = work(ROUTE, grade())
    with pytest.raises(Exception, match="did not answer"):
        deliver(route, made)
    assert outcomes(deliver(sink(server), made)) == [Outcome.DELIVERED]
    assert len(server.tables.rows("assignmentsection")) == 1


@pytest.mark.parametrize("by", ["xte", "oneroster"])
def test_check_passes_and_writes_nothing(start: Start, by: str) -> None:
    server = start()
    report = sink(server, by=by).check()
    assert report.passed, [step for step in report.steps if step.outcome == "failed"]
    assert server.tables.rows("assignmentsection") == []
    assert server.dataset.records("lineItems") == []
    assert report.orgs is not None
    assert report.orgs.source_table == {"xte": "schools", "oneroster": "orgs"}[by]


def test_a_plugin_that_was_never_registered_is_named_with_the_button_to_press(start: Start) -> None:
    server = start()
    server.registered = False
    with pytest.raises(StopDistrict, match="nobody pressed Register") as stopped:
        send(sink(server, by="oneroster"), grade())
    assert stopped.value.code == "WB75"
    assert "press Register" in stopped.value.fix


def test_oneroster_points_keep_what_a_teacher_changed_of_the_column(start: Start) -> None:
    server = start()
    route = sink(server, by="oneroster")
    send(route, grade())
    server.dataset.change("lineItems", "li-1", AT, title="Shared", dueDate="2026-02-01T00:00:00.000Z")
    server.forget_requests()
    assert outcomes(send(sink(server, by="oneroster"), grade("u7", "91.2"))) == [Outcome.DELIVERED]
    assert server.requests["PUT oneroster/lineItems/*"] == 0


def test_points_are_rounded_to_the_decimals_set() -> None:
    settings = PowerSchoolGradebookSettings.model_validate(
        {
            "base_url": "https://sis.example",
            "client_id": "i",
            "client_secret": "s",
            "by": "xte",
            "decimals": 0,
        }
    )
    route = PowerSchoolGradebookSink(NORTH, settings)
    assert route.canonical(GradeValue(Decimal("83.5"), "B")) == GradeValue(Decimal(84), None)


def test_days_that_two_terms_share() -> None:
    fall = Days(date(2025, 8, 15), date(2025, 12, 19))
    year = Days(date(2025, 8, 1), date(2026, 6, 9))
    assert fall.within(year) == fall
    assert fall.within(Days(date(2026, 1, 5), date(2026, 6, 9))) is None
    assert [fall.nearest(date(2025, month, 1)) for month in (7, 10, 12)] == [
        date(2025, 8, 15), date(2025, 10, 1), date(2025, 12, 1)
    ]  # fmt: skip


def test_a_title_as_long_as_the_limit_stays_whole() -> None:
    column = replace(COLUMN, title="x" * 30, line_item_id=LineItemId("abcdef"))
    assert title_for(column, 30) == "x" * 30
    assert title_for(column, 29) == "x" * 24 + " abcd"
    assert len(title_for(column, 30, {"x" * 30})) == 30
