"""Looking at the lists below a record: each is asked for once, by way of a record that belongs to it.

A student's seat leads to `/classes/{id}/students`, which has to hold that student; so every list has a
witness, the first record of its kind that was read. A list is judged by its first page.
Source: OneRoster 1.1 and 1.2 REST bindings, tables of endpoints.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from connectors.http import Answer
from connectors.oneroster.conformance import Deviations
from connectors.oneroster.envelope import sourced_id_of
from connectors.oneroster.inspect_json import unwrapped
from domain.errors import SisbridgeError
from domain.oneroster import COLLECTIONS, SUBSET_COLLECTIONS, Service, Version
from domain.oneroster_lists import NESTED_LISTS

Json = Mapping[str, object]
Recall = Callable[[str, str], str | None]
_OWN = "sourcedId"
_SCOPES = "they want roster.readonly or gradebook.readonly"

_WAYS: dict[str, tuple[str, str]] = {
    "schools/*/courses": ("class", "school"),
    "schools/*/classes": ("class", "school sourcedId"),
    "schools/*/terms": ("class", "school terms"),
    "schools/*/enrollments": ("student seat", "school sourcedId"),
    "schools/*/students": ("student seat", "school user"),
    "schools/*/teachers": ("teacher seat", "school user"),
    "schools/*/classes/*/enrollments": ("student seat", "school class sourcedId"),
    "schools/*/classes/*/students": ("student seat", "school class user"),
    "schools/*/classes/*/teachers": ("teacher seat", "school class user"),
    "schools/*/scoreScales": ("class", "school"),
    "terms/*/classes": ("class", "terms sourcedId"),
    "terms/*/gradingPeriods": ("grading period", "parent sourcedId"),
    "courses/*/classes": ("class", "course sourcedId"),
    "students/*/classes": ("student seat", "user class"),
    "teachers/*/classes": ("teacher seat", "user class"),
    "users/*/classes": ("student seat", "user class"),
    "classes/*/students": ("student seat", "class user"),
    "classes/*/teachers": ("teacher seat", "class user"),
    "classes/*/lineItems": ("line item", "class sourcedId"),
    "classes/*/categories": ("line item", "class category"),
    "classes/*/scoreScales": ("score scale", "class sourcedId"),
    "classes/*/results": ("result", "class sourcedId"),
    "classes/*/lineItems/*/results": ("result", "class lineItem sourcedId"),
    "classes/*/students/*/results": ("result", "class student sourcedId"),
    "courses/*/resources": ("course", "sourcedId resources"),
    "classes/*/resources": ("class", "sourcedId resources"),
    "users/*/resources": ("user", "sourcedId resources"),
}
"""List → its witness, and the fields of the witness that hold the ids of the path and then the member.

