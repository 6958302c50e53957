"""Infinite Campus with the kit's data set behind it: as a source, and as ways in for grades."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from connectors.infinite_campus.files import CampusFilesSettings, InfiniteCampusFilesSource
from connectors.infinite_campus.gradebook import InfiniteCampusGradebookSink
from connectors.infinite_campus.import_file import CampusImportSettings, InfiniteCampusImportSink
from connectors.infinite_campus.settings import CampusGradebookSettings, CampusRosterSettings
from connectors.infinite_campus.source import InfiniteCampusSource
from domain.clock import FixedClock
from domain.oneroster import Version
from simulators.dataset import Dataset
from simulators.infinite_campus import RunningCampus, TaskSpec, publish_tasks
from simulators.infinite_campus.extracts import extracts
from simulators.infinite_campus.manner import CAMPUS_DIALECT
from simulators.oneroster import Fault, FaultKind
from tests.conformance.canaries import AT, Rows
from tests.conformance.roster_contract import Make, RosterScene
from tests.conformance.roster_scenes import (
    NORTH,
    REST_BREAKAGES,
    record_in_answer,
    record_in_file,
    striking,
    with_metadata,
    write_files,
)
from tests.conformance.sink_scenes import GRADEBOOK_BREAKAGES, WRITE, file_sink_scene, registrar
from tests.conformance.sink_work import Make as MakeSink
from tests.conformance.sink_work import SinkScene
from tests.support.campus import campus_values
from tests.support.sftp import PASSWORD, reach, sftp_server


def campus_source(version: Version) -> Make:
    """Return how to make a OneRoster source in front of a Campus of a version."""

    @contextmanager
    def make(dataset: Dataset, folder: Path) -> Iterator[RosterScene]:
        with RunningCampus(dataset, version, clock=FixedClock(AT)) as sis:
            yield _scene(sis)

    return make


def _scene(sis: RunningCampus) -> RosterScene:
    settings = CampusRosterSettings.model_validate(campus_values(sis, page_size=4))
    return RosterScene(
        InfiniteCampusSource(NORTH, settings, clock=FixedClock(AT)),
        sis.version,
        state=lambda: (sis.dataset.counts(), sis.writes),
        record_at=record_in_answer,
        offer_more=lambda: with_metadata(sis.dataset),
        move=lambda: sis.dataset.drop("enrollments", "e:u1"),
        breakages={name: striking(sis, fault) for name, fault in REST_BREAKAGES.items()},
        secrets=(sis.client_secret, sis.vendor_key),
    )


TASKS = (TaskSpec("Final"), TaskSpec("Final", is_standard=True), TaskSpec("Progress"))

LAYOUT = {
    "columns": [
        {"name": "studentNumber", "value": "student_identifier"},
        {"name": "courseNumber", "value": "course_code"},
        {"name": "endYear", "value": "end_year"},
        {"name": "task", "value": "grading_task"},
        {"name": "score", "value": "letter"},
        {"name": "percent", "value": "percent"},
        {"name": "comments", "value": "comment"},
    ]
}


@contextmanager
def campus_import_file(dataset: Dataset, folder: Path) -> Iterator[SinkScene]:
    """Yield the route by import file into a folder on an SFTP server."""
    with sftp_server(folder) as server:
        settings = CampusImportSettings.model_validate({**reach(server, "/inbox"), "layout": LAYOUT})
        sink = InfiniteCampusImportSink(NORTH, settings, clock=FixedClock(AT))
        yield file_sink_scene(server, sink, "infinite_campus_import_file")


def campus_gradebook(version: Version) -> MakeSink:
    """Return how to make the route onto grading tasks of a Campus of a version."""

    @contextmanager
    def make(dataset: Dataset, folder: Path) -> Iterator[SinkScene]:
        publish_tasks(dataset, TASKS, AT)
        with RunningCampus(dataset, version, clock=FixedClock(AT)) as sis:
            yield _sink_scene(sis)

    return make


def _sink_scene(sis: RunningCampus) -> SinkScene:
    values = campus_values(sis, vendor_key=sis.vendor_key)
    settings = CampusGradebookSettings.model_validate(values)
    lost = Fault(FaultKind.LOST_ANSWER, **WRITE)  # type: ignore[arg-type]
    breakages = {name: striking(sis, fault) for name, fault in GRADEBOOK_BREAKAGES.items()}
    breakages["no line items"] = striking(
        sis, Fault(FaultKind.STATUS, path="classes/*/lineItems", status=404, times=None)
    )
    breakages["a closed window"] = lambda: sis.set_window("Final", is_open=False)
    return SinkScene(
        InfiniteCampusGradebookSink(NORTH, settings, clock=FixedClock(AT)),
        "infinite_campus_gradebook",
        state=sis.gradebook,
        writes=lambda: sis.writes,
        enter=registrar(sis),
        drop_writes=lambda: setattr(sis, "dialect", replace(CAMPUS_DIALECT, drop_writes=True)),
        lose_answers=lambda: sis.faults.add(lost),
        recover=sis.faults.clear,
        breakages=breakages,
        secrets=(sis.client_secret, sis.vendor_key),
    )


EXTRACT_KEYS = {
    "schools": "schoolNumber", "terms": "termID", "courses": "courseID", "sections": "sectionID",
    "students": "personID", "staff": "personID", "roster": "rosterID",
}  # fmt: skip

EXTRACT_BREAKAGES: dict[str, Callable[[bytes], bytes]] = {
    "students without ids": lambda data: data.replace(b"personID", b"id", 1),
    "students of no bytes": lambda data: b"",
    "a header alone": lambda data: data.splitlines(keepends=True)[0],
    "binary students": lambda data: b"\x00\x01\x02" * 40,
    "students cut off": lambda data: data.rstrip()[:-20],
    "a stray quote": lambda data: data.replace(b"Quill", b'"Quill', 1),
    "windows bytes": lambda data: data.replace(b"Zanz", b"Z\xe9nz"),
    "a mark at the front": lambda data: b"\xef\xbb\xbf" + data,
    "one short row": lambda data: data + b"u99,x\r\n",
}


@contextmanager
def campus_files(dataset: Dataset, folder: Path) -> Iterator[RosterScene]:
    """Yield a source of Data Extract files on an SFTP server."""
    files = extracts(dataset, prefixed=True, suffix="_20260120")
    with sftp_server(folder) as server:
        values = {**reach(server), "settle_seconds": 0, "stale_after_hours": None}
        settings = CampusFilesSettings.model_validate(values)
        drop = server.outgoing("maple")
        write_files(drop, files)
        yield _files_scene(InfiniteCampusFilesSource(NORTH, settings, clock=FixedClock(AT)), drop, files)


def _files_scene(source: InfiniteCampusFilesSource, drop: Path, files: dict[str, bytes]) -> RosterScene:
    name = next(name for name in files if name.startswith("students"))

    def breaking(change: Callable[[bytes], bytes]) -> Callable[[], None]:
        return lambda: write_files(drop, files | {name: change(files[name])})

    wider = files[name].replace(b"\r\n", b",7\r\n").replace(b",7\r\n", b",student.bus\r\n", 1)
    return RosterScene(
        source,
        "infinite_campus",
        state=lambda: {path.name: path.read_bytes() for path in sorted(drop.iterdir())},
        record_at=record_in_file,
        offer_more=lambda: write_files(drop, files | {name: wider, "widgets.csv": b"id\r\n1\r\n"}),
        breakages={
            **{what: breaking(change) for what, change in EXTRACT_BREAKAGES.items()},
            "no students": lambda: write_files(drop, {one: files[one] for one in files if one != name}),
        },
        secrets=(PASSWORD,),
        key=EXTRACT_KEYS,
        truth=lambda: rows_of_extracts(files),
    )


def rows_of_extracts(files: dict[str, bytes]) -> Rows:
    """Return what the files hold, each row as its key."""
    tables = {name.partition("_")[0]: data.decode().splitlines() for name, data in files.items()}
    return {table: sorted((row[0],) for row in csv.reader(lines[1:])) for table, lines in tables.items()}
