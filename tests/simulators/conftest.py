"""Data sets loaded once, and a provider for each version over a small school of literals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from domain.clock import FixedClock
from domain.oneroster import Version
from simulators.data import GRAND_BEND, SMALL
from simulators.dataset import Dataset
from simulators.oneroster import Credentials, Dialect, RunningProvider

AT = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
Start = Callable[..., RunningProvider]


@pytest.fixture(scope="session")
def grand_bend() -> Dataset:
    return Dataset.from_json_zip(GRAND_BEND)


@pytest.fixture(scope="session")
def small() -> Dataset:
    return Dataset.from_csv_zip(SMALL)


def ref(kind: str, sourced_id: str) -> dict[str, str]:
    return {"sourcedId": sourced_id, "type": kind}


@pytest.fixture
def school() -> Dataset:
    """One district, one school, two classes, a teacher and three students."""
    data = Dataset()
    for collection, records in SCHOOL.items():
        for record in records:
            data.add(collection, record, AT)
    return data


def session(name: str, kind: str, **more: object) -> dict[str, object]:
    dates = {"startDate": "2025-08-15", "endDate": "2026-06-10"}
    return {"sourcedId": name, "title": name, "type": kind, "schoolYear": "2026", **dates, **more}


def class_(name: str) -> dict[str, object]:
    refs = {"course": ref("course", "co"), "school": ref("org", "s"), "terms": [ref("academicSession", "t")]}
    return {"sourcedId": name, "title": name, "classType": "scheduled", **refs}


def person(name: str, role: str) -> dict[str, object]:
    roles = [{"roleType": "primary", "role": role, "org": ref("org", "s")}]
    names = {"givenName": f"G{name}", "familyName": f"F{name}", "username": name}
    return {"sourcedId": name, "enabledUser": "true", **names, "roles": roles}


def seat(name: str, user: str, place: str, role: str = "student") -> dict[str, object]:
    refs = {"user": ref("user", user), "class": ref("class", place), "school": ref("org", "s")}
    return {"sourcedId": name, "role": role, **refs}


SCHOOL: dict[str, list[dict[str, object]]] = {
    "orgs": [
        {"sourcedId": "d", "name": "District", "type": "district"},
        {"sourcedId": "s", "name": "School", "type": "school", "parent": ref("org", "d")},
    ],
    "academicSessions": [
        session("y", "schoolYear"),
        session("t", "term", parent=ref("academicSession", "y")),
        session("g", "gradingPeriod", parent=ref("academicSession", "t")),
    ],
    "courses": [{"sourcedId": "co", "title": "Physics", "courseCode": "PH", "org": ref("org", "s")}],
    "classes": [class_("c1"), class_("c2")],
    "users": [person(name, "student") for name in ("u1", "u2", "u3")] + [person("teach", "teacher")],
    "enrollments": [
        seat("e1", "u1", "c1"),
        seat("e2", "u2", "c1"),
        seat("e3", "u3", "c2"),
        seat("e4", "teach", "c1", "teacher"),
    ],
    "categories": [{"sourcedId": "k", "title": "Final Grade"}],
}


@pytest.fixture
def start() -> Iterator[Start]:
    """Return a function that starts a provider; all are stopped when the test ends."""
    with ExitStack() as stack:

        def go(dataset: Dataset, version: Version, **options: object) -> RunningProvider:
            options = {"credentials": Credentials(bearer="static"), "clock": FixedClock(AT)} | options
            return stack.enter_context(RunningProvider(dataset, version, **options))  # type: ignore[arg-type]

        yield go


@pytest.fixture
def provider(school: Dataset, start: Start) -> RunningProvider:
    """A 1.2 provider by the book."""
    return start(school, Version.V1P2)


@pytest.fixture
def provider_1p1(school: Dataset, start: Start) -> RunningProvider:
    """A 1.1 provider by the book."""
    return start(school, Version.V1P1, dialect=Dialect())
