"""`python -m bench.stored_grades`: a district's final grades into PowerSchool's StoredGrades, in one pass.

Counts what PowerSchool is asked: to look up students, sections and what stands takes questions by the course,
never by the student. Three passes: first grades, a correction of each, and the same again, which writes none.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table

from connectors.powerschool.grade_settings import StoredGradeSettings
from connectors.powerschool.plugin import PluginChoice, plugin_zip
from connectors.powerschool.stored_grades import ROUTE, PowerSchoolStoredGradesSink
from domain.grading import GradeKind, GradePayload, GradeValue, LineItemSpec, OutboxItem, OutboxState, Outcome
from domain.ids import DistrictCode, GradeId, ItemId, LineItemId, SourcedId, item_id, result_id
from mappings.readback import BeforeDecision, before_writing
from simulators.dataset import Dataset
from simulators.powerschool import Manner, Plugin, RunningPowerSchool

DISTRICT, AT, DAY = DistrictCode("9201"), datetime(2026, 1, 20, 8, 17, tzinfo=UTC), date(2026, 1, 20)
CLASSES_OF_A_COURSE = 5
COLUMN = LineItemSpec(
    LineItemId("li"), "Final", SourcedId("k"), SourcedId("s"), SourcedId("t1"), DAY, DAY
)  # fmt: skip

Work = tuple[list[OutboxItem], dict[ItemId, GradePayload]]


@dataclass(frozen=True)
class Pass:
    """One pass: grades confirmed, what PowerSchool was asked, seconds."""

    name: str
    confirmed: int
    lookups: int
    writes: int
    seconds: float


def district(seats: int, class_size: int) -> Dataset:
    """Return a district of one school whose students sit in one shared course each."""
    data = Dataset()
    days = {"startDate": "2025-08-15", "endDate": "2026-06-10", "schoolYear": "2026"}
    _add(data, "orgs", "s", name="School", type="school")
    _add(data, "academicSessions", "y", title="Year", type="schoolYear", **days)
    _add(data, "academicSessions", "t1", title="S1", type="term", **days)
    for number in range(-(-seats // class_size)):
        course = f"C{number // CLASSES_OF_A_COURSE}"
        _add(data, "courses", course, title=course, courseCode=course, org=_ref("s", "org"))
        terms = [_ref("t1", "academicSession")]
        section = {"course": _ref(course, "course"), "school": _ref("s", "org"), "terms": terms}
        _add(data, "classes", f"k{number}", title=course, classType="scheduled", **section)
    role = {"roleType": "primary", "role": "student", "org": _ref("s", "org")}
    for number in range(seats):
        names = {"givenName": "G", "familyName": "F", "username": f"u{number}", "enabledUser": "true"}
        _add(
            data, "users", f"u{number}", identifier=str(10_000 + number), roles=[role], grades=["10"], **names
        )
        seat = {"user": _ref(f"u{number}", "user"), "class": _ref(f"k{number // class_size}", "class")}
        _add(data, "enrollments", f"e{number}", role="student", school=_ref("s", "org"), **seat)
    return data


def _add(data: Dataset, collection: str, sourced_id: str, **values: Any) -> None:
    data.add(collection, {"sourcedId": sourced_id, **values}, AT)


def _ref(sourced_id: str, kind: str) -> dict[str, str]:
    return {"sourcedId": sourced_id, "type": kind}


def _serve(seats: int, class_size: int, latency: float, pipe: Any) -> None:
    plugin = Plugin.from_zip(plugin_zip(PluginChoice(route=ROUTE)))
    manner = Manner(page_size=1000, latency_ms=round(latency * 1000))
    with RunningPowerSchool(district(seats, class_size), plugin=plugin, manner=manner) as server:
        pipe.send((server.base_url, server.client_id, server.client_secret))
        while pipe.recv():
            pipe.send(dict(server.requests))
            server.forget_requests()


@contextmanager
def running(seats: int, class_size: int, latency: float) -> Iterator[tuple[dict[str, Any], Any]]:
    """Yield what reaches a PowerSchool in a process of its own, and the pipe that asks for its counts."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_serve, args=(seats, class_size, latency, theirs), daemon=True)
    process.start()
    base_url, client_id, client_secret = ours.recv()
    try:
        yield {"base_url": base_url, "client_id": client_id, "client_secret": client_secret}, ours
    finally:
        ours.send(False)
        process.join(10)


