"""What students are known by, as fingerprints; what people decided about pairs; who waits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from sqlalchemy import Connection

from domain.ids import DistrictCode, SourcedId
from domain.tables import RosterTable
from mappings.identity import Decisions, Keyed, Pair, Unmatched
from mappings.newcomers import sharing_with
from sisbridge.store import bulk, statistics
from sisbridge.store.tables.grades import person_link
from sisbridge.store.tables.identity import (
    identity_decision,
    identity_key,
    identity_worklist,
    rekey_pair,
)
from sisbridge.store.tables.roster import roster
from sisbridge.store.upsert import upsert

SAME, DIFFERENT = "same", "different"

_KEYS = pa.schema(
    [("user_sourced_id", pa.string()), ("identity_id", pa.string()), ("local_fingerprint", pa.string())]
)

_KEYED = _KEYS.append(pa.field("person_id", pa.string()))
_OF_YEARS = _KEYS.append(pa.field("school_year", pa.string()))

_USERS = pa.schema([("user_sourced_id", pa.string())])


def known_keys(conn: Connection, district: DistrictCode, school_year: str) -> pa.Table:
    """Return (user_sourced_id, identity_id, local_fingerprint) of every student seen in a school year."""
    columns = [identity_key.c[name] for name in _KEYS.names]
    return bulk.fetch(conn, sa.select(*columns).where(*_of(district, school_year)), _KEYS)


def keys_of(
    conn: Connection, district: DistrictCode, users: Collection[str]
) -> dict[SourcedId, tuple[str, Keyed]]:
    """Return what some users were last known by, and in which school year; only who was ever a student."""
    known = identity_key.c
    wanted = sa.select(*(known[name] for name in _OF_YEARS.names)).where(known.district_code == district)
    if len(users) <= _MANY:
        wanted = wanted.where(bulk.one_of(conn, known.user_sourced_id, users))
    # The newest year comes last and stays.
    found = bulk.fetch(conn, wanted.order_by(known.school_year), _OF_YEARS)
    meant = pc.is_in(found.column("user_sourced_id"), value_set=pa.array(list(users), pa.string()))
    rows = (row.values() for row in found.filter(meant).to_pylist())
    return {user: (year, Keyed(user, state, local)) for user, state, local, year in rows}


def unsettled(conn: Connection, district: DistrictCode, school_year: str) -> pa.ChunkedArray:
    """Return the students on the roster whose numbers a school year does not know, or who are no person."""
    role = roster[RosterTable.ROLES].c
    students = sa.select(role.user_sourced_id).where(role.district_code == district, role.role == "student")
    both = sa.intersect(_known(district, school_year), _linked(district, school_year)).subquery()
    rest = sa.except_(students, sa.select(both.c.user_sourced_id)).subquery()
    return bulk.fetch(conn, sa.select(rest.c.user_sourced_id), _USERS).column(0)


def is_settled(conn: Connection, district: DistrictCode, school_year: str) -> bool:
    """Return whether students are known in a school year, and every one of them is a person."""
    known = _known(district, school_year)
    nobody = sa.except_(known, _linked(district, school_year)).limit(1)
    return conn.scalar(known.limit(1)) is not None and conn.scalar(nobody) is None


# Sets are never compared row by row, as a join is where the database does not know how large they are.
def _known(district: DistrictCode, school_year: str) -> sa.Select[tuple[str]]:
    return sa.select(identity_key.c.user_sourced_id).where(*_of(district, school_year))


def _linked(district: DistrictCode, school_year: str) -> sa.Select[tuple[str]]:
    link = person_link.c
    here = (link.district_code == district, link.school_year == school_year)
    return sa.select(link.user_sourced_id).where(*here)


def carry_keys(conn: Connection, district: DistrictCode, rekey_id: str) -> None:
    """Let the numbers of users be known under the sourcedIds that a re-key gave them, too.

    A SIS may take a re-key back: then the users were known under these sourcedIds once before.
    """
    columns = ("district_code", "school_year", "identity_id", "local_fingerprint")
    same = (
        (rekey_pair.c.district_code == identity_key.c.district_code)
        & (rekey_pair.c.old_sourced_id == identity_key.c.user_sourced_id)
        & (rekey_pair.c.roster_table == RosterTable.USERS.value)
    )
    carried = (
        sa.select(*(identity_key.c[name] for name in columns), rekey_pair.c.new_sourced_id)
        .join(rekey_pair, same)
        .where(identity_key.c.district_code == district, rekey_pair.c.rekey_id == rekey_id)
    )
    known_before = sa.select(rekey_pair.c.new_sourced_id).where(
        rekey_pair.c.district_code == district,
        rekey_pair.c.rekey_id == rekey_id,
        rekey_pair.c.roster_table == RosterTable.USERS.value,
    )
    forgotten = (identity_key.c.district_code == district, identity_key.c.user_sourced_id.in_(known_before))
    conn.execute(sa.delete(identity_key).where(*forgotten))
    conn.execute(sa.insert(identity_key).from_select([*columns, "user_sourced_id"], carried))


def save_keys(conn: Connection, district: DistrictCode, school_year: str, keys: pa.Table) -> None:
    """Save the fingerprints of students, replacing what was known of them."""
    if conn.scalar(_known(district, school_year).limit(1)) is not None:
        users = keys.column("user_sourced_id").to_pylist()
        again = bulk.one_of(conn, identity_key.c.user_sourced_id, users)
        conn.execute(sa.delete(identity_key).where(*_of(district, school_year), again))
    rows = keys.select(_KEYS.names)
    rows = rows.append_column("district_code", pa.repeat(district, keys.num_rows))
    rows = rows.append_column("school_year", pa.repeat(school_year, keys.num_rows))
    brought = bulk.insert(conn, identity_key, rows)
    statistics.count_anew(conn, identity_key, brought, district_code=district, school_year=school_year)


def forget_keys(conn: Connection, district: DistrictCode) -> None:
    """Forget all fingerprints of a district, so that the next night takes them anew."""
    conn.execute(sa.delete(identity_key).where(identity_key.c.district_code == district))


def sharing(
    conn: Connection,
    district: DistrictCode,
    school_year: str,
    users: Collection[SourcedId],
) -> list[Keyed]:
    """Return these students and all others of the district and year that share a number with one of them.

    Whether they are on the roster now is for the caller to say.
    """
    known = identity_key.c
    keyed = (
        sa.select(known.user_sourced_id, known.identity_id, known.local_fingerprint, person_link.c.person_id)
        .select_from(identity_key.outerjoin(person_link, _SAME_USER))
        .where(*_of(district, school_year))
    )
    if len(users) <= _MANY:
        keyed = keyed.where(_shares(conn, district, school_year, users))
    found = sharing_with(bulk.fetch(conn, keyed, _KEYED), pa.array(list(users), pa.string()))
    rows = (row.values() for row in found.to_pylist())
    return [Keyed(user, state, local, person=who) for user, state, local, who in rows]


def _shares(
    conn: Connection, district: DistrictCode, school_year: str, users: Collection[SourcedId]
) -> sa.ColumnElement[bool]:
    mine, known = identity_key.alias("mine"), identity_key.c
    chosen = (
        mine.c.district_code == district,
        mine.c.school_year == school_year,
        bulk.one_of(conn, mine.c.user_sourced_id, users),
    )
    return (
        bulk.one_of(conn, known.user_sourced_id, users)
        | known.identity_id.in_(sa.select(mine.c.identity_id).where(*chosen))
        | known.local_fingerprint.in_(sa.select(mine.c.local_fingerprint).where(*chosen))
    )


def homes(conn: Connection, district: DistrictCode, school_year: str) -> dict[SourcedId, int]:
    """Return in how many other districts a student of this one is known, where there are any."""
    other = identity_key.alias("other")
    counted = sa.func.count(sa.distinct(other.c.district_code))
    rows = conn.execute(
        sa.select(identity_key.c.user_sourced_id, counted)
        .join(
            other,
            (other.c.identity_id == identity_key.c.identity_id)
            & (other.c.school_year == identity_key.c.school_year)
            & (other.c.district_code != identity_key.c.district_code),
        )
        .where(*_of(district, school_year))
        .group_by(identity_key.c.user_sourced_id)
    )
    return {SourcedId(user): int(count) for user, count in rows}


def decisions(conn: Connection, district: DistrictCode, school_year: str) -> Decisions:
    """Return what people decided about pairs of a district's users in a school year."""
    table = identity_decision.c
    rows = conn.execute(
        sa.select(table.verdict, table.first_sourced_id, table.second_sourced_id).where(
            table.district_code == district, table.school_year == school_year
        )
    )
    pairs: dict[str, set[Pair]] = {SAME: set(), DIFFERENT: set()}
    for verdict, first, second in rows:
        pairs[verdict].add(frozenset({SourcedId(first), SourcedId(second)}))
    return Decisions(frozenset(pairs[SAME]), frozenset(pairs[DIFFERENT]))


