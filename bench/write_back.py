"""`python -m bench.write_back`: released grades into a gradebook with latency, each read back.

The limit is calls / in flight x latency. The first delivery makes every column; the second corrects every
grade in the columns that stand.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

from bench.gradebook_provider import running
from connectors.http import HttpClient, HttpOptions, Request
from domain.grading import (
    GradeKind,
    GradePayload,
    GradeRecord,
    GradeValue,
    LineItemSpec,
    OutboxState,
)
from domain.ids import DistrictCode, GradeId, LineItemId, OfferingId, PersonId, SourcedId, item_id
from sisbridge.house import House
from sisbridge.settings import Settings
from sisbridge.store import grades as grade_store
from sisbridge.store import outbox
from sisbridge.store.grades import GradeState
from sisbridge.store.tables import grades as tables
from sisbridge.sync.grades.posting import item_of
from sisbridge.sync.grades.writeback import deliver
from sisbridge.sync.region import keep_secret, load_entries

DISTRICT, ROUTE, IN_FLIGHT = DistrictCode("9101"), "oneroster_gradebook", 4
AT, DAY = datetime(2026, 1, 20, 8, 17, tzinfo=UTC), date(2026, 1, 20)
GOAL_TIME, GOAL_CALLS = 1.5, 1.1


@dataclass(frozen=True)
class Cost:
    """One delivery: grades proven, calls the gradebook saw, seconds, our CPU seconds."""

    name: str
    results: int
    calls: int
    seconds: float
    cpu: float


def measure(results: int, class_size: int, latency: float) -> list[Cost]:
    """Deliver that many first grades, then a correction of each, and return what each delivery cost."""
    with tempfile.TemporaryDirectory(prefix="sisbridge-bench-") as folder, running(latency) as url:
        house = _house(Path(folder), url)
        costs = []
        for revision, name in ((1, "first grades"), (2, "corrections")):
            _queue(house, results, class_size, revision)
            costs.append(_deliver(house, url, name, results))
        house.close()
    return costs


def _deliver(house: House, url: str, name: str, results: int) -> Cost:
    before, started, cpu = _calls(url), time.perf_counter(), time.process_time()
    counts = deliver(house, DISTRICT)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    assert counts.confirmed == results, counts
    return Cost(name, results, _calls(url) - before - 1, seconds, cpu)


def _calls(url: str) -> int:
    with HttpClient(options=HttpOptions(allow_plain=True)) as client:
        counted = client.send(Request("GET", f"{url}/calls")).json
    assert isinstance(counted, dict)
    return sum(counted.values())


def _house(folder: Path, url: str) -> House:
    """Open a house whose one district has a gradebook and an open window."""
    house = House.open(
        Settings(home=folder, database_url=f"sqlite:///{folder / 'store.db'}", demo=True, actor="bench")
    )
    offering = {
        "id": "PHYS", "title": "Physics", "course_code": "P", "term": "S1", "school_year": "2026",
        "host_district": DISTRICT, "begin_date": DAY, "end_date": DAY, "posting_opens_on": DAY,
        "posting_closes_on": date(2026, 2, 1),
    }  # fmt: skip
    term = {"term": "S1", "reporting_period": "Final", "kind": "final", "session_sourced_id": "t1"}
    district = {
        "code": DISTRICT, "name": "Bench", "state": "IN", "school_year": "2026", "mou_approved_on": DAY,
        "settings": {"fixed_now": AT.isoformat(), "scale": {"bands": {"A": 0}}}, "term": [term],
        "grades": {
            "kind": ROUTE,
            "settings": {"base_url": url, "auth": "bearer", "in_flight": IN_FLIGHT},
            "secrets": {"bearer_token": "token"},
        },
    }  # fmt: skip
    load_entries(house, {"district": [district], "offering": [offering]}, "bench")
    keep_secret(house, DISTRICT, "token", "bench", "bench")
    return house


def _queue(house: House, results: int, class_size: int, revision: int) -> None:
    """Put released grades into the outbox, as a release leaves them."""
    with house.store.begin("bench") as conn:
        if revision == 1:
            people = [
                {"district_code": DISTRICT, "person_id": f"p{number}", "created_on": DAY}
                for number in range(results)
            ]
            conn.execute(sa.insert(tables.person), people)
        for record, payload in _grades(results, class_size, revision):
            grade_store.save(conn, house.keyring, record, GradeState.RELEASED, AT)
            item = item_of(house, ROUTE, record, payload, OutboxState.QUEUED)
            outbox.queue(conn, house.keyring, item, payload, AT)


def _grades(results: int, class_size: int, revision: int) -> Iterator[tuple[GradeRecord, GradePayload]]:
    for number in range(results):
        value = GradeValue(Decimal(60 + number % 40) + Decimal(revision) / 10, "A")
        record = GradeRecord(
            GradeId(f"g{number}"), DISTRICT, PersonId(f"p{number}"), SourcedId(f"s{number}"),
            OfferingId("PHYS"), "S1", "Final", GradeKind.FINAL, value, "1", "", revision, "teacher",
        )  # fmt: skip
        yield record, _payload(record, f"c{number // class_size}")


def _payload(record: GradeRecord, class_id: str) -> GradePayload:
    column = LineItemSpec(
        LineItemId(f"li-{class_id}"), "Physics Final", SourcedId(class_id), SourcedId("s"),
        SourcedId("t1"), DAY, DAY,
    )  # fmt: skip
    made = GradePayload(
        DISTRICT, item_id(ROUTE, record.grade_id, record.revision), column, record.student, "", record.value,
        "", record.kind, "Final", "P", "Physics", "School", DAY,
    )  # fmt: skip
    return replace(made, school_year="2026")


def show(costs: list[Cost], latency: float, console: Console) -> None:
    """Print seconds and calls of each delivery beside the limit and the goals."""
    table = Table("delivery", "results", "calls", "calls ÷ results", "limit s", "seconds", "x limit", "CPU s")
    for cost in costs:
        limit = cost.calls / IN_FLIGHT * latency
        table.add_row(
            cost.name,
            f"{cost.results:,}",
            f"{cost.calls:,}",
            f"{cost.calls / cost.results:.3f} (goal {GOAL_CALLS})",
            f"{limit:.1f}",
            f"{cost.seconds:.1f}",
            f"{cost.seconds / limit:.2f} (goal {GOAL_TIME})",
            f"{cost.cpu:.1f}",
        )
    console.print(table)


def main() -> None:
    """Measure what the arguments ask for and print it."""
    parser = argparse.ArgumentParser(prog="python -m bench.write_back", description=__doc__)
    add = parser.add_argument
    add("--results", type=int, default=20_000)
    add("--class-size", type=int, default=20)
    add("--latency", type=float, default=0.02, help="seconds a call takes at least")
    asked, console = parser.parse_args(), Console(width=130)
    costs = measure(asked.results, asked.class_size, asked.latency)
    load = os.getloadavg()[0]
    console.print(f"{asked.class_size} a class, {asked.latency * 1000:.0f} ms a call, {IN_FLIGHT} in flight; "
                  f"machine load {load:.1f}")  # fmt: skip
    show(costs, asked.latency, console)


if __name__ == "__main__":
    main()
