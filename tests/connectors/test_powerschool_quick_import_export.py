"""A later export of stored grades confirms a Quick Import file, and only one that shows every grade does."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.powerschool.quick_import import ROUTE, QuickImportSettings, QuickImportSink
from connectors.protocol import FileBatch, FileState
from domain.clock import FixedClock
from simulators.sftp import RunningSftp
from tests.conformance.canaries import AT
from tests.conformance.sink_work import LETTER, NORTH, payload, work
from tests.support.sftp import USER, reach, sftp_server

HEAD = "[1]Student_Number\tStoreCode\tTermID\tCourse_Number\tGrade\tPercent\n"
BOTH = (
    f"77700099900\tS1\t3501\tPH\t{LETTER}\t83.70\n"
    f"77700099901\tS1\t3501\tPH\t{LETTER}\t70\n"
    "12345\tS1\t3501\tPH\tA\t99\n"
    "77700099900\tS1\t3401\tPH\tF\t50\n"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSftp]:
    with sftp_server(tmp_path_factory.mktemp("root")) as running:
        yield running


@pytest.fixture
def sink(server: RunningSftp) -> QuickImportSink:
    for folder in (server.inbox(USER), server.outgoing(USER)):
        for old in folder.iterdir():
            old.unlink()
    values = {**reach(server, "/inbox"), "export_name": "stored*.txt", "export_folder": "/outgoing"}
    return QuickImportSink(NORTH, QuickImportSettings.model_validate(values), clock=FixedClock(AT))


@pytest.fixture
def placed(sink: QuickImportSink) -> FileBatch:
    """Two grades handed over."""
    batch = sink.render(*work(ROUTE, payload("u1", "83.7"), payload("u-2", "70")))
    sink.stage(batch)
    assert sink.place(batch) is FileState.IN_PLACE
    return batch


def seen(
    server: RunningSftp, sink: QuickImportSink, placed: FileBatch, export: bytes, age: int = 0
) -> FileState:
    """Return what is seen of the batch when an export so many seconds older than it lies there."""
    path = server.outgoing(USER) / "stored_grades.txt"
    path.write_bytes(export)
    made = (server.inbox(USER) / placed.name).stat().st_mtime - age
    os.utime(path, (made, made))
    return sink.look(placed.name, placed.sha256)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_an_export_that_shows_every_grade_confirms_the_file(
    server: RunningSftp, sink: QuickImportSink, placed: FileBatch, encoding: str
) -> None:
    assert seen(server, sink, placed, (HEAD + BOTH).encode(encoding)) is FileState.ACKNOWLEDGED


@pytest.mark.parametrize(
    "export",
    [
        "",
        HEAD,
        HEAD + BOTH.replace("83.70", "83.80"),
        HEAD + BOTH.replace("77700099901", "77700099909"),
        HEAD + BOTH.replace("3501", "3502"),
        HEAD + BOTH.replace("S1", "S2"),
        HEAD.replace("StoreCode", "Code") + BOTH,
        HEAD.replace("TermID", "Term") + BOTH,
        HEAD + BOTH + f"77700099900\tS1\t3501\tPH\t{LETTER}\t70\n",
        HEAD + f"77700099900\tS1\t3501\tPH\t{LETTER}\t70\n" + BOTH,
        HEAD.replace("Grade\tPercent", "A\tB") + BOTH,
    ],
)
def test_one_that_shows_another_grade_or_lacks_one_confirms_nothing(
    server: RunningSftp, sink: QuickImportSink, placed: FileBatch, export: str
) -> None:
    assert seen(server, sink, placed, export.encode()) is FileState.IN_PLACE


def test_an_export_made_before_the_file_confirms_nothing(
    server: RunningSftp, sink: QuickImportSink, placed: FileBatch
) -> None:
    assert seen(server, sink, placed, (HEAD + BOTH).encode(), age=60) is FileState.IN_PLACE


def test_without_an_export_the_registrars_own_word_counts(
    server: RunningSftp, sink: QuickImportSink, placed: FileBatch
) -> None:
    assert sink.look(placed.name, placed.sha256) is FileState.IN_PLACE
    Path(server.inbox(USER) / f"{placed.name}.ack").write_bytes(b"")
    assert sink.look(placed.name, placed.sha256) is FileState.ACKNOWLEDGED
