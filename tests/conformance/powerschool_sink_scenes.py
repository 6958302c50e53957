"""The routes into PowerSchool, each with the kit's class behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from connectors.powerschool.grade_settings import PowerSchoolGradebookSettings, StoredGradeSettings
from connectors.powerschool.gradebook import ROUTE as GRADEBOOK
from connectors.powerschool.gradebook import PowerSchoolGradebookSink
from connectors.powerschool.stored_grades import ROUTE as STORED
from connectors.powerschool.stored_grades import PowerSchoolStoredGradesSink
from domain.clock import FixedClock
from domain.grading import OutboxItem
from simulators.dataset import Dataset
from simulators.oneroster.faults import Fault, FaultKind
from simulators.powerschool import RunningPowerSchool
from tests.conformance.canaries import AT
from tests.conformance.sink_scenes import GRADEBOOK_BREAKAGES
from tests.conformance.sink_work import NORTH, SinkScene
from tests.support.powerschool import our_plugin, reach_plugin

_POST = {"path": "schema/table/storedgrades", "method": "POST", "times": None}
_ASKED = {"path": "schema/query", "times": None}

STORED_BREAKAGES: dict[str, Fault] = {
    "wrong secret": Fault(FaultKind.WRONG_SECRET, times=None),
    "no permission to write": Fault(FaultKind.STATUS, status=403, **_POST),  # type: ignore[arg-type]
    "grades refused": Fault(FaultKind.STATUS, status=400, **_POST),  # type: ignore[arg-type]
    "a conflict": Fault(FaultKind.STATUS, status=409, **_POST),  # type: ignore[arg-type]
    "asked too often": Fault(FaultKind.STATUS, status=429, **_POST),  # type: ignore[arg-type]
    "server error": Fault(FaultKind.STATUS, status=500, **_POST),  # type: ignore[arg-type]
    "connection reset": Fault(FaultKind.RESET, **_POST),  # type: ignore[arg-type]
    "sign-in page": Fault(FaultKind.HTML, times=None),
    "json breaks off": Fault(FaultKind.TRUNCATED, times=None),
    "half a body": Fault(FaultKind.HALF_BODY, times=None),
    "no records": Fault(FaultKind.NO_ENVELOPE, times=None),
    "no ids in the list": Fault(
        FaultKind.DROPPED_KEYS, path="schema/query", keys=("students_id",), times=None
    ),
    "query gone": Fault(FaultKind.STATUS, path="schema/query", status=404, times=None),
    "a token that never lasts": Fault(FaultKind.EXPIRED_TOKEN, times=None),
}


@contextmanager
def stored_grades(dataset: Dataset, folder: Path) -> Iterator[SinkScene]:
    """Yield the route for stored grades."""
    with RunningPowerSchool(dataset, plugin=our_plugin(STORED), clock=FixedClock(AT)) as server:
        settings = StoredGradeSettings.model_validate(reach_plugin(server))
        sink = PowerSchoolStoredGradesSink(NORTH, settings, clock=FixedClock(AT))
        lost = Fault(FaultKind.LOST_ANSWER, **_POST)  # type: ignore[arg-type]
        yield SinkScene(
            sink,
            STORED,
            state=lambda: server.tables.rows("storedgrades"),
            writes=lambda: server.writes,
            enter=_registrar(server, sink),
            drop_writes=lambda: setattr(server, "manner", replace(server.manner, drop_writes=True)),
            lose_answers=lambda: server.faults.add(lost),
            recover=server.faults.clear,
            breakages={name: _striking(server, fault) for name, fault in STORED_BREAKAGES.items()},
            secrets=(server.client_secret,),
        )


def _registrar(server: RunningPowerSchool, sink: PowerSchoolStoredGradesSink) -> Callable[[OutboxItem], None]:
    def enter(item: OutboxItem) -> None:
        server.tables.change("storedgrades", int(sink.learnt()[item.result_id]), percent=55)

    return enter


def _striking(server: RunningPowerSchool, fault: Fault) -> Callable[[], None]:
    return lambda: server.faults.add(fault)


XTE_BREAKAGES: dict[str, Fault] = {
    "wrong secret": Fault(FaultKind.WRONG_SECRET, times=None),
    "no permission to write": Fault(FaultKind.STATUS, status=403, path="xte/score", times=None),
    "grades refused": Fault(FaultKind.STATUS, status=409, path="xte/score", times=None),
    "resubmit for ever": Fault(FaultKind.STATUS, status=412, path="xte/score", times=None),
    "columns refused": Fault(FaultKind.STATUS, status=409, path="xte/section/assignment", times=None),
    "asked too often": Fault(FaultKind.STATUS, status=429, path="xte/score", times=None),
    "server error": Fault(FaultKind.STATUS, status=500, path="xte/score", times=None),
    "connection reset": Fault(FaultKind.RESET, path="xte/score", times=None),
    "sign-in page": Fault(FaultKind.HTML, times=None),
    "json breaks off": Fault(FaultKind.TRUNCATED, times=None),
    "half a body": Fault(FaultKind.HALF_BODY, times=None),
    "nothing in the answers": Fault(FaultKind.NO_ENVELOPE, times=None),
    "a token that never lasts": Fault(FaultKind.EXPIRED_TOKEN, times=None),
}


@contextmanager
def xte_gradebook(dataset: Dataset, folder: Path) -> Iterator[SinkScene]:
    """Yield the route for points by the PowerTeacher Pro API."""
    with RunningPowerSchool(dataset, plugin=our_plugin(GRADEBOOK), clock=FixedClock(AT)) as server:
        settings = PowerSchoolGradebookSettings.model_validate(reach_plugin(server, by="xte"))
        lost = Fault(FaultKind.LOST_ANSWER, path="xte/score", times=None)
        yield SinkScene(
            PowerSchoolGradebookSink(NORTH, settings, clock=FixedClock(AT)),
            GRADEBOOK,
            state=lambda: (
                server.tables.rows("assignmentsection"),
                server.tables.select("SELECT studentsdcid, scorepoints FROM assignmentscore ORDER BY 1"),
            ),
            writes=lambda: server.writes,
            enter=_teacher(server),
            drop_writes=lambda: setattr(server, "manner", replace(server.manner, drop_writes=True)),
            lose_answers=lambda: server.faults.add(lost),
            recover=server.faults.clear,
            breakages={name: _striking(server, fault) for name, fault in XTE_BREAKAGES.items()},
            secrets=(server.client_secret,),
        )


def _teacher(server: RunningPowerSchool) -> Callable[[OutboxItem], None]:
    def enter(item: OutboxItem) -> None:
        student = server.tables.ids["users", str(item.grade_id).rpartition("/")[0]]
        (score,) = server.tables.rows("assignmentscore", studentsdcid=student)
        server.tables.change("assignmentscore", score["assignmentscoreid"], scorepoints=55)

    return enter


@contextmanager
def points_gradebook(dataset: Dataset, folder: Path) -> Iterator[SinkScene]:
    """Yield the route for points by OneRoster."""
    with RunningPowerSchool(dataset, plugin=our_plugin(GRADEBOOK), clock=FixedClock(AT)) as server:
        settings = PowerSchoolGradebookSettings.model_validate(reach_plugin(server))
        book = server.rostering
        lost = Fault(FaultKind.LOST_ANSWER, path="oneroster/results/*", method="PUT", times=None)
        faults = {
            name: replace(fault, path=f"oneroster/{fault.path}" if fault.path else "")
            for name, fault in GRADEBOOK_BREAKAGES.items()
        }
        yield SinkScene(
            PowerSchoolGradebookSink(NORTH, settings, clock=FixedClock(AT)),
            GRADEBOOK,
            state=book.gradebook,
            writes=lambda: server.writes,
            enter=lambda item: book.dataset.change("results", item.result_id, AT, score=55),
            drop_writes=lambda: setattr(book, "dialect", replace(book.dialect, drop_writes=True)),
            lose_answers=lambda: server.faults.add(lost),
            recover=server.faults.clear,
            breakages={name: _striking(server, fault) for name, fault in faults.items()},
            secrets=(server.client_secret,),
        )
