"""Whether ids are unique and references lead somewhere, in bounded memory.

Ids are kept as 64-bit hashes in arrays, 12 bytes a row; two of eight million ids share one with a
chance of two in a million. What must be known of a record besides its id (a session's type, an org's)
is kept for the small collections only.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from connectors.oneroster.conformance import Deviations

ORDER = (
    "orgs", "academicSessions", "courses", "classes", "users", "userProfiles", "roles", "enrollments",
    "demographics", "categories", "scoreScales", "lineItems", "results", "lineItemLearningObjectiveIds",
    "lineItemScoreScales", "resultLearningObjectiveIds", "resultScoreScales", "assessmentLineItems",
    "assessmentResults", "resources",
    "classResources", "courseResources", "userResources",
)  # fmt: skip
"""The order to read collections in: most references lead to a collection read before."""


@dataclass(slots=True)
class _Places:
    hashes: array[int] = field(default_factory=lambda: array("q"))
    numbers: array[int] = field(default_factory=lambda: array("I"))

    def add(self, sourced_id: str, number: int) -> None:
        self.hashes.append(hash(sourced_id))
        self.numbers.append(number)

    def repeated(self) -> list[int]:
        """Return the numbers of what has the same hash as something before it, in order."""
        hashes = pa.Array.from_buffers(pa.int64(), len(self.hashes), [None, pa.py_buffer(self.hashes)])
        order = pc.sort_indices(hashes)
        ordered = hashes.take(order)
        same = pc.equal(ordered.slice(1), ordered.slice(0, max(len(ordered) - 1, 0)))
        later = order.slice(1).filter(same)
        return sorted(self.numbers[index] for index in later.to_pylist())


@dataclass(slots=True)
class _Link:
    """References from one field to one collection, waiting for that collection to be read."""

    where: str
    column: str
    target: str
    code: str
    waiting: _Places = field(default_factory=_Places)


class References:
    """Takes ids and references while a source is read, and judges them.

    whole: whether everything referred to has to be in the source; not so in a delta.
    """

    def __init__(self, found: Deviations, *, whole: bool = True) -> None:
        """Begin with nothing read."""
        self._found = found
        self._whole = whole
        self._ids: dict[str, _Places] = {}
        self._known: dict[str, set[int]] = {}
        self._links: dict[tuple[str, str, str], _Link] = {}
        self._notes: dict[str, dict[str, str]] = {}
        self._skipped: set[str] = set()
        self._expected: dict[int, int] = {}
        self._schools: dict[int, int] = {}

    def take(self, collection: str, sourced_id: str, number: int) -> None:
        """Take the id of one record, and where it stands."""
        places = self._ids.get(collection)
        if places is None:
            places = self._ids[collection] = _Places()
        places.add(sourced_id, number)

    def remember(self, collection: str, sourced_id: str, note: str) -> None:
        """Remember one thing about a record: a type, or the parent of an org."""
        self._notes.setdefault(collection, {})[sourced_id] = note

    def recall(self, collection: str, sourced_id: str) -> str | None:
        """Return what was remembered, or None."""
        return self._notes.get(collection, {}).get(sourced_id)

    def refer(
        self, where: str, column: str, target: str, sourced_id: str, number: int, code: str = "OR-R01"
    ) -> None:
        """Take one reference; it is judged at once when its target was read, else at the end."""
        known = self._known.get(target)
        if known is not None:
            if hash(sourced_id) not in known and self._whole:
                self._found.add(code, where, number, column=column, sample=sourced_id)
            return
        link = self._links.get((where, column, target))
        if link is None:
            link = self._links[where, column, target] = _Link(where, column, target, code)
        link.waiting.add(sourced_id, number)

    def skip(self, collection: str) -> None:
        """Say that a collection could not be read: references to it are not judged."""
        self._skipped.add(collection)

    def end(self, collection: str, where: str) -> None:
        """Say that a collection was read to its end: its ids are judged, and references to it from now on."""
        places = self._ids.setdefault(collection, _Places())
        for number in places.repeated():
            self._found.add("OR-V11", where, number, column="sourcedId")
        if collection in _REFERRED:
            self._known[collection] = set(places.hashes)
        if collection != "users":
            del self._ids[collection]

    def numbers_without(self, collection: str, hashes: set[int]) -> list[int]:
        """Return where the records of a collection stand whose hashed ids are not among these."""
        places = self._ids.get(collection, _Places())
        return [
            number for known, number in zip(places.hashes, places.numbers, strict=True) if known not in hashes
        ]

    def expect(self, pair: tuple[str, str], number: int) -> None:
        """Say that a user at a place has a primary org, for which there should be a role."""
        self._expected[hash(pair)] = number

    def meet(self, pair: tuple[str, str]) -> None:
        """Say that there is a role of a user in an org."""
        self._expected.pop(hash(pair), None)

    def unmet(self) -> list[int]:
        """Return where the users stand for whose primary org there was no role."""
        return sorted(self._expected.values())

    def place_class(self, sourced_id: str, school: str) -> None:
        """Remember the school of a class, by hashes: there may be a hundred thousand classes."""
        if school:
            self._schools[hash(sourced_id)] = hash(school)

    def is_elsewhere(self, class_: str, school: str) -> bool:
        """Return whether a class is known to be at another school than the one that is named."""
        return bool(school) and self._schools.get(hash(class_), hash(school)) != hash(school)

    def finish(self) -> None:
        """Judge the references that waited, and whether parents form circles."""
        for link in self._links.values():
            if self._whole and link.target not in self._skipped:
                self._judge(link)
        self._links.clear()

    def _judge(self, link: _Link) -> None:
        known: set[int] = self._known.get(link.target, set())
        for sourced, number in zip(link.waiting.hashes, link.waiting.numbers, strict=True):
            if sourced not in known:
                self._found.add(link.code, link.where, number, column=link.column)

    def circles(self, collection: str, where: str, column: str) -> None:
        """Report the records whose parents, as remembered under `<collection>.parent`, lead back to them."""
        for sourced_id in circular(self._notes.get(f"{collection}.parent", {})):
            number = int(self.recall(f"{collection}.number", sourced_id) or 0)
            self._found.add("OR-R05", where, number, column=column)


_REFERRED = frozenset(
    [
        "orgs",
        "academicSessions",
        "courses",
        "classes",
        "users",
        "userProfiles",
        "categories",
        "scoreScales",
        "lineItems",
        "results",
        "assessmentLineItems",
        "resources",
    ]
)


def circular(parents: Mapping[str, str]) -> Iterable[str]:
    """Yield each id whose chain of parents comes back to itself, in the mapping's order."""
    for start in parents:
        seen, here = {start}, parents[start]
        while here in parents and here not in seen:
            seen.add(here)
            here = parents[here]
        if here == start:
            yield start
