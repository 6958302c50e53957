"""A simulated SIS that gave its records other sourcedIds."""

from __future__ import annotations

from typing import Any

from simulators.dataset import Dataset

COLLECTIONS = {
    "user": "users", "class": "classes", "course": "courses", "org": "orgs",
    "academicSession": "academicSessions",
}  # fmt: skip

EVERYTHING = (*COLLECTIONS.values(), "enrollments")
"""All that a roster holds."""


def rekeyed(dataset: Dataset, *collections: str) -> Dataset:
    """Return a copy of a roster in which these collections have other sourcedIds, and what leads there."""
    copy = dataset.copy()
    for collection, records in copy.collections.items():
        copy.collections[collection] = {
            _new(record["sourcedId"], collection, collections): _moved(record, collection, collections)
            for record in records.values()
        }
    copy.revision += 1
    return copy


def _new(sourced_id: str, collection: str, chosen: tuple[str, ...]) -> str:
    return f"n-{sourced_id}" if collection in chosen else sourced_id


def _moved(record: dict[str, Any], collection: str, chosen: tuple[str, ...]) -> dict[str, Any]:
    moved = {name: _reference(value, chosen) for name, value in record.items()}
    return moved | {"sourcedId": _new(record["sourcedId"], collection, chosen)}


def _reference(value: Any, chosen: tuple[str, ...]) -> Any:
    if isinstance(value, list):
        return [_reference(one, chosen) for one in value]
    if not isinstance(value, dict):
        return value
    if "sourcedId" in value and value.get("type") in COLLECTIONS:
        return value | {"sourcedId": _new(value["sourcedId"], COLLECTIONS[value["type"]], chosen)}
    return {name: _reference(one, chosen) for name, one in value.items()}
