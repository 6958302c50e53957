"""Whose roster this is, by the orgs in it: a connection to the wrong district must not go unnoticed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from domain.masking import shown_id
from domain.model import Finding
from validation.rules import catalogue

Org = Mapping[str, str | None]
"""An org's `sourced_id`, `type` and `identifier`."""

_NCES_LENGTH = 7
"""Digits of a national district number; a school's begins with its district's."""

_TOLD = 3
"""How many districts of a foreign feed are named."""


class Belonging(StrEnum):
    """What the orgs of a roster prove."""

    PROVEN = "proven"
    UNTOLD = "untold"
    FOREIGN = "foreign"


def belonging(expected: Iterable[str], orgs: Sequence[Org]) -> Belonging:
    """Return whether the orgs are those of the district that goes by the expected identifiers.

    Identifiers are compared without case, blanks and leading zeros; an org's sourcedId counts as one, and
    a school's national number that begins with the district's. Only a district org with an identifier
    proves another district: schools number themselves in many ways.
    """
    wanted = {_bare(one) for one in expected} - {""}
    if not wanted:
        return Belonging.UNTOLD
    districts = [org for org in orgs if (org["type"] or "").casefold() == "district"]
    if any(_is_one(org, wanted) for org in districts or orgs):
        return Belonging.PROVEN
    return Belonging.FOREIGN if any(org["identifier"] for org in districts) else Belonging.UNTOLD


def foreign_orgs(expected: Sequence[str], orgs: Sequence[Org]) -> list[Finding]:
    """Return CN20 when the orgs prove that the roster is another district's."""
    if belonging(expected, orgs) is not Belonging.FOREIGN:
        return []
    rule = catalogue()["CN20"]
    words = {"table": "orgs", "expected": " or ".join(expected), "found": _found(orgs)}
    return [
        Finding(
            rule=rule.code,
            severity=rule.severity,
            table="orgs",
            field="identifier",
            place="orgs",
            key="",
            masked="",
            message=rule.say(len(orgs), **words),
            fix=rule.mend(len(orgs), **words),
        )
    ]


def _found(orgs: Sequence[Org]) -> str:
    """Return the identifiers of the feed's districts, so that somebody can be called; no free text."""
    told = (shown_id(org["identifier"]) for org in orgs if (org["type"] or "").casefold() == "district")
    numbers = [one for one in dict.fromkeys(told) if any(map(str.isdigit, one))]
    return ", ".join(numbers[:_TOLD]) or "another"


def _is_one(org: Org, wanted: set[str]) -> bool:
    names = {_bare(org["sourced_id"] or ""), _bare(org["identifier"] or "")} - {""}
    national = [one for one in wanted if one.isdigit() and len(one) >= _NCES_LENGTH]
    return bool(names & wanted) or any(name.startswith(one) for name in names for one in national)


def _bare(identifier: str) -> str:
    return identifier.strip().casefold().lstrip("0")