def decide(
    conn: Connection,
    district: DistrictCode,
    school_year: str,
    pairs: Collection[Pair],
    verdict: str,
    actor: str,
    at: datetime,
) -> None:
    """Remember what a person said about pairs of users; the last word counts."""
    rows = [
        {
            "district_code": district,
            "school_year": school_year,
            "first_sourced_id": min(pair),
            "second_sourced_id": max(pair),
            "verdict": verdict,
            "decided_by": actor,
            "decided_at": at,
        }
        for pair in sorted(pairs, key=sorted)
    ]
    upsert(conn, identity_decision, rows)


def worklist(
    conn: Connection, district: DistrictCode, rules: Collection[str] | None = None
) -> list[tuple[Unmatched, date]]:
    """Return who waits for a person's word or for a number, with the night since when, by rule and user."""
    table = identity_worklist.c
    wanted = sa.select(identity_worklist).where(table.district_code == district)
    if rules is not None:
        wanted = wanted.where(table.rule.in_(sorted(rules)))
    rows = conn.execute(wanted.order_by(table.rule, table.user_sourced_id))
    return [
        (
            Unmatched(SourcedId(row.user_sourced_id), row.rule, _ids(row.others), _names(row.agree)),
            row.since_on,
        )
        for row in rows
    ]