def work(seats: int, class_size: int, revision: int) -> Work:
    """Return every student's grade of one revision."""
    items, payloads = [], {}
    for number in range(seats):
        grade = GradeId(f"g{number}")
        one, value = item_id(ROUTE, grade, revision), Decimal(60 + number % 40) + Decimal(revision) / 10
        course = f"C{number // class_size // CLASSES_OF_A_COURSE}"
        payloads[one] = GradePayload(
            DISTRICT, one, COLUMN, SourcedId(f"u{number}"), str(10_000 + number), GradeValue(value, "B"), "",
            GradeKind.FINAL, "Final", course, course, "School", DAY, {"store_code": "S1", "term_id": "3501"},
            school_year="2026",
        )  # fmt: skip
        items.append(OutboxItem(
            one, DISTRICT, ROUTE, grade, revision, COLUMN.line_item_id, result_id(ROUTE, grade), "",
            OutboxState.QUEUED,
        ))  # fmt: skip
    return items, payloads


def deliver(name: str, settings: dict[str, Any], pipe: Any, made: Work, last: Work | None) -> Pass:
    """Deliver as the house does: look, write what may be written, look again."""
    items, payloads = made
    sink = PowerSchoolStoredGradesSink(DISTRICT, StoredGradeSettings.model_validate(settings))
    started = time.perf_counter()
    held = sink.current(list(payloads.values()))
    before = {item.grade_id: last[1][item.item_id].value for item in last[0]} if last else {}
    wanted = {number: sink.canonical(payload.value) for number, payload in payloads.items()}

    def goes(item: OutboxItem) -> bool:
        known = before.get(item.grade_id)
        return before_writing(held[item.item_id], wanted[item.item_id], known) is BeforeDecision.SEND

    chosen = [item for item in items if goes(item)]
    if chosen:
        sink.prepare([payloads[item.item_id] for item in chosen])
        outcomes = Counter(receipt.outcome for receipt in sink.deliver(chosen, payloads))
        assert outcomes == {Outcome.DELIVERED: len(chosen)}, outcomes
        held = sink.current(list(payloads.values()))
    seconds = time.perf_counter() - started
    right = [
        one for one, grade in held.items() if grade and grade.value == sink.canonical(payloads[one].value)
    ]
    pipe.send(True)
    asked = pipe.recv()
    writes = sum(count for what, count in asked.items() if "storedgrades" in what)
    return Pass(name, len(right), asked.get("POST schema/query", 0), writes, seconds)


def measure(seats: int, class_size: int, latency: float) -> list[Pass]:
    """Return what each pass cost."""
    first, second = (work(seats, class_size, revision) for revision in (1, 2))
    with running(seats, class_size, latency) as (settings, pipe):
        return [
            deliver("first grades", settings, pipe, first, None),
            deliver("corrections", settings, pipe, second, first),
            deliver("the same again", settings, pipe, second, second),
        ]


def main() -> None:
    """Measure what the arguments ask for and print it."""
    parser = argparse.ArgumentParser(prog="python -m bench.stored_grades", description=__doc__)
    parser.add_argument("--seats", type=int, default=2_000)
    parser.add_argument("--class-size", type=int, default=20)
    parser.add_argument("--latency", type=float, default=0.02, help="seconds a call takes at least")
    asked, console = parser.parse_args(), Console(width=120)
    passes = measure(asked.seats, asked.class_size, asked.latency)
    classes = -(-asked.seats // asked.class_size)
    console.print(f"{asked.seats:,} seats in {classes} classes, {asked.latency * 1000:.0f} ms a call; "
                  f"machine load {os.getloadavg()[0]:.1f}")  # fmt: skip
    table = Table("pass", "confirmed", "questions", "questions ÷ classes", "writes", "seconds")
    for one in passes:
        row = (f"{one.confirmed:,}", str(one.lookups), f"{one.lookups / classes:.2f}", f"{one.writes:,}")
        table.add_row(one.name, *row, f"{one.seconds:.1f}")
    console.print(table)


if __name__ == "__main__":
    main()
