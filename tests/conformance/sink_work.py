"""Grades to send, and sending them as the house does: the work that the suites for sinks give a sink."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from connectors.protocol import GradeSink
from domain.errors import SisbridgeError
from domain.grading import GradeKind, GradePayload, GradeValue, LineItemSpec, OutboxItem, OutboxState, Outcome
from domain.ids import DistrictCode, GradeId, ItemId, LineItemId, SourcedId, item_id, result_id
from mappings.readback import BeforeDecision, Comments, after_writing, before_writing
from simulators.dataset import Dataset
from tests.conformance.canaries import NUMBER, STUDENTS

NORTH, SOUTH = DistrictCode("north"), DistrictCode("south")
LETTER, COMMENT = "Quuxplus", "Zephyrous effort"
PERCENTS = ("83.7", "91.2", "66.6")
SHOWN_GRADE = re.compile(r"(?<![\d.])(83\.7|91\.2|66\.6)(?!\d)")
DAY = date(2026, 1, 16)
COLUMN = LineItemSpec(
    LineItemId("li-1"), "Physics final", SourcedId("k"), SourcedId("s"), SourcedId("t1"), DAY, DAY
)
LABELS = {"label": "F1", "store_code": "S1", "term_id": "3501", "grading_task": "Final"}

Work = tuple[list[OutboxItem], dict[ItemId, GradePayload]]


@dataclass
class SinkScene:
    """A sink, and the handles the suite needs on the SIS behind it.

    state: what the SIS holds, comparable. writes: how often it was asked to write. enter: a person there
    puts another grade in an item's place. drop_writes: from now on it answers well and keeps nothing.
    lose_answers: from now on it writes and the answer is lost. breakages: ways in which it may fail.
    """

    sink: GradeSink
    route: str
    state: Callable[[], object]
    writes: Callable[[], int]
    enter: Callable[[OutboxItem], None] | None = None
    drop_writes: Callable[[], None] | None = None
    lose_answers: Callable[[], None] | None = None
    recover: Callable[[], None] | None = None
    breakages: Mapping[str, Callable[[], None]] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()


Make = Callable[[Dataset, Path], AbstractContextManager[SinkScene]]


def payload(student: str, percent: str, district: DistrictCode = NORTH) -> GradePayload:
    """Return a released grade of a student in the kit's class, with a letter and a comment."""
    value = GradeValue(Decimal(percent), LETTER)
    number = f"{NUMBER}{STUDENTS.index(student):02d}"
    return GradePayload(
        district, ItemId(""), COLUMN, SourcedId(student), number, value, COMMENT, GradeKind.FINAL,
        "S1", "PH", "Physics", "School", DAY, LABELS, school_year="2026", grade_level="10",
    )  # fmt: skip


def work(route: str, *payloads: GradePayload) -> Work:
    """Return the outbox items of payloads, ready to send."""
    items, by_item = [], {}
    for one in payloads:
        grade = GradeId(f"{one.student}/{one.line_item.line_item_id}")
        number, line = item_id(route, grade, 1), one.line_item.line_item_id
        by_item[number] = replace(one, item_id=number)
        items.append(
            OutboxItem(
                number, one.district, route, grade, 1, line, result_id(route, grade), "", OutboxState.SENDING
            )
        )
    return items, by_item


def three(scene: SinkScene) -> Work:
    """Return three students' grades."""
    students = zip(("u1", "u-2", "x@y"), PERCENTS, strict=True)
    return work(scene.route, *(payload(student, percent) for student, percent in students))


def send(sink: GradeSink, items: list[OutboxItem], payloads: dict[ItemId, GradePayload]) -> list[Outcome]:
    """Write the items without looking; return their outcomes in order."""
    sink.prepare(list(payloads.values()))
    outcomes = {receipt.item_id: receipt.outcome for receipt in sink.deliver(items, payloads)}
    return [outcomes[item.item_id] for item in items]


def careful(scene: SinkScene, made: Work, last: GradeValue | None = None) -> list[Outcome | BeforeDecision]:
    """Deliver as the house does: read first, send what may be sent, read back; return what each came to."""
    items, payloads = made
    wanted = {number: scene.sink.canonical(one.value) for number, one in payloads.items()}
    held = scene.sink.current(list(payloads.values()))
    comments = Comments(COMMENT, None if last is None else COMMENT)
    decided = {number: before_writing(held[number], wanted[number], last, comments) for number in wanted}
    chosen = [item for item in items if decided[item.item_id] is BeforeDecision.SEND]
    came = answered(scene.sink, chosen, payloads)
    after = scene.sink.current(list(payloads.values()))

    def verdict(number: ItemId) -> Outcome | BeforeDecision:
        if decided[number] is not BeforeDecision.SEND:
            return decided[number]
        return after_writing(held[number], wanted[number], after[number], number in came)

    return [verdict(item.item_id) for item in items]


def answered(sink: GradeSink, items: list[OutboxItem], payloads: dict[ItemId, GradePayload]) -> set[ItemId]:
    found: set[ItemId] = set()
    if not items:
        return found
    chosen = {item.item_id: payloads[item.item_id] for item in items}
    sink.prepare(list(chosen.values()))
    try:
        for receipt in sink.deliver(items, chosen):
            if receipt.outcome is not Outcome.UNKNOWN:
                found.add(receipt.item_id)
    except SisbridgeError:
        return found
    return found