def save_worklist(
    conn: Connection,
    district: DistrictCode,
    looked_at: pa.Array,
    entries: Sequence[Unmatched],
    night_on: date,
) -> None:
    """Replace what the worklist says of the users looked at; an entry that stood there keeps its date."""
    since = {(one.user, one.rule): night for one, night in worklist(conn, district)}
    table = identity_worklist.c
    listed = pa.array(sorted({user for user, _ in since}), pa.string())
    mine = bulk.one_of(conn, table.user_sourced_id, listed.filter(pc.is_in(listed, looked_at)).to_pylist())
    conn.execute(sa.delete(identity_worklist).where(table.district_code == district, mine))
    dates = [since.get((one.user, one.rule), night_on) for one in entries]
    rows = {
        "district_code": pa.repeat(district, len(entries)),
        "user_sourced_id": pa.array([one.user for one in entries], pa.string()),
        "rule": pa.array([one.rule for one in entries], pa.string()),
        "others": pa.array([_LIST.join(one.others) for one in entries], pa.string()),
        "agree": pa.array([_LIST.join(one.agree) for one in entries], pa.string()),
        "since_on": pa.array(dates, pa.date32()),
    }
    brought = bulk.insert(conn, identity_worklist, pa.table(rows))
    statistics.count_anew(conn, identity_worklist, brought, district_code=district)


_LIST = ","
"""No sourcedId has a comma in it (ID01)."""

_MANY = 5_000
"""More users than these are asked for all at once."""

_SAME_USER = sa.and_(
    *(
        person_link.c[name] == identity_key.c[name]
        for name in ("district_code", "school_year", "user_sourced_id")
    )
)


def _of(district: DistrictCode, school_year: str) -> tuple[sa.ColumnElement[bool], ...]:
    return identity_key.c.district_code == district, identity_key.c.school_year == school_year


def _ids(text: str) -> tuple[SourcedId, ...]:
    return tuple(SourcedId(one) for one in text.split(_LIST) if one)


def _names(text: str) -> tuple[str, ...]:
    return tuple(one for one in text.split(_LIST) if one)
