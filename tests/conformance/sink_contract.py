"""What every way of grades into a SIS must keep to; see `connectors.protocol.GradeSink`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.protocol import Capability, FileGradeSink, FileState
from domain.errors import ContractBroken, SisbridgeError
from domain.grading import GradeValue, Mark, Outcome, RemoteGrade
from mappings.readback import BeforeDecision
from tests.conformance.canaries import FAMILY, NUMBER, listening, roster
from tests.conformance.sink_work import (
    COMMENT,
    LETTER,
    SHOWN_GRADE,
    SOUTH,
    Make,
    SinkScene,
    answered,
    careful,
    payload,
    send,
    three,
    work,
)


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

    def test_limits_are_told_without_asking_the_sis_and_are_stable(self, scene: SinkScene) -> None:
        before = scene.sink.limits()
        assert Mark.GRADED in before.marks
        assert "A".encode(before.characters)
        assert (before.comment_length or 0) >= 0
        send(scene.sink, *three(scene))
        assert scene.sink.limits() == before

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
        assert answered(scene.sink, *made) == set()
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

    def test_a_file_taken_back_is_not_there_any_more_and_goes_anew(self, scene: SinkScene) -> None:
        assert isinstance(scene.sink, FileGradeSink)
        batch = scene.sink.render(*three(scene))
        for _ in range(2):
            scene.sink.stage(batch)
            assert scene.sink.place(batch) is FileState.IN_PLACE
            assert scene.sink.take_back(batch.name, batch.sha256) is FileState.ABSENT
            assert scene.sink.take_back(batch.name, batch.sha256) is FileState.ABSENT
