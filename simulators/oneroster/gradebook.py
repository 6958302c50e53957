"""Writes into the gradebook: PUT, POST and DELETE of line items, results, categories and score scales.

Source: OneRoster 1.1 section on gradebook; 1.2 gradebook REST binding. What is checked is what the
standard says of the object, that references lead somewhere, and that the student sits in the class.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from domain.ids import fresh_id
from domain.oneroster import COLLECTIONS, SCORE_STATUSES, Version
from simulators.dataset import Dataset
from simulators.fields import FIELDS, Field, Kind
from simulators.oneroster.lists import Path, require, require_parents
from simulators.oneroster.problems import ProblemError
from simulators.shapes import Record

WRITABLE = (
    "categories", "lineItems", "results", "scoreScales", "assessmentLineItems", "assessmentResults",
)  # fmt: skip
POSTS = {
    "classes/*/lineItems": "class",
    "schools/*/lineItems": "school",
    "lineItems/*/results": "lineItem",
    "classes/*/academicSessions/*/results": "",
}
"""1.2's four POST paths, and the reference that must agree with the id in the path."""

_STAMPS = ("status", "dateLastModified")


def check_writable(path: Path, method: str, version: Version) -> None:
    """Raise ProblemError for a method the path does not have: 404 for no such path, 405 otherwise."""
    if method == "POST" and version is Version.V1P2 and path.shape in POSTS:
        return
    if path.collection not in WRITABLE or path.collection not in FIELDS[version]:
        raise ProblemError(405, "unsupported", "nothing is written there")
    if method == "POST" or len(path.segments) != 2:
        raise ProblemError(405, "unsupported", "that method is not offered there")


class Writer:
    """Puts what clients send into a data set, or refuses it with 422."""

    def __init__(self, dataset: Dataset, version: Version, *, strict: bool) -> None:
        self._dataset, self._version, self._strict = dataset, version, strict

    def put(self, path: Path, body: Any, at: datetime, *, keep: bool, own_id: str = "") -> bool:
        """Create or replace one record; return whether it is new.

        keep=False checks everything and stores nothing. own_id replaces the id of a new record.
        """
        record = self._record(path.collection, body)
        if record.get("sourcedId") != path.ids[0]:
            raise _invalid("sourcedId differs from the path")
        self._check(path.collection, record)
        new = self._dataset.get(path.collection, path.ids[0]) is None
        if keep:
            stored = record | {"sourcedId": own_id} if new and own_id else record
            self._dataset.add(path.collection, stored, at)
        return new

    def post(self, path: Path, body: Any, at: datetime, *, keep: bool) -> list[Record]:
        """Create records under ids of our own; return the pairs of supplied and allocated ids."""
        records = body.get(path.collection) if isinstance(body, dict) else None
        if not isinstance(records, list):
            raise _invalid(f"the body has no {path.collection}")
        for record in records:
            self._check_posted(path, record)
        pairs = [(record, fresh_id()) for record in records]
        for record, allocated in pairs if keep else ():
            self._dataset.add(path.collection, record | {"sourcedId": allocated}, at)
        return [{"suppliedSourcedId": one["sourcedId"], "allocatedSourcedId": new} for one, new in pairs]

    def delete(self, path: Path, *, keep: bool) -> None:
        """Delete one record, a line item with its results; ProblemError 404 when it is not there."""
        require(self._dataset, path.collection, path.ids[0])
        if not keep:
            return
        if path.collection == "lineItems":
            for orphan in list(self._dataset.referring("results", "lineItem", path.ids[0])):
                self._dataset.drop("results", orphan["sourcedId"])
        self._dataset.drop(path.collection, path.ids[0])

    def _record(self, collection: str, body: Any) -> Record:
        record = body.get(COLLECTIONS[collection].single) if isinstance(body, dict) else None
        if not isinstance(record, dict):
            raise _invalid(f"the body has no {COLLECTIONS[collection].single}")
        return record

    def _check_posted(self, path: Path, record: Any) -> None:
        if not isinstance(record, dict) or not isinstance(record.get("sourcedId"), str):
            raise _invalid("a record has no sourcedId")
        require_parents(self._dataset, path)
        parent = POSTS[path.shape]
        if parent and _id_of(record.get(parent)) != path.ids[0]:
            raise _invalid(f"{parent} differs from the path")
        self._check(path.collection, record)

    def _check(self, collection: str, record: Record) -> None:
        for look in (self._shape_faults, self._reference_faults, self._sense_faults):
            if faults := [*look(collection, record)]:
                raise _invalid(", ".join(faults))

    def _shape_faults(self, collection: str, record: Record) -> Iterator[str]:
        known = FIELDS[self._version][collection]
        for name, value in record.items():
            if name not in known and self._strict and self._version is Version.V1P2:
                yield f"{name} is not known"
            elif name in known and not self._fits(known[name], value):
                yield f"{name} has the wrong shape"
        for name, field in known.items():
            lenient = not self._strict and name in _STAMPS
            if field.required and name not in record and not lenient:
                yield f"{name} is missing"

    def _fits(self, field: Field, value: Any) -> bool:
        if field.kind is Kind.REFERENCE:
            keys = {"href", "sourcedId", "type"} if self._strict else {"sourcedId"}
            return isinstance(value, dict) and keys <= set(value)
        if field.kind is Kind.NUMBER:
            return isinstance(value, int | float) and not isinstance(value, bool)
        if field.kind is Kind.BOOLEAN:
            return value in ("true", "false") or (isinstance(value, bool) and self._version is Version.V1P1)
        return isinstance(value, str) if field.kind is Kind.TEXT else isinstance(value, list | dict)

    def _reference_faults(self, collection: str, record: Record) -> Iterator[str]:
        for name, field in FIELDS[self._version][collection].items():
            if field.kind is not Kind.REFERENCE or name not in record:
                continue
            if self._dataset.get(field.target, record[name]["sourcedId"]) is None:
                yield f"{name} refers to nothing"

    def _sense_faults(self, collection: str, record: Record) -> Iterator[str]:
        if collection == "lineItems":
            yield from self._line_item_faults(record)
        if collection == "results":
            yield from self._result_faults(record)

    def _line_item_faults(self, record: Record) -> Iterator[str]:
        for name in {"gradingPeriod", "academicSession"} & set(record):
            session = self._dataset.get("academicSessions", record[name]["sourcedId"])
            if session is not None and session.get("type") == "schoolYear":
                yield "a line item belongs to no whole school year"
        if record.get("resultValueMin", 0) > record.get("resultValueMax", float("inf")):
            yield "resultValueMin is above resultValueMax"

    def _result_faults(self, record: Record) -> Iterator[str]:
        status = record["scoreStatus"]
        if status not in SCORE_STATUSES and not status.startswith("ext:"):
            yield "scoreStatus is not in the vocabulary"
        class_id = require(self._dataset, "lineItems", record["lineItem"]["sourcedId"])["class"]["sourcedId"]
        if "class" in record and record["class"]["sourcedId"] != class_id:
            yield "class is not the line item's"
        if not self._sits_in(class_id, record["student"]["sourcedId"]):
            yield "student is not enrolled in the line item's class"

    def _sits_in(self, class_id: str, student: str) -> bool:
        seats = self._dataset.referring("enrollments", "user", student)
        live = [item for item in seats if item["status"] == "active" and item["role"] == "student"]
        return any(item["class"]["sourcedId"] == class_id for item in live)


def _id_of(value: Any) -> str:
    return str(value.get("sourcedId", "")) if isinstance(value, dict) else ""


def _invalid(description: str) -> ProblemError:
    return ProblemError(422, "invaliddata", description)
