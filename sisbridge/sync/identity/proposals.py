"""The worklist with what names and birth dates propose, looked up when a person asks for it.

Nothing of it is written down: a proposal is gone once somebody decided, a number settles it, or the district
turns birth dates off.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date

from domain.ids import SourcedId
from domain.model import District
from domain.tables import RosterTable
from mappings import births as dates
from mappings.identity import Keyed, Unmatched
from sisbridge.store import births, identity, people, roster
from sisbridge.store.database import Connection

Listed = tuple[Unmatched, date, int]
"""An entry, the night since when, and in how many other districts somebody has the name and birth date."""


def with_proposals(
    conn: Connection, district: District, waiting: Sequence[tuple[Unmatched, date]]
) -> list[Listed]:
    """Return the worklist's entries by rule and user, and after them whom only a birth date proposes.

    Of other districts it is told how many, never which students: their rows are not this district's to see.
    """
    if not births.is_kept(conn, district.code):
        return [(entry, since, 0) for entry, since in waiting]
    pairs = births.alike(conn, district.code)
    known = _known(conn, district, {user for user, _ in pairs})
    said = identity.decisions(conn, district.code, district.school_year)
    alike = dates.proposals(pairs, known, said)
    beyond = births.elsewhere(conn, district.code, district.school_year)
    entries = dates.with_births([one for one, _ in waiting], alike, _marks(conn, district, waiting))
    listed = {one.user for one in entries}
    entries += [Unmatched(user, dates.ELSEWHERE) for user in sorted(beyond.keys() - listed)]
    since = {user: night for user, (_, night) in beyond.items()}
    since |= {user: min(pairs[user, other] for other in them) for user, them in alike.items()}
    since |= {one.user: night for one, night in waiting}
    return [(one, since[one.user], beyond[one.user][0] if one.user in beyond else 0) for one in entries]


def _known(conn: Connection, district: District, users: Collection[SourcedId]) -> dict[SourcedId, Keyed]:
    """Return the numbers and persons of those of some users who are students in force."""
    where = {"role": ["student"], "user_sourced_id": users}
    roles = roster.rows(conn, district.code, RosterTable.ROLES, ["user_sourced_id"], where)
    here = set(roles.column(0).to_pylist())
    persons = people.links(conn, district.code, district.school_year, users)
    keys = identity.keys_of(conn, district.code, users)
    return {user: replace(one, person=persons.get(user)) for user, (_, one) in keys.items() if user in here}


def _marks(
    conn: Connection, district: District, waiting: Iterable[tuple[Unmatched, date]]
) -> dict[SourcedId, str]:
    concerned = {user for one, _ in waiting for user in (one.user, *one.others)}
    return births.of_users(conn, district.code, concerned)
