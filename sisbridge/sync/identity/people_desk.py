"""What a person decides about people: these two users are one student, or they are not."""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa

from domain.errors import StopDistrict
from domain.ids import DistrictCode, PersonId, SourcedId, fixed_id
from domain.model import District
from mappings.identity import HELD, Unmatched, kinds_of
from sisbridge.house import House, clock_of, today_of
from sisbridge.store import audit, holds, people
from sisbridge.store import identity as store
from sisbridge.store.database import Connection
from sisbridge.sync.identity.proposals import with_proposals


@dataclass(frozen=True, slots=True)
class PeopleOverview:
    """The people of one district in its school year.

    kinds: students by the best number they have. users_of: persons with several users. homes: students
    that are known in other districts too, with how many.
    """

    students: int
    people: int
    waiting: int
    kinds: dict[str, int]
    users_of: dict[PersonId, list[SourcedId]] = field(default_factory=dict)
    homes: dict[SourcedId, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Waiting:
    """One line of the worklist: who, since which night, what to mend, and whom it might be.

    elsewhere: in how many other districts somebody has the same name and birth date, where that is known.
    """

    entry: Unmatched
    since: str
    mend: str
    elsewhere: int = 0


_MEND = {
    "ID20": "identifier: another active student has it too; correct it in the SIS, or match or split them",
    "ID21": "state id: its shape is not the state's; enter it whole, as text",
    "ID22": "identifier: two persons had it before; correct it in the SIS, or match the right two",
    "ID24": "identifier: blank; enter the local id, or the state id, in the SIS",
    "ID27": "another student has the same name and birth date; match them if they are one, else split them",
    "ID28": "state id: none; enter it, here and there: it alone says whether a student of another district"
    " who has the same name and birth date is this one",
}


def overview(house: House, district: DistrictCode) -> PeopleOverview:
    """Return who is who in a district, by sourcedId only; StopDistrict when the district is unknown."""
    known = house.district(district)
    with house.store.read() as conn:
        links = people.links(conn, district, known.school_year)
        keys = store.known_keys(conn, district, known.school_year)
        waiting = store.worklist(conn, district, HELD)
        homes = store.homes(conn, district, known.school_year)
    users_of: dict[PersonId, list[SourcedId]] = {}
    for user, who in sorted(links.items()):
        users_of.setdefault(who, []).append(user)
    return PeopleOverview(
        students=len(links),
        people=len(users_of),
        waiting=len(waiting),
        kinds=kinds_of(keys.column("identity_id").to_pylist(), keys.column("local_fingerprint").to_pylist()),
        users_of={who: users for who, users in users_of.items() if len(users) > 1},
        homes=homes,
    )


def worklist(house: House, district: DistrictCode) -> list[Waiting]:
    """Return who cannot be recognised or told apart, each with the field to mend, by rule and sourcedId.

    Where birth dates are read, whom they propose as well; no birth date is shown.
    """
    known = house.district(district)
    with house.store.read() as conn:
        listed = with_proposals(conn, known, store.worklist(conn, district))
    return [Waiting(one, since.isoformat(), _MEND[one.rule], beyond) for one, since, beyond in listed]


def match(house: House, district: DistrictCode, one: SourcedId, other: SourcedId, actor: str) -> str:
    """Remember that two users are one person, join them where they are two, and say what came of it.

    The decision is audited. Raises StopDistrict CF81 for a user nobody knows, CF87 when grades were
    collected for both persons: they cannot become one grade.
    """
    known = house.district(district)
    with house.store.begin("match") as conn:
        links = _links(conn, known, one, other)
        _decide(conn, known, one, other, store.SAME, actor)
        here = {who for user in (one, other) if (who := links.get(user))}
        if len(here) == 2:
            return _join(conn, known, links, links[one], links[other])
        if not here:
            return "They become one person in the next night."
        who = here.pop()
        fresh = {user: who for user in (one, other) if user not in links}
        people.add_links(conn, district, known.school_year, fresh, today_of(known))
    return "They are one person."


def split(house: House, district: DistrictCode, one: SourcedId, other: SourcedId, actor: str) -> str:
    """Remember that two users are two persons, part them where they are one, and say what came of it.

    The decision is audited. Raises StopDistrict CF81 for a user nobody knows, CF87 when grades were
    collected under both users: whose they are has to be settled in the SIS first.
    """
    known = house.district(district)
    with house.store.begin("split") as conn:
        links = _links(conn, known, one, other)
        _decide(conn, known, one, other, store.DIFFERENT, actor)
        who = links.get(one)
        if who is None or who != links.get(other):
            return "They are two persons."
        graded = people.graded_as(conn, district, who) & {one, other}
        if len(graded) == 2:
            raise _graded(known)
        leaving = one if other in graded else other
        apart = PersonId(fixed_id("person", district, known.school_year, leaving, "apart", who))
        people.relink(conn, district, known.school_year, leaving, apart, today_of(known))
    return f"They are two persons; {leaving} has a new one, and its seats follow in the next night."


def renew(house: House, district: DistrictCode, user: SourcedId, actor: str) -> str:
    """Make a user a new person, because the SIS gave the sourcedId to another student; say what came of it.

    Seats and grades stay with the person it was, and none of these grades is sent to the user any more. The
    decision is audited. Raises StopDistrict CF81 for a user nobody knows.
    """
    known = house.district(district)
    with house.store.begin("renew") as conn:
        links = people.links_of(conn, district, user)
        if known.school_year not in links:
            raise StopDistrict(
                "CF81",
                f"This is no student of district {district} in school year {known.school_year}.",
                fix=f"Take the sourcedId from the hold: `sisbridge holds show {district} NUMBER`.",
            )
        for year, who in links.items():
            fresh = PersonId(fixed_id("person", district, year, user, "after", who))
            people.relink(conn, district, year, user, fresh, today_of(known))
        audit.append(conn, district, actor, "people renewed", user, None, None, clock_of(known)())
        waiting = holds.held(conn, district).select(["sourced_id", "hold_id"]).to_pylist()
    numbers = sorted({one["hold_id"] for one in waiting if one["sourced_id"] == user})
    release = " and ".join(f"`sisbridge holds release {district} {number}`" for number in numbers)
    seats = f"{release} lets its seats follow" if release else "its seats follow in the next night"
    return f"{user} is a new person from now on; {seats}."


def _links(
    conn: Connection, district: District, one: SourcedId, other: SourcedId
) -> dict[SourcedId, PersonId]:
    links = people.links(conn, district.code, district.school_year)
    keyed = store.known_keys(conn, district.code, district.school_year).column("user_sourced_id").to_pylist()
    strangers = [user for user in (one, other) if user not in links and user not in keyed]
    if strangers or one == other:
        raise StopDistrict(
            "CF81",
            f"These are not two students of district {district.code} in school year {district.school_year}.",
            fix=f"Take the sourcedIds from `sisbridge people worklist {district.code}`.",
        )
    return links


def _decide(
    conn: Connection, district: District, one: SourcedId, other: SourcedId, verdict: str, actor: str
) -> None:
    at, pair = clock_of(district)(), frozenset({one, other})
    store.decide(conn, district.code, district.school_year, [pair], verdict, actor, at)
    subject = " and ".join(sorted(pair))
    audit.append(conn, district.code, actor, f"people decided {verdict}", subject, None, None, at)
    settled = [entry.user for entry, _ in store.worklist(conn, district.code, HELD) if _is_of(entry, pair)]
    store.save_worklist(conn, district.code, pa.array(settled, pa.string()), [], today_of(district))


def _is_of(entry: Unmatched, pair: frozenset[SourcedId]) -> bool:
    return {entry.user, *entry.others} <= pair


def _join(
    conn: Connection, district: District, links: dict[SourcedId, PersonId], one: PersonId, other: PersonId
) -> str:
    if one == other:
        return "They are one person."
    graded = [who for who in (one, other) if people.graded_as(conn, district.code, who)]
    if len(graded) == 2:
        raise _graded(district)
    kept = graded[0] if graded else one
    moving = [user for user, who in links.items() if who in (one, other) and who != kept]
    for user in moving:
        people.relink(conn, district.code, district.school_year, user, kept, today_of(district))
    return "They are one person; their seats follow in the next night."


def _graded(district: District) -> StopDistrict:
    return StopDistrict(
        "CF87",
        f"Grades were collected for both of these students of district {district.code}.",
        fix="Settle in the SIS whose grades they are; the decision is not kept until then.",
    )
