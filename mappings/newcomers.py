"""Students who are nobody but themselves, and those who are not, found a column at a time.

On a first night nearly all are nobody else: what `mappings.identity.plan` says of each of them is known
without weighing anybody against anybody.
"""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc

from domain.ids import DistrictCode, SourcedId
from mappings.arrow import Texts, joined, texts
from mappings.identity import Decisions, own_person

_AT_ONCE = 65_536


def newcomers(touched: Texts, keys: pa.Table, linked: Texts, decisions: Decisions) -> Texts:
    """Return which touched users become a person of their own, as nobody shares a number with them.

    keys: user_sourced_id, identity_id and local_fingerprint of all students of the district and school year,
    the touched ones among them. linked: who is a person already.
    """
    users = texts(keys, "user_sourced_id")
    decided = pa.array(sorted({user for pair in decisions.same for user in pair}), pa.string())
    mask = pc.and_(pc.is_in(users, value_set=touched), pc.invert(pc.is_in(users, value_set=linked)))
    mask = pc.and_(mask, pc.invert(pc.is_in(users, value_set=decided)))
    for name in ("identity_id", "local_fingerprint"):
        mask = pc.and_(mask, pc.invert(_shared(texts(keys, name))))
    return users.filter(mask)


def _shared(numbers: Texts) -> pa.BooleanArray:
    counted = pc.value_counts(numbers)
    several = counted.field("values").filter(pc.greater(counted.field("counts"), 1))
    # No number is nobody's number.
    several = several.filter(pc.fill_null(pc.not_equal(several, ""), False))
    return pc.is_in(numbers, value_set=several)


def sharing_with(keyed: pa.Table, users: Texts) -> pa.Table:
    """Return the rows of these users and of whoever shares a number with one of them: of a million, a few.

    keyed: user_sourced_id, identity_id and local_fingerprint of a student a row, beside any other columns.
    """
    chosen = pc.is_in(keyed.column("user_sourced_id"), value_set=users)
    mine = keyed.filter(chosen)
    for name in ("identity_id", "local_fingerprint"):
        chosen = pc.or_(chosen, pc.is_in(keyed.column(name), value_set=mine.column(name), skip_nulls=True))
    return keyed.filter(chosen)


def own_persons(users: Texts, district: DistrictCode, school_year: str) -> Texts:
    """Return the persons of users who are nobody else, in their order."""
    starts = range(0, len(users), _AT_ONCE)
    return joined([_own(users.slice(start, _AT_ONCE).to_pylist(), district, school_year) for start in starts])


def _own(users: Collection[str], district: DistrictCode, school_year: str) -> Texts:
    return pa.array([own_person(district, school_year, SourcedId(user)) for user in users], pa.string())
