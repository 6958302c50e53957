"""OneRoster's filter language: clauses joined by AND or OR, seven operators, dotted paths.

Source: OneRoster 1.1 and 1.2, section on filtering. The standard leaves open how lists compare; here
`=` means all the values are in the list, and `~` any of them. Comparison is by Unicode, case matters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from simulators.oneroster.problems import ProblemError
from simulators.shapes import Record

_CLAUSE = re.compile(r"([A-Za-z_][\w.\-]*)\s*(!=|>=|<=|=|>|<|~)\s*'((?:[^']|'')*)'")
_JOINT = re.compile(r"\s+(AND|OR)\s+", re.IGNORECASE)

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda have, want: bool(have == want),
    "!=": lambda have, want: bool(have != want),
    ">": lambda have, want: bool(have > want),
    ">=": lambda have, want: bool(have >= want),
    "<": lambda have, want: bool(have < want),
    "<=": lambda have, want: bool(have <= want),
}


@dataclass(frozen=True, slots=True)
class Clause:
    """One comparison: a dotted path, an operator, a value."""

    path: str
    operator: str
    value: str

    def matches(self, record: Record) -> bool:
        """Return whether a record satisfies the comparison; a missing field satisfies only `!=`."""
        have = value_at(record, self.path)
        if have is None:
            return self.operator == "!="
        return self._list(have) if isinstance(have, list) else self._one(have)

    def _one(self, have: Any) -> bool:
        if self.operator == "~":
            return self.value in as_text(have)
        if isinstance(have, int | float) and not isinstance(have, bool):
            return _COMPARE[self.operator](float(have), _number(self.value))
        return _COMPARE[self.operator](as_text(have), self.value)

    def _list(self, have: list[Any]) -> bool:
        held, wanted = {as_text(item) for item in have}, set(self.value.split(","))
        if self.operator == "=":
            return wanted <= held
        if self.operator == "!=":
            return not wanted <= held
        return bool(wanted & held) if self.operator == "~" else any(self._one(item) for item in have)


@dataclass(frozen=True, slots=True)
class Filter:
    """Groups of clauses: a record matches when all clauses of any group match (AND binds tighter)."""

    groups: tuple[tuple[Clause, ...], ...]

    def matches(self, record: Record) -> bool:
        """Return whether a record matches."""
        return any(all(clause.matches(record) for clause in group) for group in self.groups)


def parse_filter(text: str, known: Collection[str]) -> Filter:
    """Return the filter a text says; ProblemError 400 for bad syntax or an unknown first field name."""
    groups: list[list[Clause]] = [[]]
    place, joint = 0, "AND"
    while True:
        found = _CLAUSE.match(text, place)
        if found is None or found[1].split(".")[0] not in known:
            raise ProblemError(400, "invalid_filter_field", "the filter cannot be understood")
        if joint == "OR":
            groups.append([])
        groups[-1].append(Clause(found[1], found[2], found[3].replace("''", "'")))
        place = found.end()
        if place == len(text):
            return Filter(tuple(tuple(group) for group in groups))
        joined = _JOINT.match(text, place)
        if joined is None:
            raise ProblemError(400, "invalid_filter_field", "the filter cannot be understood")
        place, joint = joined.end(), joined[1].upper()


def value_at(record: Any, path: str) -> Any:
    """Return what stands at a dotted path, or None; a list on the way gives the list of what is below."""
    here = record
    for name in path.split("."):
        if isinstance(here, list):
            here = [item[name] for item in here if isinstance(item, dict) and name in item]
        elif isinstance(here, dict):
            here = here.get(name)
        else:
            return None
    return here


def as_text(value: Any) -> str:
    """Return a value as filters and sorting see it: a reference is its sourcedId."""
    if isinstance(value, dict):
        return str(value.get("sourcedId", ""))
    return str(value)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ProblemError(400, "invalid_filter_field", "a number is compared with a text") from None
