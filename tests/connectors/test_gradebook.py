"""Grades into the simulated gradebook and back, by the book and against its will."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.http import Answer
from connectors.oneroster.gradebook import ROUTE, OneRosterGradebookSink
from connectors.oneroster.remote_ids import allocated
from connectors.oneroster.results import GradebookForm
from connectors.oneroster.settings import OneRosterGradebookSettings
from domain import failpoints
from domain.clock import FixedClock
from domain.errors import ContractBroken, RetryLater, StopDistrict
from domain.grading import (
    GradeKind,
    GradePayload,
    GradeValue,
    LineItemSpec,
    Mark,
    OutboxItem,
    OutboxState,
    Outcome,
    RemoteGrade,
)
from domain.ids import DistrictCode, GradeId, ItemId, LineItemId, SourcedId, item_id, result_id
from domain.oneroster import Version
from simulators.dataset import Dataset
from simulators.oneroster import Dialect, Fault, FaultKind, RunningProvider

AT = datetime(2026, 1, 20, 4, 5, 6, tzinfo=UTC)
OLD, NEW = Version.V1P1, Version.V1P2
NORTH = DistrictCode("north")
PAIR = {"suppliedSourcedId": "ours", "allocatedSourcedId": "1"}
Start = Callable[..., RunningProvider]
Work = tuple[list[OutboxItem], dict[ItemId, GradePayload]]


def ref(sourced_id: str) -> dict[str, str]:
    return {"sourcedId": sourced_id, "type": "org"}


def school() -> Dataset:
    """One school, one term, one class and six students in it, one category."""
    data = Dataset()
    students = [f"u{number}" for number in range(6)]
    roles = [{"roleType": "primary", "role": "student", "org": ref("s")}]
    seat = {"role": "student", "class": ref("c"), "school": ref("s")}
    records: dict[str, list[dict[str, Any]]] = {
        "orgs": [{"sourcedId": "s", "name": "School", "type": "school"}],
        "academicSessions": [{"sourcedId": "t", "title": "T", "type": "term"}],
        "classes": [{"sourcedId": "c", "title": "", "school": ref("s")}],
        "users": [{"sourcedId": name, "roles": roles} for name in students],
        "enrollments": [{"sourcedId": f"e-{name}", "user": ref(name), **seat} for name in students],
        "categories": [
            {"sourcedId": "other", "title": "Homework"},
            {"sourcedId": "k", "title": "final grade"},
        ],
    }
    for collection, found in records.items():
        for record in found:
            data.add(collection, record, AT)
    return data


@pytest.fixture
def start() -> Iterator[Start]:
    with ExitStack() as stack:

        def go(version: Version = NEW, dataset: Dataset | None = None, **dialect: Any) -> RunningProvider:
            made = RunningProvider(
                dataset or school(), version, dialect=Dialect(**dialect), clock=FixedClock(AT)
            )
            return stack.enter_context(made)

        yield go


def sink_for(provider: RunningProvider, **changes: object) -> OneRosterGradebookSink:
    values: dict[str, object] = {
        "base_url": provider.rostering_url, "version": provider.version, "token_url": provider.token_url,
        "client_id": provider.client_id, "client_secret": provider.client_secret,
        "first_wait": 0.01, "attempts": 2, "patience": 2, "read_timeout": 1,
    }  # fmt: skip
    settings = OneRosterGradebookSettings.model_validate({**values, **changes})
    return OneRosterGradebookSink(NORTH, settings, clock=FixedClock(AT))


def graded(percent: str | None, text: str | None = None, mark: Mark = Mark.GRADED) -> GradeValue:
    return GradeValue(None if percent is None else Decimal(percent), text, mark)


COLUMN = LineItemSpec(
    LineItemId("li-1"), "Physics final", SourcedId("c"), SourcedId("s"), SourcedId("t"),
    date(2025, 8, 15), date(2026, 1, 15),
)  # fmt: skip


def payload(student: str, value: GradeValue, **changes: Any) -> GradePayload:
    made = GradePayload(
        NORTH, ItemId(""), COLUMN, SourcedId(student), "", value, "", GradeKind.FINAL, "S1", "PH", "Physics",
        "School", date(2026, 1, 16),
    )  # fmt: skip
    made = replace(made, **changes)
    return replace(made, item_id=item_id(ROUTE, grade_of(made), 1))


def grade_of(one: GradePayload) -> GradeId:
    return GradeId(f"{one.student}/{one.line_item.line_item_id}")


def work(*payloads: GradePayload) -> Work:
    items = [
        OutboxItem(
            one.item_id, one.district, ROUTE, grade_of(one), 1, one.line_item.line_item_id,
            result_id(ROUTE, grade_of(one)), "", OutboxState.SENDING, 1,
        )
        for one in payloads
    ]  # fmt: skip
    return items, {one.item_id: one for one in payloads}


def sent(sink: OneRosterGradebookSink, *payloads: GradePayload) -> list[Outcome]:
    items, by_item = work(*payloads)
    sink.prepare(payloads)
    outcomes = {receipt.item_id: receipt.outcome for receipt in sink.deliver(items, by_item)}
    return [outcomes[item.item_id] for item in items]


def held(sink: OneRosterGradebookSink, *payloads: GradePayload) -> list[GradeValue | None]:
    found = sink.current(payloads)
    remote = [found[one.item_id] for one in payloads]
    return [one.value if one else None for one in remote]


def test_a_grade_is_written_and_read_back_in_1p2(start: Start) -> None:
    sink, one = sink_for(start()), payload("u1", graded("91.54", "A-"))
    assert held(sink, one) == [None]
    assert sent(sink, one) == [Outcome.DELIVERED]
    assert held(sink, one) == [graded("91.5", "A-")]


def test_1p1_carries_the_number_only(start: Start) -> None:
    sink, one = sink_for(start(OLD)), payload("u1", graded("91.54", "A-"))
    assert sent(sink, one) == [Outcome.DELIVERED]
    assert held(sink, one) == [graded("91.5")]
    assert sink.canonical(one.value) == graded("91.5")


def test_what_is_sent_is_complete(start: Start) -> None:
    provider = start()
    sent(sink_for(provider), payload("u1", graded("80", "B"), comment="Well done"))
    book = provider.gradebook()
    line_item, result = book["lineItems"][0], book["results"][0]
    assert (line_item["sourcedId"], line_item["title"]) == ("li-1", "Physics final")
    assert (line_item["category"]["sourcedId"], line_item["resultValueMax"]) == ("k", 100)
    assert (result["scoreStatus"], result["score"], result["textScore"]) == ("fully graded", 80, "B")
    assert (result["scoreDate"], result["comment"]) == ("2026-01-16", "Well done")


def test_progress_is_partially_graded(start: Start) -> None:
    provider = start()
    sent(sink_for(provider), payload("u1", graded("80"), kind=GradeKind.PROGRESS))
    assert provider.gradebook()["results"][0]["scoreStatus"] == "partially graded"


def test_sending_twice_changes_nothing_and_puts_the_line_item_once(start: Start) -> None:
    provider = start()
    sink, one = sink_for(provider), payload("u1", graded("80", "B"))
    sent(sink, one)
    before = provider.gradebook()
    sent(sink, one)
    assert provider.gradebook() == before
    assert provider.requests["PUT lineItems/*"] == 1


def test_a_changed_line_item_is_put_again(start: Start) -> None:
    provider = start()
    sink = sink_for(provider)
    sent(sink, payload("u1", graded("80")))
    later = replace(COLUMN, due_date=date(2026, 1, 20))
    sent(sink, payload("u1", graded("80"), line_item=later))
    assert provider.gradebook()["lineItems"][0]["dueDate"] == "2026-01-20T00:00:00.000Z"


@pytest.mark.parametrize("mark", [Mark.INCOMPLETE, Mark.WITHDRAWN, Mark.PASS, Mark.NO_GRADE])
def test_a_mark_that_is_no_number_is_a_text_and_never_a_zero(start: Start, mark: Mark) -> None:
    provider = start()
    sink, one = sink_for(provider), payload("u1", graded("0", None, mark))
    assert sent(sink, one) == [Outcome.DELIVERED]
    assert "score" not in provider.gradebook()["results"][0]
    assert held(sink, one) == [sink.canonical(one.value)]
    assert sink.canonical(one.value).mark is mark


def test_1p1_refuses_a_mark_without_a_number_and_sends_the_rest(start: Start) -> None:
    provider = start(OLD)
    lacking, good = payload("u1", graded(None, "I", Mark.INCOMPLETE)), payload("u2", graded("70"))
    assert sent(sink_for(provider), lacking, good) == [Outcome.REJECTED, Outcome.DELIVERED]
    assert [one["student"]["sourcedId"] for one in provider.gradebook()["results"]] == ["u2"]


def test_a_rejected_grade_says_why_and_what_to_do(start: Start) -> None:
    sink, (items, payloads) = sink_for(start()), work(payload("stranger", graded("70")))
    sink.prepare(list(payloads.values()))
    receipt = next(sink.deliver(items, payloads))
    assert (receipt.outcome, receipt.attempt) == (Outcome.REJECTED, 1)
    assert "422" in receipt.message
    assert "still" in receipt.fix or "in the class" in receipt.fix
    assert "stranger" not in receipt.message + receipt.fix


def test_a_class_that_is_gone_rejects_its_grades_only(start: Start) -> None:
    gone = replace(COLUMN, line_item_id=LineItemId("li-2"), class_sourced_id=SourcedId("gone"))
    lost, good = payload("u1", graded("70"), line_item=gone), payload("u2", graded("75"))
    sink = sink_for(start())
    assert held(sink, lost, good) == [None, None]
    assert sent(sink, lost, good) == [Outcome.REJECTED, Outcome.DELIVERED]
    assert held(sink, lost, good) == [None, graded("75.0")]


def test_a_silently_dropped_write_shows_in_the_read_back(start: Start) -> None:
    provider = start()
    sink, one = sink_for(provider), payload("u1", graded("70"))
    sink.prepare([one])
    provider.dialect = Dialect(drop_writes=True)
    assert sent(sink, one) == [Outcome.DELIVERED]
    assert held(sink, one) == [None]


@pytest.mark.parametrize("code", [200, 201, 204])
def test_every_code_for_success_is_success(start: Start, code: int) -> None:
    assert sent(sink_for(start(put_code=code)), payload("u1", graded("70"))) == [Outcome.DELIVERED]


def test_the_sis_own_id_is_on_the_receipt(start: Start) -> None:
    provider = start(reallocate_ids=True)
    sink, (items, payloads) = sink_for(provider), work(payload("u1", graded("70")))
    provider.dataset.add("lineItems", {"sourcedId": "li-1", "class": ref("c"), "category": ref("k")}, AT)
    receipt = next(sink.deliver(items, payloads))
    assert receipt.remote == provider.gradebook()["results"][0]["sourcedId"] != items[0].result_id


def by_post(start: Start, **dialect: Any) -> tuple[RunningProvider, OneRosterGradebookSink]:
    """Return a provider and a sink that lets it choose the ids."""
    provider = start(**dialect)
    return provider, sink_for(provider, write_by="post")


def test_a_posted_grade_is_proven_and_corrected_in_place(start: Start) -> None:
    provider, sink = by_post(start)
    one, other = payload("u1", graded("70")), payload("u2", graded("80"))
    assert sent(sink, one, other) == [Outcome.DELIVERED] * 2
    assert held(sink, one, other) == [graded("70.0"), graded("80.0")]
    corrected = payload("u1", graded("75"))
    assert (held(sink, corrected), sent(sink, corrected)) == ([graded("70.0")], [Outcome.DELIVERED])
    book = provider.gradebook()
    assert (len(book["lineItems"]), sorted(r["score"] for r in book["results"])) == (1, [75, 80])
    assert book["lineItems"][0]["sourcedId"] != "li-1"


def test_what_the_sis_calls_ours_is_learnt_and_taken_by_the_next_sink(start: Start) -> None:
    provider, sink = by_post(start)
    sent(sink, payload("u1", graded("70")))
    later = sink_for(provider, write_by="post")
    later.know(sink.learnt())
    assert sent(later, payload("u1", graded("75"))) == [Outcome.DELIVERED]
    assert [one["score"] for one in provider.gradebook()["results"]] == [75]


def test_after_lost_answers_posted_things_are_found_by_how_they_look(start: Start) -> None:
    provider, sink = by_post(start)
    sent(sink, payload("u1", graded("70")))
    forgetful, one = sink_for(provider, write_by="post"), payload("u1", graded("70"))
    assert held(forgetful, one) == [graded("70.0")]
    sent(forgetful, payload("u2", graded("80")))
    assert len(provider.gradebook()["lineItems"]) == 1


def test_a_post_without_an_answer_is_unknown_and_not_repeated(start: Start) -> None:
    provider, sink = by_post(start)
    one = payload("u1", graded("70"))
    sink.prepare([one])
    provider.faults.add(Fault(FaultKind.LOST_ANSWER, path="lineItems/*/results", method="POST", times=1))
    items, payloads = work(one)
    assert [receipt.outcome for receipt in sink.deliver(items, payloads)] == [Outcome.UNKNOWN]
    assert held(sink, one) == [graded("70.0")]
    assert len(provider.gradebook()["results"]) == 1


def test_a_refused_post_rejects_its_own_grade_only(start: Start) -> None:
    _, sink = by_post(start)
    assert sent(sink, payload("u1", graded("70")), payload("stranger", graded("70"))) == [
        Outcome.DELIVERED,
        Outcome.REJECTED,
    ]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"sourcedIdPairs": [{"suppliedSourcedId": "x", "allocatedSourcedId": "2"}, PAIR]}, "1"),
        ({"sourcedIdPairs": PAIR}, "1"),
        ({"sourcedIdPairs": [{"suppliedSourcedId": "x", "allocatedSourcedId": "2"}]}, ""),
        ({"sourcedIdPairs": []}, ""),
        ({"result": {"sourcedId": "1"}}, "1"),
        ({"result": {"sourcedId": "1", "student": {"sourcedId": "u1", "type": "user"}}}, "1"),
        ({"result": {"sourcedId": "2", "student": {"sourcedId": "u2", "type": "user"}}}, ""),
        ([], ""),
    ],
)
def test_the_allocated_id_is_read_from_a_list_in_any_order_or_a_single_pair(body: object, told: str) -> None:
    answer = Answer(201, {}, json.dumps(body).encode())
    assert allocated(answer, "results", "ours", {"student": "u1"}) == told


def test_ids_that_a_put_allocates_are_learnt_and_corrected_in_place(start: Start) -> None:
    provider = start(reallocate_ids=True)
    sink = sink_for(provider)
    assert sent(sink, payload("u1", graded("70"))) == [Outcome.DELIVERED]
    later = sink_for(provider)
    later.know(sink.learnt())
    assert sent(later, payload("u1", graded("75"))) == [Outcome.DELIVERED]
    book = provider.gradebook()
    assert (len(book["lineItems"]), [one["score"] for one in book["results"]]) == (1, [75])


def test_a_line_item_refers_to_the_score_scale_of_the_settings(start: Start) -> None:
    provider = start()
    scale = {"sourcedId": "scale", "title": "A-F", "type": "letter", "class": ref("c"), "scoreScaleValue": []}
    provider.dataset.add("scoreScales", scale, AT)
    sent(sink_for(provider, score_scale_id="scale"), payload("u1", graded("70")))
    assert provider.gradebook()["lineItems"][0]["scoreScale"]["sourcedId"] == "scale"


def scale_of(class_: str, **more: Any) -> dict[str, Any]:
    return {
        "sourcedId": f"scale-{class_}",
        "title": "A to F",
        "type": "letters",
        "class": ref(class_),
        **more,
    }


def test_a_line_item_refers_to_its_own_classs_score_scale_of_a_title(start: Start) -> None:
    provider = start()
    for scale in (scale_of("other"), scale_of("c", sourcedId="numbers", title="1 to 6"), scale_of("c")):
        provider.dataset.add("scoreScales", scale, AT)
    sent(sink_for(provider, score_scale_title="a to f"), payload("u1", graded("70")))
    assert provider.gradebook()["lineItems"][0]["scoreScale"]["sourcedId"] == "scale-c"


def test_a_class_without_a_score_scale_of_the_title_has_none(start: Start) -> None:
    provider = start()
    provider.dataset.add("scoreScales", scale_of("other"), AT)
    assert sent(sink_for(provider, score_scale_title="A to F"), payload("u1", graded("70"))) == [
        Outcome.DELIVERED
    ]
    assert "scoreScale" not in provider.gradebook()["lineItems"][0]


LETTERS = {"score_scale_title": "A to F", "score_scale_values": {"90-100": "A", "80-89": "B"}}


@pytest.mark.parametrize("allocated_by", ["us", "the SIS"])
def test_a_class_without_a_score_scale_of_the_title_gets_the_one_of_the_settings_once(
    start: Start, allocated_by: str
) -> None:
    provider = start(reallocate_ids=allocated_by == "the SIS")
    provider.dataset.add("scoreScales", scale_of("other"), AT)
    assert sent(sink_for(provider, **LETTERS), payload("u1", graded("70"))) == [Outcome.DELIVERED]
    assert sent(sink_for(provider, **LETTERS), payload("u2", graded("80"))) == [Outcome.DELIVERED]
    (made,) = [one for one in provider.gradebook()["scoreScales"] if one["class"]["sourcedId"] == "c"]
    assert (made["title"], made["scoreScaleValue"]) == (
        "A to F",
        [{"itemValueLHS": "90-100", "itemValueRHS": "A"}, {"itemValueLHS": "80-89", "itemValueRHS": "B"}],
    )
    assert provider.gradebook()["lineItems"][0]["scoreScale"]["sourcedId"] == made["sourcedId"]
    assert provider.requests["PUT scoreScales/*"] == 1


def test_a_score_scale_that_the_sis_refuses_stops_before_a_line_item_is_written(start: Start) -> None:
    provider = start()
    provider.faults.add(Fault(FaultKind.STATUS, "scoreScales/*", method="PUT", status=422))
    with pytest.raises(StopDistrict, match="WB45"):
        sink_for(provider, **LETTERS).prepare([payload("u1", graded("70"))])
    assert provider.gradebook()["lineItems"] == []


def test_values_of_a_score_scale_need_its_title(start: Start) -> None:
    with pytest.raises(ValueError, match="needs score_scale_title"):
        sink_for(start(), score_scale_values={"90-100": "A"})


def test_a_score_scale_that_somebody_gave_a_line_item_stays_when_it_is_mended(start: Start) -> None:
    provider = start()
    provider.dataset.add("scoreScales", scale_of("c"), AT)
    sent(sink_for(provider), payload("u1", graded("70")))
    line_item = provider.gradebook()["lineItems"][0]["sourcedId"]
    provider.dataset.change("lineItems", line_item, AT, title="Renamed", scoreScale=ref("scale-c"))
    sent(sink_for(provider), payload("u2", graded("80")))
    mended = provider.gradebook()["lineItems"][0]
    assert (mended["title"] == "Renamed", mended["scoreScale"]["sourcedId"]) == (False, "scale-c")


def test_1p1_has_neither_post_nor_score_scales(start: Start) -> None:
    with pytest.raises(ValueError, match="knows neither write_by post"):
        sink_for(start(OLD), write_by="post")
    with pytest.raises(ValueError, match="knows neither write_by post"):
        sink_for(start(OLD), score_scale_title="A to F")


def test_a_score_scale_is_named_in_one_way(start: Start) -> None:
    with pytest.raises(ValueError, match="leave one out"):
        sink_for(start(), score_scale_id="scale", score_scale_title="A to F")


def test_a_registrars_own_result_is_seen_under_its_id(start: Start) -> None:
    provider = start()
    sink, one = sink_for(provider), payload("u1", graded("70", "C"))
    sent(sink, one)
    result = provider.gradebook()["results"][0]["sourcedId"]
    provider.dataset.change("results", result, datetime(2026, 1, 21, tzinfo=UTC), score=75, textScore="B")
    remote = sink.current([one])[one.item_id]
    assert remote == RemoteGrade(graded("75.0", "B"), result)


def test_of_two_results_in_one_place_the_later_counts(start: Start) -> None:
    provider = start()
    sink, one = sink_for(provider), payload("u1", graded("70"))
    sent(sink, one)
    rival = {"sourcedId": "0", "lineItem": ref("li-1"), "student": ref("u1"), "scoreStatus": "fully graded"}
    provider.dataset.add("results", {**rival, "score": 55}, datetime(2026, 2, 1, tzinfo=UTC))
    assert held(sink, one) == [graded("55.0")]


def test_an_exemption_in_the_sis_is_seen_as_something(start: Start) -> None:
    provider = start()
    sink, one = sink_for(provider), payload("u1", graded("70"))
    sent(sink, one)
    result = provider.gradebook()["results"][0]["sourcedId"]
    provider.dataset.change("results", result, AT, score=None, scoreStatus="exempt")
    assert held(sink, one) == [graded(None, "exempt")]


@pytest.mark.parametrize(
    ("dialect", "requests"),
    [
        ({}, 1),
        ({"ignore_filter": True}, 1),
        ({"reject_sort": True}, 2),
        ({"send_total": False}, 1),
        ({"send_total": False, "send_link": False}, 2),
    ],
)
def test_many_are_read_with_one_list_per_class(start: Start, dialect: dict[str, Any], requests: int) -> None:
    provider = start(**dialect)
    sink = sink_for(provider)
    ones = [payload(f"u{number}", graded(f"{70 + number}")) for number in range(6)]
    sent(sink, *ones)
    other = replace(COLUMN, line_item_id=LineItemId("li-2"), title="Physics progress")
    sent(sink, payload("u1", graded("11"), line_item=other))
    provider.forget_requests()
    assert held(sink, *ones) == [graded(f"{70 + number}.0") for number in range(6)]
    assert provider.requests["GET classes/*/results"] == requests


def test_without_a_list_per_class_the_line_items_are_asked(start: Start) -> None:
    provider = start()
    sink, one = sink_for(provider), payload("u1", graded("70"))
    sent(sink, one)
    provider.faults.add(Fault(FaultKind.STATUS, status=404, path="classes/*/results", times=None))
    assert held(sink, one) == [graded("70.0")]


def test_a_missing_category_is_made_once_under_a_fixed_id(start: Start) -> None:
    data = school()
    data.drop("categories", "k")
    provider = start(NEW, data)
    sink = sink_for(provider)
    for student in ("u1", "u2"):
        sent(sink, payload(student, graded("70")))
    titles = [one["title"] for one in provider.gradebook()["categories"]]
    assert sorted(titles) == ["Final Grade", "Homework"]


def test_a_category_that_cannot_be_made_stops_with_the_setting_to_fill(start: Start) -> None:
    data = school()
    data.drop("categories", "k")
    provider = start(NEW, data)
    provider.faults.add(Fault(FaultKind.STATUS, status=422, path="categories/*", method="PUT"))
    with pytest.raises(StopDistrict, match="WB02") as caught:
        sink_for(provider).prepare([payload("u1", graded("70"))])
    assert "category_id" in caught.value.fix


def test_a_long_title_is_cut_and_stays_unique(start: Start) -> None:
    provider = start()
    spec = replace(COLUMN, title="Advanced Placement Physics, first semester final grade")
    sent(sink_for(provider, title_limit=30), payload("u1", graded("70"), line_item=spec))
    assert provider.gradebook()["lineItems"][0]["title"] == "Advanced Placement Physic li-1"


def test_a_closed_window_or_missing_right_stops_the_district_after_what_is_known(start: Start) -> None:
    provider = start()
    sink, (items, payloads) = (
        sink_for(provider, in_flight=1),
        work(*(payload(f"u{number}", graded("70")) for number in range(4))),
    )
    sink.prepare(list(payloads.values()))
    provider.faults.add(
        Fault(FaultKind.STATUS, status=403, path="results/*", method="PUT", after=2, times=None)
    )
    receipts = sink.deliver(items, payloads)
    assert [next(receipts).outcome, next(receipts).outcome] == [Outcome.DELIVERED] * 2
    with pytest.raises(StopDistrict, match="CN04") as caught:
        next(receipts)
    assert "gradebook.createput" in caught.value.fix
    assert provider.requests["PUT results/*"] == 3


def test_no_answer_is_unknown_and_lasting_silence_ends_the_delivery(start: Start) -> None:
    provider = start()
    sink, (items, payloads) = (
        sink_for(provider, in_flight=2),
        work(*(payload(f"u{number}", graded("70")) for number in range(6))),
    )
    sink.prepare(list(payloads.values()))
    provider.faults.add(Fault(FaultKind.RESET, path="results/*", method="PUT", times=None))
    outcomes: list[Outcome] = []
    with pytest.raises(RetryLater, match="CN01"):
        outcomes.extend(receipt.outcome for receipt in sink.deliver(items, payloads))
    assert set(outcomes) == {Outcome.UNKNOWN}
    assert 3 <= len(outcomes) < len(items)


def test_a_lost_answer_is_made_good_by_the_retry_without_a_second_grade(start: Start) -> None:
    provider = start()
    sink, one = sink_for(provider), payload("u1", graded("70"))
    provider.faults.add(Fault(FaultKind.LOST_ANSWER, path="results/*", method="PUT"))
    assert sent(sink, one) == [Outcome.DELIVERED]
    assert len(provider.gradebook()["results"]) == 1


def test_one_unclear_answer_is_unknown(start: Start) -> None:
    provider = start()
    ones = [payload(f"u{number}", graded("70")) for number in range(3)]
    sink = sink_for(provider, attempts=1, read_timeout=1, in_flight=1)
    provider.faults.add(Fault(FaultKind.SLOW, path="results/*", method="PUT", seconds=2))
    assert sent(sink, *ones) == [Outcome.UNKNOWN, Outcome.DELIVERED, Outcome.DELIVERED]


def test_a_grade_of_another_district_is_refused_before_anything_is_sent(start: Start) -> None:
    provider = start()
    sink = sink_for(provider)
    items, payloads = work(replace(payload("u1", graded("70")), district=DistrictCode("south")))
    for act in (
        lambda: sink.prepare(list(payloads.values())),
        lambda: sink.current(list(payloads.values())),
        lambda: list(sink.deliver(items, payloads)),
        lambda: list(sink.withdraw(items, payloads)),
    ):
        with pytest.raises(ContractBroken, match="WB01"):
            act()
    assert not provider.requests


def test_withdrawing_removes_ours_and_leaves_what_was_changed(start: Start) -> None:
    provider = start()
    sink, ones = sink_for(provider), [payload(f"u{number}", graded("70")) for number in range(3)]
    items, payloads = work(*ones)
    sent(sink, *ones[:2])
    provider.dataset.change("results", items[1].result_id, AT, score=99)
    outcomes = {receipt.item_id: receipt.outcome for receipt in sink.withdraw(items, payloads)}
    assert [outcomes[item.item_id] for item in items] == [
        Outcome.DELIVERED,
        Outcome.CONFLICT,
        Outcome.ADOPTED,
    ]
    assert [one["score"] for one in provider.gradebook()["results"]] == [99]


def test_the_line_item_goes_with_the_last_of_our_results(start: Start) -> None:
    provider = start()
    sink, ones = sink_for(provider), [payload(f"u{number}", graded("70")) for number in range(2)]
    sent(sink, *ones)
    list(sink.withdraw(*work(ones[0])))
    assert len(provider.gradebook()["lineItems"]) == 1
    list(sink.withdraw(*work(ones[1])))
    assert (provider.gradebook()["lineItems"], provider.gradebook()["results"]) == ([], [])


def test_a_line_item_that_holds_a_teachers_result_or_was_made_there_stays(start: Start) -> None:
    provider = start()
    sink, one = sink_for(provider), payload("u1", graded("70"))
    sent(sink, one)
    own = {**provider.dataset.records("results")[0], "sourcedId": "own", "student": ref("u2")}
    provider.dataset.add("results", own, AT)
    list(sink.withdraw(*work(one)))
    assert [one["sourcedId"] for one in provider.gradebook()["lineItems"]] == ["li-1"]
    posting, sink = by_post(start)
    sent(sink, one)
    list(sink.withdraw(*work(one)))
    assert (len(posting.gradebook()["lineItems"]), posting.gradebook()["results"]) == (1, [])


def test_every_write_passes_its_failpoints(
    start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    log = tmp_path / "passed"
    monkeypatch.setenv("SISBRIDGE_FAILPOINT_LOG", str(log))
    failpoints.forget_passed()
    sent(sink_for(start()), payload("u1", graded("70")))
    assert log.read_text().split() == [
        "sis:put-line-item:before@1", "sis:put-line-item:after@1",
        "sis:put-result:before@1", "sis:put-result:after@1",
    ]  # fmt: skip


def test_a_good_gradebook_passes_its_check_and_is_left_as_it_was(start: Start) -> None:
    provider = start()
    before = provider.gradebook()
    assert sink_for(provider).check().passed
    assert provider.gradebook() == before


def test_a_check_names_the_missing_right_to_write(start: Start) -> None:
    provider = start(window_open=False)
    failed = [step for step in sink_for(provider).check().steps if step.outcome == "failed"]
    assert [step.name for step in failed] == ["right to write"]
    assert "gradebook.createput" in failed[0].fix


def test_a_check_finds_the_gradebook_that_the_settings_name_amiss(start: Start) -> None:
    provider = start(version=NEW)
    wrong = {"version": OLD, "base_url": f"{provider.base_url}/ims/oneroster/v1p1"}
    failed = [step for step in sink_for(provider, **wrong).check().steps if step.outcome == "failed"]
    assert [step.name for step in failed] == ["address"]
    assert f"one of 1.2 at {provider.gradebook_url}" in failed[0].message
    assert failed[0].fix == f"Set base_url to {provider.gradebook_url} and version to 1.2"


@pytest.mark.parametrize(
    ("named", "failed"),
    [
        ({"score_scale_id": "letters"}, []),
        ({"score_scale_id": "numbers"}, ["score scale"]),
        ({"score_scale_title": "A to F"}, []),
        ({"score_scale_title": "1 to 6"}, ["score scale"]),
        ({"score_scale_title": "1 to 6", "score_scale_values": {"1": "A"}}, []),
    ],
)
def test_a_check_looks_for_the_score_scale_that_line_items_refer_to(
    start: Start, named: dict[str, Any], failed: list[str]
) -> None:
    data = school()
    data.add("scoreScales", {"sourcedId": "letters", "title": "A to F", "type": "letters"}, AT)
    report = sink_for(start(dataset=data), **named).check()
    assert [step.name for step in report.steps if step.outcome == "failed"] == failed


def test_a_check_says_when_there_is_no_gradebook_anywhere(start: Start) -> None:
    provider = start()
    wrong = {"base_url": f"{provider.base_url}/nowhere/v1p2"}
    failed = [step for step in sink_for(provider, **wrong).check().steps if step.outcome == "failed"]
    assert [step.name for step in failed] == ["address"]


VALUES = st.builds(
    GradeValue,
    st.none() | st.decimals(0, 120, places=3),
    st.none() | st.sampled_from(["A-", "I", "NG", "exempt", "B"]),
    st.sampled_from(list(Mark)),
)


@given(value=VALUES, version=st.sampled_from([OLD, NEW]), decimals=st.integers(0, 1), text=st.booleans())
def test_canonical_form_is_stable_and_survives_the_way_there_and_back(
    value: GradeValue, version: Version, decimals: int, text: bool
) -> None:
    form = GradebookForm(
        OneRosterGradebookSettings(
            base_url="https://sis.example/ims/oneroster/v1p1", version=version, auth="bearer",
            bearer_token="t", decimals=decimals, send_text=text,
        )
    )  # fmt: skip
    wanted = form.canonical(value)
    assert form.canonical(wanted) == wanted
    record = {"score": wanted.percent and float(wanted.percent), "textScore": wanted.text_score}
    if wanted.percent is not None or wanted.text_score is not None:
        assert form.value_of(record, COLUMN) == wanted
