"""Which user rows of one district are one person. Never by name, never across districts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import pyarrow as pa

from domain.ids import DistrictCode, PersonId, SourcedId, fixed_id
from mappings.arrow import texts


def new_people(
    users: pa.Table, known: Mapping[SourcedId, PersonId], district: DistrictCode, school_year: str
) -> Mapping[SourcedId, PersonId]:
    """Return the person of every user that has none yet; two users with one identifier are one person.

    users: (sourced_id, identifier) of one district and of one kind of user, because students and
    staff may be numbered alike. A new person's id is fixed by district, school year and the first
    sourcedId of its users, so that the same night gives the same ids again.
    """
    people: dict[SourcedId, PersonId] = {}
    for members in _groups(users):
        person = _known_person(members, known)
        if person is None:
            person = PersonId(fixed_id("person", district, school_year, members[0]))
        people.update((member, person) for member in members if member not in known)
    return people


def _groups(users: pa.Table) -> Iterable[list[SourcedId]]:
    """Return the sourcedIds of each person, sorted; a user without identifier stands alone."""
    groups: dict[tuple[str, str], list[SourcedId]] = defaultdict(list)
    rows = users.select(["sourced_id", "identifier"]).sort_by("sourced_id")
    pairs = zip(texts(rows, "sourced_id").to_pylist(), texts(rows, "identifier").to_pylist(), strict=True)
    for sourced_id, identifier in pairs:
        if sourced_id is not None:
            key = ("alone", sourced_id) if identifier is None else ("identifier", identifier)
            groups[key].append(SourcedId(sourced_id))
    return groups.values()


def _known_person(members: list[SourcedId], known: Mapping[SourcedId, PersonId]) -> PersonId | None:
    return next((known[member] for member in members if member in known), None)
