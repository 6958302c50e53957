"""People: our own ids without personal data, and which user of a district each is in a school year."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from sqlalchemy import Connection

from domain.errors import ContractBroken
from domain.ids import DistrictCode, PersonId, SourcedId
from sisbridge.store import bulk, statistics
from sisbridge.store.tables.grades import grade, person, person_link

_FEW = 10_000
"""Up to how many persons or users are asked for by name; of more than these, all are read."""

_PERSONS = pa.schema([("person_id", pa.string())])
_USERS = pa.schema([("user_sourced_id", pa.string())])


def linked(conn: Connection, district: DistrictCode, school_year: str) -> pa.Array:
    """Return the users of a school year who are a person, in any order."""
    link = person_link.c
    wanted = sa.select(link.user_sourced_id).where(
        link.district_code == district, link.school_year == school_year
    )
    return bulk.fetch(conn, wanted, _USERS).column(0)


def links(
    conn: Connection, district: DistrictCode, school_year: str, users: Collection[SourcedId] | None = None
) -> dict[SourcedId, PersonId]:
    """Return which person each linked user of a school year is.

    users: those who matter, others may come too; None for all.
    """
    wanted = sa.select(person_link.c.user_sourced_id, person_link.c.person_id).where(
        person_link.c.district_code == district, person_link.c.school_year == school_year
    )
    if users is not None and len(users) <= _FEW:
        wanted = wanted.where(bulk.one_of(conn, person_link.c.user_sourced_id, users))
    return {SourcedId(user): PersonId(who) for user, who in conn.execute(wanted).tuples()}


def links_of(conn: Connection, district: DistrictCode, user: SourcedId) -> dict[str, PersonId]:
    """Return which person a user is in each school year."""
    link = person_link.c
    mine = (link.district_code == district, link.user_sourced_id == user)
    wanted = sa.select(link.school_year, link.person_id).where(*mine)
    return {year: PersonId(who) for year, who in conn.execute(wanted).tuples()}


def persons_of(conn: Connection, district: DistrictCode) -> dict[SourcedId, frozenset[PersonId]]:
    """Return which persons each linked user is, in one school year or another."""
    link = person_link.c
    wanted = sa.select(link.user_sourced_id, link.person_id).where(link.district_code == district)
    found: dict[SourcedId, set[PersonId]] = {}
    for user, who in conn.execute(wanted).tuples():
        found.setdefault(SourcedId(user), set()).add(PersonId(who))
    return {user: frozenset(who) for user, who in found.items()}


def known_elsewhere(
    conn: Connection, district: DistrictCode, school_year: str, students: Collection[str]
) -> set[str]:
    """Return which of these student ids another district knows this school year and this one does not."""
    link = person_link.c
    wanted = sa.select(link.user_sourced_id, link.district_code).where(
        link.school_year == school_year, bulk.one_of(conn, link.user_sourced_id, students)
    )
    found = conn.execute(wanted).tuples().all()
    here = {user for user, code in found if code == district}
    return {user for user, _ in found} - here


def add_links(
    conn: Connection,
    district: DistrictCode,
    school_year: str,
    persons: Mapping[SourcedId, PersonId],
    on: date,
) -> int:
    """Link users to persons, making person rows as needed, and return how many links are new.

    Safe to repeat. Raises ContractBroken CF42 when a user is linked to another person already: that
    is for a person to decide, as grades hang on it.
    """
    known = links(conn, district, school_year, persons)
    if any(known.get(user, who) != who for user, who in persons.items()):
        raise ContractBroken(
            "CF42",
            f"A user of district {district} is already linked to another person this school year.",
            fix="Check whether the SIS gave a student's number to somebody else, and mend the link by hand.",
        )
    fresh = {user: who for user, who in persons.items() if user not in known}
    _add_persons(conn, district, set(fresh.values()), on)
    rows = {
        "district_code": pa.repeat(district, len(fresh)),
        "school_year": pa.repeat(school_year, len(fresh)),
        "user_sourced_id": pa.array(fresh.keys(), pa.string()),
        "person_id": pa.array(fresh.values(), pa.string()),
        "valid_from": pa.repeat(pa.scalar(on, pa.date32()), len(fresh)),
    }
    new = bulk.insert(conn, person_link, pa.table(rows))
    statistics.count_anew(conn, person_link, new, district_code=district, school_year=school_year)
    return new


def add_newcomers(
    conn: Connection, district: DistrictCode, school_year: str, persons: pa.Table, on: date
) -> int:
    """Make persons and link users to them who are no person yet; return how many.

    persons: user_sourced_id and person_id, each of them once.
    """
    made = persons.column("person_id")
    stored = sa.select(person.c.person_id).where(person.c.district_code == district)
    known = bulk.fetch(conn, stored, _PERSONS).column(0)
    fresh = persons.filter(pc.invert(pc.is_in(made, value_set=known))).select(["person_id"])
    same = {"district_code": district}
    new = bulk.insert(conn, person, fresh, {**same, "created_on": on})
    statistics.count_anew(conn, person, new, **same)
    linked = bulk.insert(conn, person_link, persons, {**same, "school_year": school_year, "valid_from": on})
    statistics.count_anew(conn, person_link, linked, **same, school_year=school_year)
    return linked


def relink(
    conn: Connection,
    district: DistrictCode,
    school_year: str,
    user: SourcedId,
    who: PersonId,
    on: date,
) -> None:
    """Make a user another person than it was, because somebody decided so; the person is made if need be."""
    _add_persons(conn, district, {who}, on)
    link = person_link.c
    here = (link.district_code == district, link.school_year == school_year, link.user_sourced_id == user)
    conn.execute(sa.update(person_link).where(*here).values(person_id=who))


def users_of(
    conn: Connection, district: DistrictCode, school_year: str, persons: Collection[PersonId]
) -> dict[SourcedId, PersonId]:
    """Return the users of some persons, and which of these persons each is."""
    link = person_link.c
    here = (link.district_code == district, link.school_year == school_year)
    wanted = sa.select(link.user_sourced_id, link.person_id).where(
        *here, bulk.one_of(conn, link.person_id, persons)
    )
    return {SourcedId(user): PersonId(who) for user, who in conn.execute(wanted).tuples()}


def end_links(
    conn: Connection, district: DistrictCode, school_year: str, users: Collection[str], on: date
) -> None:
    """Date the end of links whose user is another user from now on; they still lead to their person."""
    link = person_link.c
    here = (link.district_code == district, link.school_year == school_year, link.valid_to.is_(None))
    ended = sa.update(person_link).where(*here, bulk.one_of(conn, link.user_sourced_id, users))
    conn.execute(ended.values(valid_to=on))


def reopen_links(conn: Connection, district: DistrictCode, school_year: str, users: Collection[str]) -> None:
    """Let links that had ended go on, because a SIS went back to the sourcedIds it had before."""
    link = person_link.c
    here = (link.district_code == district, link.school_year == school_year)
    mine = bulk.one_of(conn, link.user_sourced_id, users)
    conn.execute(sa.update(person_link).where(*here, mine).values(valid_to=None))


def graded_as(conn: Connection, district: DistrictCode, who: PersonId) -> set[SourcedId]:
    """Return the users under which grades of a person were collected; such grades stay with the person."""
    found = sa.select(grade.c.student).where(grade.c.district_code == district, grade.c.person_id == who)
    return {SourcedId(student) for student in conn.scalars(found.distinct())}


def _add_persons(conn: Connection, district: DistrictCode, wanted: set[PersonId], on: date) -> None:
    stored = sa.select(person.c.person_id).where(person.c.district_code == district)
    if len(wanted) <= _FEW:
        stored = stored.where(bulk.one_of(conn, person.c.person_id, wanted))
    fresh = sorted(wanted - set(conn.scalars(stored)))
    rows = {
        "district_code": pa.repeat(district, len(fresh)),
        "person_id": pa.array(fresh, pa.string()),
        "created_on": pa.repeat(pa.scalar(on, pa.date32()), len(fresh)),
    }
    made = bulk.insert(conn, person, pa.table(rows))
    statistics.count_anew(conn, person, made, district_code=district)
