"""What every way of grades into a SIS must keep to; see `connectors.protocol.GradeSink`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.protocol import Capability, FileGradeSink, FileState, GradeSink
from domain.errors import ContractBroken, SisbridgeError
from domain.ids import DistrictCode, GradeId, ItemId, LineItemId, SourcedId, item_id, result_id
from domain.model import (
    GradeKind,
    GradePayload,
    GradeValue,
    LineItemSpec,
    OutboxItem,
    OutboxState,
    Outcome,
    RemoteGrade,
)
from mappings.readback import BeforeDecision, after_writing, before_writing
from simulators.dataset import Dataset
from tests.conformance.canaries import FAMILY, NUMBER, listening, roster

NORTH, SOUTH = DistrictCode("north"), DistrictCode("south")
LETTER, COMMENT = "Quuxplus", "Zephyrous effort"
PERCENTS = ("83.7", "91.2", "66.6")
SHOWN_GRADE = re.compile(r"(?<![\d.])(83\.7|91\.2|66\.6)(?!\d)")
DAY = date(2026, 1, 16)
COLUMN = LineItemSpec(
    LineItemId("li-1"), "Physics final", SourcedId("k"), SourcedId("s"), SourcedId("t1"), DAY, DAY
)

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
    return GradePayload(
        district, ItemId(""), COLUMN, SourcedId(student), f"{NUMBER}01", value, COMMENT, GradeKind.FINAL,
        "S1", "PH", "Physics", "School", DAY,
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
    decided = {number: before_writing(held[number], wanted[number], last) for number in wanted}
    chosen = [item for item in items if decided[item.item_id] is BeforeDecision.SEND]
    answered = _answered(scene.sink, chosen, payloads)
    after = scene.sink.current(list(payloads.values()))

    def verdict(number: ItemId) -> Outcome | BeforeDecision:
        if decided[number] is not BeforeDecision.SEND:
            return decided[number]
        return after_writing(held[number], wanted[number], after[number], number in answered)

    return [verdict(item.item_id) for item in items]


def _answered(sink: GradeSink, items: list[OutboxItem], payloads: dict[ItemId, GradePayload]) -> set[ItemId]:
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


class GradeSinkContract:
    """The suite for every route. A subclass sets `make`, and runs every test below."""

    make: Make

    @pytest.fixture
    def scene(self, tmp_path: Path) -> Iterator[SinkScene]:
        """The sink with the kit's class behind it and no grade in it."""
        with self.make(roster(), tmp_path) as scene:
            yield scene

    def test_capabilities_are_stable(self, scene: SinkScene) -> None:
        before = scene.sink.capabilities()
        scene.sink.check()
        send(scene.sink, *three(scene))
        assert scene.sink.capabilities() == before
        assert before & {Capability.GRADES_WRITE, Capability.GRADES_FILE}

    def test_check_passes_step_by_step_and_writes_no_grade(self, scene: SinkScene) -> None:
        before = scene.state()
        report = scene.sink.check()
        assert report.passed, [step for step in report.steps if step.outcome == "failed"]
        assert len(report.steps) > 1
        assert scene.state() == before

    def test_sending_twice_changes_nothing(self, scene: SinkScene) -> None:
        made = three(scene)
        assert send(scene.sink, *made) == [Outcome.DELIVERED] * 3
        before = scene.state()
        assert send(scene.sink, *made) == [Outcome.DELIVERED] * 3
        assert scene.state() == before

    def test_nothing_of_another_district_is_ever_sent(self, scene: SinkScene) -> None:
        items, payloads = work(scene.route, payload("u1", "83.7", SOUTH))
        before = scene.state()
        acts: list[Callable[[], object]] = [
            lambda: scene.sink.prepare(list(payloads.values())),
            lambda: scene.sink.current(list(payloads.values())),
            lambda: list(scene.sink.deliver(items, payloads)),
            lambda: list(scene.sink.withdraw(items, payloads)),
        ]
        for act in acts:
            with pytest.raises(ContractBroken):
                act()
        assert (scene.state(), scene.writes()) == (before, 0)

    def test_a_canonical_value_stays_as_it_is(self, scene: SinkScene) -> None:
        for percent in ("0", "59.95", "99.999", "100"):
            once = scene.sink.canonical(GradeValue(Decimal(percent), LETTER))
            assert scene.sink.canonical(once) == once

    def test_nothing_to_send_sends_nothing(self, scene: SinkScene) -> None:
        assert list(scene.sink.deliver([], {})) == []
        assert scene.writes() == 0

    def test_no_grade_and_no_comment_is_logged_or_told(
        self, scene: SinkScene, capfd: pytest.CaptureFixture[str]
    ) -> None:
        made = three(scene)
        with listening() as ear:
            report = scene.sink.check()
            scene.sink.prepare(list(made[1].values()))
            receipts = list(scene.sink.deliver(*made))
            scene.sink.current(list(made[1].values()))
            receipts += list(scene.sink.withdraw(*made))
        said = "\n".join([*ear.heard, repr(report), repr(receipts), repr(scene.sink), *capfd.readouterr()])
        assert [word for word in (LETTER, COMMENT, FAMILY, NUMBER, *scene.secrets) if word in said] == []
        assert SHOWN_GRADE.search(said) is None

    def test_whatever_breaks_only_the_four_errors_come_out(
        self, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        with self.make(roster(), tmp_path / "names") as scene:
            names = sorted(scene.breakages)
        assert names
        for name in names:
            with self.make(roster(), tmp_path / name.replace(" ", "-")) as scene, listening() as ear:
                items, payloads = three(scene)
                scene.breakages[name]()
                scene.sink.check()
                error = _failure(lambda: send(scene.sink, items, payloads))  # noqa: B023
                said = "\n".join([*ear.heard, str(error), *capfd.readouterr()])
                assert error is None or (error.fix and error.message), name
                assert [word for word in (LETTER, COMMENT, *scene.secrets) if word in said] == [], name
                assert SHOWN_GRADE.search(said) is None, name


def _failure(act: Callable[[], object]) -> SisbridgeError | None:
    try:
        act()
    except SisbridgeError as error:
        return error
    return None


class ReadBackSinkContract(GradeSinkContract):
    """Besides, for routes that can be read: the house's own decisions come out right on them."""

    def test_what_was_sent_is_what_is_read_back(self, scene: SinkScene) -> None:
        items, payloads = three(scene)
        assert set(scene.sink.current(list(payloads.values())).values()) == {None}
        send(scene.sink, items, payloads)
        held = scene.sink.current(list(payloads.values()))
        assert {number: _value(one) for number, one in held.items()} == {
            number: scene.sink.canonical(one.value) for number, one in payloads.items()
        }

    def test_a_second_delivery_adopts_and_writes_nothing(self, scene: SinkScene) -> None:
        made = three(scene)
        assert careful(scene, made) == [Outcome.CONFIRMED] * 3
        written = scene.writes()
        assert careful(scene, made) == [BeforeDecision.ADOPT] * 3
        assert scene.writes() == written

    def test_a_write_that_was_silently_dropped_is_seen(self, scene: SinkScene) -> None:
        assert scene.drop_writes
        made = three(scene)
        scene.sink.prepare(list(made[1].values()))
        scene.drop_writes()
        assert careful(scene, made) == [Outcome.NOT_TAKEN] * 3

    def test_what_a_person_entered_is_not_overwritten(self, scene: SinkScene) -> None:
        assert scene.enter
        made = three(scene)
        careful(scene, made)
        scene.enter(made[0][1])
        before = scene.state()
        corrected = work(scene.route, payload("u-2", "91.9"))
        last = scene.sink.canonical(GradeValue(Decimal("91.2"), LETTER))
        assert careful(scene, corrected, last) == [BeforeDecision.CONFLICT]
        assert scene.state() == before

    def test_a_lost_answer_is_looked_up_and_not_sent_again(self, scene: SinkScene) -> None:
        assert scene.lose_answers
        assert scene.recover
        made = three(scene)
        scene.sink.prepare(list(made[1].values()))
        scene.lose_answers()
        assert _answered(scene.sink, *made) == set()
        scene.recover()
        written = scene.writes()
        verdicts = careful(scene, made)
        sent_again = sum(verdict is Outcome.CONFIRMED for verdict in verdicts)
        assert set(verdicts) <= {BeforeDecision.ADOPT, Outcome.CONFIRMED}
        assert scene.writes() - written <= sent_again
        assert BeforeDecision.ADOPT in verdicts

    def test_withdrawing_leaves_what_a_person_changed(self, scene: SinkScene) -> None:
        assert scene.enter
        items, payloads = three(scene)
        send(scene.sink, items, payloads)
        scene.enter(items[1])
        outcomes = {one.item_id: one.outcome for one in scene.sink.withdraw(items, payloads)}
        assert outcomes[items[1].item_id] is Outcome.CONFLICT
        held = scene.sink.current(list(payloads.values()))
        assert [held[item.item_id] is None for item in items] == [True, False, True]


def _value(grade: RemoteGrade | None) -> GradeValue | None:
    return grade.value if grade else None


class FileSinkContract(GradeSinkContract):
    """Besides, for routes that are a file: the same file, once, whatever is repeated."""

    def test_a_file_cannot_be_read_back_and_says_so(self, scene: SinkScene) -> None:
        items, payloads = three(scene)
        send(scene.sink, items, payloads)
        assert set(scene.sink.current(list(payloads.values())).values()) == {None}
        outcomes = {one.outcome for one in scene.sink.withdraw(items, payloads)}
        assert outcomes == {Outcome.REJECTED}

    def test_the_order_of_items_changes_neither_name_nor_bytes(self, scene: SinkScene) -> None:
        items, payloads = three(scene)
        assert isinstance(scene.sink, FileGradeSink)
        assert scene.sink.render(items, payloads) == scene.sink.render(items[::-1], payloads)

    def test_a_staged_file_is_not_yet_there_and_a_placed_one_is_found_again(self, scene: SinkScene) -> None:
        assert isinstance(scene.sink, FileGradeSink)
        batch = scene.sink.render(*three(scene))
        assert scene.sink.look(batch.name, batch.sha256) is FileState.ABSENT
        scene.sink.stage(batch)
        assert scene.sink.look(batch.name, batch.sha256) is FileState.PARTIAL
        assert scene.sink.place(batch) is FileState.IN_PLACE
        assert scene.sink.look(batch.name, batch.sha256) is FileState.IN_PLACE
