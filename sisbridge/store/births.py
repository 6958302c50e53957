"""Marks of name and birth date: equal or not is all that can be told of two, and whom they propose."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from sqlalchemy import Connection

from domain.ids import DistrictCode, SourcedId
from sisbridge.store import bulk, statistics
from sisbridge.store.tables.identity import identity_birth, identity_key

MARKS = pa.schema([("user_sourced_id", pa.string()), ("mark", pa.string())])


def is_kept(conn: Connection, district: DistrictCode) -> bool:
    """Return whether any mark of a district is kept."""
    mine = sa.select(sa.literal(1)).where(identity_birth.c.district_code == district)
    return conn.scalar(mine.limit(1)) is not None


def forget(conn: Connection, district: DistrictCode) -> None:
    """Forget all marks of a district."""
    conn.execute(sa.delete(identity_birth).where(identity_birth.c.district_code == district))


def known(conn: Connection, district: DistrictCode) -> pa.Table:
    """Return (user_sourced_id, mark) of every student of a district that has a mark."""
    mark = identity_birth.c
    wanted = sa.select(mark.user_sourced_id, mark.mark).where(mark.district_code == district)
    return bulk.fetch(conn, wanted, MARKS)


def keep(
    conn: Connection, district: DistrictCode, marks: pa.Table, over: pa.Array | pa.ChunkedArray, on: date
) -> int:
    """Keep marks, and forget those of other users that the night has something to say about.

    marks: as `MARKS`, each user once. over: the users of whom an old mark goes unless it is among these. What
    stays the same is not written again, and keeps its date. Returns how many are new.
    """
    before = known(conn, district)
    said = pc.is_in(before.column("user_sourced_id"), value_set=over)
    stays = pc.is_in(_together(before), value_set=_together(marks))
    gone = before.filter(pc.and_(said, pc.invert(stays))).column("user_sourced_id")
    mark = identity_birth.c
    mine = bulk.one_of(conn, mark.user_sourced_id, gone.to_pylist())
    conn.execute(sa.delete(identity_birth).where(mark.district_code == district, mine))
    fresh = marks.filter(pc.invert(pc.is_in(_together(marks), value_set=_together(before))))
    brought = bulk.insert(conn, identity_birth, fresh, {"district_code": district, "since_on": on})
    statistics.count_anew(conn, identity_birth, brought, district_code=district)
    return brought


def _together(marks: pa.Table) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(marks.column("user_sourced_id"), marks.column("mark"), "\x1f")


def alike(conn: Connection, district: DistrictCode) -> dict[tuple[SourcedId, SourcedId], date]:
    """Return the pairs of a district's users of equal marks, each way round, with the night since when."""
    one, other = identity_birth.c, identity_birth.alias("other")
    both = sa.and_(
        other.c.mark == one.mark,
        other.c.district_code == one.district_code,
        other.c.user_sourced_id != one.user_sourced_id,
    )
    found = conn.execute(
        sa.select(one.user_sourced_id, other.c.user_sourced_id, one.since_on, other.c.since_on)
        .join_from(identity_birth, other, both)
        .where(one.district_code == district)
    ).tuples()
    return {(SourcedId(user), SourcedId(them)): max(since, then) for user, them, since, then in found}


def elsewhere(
    conn: Connection, district: DistrictCode, school_year: str
) -> dict[SourcedId, tuple[int, date]]:
    """Return in how many other districts there is a student of the same mark, and since when.

    Of those only whom no state id tells apart or joins: with one, it decides. No other district's id is told.
    """
    one, other = identity_birth.c, identity_birth.alias("other")
    has_number = sa.exists().where(
        identity_key.c.district_code == one.district_code,
        identity_key.c.school_year == school_year,
        identity_key.c.user_sourced_id == one.user_sourced_id,
        identity_key.c.identity_id.is_not(None),
    )
    theirs = sa.and_(other.c.mark == one.mark, other.c.district_code != one.district_code)
    districts = sa.func.count(sa.distinct(other.c.district_code))
    found = conn.execute(
        sa.select(one.user_sourced_id, districts, sa.func.max(one.since_on), sa.func.min(other.c.since_on))
        .join_from(identity_birth, other, theirs)
        .where(one.district_code == district, ~has_number)
        .group_by(one.user_sourced_id)
    ).tuples()
    return {SourcedId(user): (int(many), max(since, then)) for user, many, since, then in found}


def of_users(conn: Connection, district: DistrictCode, users: Collection[str]) -> dict[SourcedId, str]:
    """Return the marks of some users, of those that have one."""
    mark = identity_birth.c
    mine = (mark.district_code == district, bulk.one_of(conn, mark.user_sourced_id, users))
    wanted = sa.select(mark.user_sourced_id, mark.mark).where(*mine)
    return {SourcedId(user): text for user, text in conn.execute(wanted).tuples()}
