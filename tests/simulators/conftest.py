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
    data.add("orgs", {"sourcedId": "d", "name": "District", "type": "district"}, AT)
    data.add("orgs", {"sourcedId": "s", "name": "School", "type": "school", "parent": ref("org", "d")}, AT)
    for name, kind, parent in (("y", "schoolYear", ""), ("t", "term", "y"), ("g", "gradingPeriod", "t")):
        session = {"sourcedId": name, "title": name, "type": kind, "schoolYear": "2026"}
        dates = {"startDate": "2025-08-15", "endDate": "2026-06-10"}
        data.add("academicSessions", session | dates | ({"parent": ref("academicSession", parent)} if parent else {}), AT)
    data.add("courses", {"sourcedId": "co", "title": "Physics", "courseCode": "PH", "org": ref("org", "s")}, AT)
    for name in ("c1", "c2"):
        record = {"sourcedId": name, "title": name, "classType": "scheduled", "course": ref("course", "co")}
        data.add("classes", record | {"school": ref("org", "s"), "terms": [ref("academicSession", "t")]}, AT)
    for name in ("u1", "u2", "u3", "teach"):
        role = {"roleType": "primary", "role": "teacher" if name == "teach" else "student", "org": ref("org", "s")}
        person = {"sourcedId": name, "givenName": f"G{name}", "familyName": f"F{name}", "enabledUser": "true"}
        data.add("users", person | {"username": name, "roles": [role]}, AT)
    for name, user, place in (("e1", "u1", "c1"), ("e2", "u2", "c1"), ("e3", "u3", "c2"), ("e4", "teach", "c1")):
        seat = {"sourcedId": name, "user": ref("user", user), "class": ref("class", place), "school": ref("org", "s")}
        data.add("enrollments", seat | {"role": "teacher" if user == "teach" else "student"}, AT)
    data.add("categories", {"sourcedId": "k", "title": "Final Grade"}, AT)
    return data


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