Without a field for the member it is only asked whether the list is there: whose courses and score scales
are a school's, providers see differently.
"""

_WITNESSES: dict[str, tuple[str, str]] = {
    "student seat": ("enrollments", "student"),
    "teacher seat": ("enrollments", "teacher"),
    "grading period": ("academicSessions", "gradingPeriod"),
    "course": ("courses", ""),
    "class": ("classes", ""),
    "user": ("users", ""),
    "line item": ("lineItems", ""),
    "score scale": ("scoreScales", ""),
    "result": ("results", ""),
}
"""Witness → its collection, and the role or type it has to have."""

_TYPES = {"schools": ("orgs", "school"), "terms": ("academicSessions", "term")}
"""Parts of a collection below which an id must be of a type."""


class Witnesses:
    """Keeps the first active record of each kind while a server is read; in memory, and never shown."""

    def __init__(self) -> None:
        """Begin with none."""
        self._kept: dict[str, Json] = {}

    def take(self, collection: str, rows: Sequence[object]) -> None:
        """Look among the records of a page for the witnesses still wanted."""
        wanted = {
            kind: word for kind, (known, word) in _WITNESSES.items()
            if known == collection and kind not in self._kept
        }  # fmt: skip
        for kind, word in wanted.items():
            found = next((row for row in rows if isinstance(row, dict) and _suits(row, word)), None)
            if found is not None:
                self._kept[kind] = self._whole(kind, found)

    def get(self, kind: str) -> Json | None:
        """Return the witness of a kind, or None when none was read."""
        return self._kept.get(kind)

    def _whole(self, kind: str, record: Json) -> Json:
        """Give a result the class of its line item, where that is known: 1.1 has no field for it."""
        item = self._kept.get("line item", {})
        if kind != "result" or _ids(record, "class") or _ids(record, "lineItem") != _ids(item, _OWN):
            return record
        return {**record, "class": item.get("class")}


def _suits(row: Json, word: str) -> bool:
    return row.get("status") == "active" and (not word or word in (row.get("role"), row.get("type")))


def _ids(record: Json, field: str) -> list[str]:
    """Return the ids a field holds: of the record itself, of one reference or of several."""
    value = record.get(field)
    if field == _OWN:
        return [value] if isinstance(value, str) else []
    found = map(sourced_id_of, value if isinstance(value, list) else [value])
    return [one for one in found if one]


@dataclass(frozen=True, slots=True)
class Nested:
    """One list to ask for. field: the reference by which its records name the last id of the path."""

    shape: str
    ids: tuple[str, ...]
    member: str
    field: str

    @property
    def segments(self) -> tuple[str, ...]:
        """Return the path in its parts."""
        left = iter(self.ids)
        return tuple(next(left) if part == "*" else part for part in self.shape.split("/"))

    @property
    def name(self) -> str:
        """Return the last name of the path."""
        return self.shape.split("/")[-1]

    @property
    def collection(self) -> str:
        """Return the collection whose records the list holds."""
        return SUBSET_COLLECTIONS.get(self.name, self.name)

    @property
    def service(self) -> Service:
        """Return the service that serves the list."""
        return COLLECTIONS[self.collection].service

    @property
    def where(self) -> str:
        """Return how the list is named in a report."""
        return "/" + self.shape.replace("*", "{id}")


def planned(witnesses: Witnesses, version: Version, recall: Recall) -> list[Nested]:
    """Return the lists of a version that there is a witness for. recall: the type of a session or an org."""
    found = (
        _plan(shape, witnesses, recall) for shape, versions in NESTED_LISTS.items() if version in versions
    )
    return [one for one in found if one is not None]


def _plan(shape: str, witnesses: Witnesses, recall: Recall) -> Nested | None:
    kind, text = _WAYS[shape]
    fields, parents = text.split(), shape.split("/")[:-1:2]
    witness = witnesses.get(kind)
    if witness is None:
        return None
    ids = [_first(witness, field, name, recall) for name, field in zip(parents, fields, strict=False)]
    member = _first(witness, fields[-1], shape.split("/")[-1], recall) if len(fields) > len(ids) else ""
    if not all(ids) or (not member and len(fields) > len(ids)):
        return None
    own = fields[len(ids) - 1] if fields[-1] == _OWN else ""
    return Nested(shape, tuple(ids), member, own)


def _first(witness: Json, field: str, name: str, recall: Recall) -> str:
    """Return the first id of a field that may stand below a name in a path, or ""."""
    collection, kind = _TYPES.get(name, ("", ""))
    fit = (one for one in _ids(witness, field) if not kind or recall(collection, one) == kind)
    return next(fit, "")


class NestedLists:
    """Asks for lists below records and judges them. ask: sends one question, for at most `limit` records."""

    def __init__(self, ask: Callable[[Nested], Answer], limit: int, found: Deviations) -> None:
        """Remember whom to ask; nothing is sent yet."""
        self._ask, self._limit, self._found = ask, limit, found

    def look(self, lists: Sequence[Nested]) -> str:
        """Ask for each list; return in words how many were there and as the standard says."""
        good, refused = 0, dict.fromkeys(Service, 0)
        for nested in lists:
            if refused[nested.service]:
                refused[nested.service] += 1
                continue
            try:
                good += self._judge(nested, self._ask(nested))
            except SisbridgeError as error:
                if error.code == "CN04":
                    refused[nested.service] = 1
                    self._found.add("OR-E10", "the grant", at=nested.where)
                else:
                    self._found.add("OR-E11", nested.where, column=error.code)
        return _said(len(lists), good, sum(refused.values()))

    def _judge(self, nested: Nested, answer: Answer) -> bool:
        name = nested.name
        if answer.code >= 300:
            return self._deviates("OR-E12", nested, f"HTTP-{answer.code}")
        rows, fault = unwrapped(answer.json, name)
        if fault:
            return self._deviates(fault, nested, COLLECTIONS[nested.collection].envelope)
        missing = nested.member and len(rows) < self._limit
        if missing and nested.member not in map(sourced_id_of, rows):
            return self._deviates("OR-E13", nested, name)
        if any(_strays(row, nested) for row in rows):
            return self._deviates("OR-E14", nested, nested.field)
        return True

    def _deviates(self, code: str, nested: Nested, column: str) -> bool:
        self._found.add(code, nested.where, column=column, at="/" + "/".join(nested.segments))
        return False


def _said(lists: int, good: int, refused: int) -> str:
    if not lists:
        return "nothing to ask by"
    told = f"{good} of {lists - refused} asked are as the standard says" if lists > refused else ""
    return "; ".join(filter(None, [told, f"{refused} not granted ({_SCOPES})" if refused else ""]))


def _strays(row: object, nested: Nested) -> bool:
    """Return whether a record names another than the list's last id where the list goes by that name."""
    if not nested.field or not isinstance(row, dict):
        return False
    named = _ids(row, nested.field)
    return bool(named) and nested.ids[-1] not in named
