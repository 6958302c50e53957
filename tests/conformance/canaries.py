"""A data set whose personal values can be recognized wherever they should not be."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from domain.oneroster import Version
from simulators.dataset import Dataset

AT = datetime(2026, 1, 20, 8, 17, tzinfo=UTC)
GIVEN, FAMILY, NUMBER, PHONE = "Zanzibara", "Quillfeather", "777000999", "555-0188"
EMAIL, LOGIN = "zq@canary.example", "zquillf"
PERSONAL = (GIVEN, FAMILY, NUMBER, PHONE, EMAIL, LOGIN)
"""No log, message, notice or repr may hold any of these."""

STUDENTS = ("u1", "u-2", "u.3", "a/b", "x@y", "u 6", "u7", "U7", "u8")
"""Ids as they are met: with slashes, at signs, blanks inside, and two that differ only in case."""

Rows = dict[str, list[tuple[str, ...]]]
"""Rows by source table, each as what makes it one row: its id; of roles, whose, which and where."""

ROLE_KEY = ("userSourcedId", "role", "orgSourcedId")
SERVERS_OWN = ("asyncssh", "aiohttp.access", "aiohttp.server")
MEASURED = {"created", "msecs", "relativeCreated", "thread", "process"}
"""What a log record holds of clock and process: numbers that hold any few digits by chance."""


def ref(sourced_id: str, kind: str) -> dict[str, str]:
    """Return a reference as OneRoster writes it."""
    return {"sourcedId": sourced_id, "type": kind}


def roster() -> Dataset:
    """Return a school with a class of nine students and their teacher; one enrollment is tobedeleted."""
    dataset = Dataset()
    records: list[tuple[str, dict[str, Any]]] = [
        ("orgs", {"sourcedId": "d", "name": "District", "type": "district"}),
        ("orgs", {"sourcedId": "s", "name": "School", "type": "school", "parent": ref("d", "org")}),
        ("academicSessions", _session("year", "schoolYear")),
        ("academicSessions", _session("t1", "term")),
        ("courses", {"sourcedId": "c", "title": "Physics", "courseCode": "PH", "org": ref("s", "org")}),
        ("classes", _section()),
        ("categories", {"sourcedId": "final", "title": "Final Grade"}),
        *(pair for index, student in enumerate(STUDENTS) for pair in _person(student, index, "student")),
        *_person("t-1", 10, "teacher"),
    ]
    for collection, record in records:
        dataset.add(collection, record, AT)
    dataset.withdraw("enrollments", "e:u8", AT)
    return dataset


def _session(sourced_id: str, kind: str) -> dict[str, Any]:
    days = {"startDate": "2025-08-15", "endDate": "2026-06-10", "schoolYear": "2026"}
    return {"sourcedId": sourced_id, "title": "Year,\nwhole", "type": kind, **days}


def _section() -> dict[str, Any]:
    place = {"course": ref("c", "course"), "school": ref("s", "org"), "terms": [ref("t1", "academicSession")]}
    return {"sourcedId": "k", "title": 'Physics "one"', "classType": "scheduled", **place}


def _person(sourced_id: str, index: int, role: str) -> Iterator[tuple[str, dict[str, Any]]]:
    names = {"givenName": GIVEN, "familyName": FAMILY, "email": EMAIL, "phone": PHONE}
    known = {"username": f"{LOGIN}{index}", "identifier": f"{NUMBER}{index:02d}", "enabledUser": "true"}
    roles = [{"roleType": "primary", "role": role, "org": ref("s", "org")}]
    yield "users", {"sourcedId": sourced_id, "roles": roles, **names, **known}
    seat = {"user": ref(sourced_id, "user"), "class": ref("k", "class"), "school": ref("s", "org")}
    days = {"beginDate": "2025-08-15", "endDate": "2026-06-10"}
    yield "enrollments", {"sourcedId": f"e:{sourced_id}", "role": role, **seat, **days}


def truth(dataset: Dataset, version: Version) -> Rows:
    """Return what a whole roster of a data set is, in a version's tables."""
    tables = ("orgs", "academicSessions", "courses", "classes", "users", "enrollments")
    rows: Rows = {name: sorted((one["sourcedId"],) for one in dataset.records(name)) for name in tables}
    if version is Version.V1P2:
        roles = [(user["sourcedId"], one) for user in dataset.records("users") for one in user["roles"]]
        rows["roles"] = sorted((user, one["role"], one["org"]["sourcedId"]) for user, one in roles)
    return rows


def key_of(
    source_table: str, row: dict[str, str | None], key: str | Mapping[str, str] = "sourcedId"
) -> tuple[str, ...]:
    """Return what makes a pulled row one row, as `truth` has it. key: the column with its id, by table."""
    own = key if isinstance(key, str) else key[source_table]
    names = ROLE_KEY if source_table == "roles" else (own,)
    return tuple(row[name] or "" for name in names)


class Eavesdropper(logging.Handler):
    """Keeps everything anyone logs, at any level, with the traceback it carries."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith(SERVERS_OWN):
            return
        trace = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else ""
        held = {name: value for name, value in record.__dict__.items() if name not in MEASURED}
        self.heard.append(f"{record.getMessage()} {held!r} {trace}")


@contextmanager
def listening() -> Iterator[Eavesdropper]:
    """Hear every logger at DEBUG, those that are kept quiet included."""
    ear = Eavesdropper()
    known = [log for log in logging.root.manager.loggerDict.values() if isinstance(log, logging.Logger)]
    loggers = [logging.root, *known]
    before = [(log, log.level, log.disabled) for log in loggers]
    deaf = [log for log in known if not log.propagate]
    for log in loggers:
        log.setLevel(logging.DEBUG)
        log.disabled = False
    for log in [logging.root, *deaf]:
        log.addHandler(ear)
    try:
        yield ear
    finally:
        for log in [logging.root, *deaf]:
            log.removeHandler(ear)
        for log, level, disabled in before:
            log.setLevel(level)
            log.disabled = disabled
