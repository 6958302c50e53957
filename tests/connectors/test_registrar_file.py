"""Grade files for registrars: same bytes for the same grades, and one file whatever happens."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from connectors.protocol import Capability, FileBatch, FileGradeSink, FileState
from connectors.sftp.registrar_file import RegistrarFileSettings, RegistrarFileSink
from connectors.sftp.registrar_table import COLUMNS, render_table
from domain.clock import FixedClock
from domain.errors import ContractBroken, RetryLater
from domain.grading import (
    GradeKind,
    GradePayload,
    GradeValue,
    LineItemSpec,
    Mark,
    OutboxItem,
    OutboxState,
    Outcome,
)
from domain.ids import DistrictCode, GradeId, ItemId, LineItemId, ResultId, SourcedId
from simulators.sftp import RunningSftp
from tests.support.sftp import PASSWORD, USER, reach, sftp_server

MAPLE = DistrictCode("maple")
CLOCK = FixedClock(datetime(2026, 1, 20, 3, tzinfo=UTC))
DAY = date(2026, 1, 19)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningSftp]:
    with sftp_server(tmp_path / "root") as running:
        yield running


def sink(server: RunningSftp, **changes: object) -> RegistrarFileSink:
    settings = RegistrarFileSettings.model_validate({**reach(server, "/inbox"), **changes})
    return RegistrarFileSink(MAPLE, settings, clock=CLOCK)


def offline() -> RegistrarFileSink:
    settings = RegistrarFileSettings.model_validate({"host": "sftp.invalid", "username": "maple"})
    return RegistrarFileSink(MAPLE, settings, clock=CLOCK)


def item(number: int, district: DistrictCode = MAPLE) -> OutboxItem:
    return OutboxItem(
        ItemId(f"I{number}"), district, "registrar_file", GradeId(f"G{number}"), 1, LineItemId("L1"),
        ResultId(f"R{number}"), "digest", OutboxState.SENDING,
    )  # fmt: skip


def payload(number: int, **changes: object) -> GradePayload:
    line = LineItemSpec(
        LineItemId("L1"), "Final", SourcedId("K1"), SourcedId("S1"), SourcedId("T1"), DAY, DAY
    )
    value = GradeValue(Decimal("93.25"), "A")
    made = GradePayload(
        MAPLE, ItemId(f"I{number}"), line, SourcedId(f"U{number}"), f"00{number}", value, "Fine work",
        GradeKind.FINAL, "Q1", "WELD1", "Welding", "Maple High", DAY,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def batch(count: int = 2) -> FileBatch:
    items = [item(number) for number in range(count)]
    return offline().render(items, {i.item_id: payload(n) for n, i in enumerate(items)})


def hand_over(server: RunningSftp, made: FileBatch) -> FileState:
    sink(server).stage(made)
    return sink(server).place(made)


def cells(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def test_a_line_holds_what_a_registrar_keys() -> None:
    assert cells(batch(1).content) == [
        {
            "student_identifier": "000", "student_sourced_id": "U0", "course_code": "WELD1",
            "course_title": "Welding", "school": "Maple High", "reporting_period": "Q1", "kind": "final",
            "percent": "93.3", "letter": "A", "mark": "graded", "comment": "Fine work",
            "score_date": "2026-01-19", "item": "I0",
        }
    ]  # fmt: skip


def test_order_of_items_changes_neither_name_nor_bytes() -> None:
    items = [item(number) for number in range(5)]
    payloads = {i.item_id: payload(n) for n, i in enumerate(items)}
    one, other = offline().render(items, payloads), offline().render(items[::-1], payloads)
    assert one == other
    assert one.name == f"grades_maple_{one.sha256[:12]}.csv"
    assert one.rows == 5


def test_columns_and_name_follow_the_settings() -> None:
    settings = RegistrarFileSettings.model_validate(
        {"host": "h", "username": "u", "columns": ["item", "percent"], "file_name_pattern": "{hash}.txt"}
    )
    made = RegistrarFileSink(MAPLE, settings).render([item(1)], {ItemId("I1"): payload(1)})
    assert made.content == b"item,percent\r\nI1,93.3\r\n"
    assert made.name == f"{made.sha256[:12]}.txt"


@pytest.mark.parametrize(
    "wrong", [{"columns": ["credits"]}, {"columns": []}, {"file_name_pattern": "grades.csv"}]
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RegistrarFileSettings.model_validate({"host": "h", "username": "u", **wrong})


@pytest.mark.parametrize(
    ("comment", "shown"),
    [("two\r\nlines\tand tab", "two lines and tab"), ("=SUM(A1)", "'=SUM(A1)"), ("\n@x", "'@x"), ("-", "'-")],
)
def test_comments_are_one_line_and_never_a_formula(comment: str, shown: str) -> None:
    (line,) = cells(render_table([payload(1, comment=comment)], ["comment"]))
    assert line["comment"] == shown


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_any_comment_makes_one_line_of_one_cell_that_is_no_formula(comment: str) -> None:
    content = render_table([payload(1, comment=comment)], ["item", "comment"])
    assert len(content.splitlines()) == 2
    (line,) = cells(content)
    assert not line["comment"].startswith(("=", "+", "-", "@"))


def test_canonical_is_one_decimal_and_no_number_unless_graded() -> None:
    value = GradeValue(Decimal("93.25"), "A")
    assert offline().canonical(value) == GradeValue(Decimal("93.3"), "A")
    assert offline().canonical(replace(value, mark=Mark.INCOMPLETE)).percent is None
    assert offline().canonical(offline().canonical(value)) == offline().canonical(value)


def test_a_grade_of_another_district_is_refused_everywhere() -> None:
    oak = DistrictCode("oak")
    stranger = {ItemId("I1"): payload(1, district=oak)}
    for attempt in (
        lambda: offline().render([item(1)], stranger),
        lambda: offline().render([item(1, oak)], {ItemId("I1"): payload(1)}),
        lambda: offline().prepare(list(stranger.values())),
        lambda: offline().current(list(stranger.values())),
        lambda: list(offline().withdraw([item(1, oak)], {})),
    ):
        with pytest.raises(ContractBroken, match="WB01"):
            attempt()


def test_placing_leaves_the_file_and_its_control_file(server: RunningSftp) -> None:
    made = batch()
    assert hand_over(server, made) is FileState.IN_PLACE
    inbox = server.inbox(USER)
    assert sorted(path.name for path in inbox.iterdir()) == [made.name, f"{made.name}.ctl"]
    assert (inbox / made.name).read_bytes() == made.content
    assert json.loads((inbox / f"{made.name}.ctl").read_bytes()) == {
        "batch": made.name, "created_at": "2026-01-20T03:00:00.000Z", "rows": 2, "sha256": made.sha256,
    }  # fmt: skip


def test_a_staged_file_is_not_to_be_seen_under_its_name(server: RunningSftp) -> None:
    made = batch()
    sink(server).stage(made)
    assert [path.name for path in server.inbox(USER).iterdir()] == [f"{made.name}.part"]


def test_only_a_whole_part_is_given_its_name(server: RunningSftp) -> None:
    made = batch()
    (server.inbox(USER) / f"{made.name}.part").write_bytes(made.content[:5])
    with pytest.raises(RetryLater, match="WB31"):
        sink(server).place(made)
    assert hand_over(server, made) is FileState.IN_PLACE


def test_placing_again_changes_nothing(server: RunningSftp) -> None:
    made = batch()
    hand_over(server, made)
    before = {path: path.stat().st_mtime_ns for path in server.inbox(USER).iterdir()}
    assert hand_over(server, made) is FileState.IN_PLACE
    assert {path: path.stat().st_mtime_ns for path in server.inbox(USER).iterdir()} == before


def test_a_different_file_of_the_name_is_never_overwritten(server: RunningSftp) -> None:
    made = batch()
    (server.inbox(USER) / made.name).write_bytes(b"someone else's")
    with pytest.raises(ContractBroken, match="WB30"):
        hand_over(server, made)
    assert (server.inbox(USER) / made.name).read_bytes() == b"someone else's"


def test_look_says_how_far_a_placement_got(server: RunningSftp) -> None:
    made, inbox = batch(), server.inbox(USER)

    def seen() -> FileState:
        return sink(server).look(made.name, made.sha256)

    assert seen() is FileState.ABSENT
    (inbox / f"{made.name}.part").write_bytes(made.content[:5])
    assert seen() is FileState.PARTIAL
    assert hand_over(server, made) is FileState.IN_PLACE
    assert seen() is FileState.IN_PLACE
    (inbox / f"{made.name}.ack").touch()
    assert seen() is FileState.ACKNOWLEDGED


def test_a_file_that_was_taken_is_not_placed_again(server: RunningSftp) -> None:
    made, inbox = batch(), server.inbox(USER)
    hand_over(server, made)
    (inbox / made.name).unlink()
    assert hand_over(server, made) is FileState.IN_PLACE
    assert [path.name for path in inbox.iterdir()] == [f"{made.name}.ctl"]


def test_an_acknowledged_file_is_not_placed_again(server: RunningSftp) -> None:
    made, inbox = batch(), server.inbox(USER)
    (inbox / f"{made.name}.ack").touch()
    assert hand_over(server, made) is FileState.ACKNOWLEDGED
    assert [path.name for path in inbox.iterdir()] == [f"{made.name}.ack"]


def saved_in_a_spreadsheet(file: Path) -> bytes:
    """Save a file as a spreadsheet does: a mark at the front, other dates, no leading zeros; return it."""
    text = file.read_text().replace("2026-01-19", "1/19/2026").replace("000", "0")
    file.write_bytes(b"\xef\xbb\xbf" + text.encode())
    return file.read_bytes()


def test_a_file_saved_in_a_spreadsheet_is_seen_as_changed_acknowledged_or_not(server: RunningSftp) -> None:
    made, inbox = batch(), server.inbox(USER)
    hand_over(server, made)
    saved_in_a_spreadsheet(inbox / made.name)
    assert sink(server).look(made.name, made.sha256) is FileState.CHANGED
    (inbox / f"{made.name}.ack").touch()
    assert sink(server).look(made.name, made.sha256) is FileState.CHANGED


@pytest.mark.parametrize("is_changed", [False, True])
def test_a_file_taken_back_is_kept_beside_and_may_be_placed_anew(
    server: RunningSftp, is_changed: bool
) -> None:
    made, inbox = batch(), server.inbox(USER)
    for _ in range(2):
        hand_over(server, made)
        lay = saved_in_a_spreadsheet(inbox / made.name) if is_changed else made.content
        assert sink(server).take_back(made.name, made.sha256) is FileState.ABSENT
        assert [path.name for path in inbox.iterdir()] == [f"{made.name}.taken-back"]
        assert (inbox / f"{made.name}.taken-back").read_bytes() == lay


def test_what_was_acknowledged_or_is_another_s_is_not_taken_back(server: RunningSftp) -> None:
    made, inbox = batch(), server.inbox(USER)
    hand_over(server, made)
    (inbox / f"{made.name}.ack").touch()
    assert sink(server).take_back(made.name, made.sha256) is FileState.ACKNOWLEDGED
    assert (inbox / made.name).read_bytes() == made.content
    for file in inbox.iterdir():
        file.unlink()
    (inbox / made.name).write_bytes(b"someone else's")
    with pytest.raises(ContractBroken, match="WB30"):
        sink(server).take_back(made.name, made.sha256)
    assert (inbox / made.name).read_bytes() == b"someone else's"


CHILD = """
import sys
from connectors.protocol import FileBatch
from connectors.sftp.registrar_file import RegistrarFileSettings, RegistrarFileSink
from domain.ids import DistrictCode
settings = RegistrarFileSettings.model_validate_json(sys.argv[1])
content = bytes.fromhex(sys.argv[4])
sink = RegistrarFileSink(DistrictCode("maple"), settings)
batch = FileBatch(sys.argv[2], content, sys.argv[3], 2)
sink.stage(batch)
sink.place(batch)
"""


@pytest.mark.crash
@pytest.mark.parametrize(
    ("failpoint", "seen"),
    [
        ("sis:file:before-part", FileState.ABSENT),
        ("sis:file:after-part", FileState.PARTIAL),
        ("sis:file:after-rename", FileState.PARTIAL),
        ("sis:file:after-control", FileState.IN_PLACE),
    ],
)
def test_a_placement_killed_anywhere_is_seen_and_completed(
    server: RunningSftp, failpoint: str, seen: FileState
) -> None:
    made = batch()
    how = json.dumps(reach(server, "/inbox") | {"password": PASSWORD})
    killed = subprocess.run(
        [sys.executable, "-c", CHILD, how, made.name, made.sha256, made.content.hex()],
        env=os.environ | {"SISBRIDGE_FAILPOINT": f"{failpoint}@1", "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
        timeout=120,
    )
    assert killed.returncode == -9
    assert sink(server).look(made.name, made.sha256) is seen
    assert hand_over(server, made) is FileState.IN_PLACE
    assert sorted(path.name for path in server.inbox(USER).iterdir()) == [made.name, f"{made.name}.ctl"]


def test_delivering_places_one_file_and_gives_a_receipt_each(server: RunningSftp) -> None:
    payloads = {ItemId(f"I{number}"): payload(number) for number in range(2)}
    receipts = list(sink(server).deliver([item(0), item(1)], payloads))
    assert [(r.item_id, r.attempt, r.outcome, r.remote) for r in receipts] == [
        ("I0", 1, Outcome.DELIVERED, batch().name),
        ("I1", 1, Outcome.DELIVERED, batch().name),
    ]
    assert receipts[0].sent == GradeValue(Decimal("93.3"), "A")


def test_delivering_nothing_writes_nothing(server: RunningSftp) -> None:
    assert list(sink(server).deliver([], {})) == []
    assert list(server.inbox(USER).iterdir()) == []


def test_nothing_is_known_and_nothing_can_be_taken_back(server: RunningSftp) -> None:
    kept: FileGradeSink = sink(server)
    assert isinstance(kept, FileGradeSink)
    assert kept.capabilities() == {Capability.GRADES_FILE}
    assert kept.current([payload(1)]) == {"I1": None}
    assert [r.outcome for r in kept.withdraw([item(1)], {})] == [Outcome.REJECTED]


def test_a_check_writes_a_marker_and_removes_it(server: RunningSftp) -> None:
    assert sink(server).check().passed
    assert list(server.inbox(USER).iterdir()) == []


def test_a_check_names_a_folder_that_is_not_there(server: RunningSftp) -> None:
    steps = sink(server, folder="/nowhere").check().steps
    assert [(step.name, step.outcome) for step in steps[-2:]] == [
        ("folder", "failed"), ("permission to write", "skipped"),
    ]  # fmt: skip


def test_a_check_with_a_wrong_password_shows_no_secret(server: RunningSftp) -> None:
    report = sink(server, password=SecretStr("not-it")).check()
    assert not report.passed
    assert "not-it" not in repr(report)


def test_every_column_can_be_chosen() -> None:
    assert render_table([payload(1)], list(COLUMNS)).count(b"\r\n") == 2
