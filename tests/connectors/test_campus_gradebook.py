"""Grades onto Campus's grading tasks, against the simulated Campus."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.infinite_campus.gradebook import InfiniteCampusGradebookSink
from connectors.infinite_campus.settings import CampusGradebookSettings
from domain.clock import FixedClock
from domain.errors import StopDistrict
from domain.grading import GradePayload, GradeValue, Mark, Outcome, Receipt
from domain.ids import LineItemId, SourcedId
from domain.oneroster import Version
from simulators.infinite_campus import Manner, RunningCampus, TaskSpec, publish_tasks
from tests.conformance.canaries import AT, ref, roster
from tests.conformance.sink_work import LABELS, LETTER, NORTH, Work, payload, work
from tests.support.campus import campus_values

OLD, NEW = Version.V1P1, Version.V1P2
ROUTE = "infinite_campus_gradebook"
TASKS = (TaskSpec("Final"), TaskSpec("Final", is_standard=True), TaskSpec("Progress"))
KEY = "ext_infiniteCampus_scoreGrade"


@contextmanager
def campus(version: Version = NEW, *tasks: TaskSpec, **manner: Any) -> Iterator[RunningCampus]:
    """Run a Campus whose class k is in two terms."""
    data = roster()
    days = {"startDate": "2026-01-10", "endDate": "2026-06-10", "schoolYear": "2026"}
    data.add("academicSessions", {"sourcedId": "t2", "title": "S2", "type": "term", **days}, AT)
    data.change("classes", "k", AT, terms=[ref("t1", "academicSession"), ref("t2", "academicSession")])
    publish_tasks(data, tasks or TASKS, AT)
    with RunningCampus(data, version, manner=Manner(**manner), clock=FixedClock(AT)) as sis:
        yield sis


def sink(sis: RunningCampus, **changes: object) -> InfiniteCampusGradebookSink:
    values = campus_values(sis, vendor_key=sis.vendor_key, **changes)
    return InfiniteCampusGradebookSink(
        NORTH, CampusGradebookSettings.model_validate(values), clock=FixedClock(AT)
    )


def column(student: str, name: str = "li-1", session: str = "t1", **labels: str) -> GradePayload:
    """Return a grade in a column of ours, bound to a session and labels."""
    made = payload(student, "83.7")
    spec = replace(made.line_item, line_item_id=LineItemId(name), session_sourced_id=SourcedId(session))
    return replace(made, line_item=spec, labels={**LABELS, **labels})


def delivered(sis: RunningCampus, made: Work, **changes: object) -> list[Receipt]:
    return list(sink(sis, **changes).deliver(*made))


def where(sis: RunningCampus) -> list[str]:
    return [one["lineItem"]["sourcedId"] for one in sis.dataset.records("results")]


@pytest.mark.parametrize("version", [OLD, NEW])
def test_percent_goes_as_score_and_the_letter_into_the_vendors_metadata(version: Version) -> None:
    with campus(version) as sis:
        made = work(ROUTE, column("u1"))
        assert [one.outcome for one in delivered(sis, made)] == [Outcome.DELIVERED]
        (result,) = sis.dataset.records("results")
        assert (result["score"], result["metadata"][KEY]) == (83.7, LETTER)
        assert "textScore" not in result
        (held,) = sink(sis).current(list(made[1].values())).values()
        assert held is not None
        assert held.value == GradeValue(Decimal("83.7"), LETTER)


@pytest.mark.parametrize("version", [OLD, NEW])
def test_a_mark_without_a_percent_is_a_letter_alone(version: Version) -> None:
    with campus(version) as sis:
        incomplete = replace(column("u1"), value=GradeValue(None, None, Mark.INCOMPLETE))
        made = work(ROUTE, incomplete)
        assert [one.outcome for one in delivered(sis, made)] == [Outcome.DELIVERED]
        (held,) = sink(sis).current(list(made[1].values())).values()
        assert held is not None
        assert held.value == sink(sis).canonical(incomplete.value)
        assert sink(sis, letter_alone=False).limits().marks == {Mark.GRADED}


def test_where_letters_cannot_be_read_back_percents_are_compared() -> None:
    with campus(returns_letters=False) as sis:
        made = work(ROUTE, column("u1"))
        route = sink(sis, reads_letters=False)
        list(route.deliver(*made))
        (held,) = route.current(list(made[1].values())).values()
        assert held is not None
        assert held.value == route.canonical(GradeValue(Decimal("83.7"), LETTER))
        assert sis.dataset.records("results")[0]["metadata"][KEY] == LETTER


def test_the_task_is_found_by_title_and_session_and_never_a_standard() -> None:
    with campus() as sis:
        delivered(sis, work(ROUTE, column("u1", session="t2")))
        assert where(sis) == ["ic-task-k-t2-final"]


def test_the_term_may_be_named_as_people_name_it() -> None:
    with campus() as sis:
        delivered(sis, work(ROUTE, column("u1", session="elsewhere", term_name=" s2 ")))
        assert where(sis) == ["ic-task-k-t2-final"]


def test_the_vendor_header_goes_to_grade_endpoints_alone() -> None:
    with campus() as sis:
        made = work(ROUTE, column("u1", term_name="S2"))
        route = sink(sis)
        route.prepare(list(made[1].values()))
        list(route.deliver(*made))
        route.current(list(made[1].values()))
        grades = [url for url in sis.urls if any(one in url for one in ("lineItems", "results"))]
        assert sis.vendor_urls == grades != []
        assert len(sis.urls) > len(grades)


def test_a_closed_window_waits_and_the_others_go_on() -> None:
    with campus() as sis:
        sis.set_window("Final", is_open=False, term="t1")
        made = work(ROUTE, column("u1"), column("u-2", "li-2", "t2"))
        receipts = {one.item_id: one for one in delivered(sis, made)}
        waiting, gone = (receipts[item.item_id] for item in made[0])
        assert (waiting.outcome, gone.outcome) == (Outcome.WAITING, Outcome.DELIVERED)
        assert "'Final' in the term 't1'" in waiting.message
        assert "Grading Window" in waiting.fix


def test_a_window_that_closes_while_we_write_makes_the_rest_wait() -> None:
    with campus() as sis:
        made = work(ROUTE, column("u1"), column("u-2", "li-2", "t2"))
        route = sink(sis, in_flight=1)
        route.prepare(list(made[1].values()))
        sis.set_window("Final", is_open=False, term="t1")
        outcomes = {one.item_id: one.outcome for one in route.deliver(*made)}
        assert [outcomes[item.item_id] for item in made[0]] == [Outcome.WAITING, Outcome.DELIVERED]


def test_a_permission_that_is_missing_is_no_closed_window() -> None:
    with campus() as sis:
        made = work(ROUTE, column("u1"))
        route = sink(sis)
        route.prepare(list(made[1].values()))
        sis.manner = replace(sis.manner, supported=False)
        with pytest.raises(StopDistrict) as stopped:
            list(route.deliver(*made))
        assert stopped.value.code == "CN04"


@pytest.mark.parametrize(
    ("payloads", "said"),
    [
        ([column("u1", grading_task="Midterm")], "Campus publishes no task 'Midterm'"),
        ([column("u1", session="t9")], "in the term 't9'"),
        ([column("u1"), column("u1", "li-2")], "Two of our grade columns"),
    ],
)
def test_a_task_that_is_not_there_or_shared_is_refused_with_its_fix(
    payloads: list[GradePayload], said: str
) -> None:
    with campus() as sis:
        receipts = delivered(sis, work(ROUTE, *payloads))
        assert {one.outcome for one in receipts} == {Outcome.REJECTED}
        assert all(said in one.message and one.fix for one in receipts)
        assert sis.writes == 0


def test_a_task_published_twice_is_refused() -> None:
    with campus() as sis:
        twin = dict(sis.dataset.get("lineItems", "ic-task-k-t1-final") or {}, sourcedId="twin")
        sis.dataset.add("lineItems", twin, AT)
        (receipt,) = delivered(sis, work(ROUTE, column("u1")))
        assert (receipt.outcome, "more than one line item" in receipt.message) == (Outcome.REJECTED, True)


def test_a_vendor_key_that_is_refused_is_named_by_delivery_and_check() -> None:
    with campus() as sis:
        route = sink(sis)
        sis.vendor_key = "vendor:another"
        with pytest.raises(StopDistrict) as stopped:
            route.current(list(work(ROUTE, column("u1"))[1].values()))
        assert (stopped.value.code, "vendor_key" in stopped.value.fix) == ("CN32", True)
        step = next(one for one in route.check().steps if one.outcome == "failed")
        assert "x-vendor-authorization" in step.message


def test_the_check_counts_the_tasks_and_their_open_windows() -> None:
    with campus() as sis:
        sis.set_window("Final", is_open=False, term="t2")
        report = sink(sis).check()
        assert report.passed
        assert report.steps[-1].message == "4 grading tasks seen, 3 with an open window"
        assert [name for name in sis.requests if name.startswith("PUT")] == ["PUT results/*"]
        assert sis.dataset.records("results") == []
    with campus(NEW, TaskSpec("Final", is_standard=True)) as sis:
        step = sink(sis).check().steps[-1]
        assert (step.outcome, "Grading Tasks" in step.fix) == ("failed", True)


def test_an_unsupported_vendor_is_told_which_licence_grades_need() -> None:
    with campus(supported=False) as sis:
        step = next(one for one in sink(sis).check().steps if one.outcome == "failed")
        assert "Campus Learning licence" in step.fix


def test_a_class_costs_three_lists_beside_its_writes() -> None:
    with campus() as sis:
        students = ("u1", "u-2", "u.3", "a/b", "x@y")
        made = work(ROUTE, *(column(student) for student in students))
        route = sink(sis)
        chosen = list(made[1].values())
        route.current(chosen)
        route.prepare(chosen)
        list(route.deliver(*made))
        route.current(chosen)
        calls = {name: count for name, count in sis.requests.items() if name != "POST token"}
        assert calls == {
            "GET classes/*/lineItems": 1, "GET classes/*/results": 2, "PUT results/*": len(students),
        }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "said"), [({"write_by": "post"}, "by PUT"), ({"vendor_key": "half"}, "key:secret")]
)
def test_settings_that_cannot_work_are_refused(changes: dict[str, object], said: str) -> None:
    with campus() as sis, pytest.raises(ValidationError, match=said):
        CampusGradebookSettings.model_validate(
            {**campus_values(sis), "vendor_key": sis.vendor_key, **changes}
        )
