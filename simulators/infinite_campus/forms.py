"""A district's data in the forms Campus gives them: ids of both versions, published grading tasks, one year.

Source: Infinite Campus knowledge base, OneRoster 1.1 and 1.2 data models, what's new in 1.2; public clients
for the metadata of line items.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from simulators.dataset import Dataset
from simulators.shapes import Record, reference

LEGACY = "ic.legacySourcedId"
WINDOW_OPEN = "ext_infiniteCampus_isGradingWindowOpen"
ONE_TIME = "ext_infiniteCampus_isOneTime"
STANDARD = "ext_infiniteCampus_isStandard"

_LETTERS = {"student": "s", "teacher": "t", "aide": "t", "guardian": "g", "parent": "g", "relative": "g"}


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """A grading task or a standard as Campus publishes it for every class and term."""

    title: str
    is_open: bool = True
    is_standard: bool = False
    is_one_time: bool = False


def old_id(role: str, sourced_id: str) -> str:
    """Return the 1.1 id of one role of a user: a letter for the role before the 1.2 id."""
    return _LETTERS.get(role, "a") + sourced_id


def with_legacy_ids(dataset: Dataset, at: datetime) -> None:
    """Put each user's 1.1 id into the metadata, where 1.2 keeps it."""
    for user in dataset.records("users"):
        first = next(iter(user.get("roles", [])), {"role": "student"})
        metadata = {**user.get("metadata", {}), LEGACY: old_id(first["role"], user["sourcedId"])}
        dataset.change("users", user["sourcedId"], at, metadata=metadata)


def in_1p1_ids(dataset: Dataset, at: datetime) -> None:
    """Turn every user into one user for each role, its id led by the role's letter, as 1.1 has them."""
    for user in dataset.records("users"):
        dataset.drop("users", user["sourcedId"])
        kept = {name: value for name, value in user.items() if name != "metadata"}
        for role in dict.fromkeys(one["role"] for one in user.get("roles", [])):
            roles = [one for one in user["roles"] if one["role"] == role]
            dataset.add("users", {**kept, "sourcedId": old_id(role, user["sourcedId"]), "roles": roles}, at)
    for seat in dataset.records("enrollments"):
        there = reference("users", old_id(seat["role"], seat["user"]["sourcedId"]))
        dataset.change("enrollments", seat["sourcedId"], at, user=there)


def publish_tasks(dataset: Dataset, tasks: Iterable[TaskSpec], at: datetime) -> None:
    """Add the line item of every task in every class and term of it, as Campus publishes them."""
    specs = list(tasks)
    for section in dataset.records("classes"):
        for term in section.get("terms", []):
            for spec in specs:
                dataset.add("lineItems", _line_item(dataset, section, term["sourcedId"], spec), at)


def task_id(section: str, term: str, title: str, *, is_standard: bool = False) -> str:
    """Return the id under which a task is published here."""
    return f"ic-{'std' if is_standard else 'task'}-{section}-{term}-{title.casefold().replace(' ', '-')}"


def _line_item(dataset: Dataset, section: Record, term: str, spec: TaskSpec) -> Record:
    session = dataset.get("academicSessions", term) or {}
    return {
        "sourcedId": task_id(section["sourcedId"], term, spec.title, is_standard=spec.is_standard),
        "title": spec.title,
        "assignDate": f"{session.get('startDate', '2025-08-15')}T00:00:00.000Z",
        "dueDate": f"{session.get('endDate', '2026-06-10')}T00:00:00.000Z",
        "class": reference("classes", section["sourcedId"]),
        "gradingPeriod": reference("academicSessions", term),
        "resultValueMin": 0.0,
        "resultValueMax": 100.0,
        "metadata": {
            WINDOW_OPEN: str(spec.is_open).lower(),
            ONE_TIME: str(spec.is_one_time).lower(),
            STANDARD: str(spec.is_standard).lower(),
        },
    }


def is_task(line_item: Record | None) -> bool:
    """Return whether a line item is one that Campus published, not an assignment somebody made."""
    return line_item is not None and WINDOW_OPEN in line_item.get("metadata", {})


def is_open(line_item: Record) -> bool:
    """Return whether grades may be put into a published line item now."""
    return str(line_item.get("metadata", {}).get(WINDOW_OPEN, "true")).lower() == "true"


def as_served(dataset: Dataset, year: str, hidden: frozenset[str], *, hide_seats: bool) -> Dataset:
    """Return what rostering shows of the data: one school year, and nobody without an account."""
    if not (year or hidden):
        return dataset
    shown = dataset.copy()
    for user in hidden & shown.collections["users"].keys():
        shown.drop("users", user)
        for seat in list(shown.referring("enrollments", "user", user)) if hide_seats else ():
            shown.drop("enrollments", seat["sourcedId"])
    if year:
        _only_year(shown, year)
    return shown


def _only_year(shown: Dataset, year: str) -> None:
    for session in shown.records("academicSessions"):
        if session.get("schoolYear") != year:
            shown.drop("academicSessions", session["sourcedId"])
    for section in shown.records("classes"):
        if any(shown.get("academicSessions", term["sourcedId"]) for term in section.get("terms", [])):
            continue
        shown.drop("classes", section["sourcedId"])
        for seat in list(shown.referring("enrollments", "class", section["sourcedId"])):
            shown.drop("enrollments", seat["sourcedId"])
