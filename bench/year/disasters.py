"""The disasters that are planted: what a SIS serves while one lasts. The truth behind it goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bench.year.town import SCHOOLS, Town
from simulators.dataset import Dataset
from simulators.shapes import Record

Damage = Callable[[Town, Dataset], Dataset]
"""Makes what is served out of what should be."""


@dataclass(frozen=True)
class Disaster:
    """One kind of bad night. feeds: which kinds of feed can meet it. repeats: rows come twice in the file."""

    name: str
    damage: Damage
    feeds: tuple[str, ...] = ("rest", "csv", "sftp")
    stale: bool = False
    repeats: bool = False


def disasters(other: Callable[[], Dataset]) -> list[Disaster]:
    """Return every kind. other: the roster of some other district, which its credential would open."""
    return [
        Disaster("empty file", lambda town, served: _only(served, users=lambda _: False)),
        Disaster("half file", _half),
        Disaster("yesterday's file", lambda town, served: served, ("sftp",), stale=True),
        Disaster("one school missing", lambda town, served: _schools(town, served, range(SCHOOLS - 1))),
        Disaster("scope narrowed", lambda town, served: _schools(town, served, range(1))),
        Disaster("a code misspelt", _misspelt),
        Disaster("all ids re-keyed", _rekeyed),
        Disaster("year switched early", _next_year),
        Disaster("duplicates", lambda town, served: served, ("csv", "sftp"), repeats=True),
        Disaster("merged duplicates", _merged),
        Disaster("another's credential", lambda town, served: other()),
    ]


def _only(served: Dataset, **keep: Callable[[Record], bool]) -> Dataset:
    """Return the records that are kept, by collection; collections not named stay whole."""
    kept = served.copy()
    for collection, wanted in keep.items():
        for record in served.records(collection):
            if not wanted(record):
                kept.drop(collection, record["sourcedId"])
    return kept


def _half(town: Town, served: Dataset) -> Dataset:
    """The export broke off: the second half of users and enrollments never came."""
    users = {record["sourcedId"] for record in _first_half(served, "users")}
    enrollments = {record["sourcedId"] for record in _first_half(served, "enrollments")}
    return _only(
        served,
        users=lambda one: one["sourcedId"] in users,
        enrollments=lambda one: one["sourcedId"] in enrollments,
    )


def _first_half(served: Dataset, collection: str) -> list[Record]:
    records = served.records(collection)
    return records[: len(records) // 2]


def _schools(town: Town, served: Dataset, shared: range) -> Dataset:
    """Only some schools are shared: the rest of their people, classes and enrollments is not there."""
    kept = {f"{town.code}-s{school}" for school in shared}
    return _only(
        served,
        orgs=lambda one: one["type"] != "school" or one["sourcedId"] in kept,
        classes=lambda one: one["school"]["sourcedId"] in kept,
        users=lambda one: one["roles"][0]["org"]["sourcedId"] in kept,
        enrollments=lambda one: one["school"]["sourcedId"] in kept,
    )


def _misspelt(town: Town, served: Dataset) -> Dataset:
    return _changed(served, "enrollments", lambda one: {"role": "studnet"})


def _rekeyed(town: Town, served: Dataset) -> Dataset:
    """Every user and enrollment comes under a new sourcedId; the people are the same."""
    whole = Dataset(
        {name: rows for name, rows in served.collections.items() if name not in ("users", "enrollments")}
    )
    for user in served.records("users"):
        whole.add("users", {**user, "sourcedId": f"new-{user['sourcedId']}"}, _AT)
    for one in served.records("enrollments"):
        user = {**one["user"], "sourcedId": f"new-{one['user']['sourcedId']}"}
        whole.add("enrollments", {**one, "sourcedId": f"new-{one['sourcedId']}", "user": user}, _AT)
    return whole


def _next_year(town: Town, served: Dataset) -> Dataset:
    """The active year was switched: sessions of next year, everybody in new classes that have not begun."""
    year = {"schoolYear": "2027", "startDate": "2026-08-17", "endDate": "2027-06-10"}
    whole = _changed(served, "academicSessions", lambda one: year)
    for name in ("classes", "enrollments"):
        for one in served.records(name):
            whole.drop(name, one["sourcedId"])
            moved = {**one, "sourcedId": f"{one['sourcedId']}-2027"}
            if name == "enrollments":
                moved["class"] = {**one["class"], "sourcedId": f"{one['class']['sourcedId']}-2027"}
            whole.add(name, moved, _AT)
    return whole


def _merged(town: Town, served: Dataset) -> Dataset:
    """Somebody merged records that are not one person's: ten students carry the number of another."""
    numbers = [user["identifier"] for user in served.records("users")[:20]]
    pairs = dict(zip((user["sourcedId"] for user in served.records("users")[:10]), numbers[10:], strict=True))
    return _changed(
        served,
        "users",
        lambda one: {"identifier": pairs[one["sourcedId"]]} if one["sourcedId"] in pairs else {},
    )


def _changed(served: Dataset, collection: str, change: Callable[[Record], dict[str, Any]]) -> Dataset:
    changed = served.copy()
    for record in served.records(collection):
        fields = change(record)
        if fields:
            changed.change(collection, record["sourcedId"], _AT, **fields)
    return changed


_AT = datetime(2025, 8, 2, tzinfo=UTC)
