"""A roster whose sourcedIds all changed: which old row is which new one, and the roster under its new ids.

Rows are paired by what does not change with an id: numbers, codes, dates, and what they refer to, table by
table in the order in which each may refer to the ones before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from domain.model import Op
from domain.tables import ROSTER, Kind, RosterTable
from mappings.arrow import Texts, texts
from mappings.compare import CHANGES
from mappings.digests import digests

PAIRS = pa.schema(
    [("old_sourced_id", pa.string()), ("new_sourced_id", pa.string()), ("evidence", pa.string())]
)
"""The columns of a crosswalk's table."""

Crosswalk = Mapping[RosterTable, pa.Table]
"""For each table the pairs of old and new sourcedId (PAIRS); each id stands in one pair at most."""

FEWEST, SHARE = 5, 0.2
"""A re-key is at least this many rows of one table, and this share of them."""

LEGACY = "legacy id"
"""The evidence of a SIS that says itself what a user was called before."""

_T = RosterTable


@dataclass(frozen=True, slots=True)
class Evidence:
    """Columns that, equal in one old and one new row and in no other, say that they are the same.

    weight: how far that can be trusted, 0 to 1. The first column must not be blank.
    """

    name: str
    columns: tuple[str, ...]
    weight: float = 1.0


EVIDENCE: Mapping[RosterTable, tuple[Evidence, ...]] = {
    _T.ORGS: (
        Evidence("identifier", ("identifier", "type")),
        Evidence("name", ("name", "type"), 0.9),
    ),
    _T.ACADEMIC_SESSIONS: (
        Evidence("title and dates", ("title", "type", "start_date", "end_date")),
        Evidence("dates", ("start_date", "end_date", "type"), 0.9),
    ),
    _T.COURSES: (
        Evidence("course code", ("course_code", "org_sourced_id", "school_year_sourced_id")),
        Evidence("title", ("title", "org_sourced_id", "school_year_sourced_id"), 0.8),
    ),
    _T.CLASSES: (
        Evidence("class code", ("class_code", "course_sourced_id", "school_sourced_id", "term_sourced_ids")),
        Evidence("title", ("title", "course_sourced_id", "school_sourced_id", "term_sourced_ids"), 0.9),
        Evidence("course", ("course_sourced_id", "school_sourced_id", "term_sourced_ids", "periods"), 0.7),
    ),
    _T.USERS: (
        Evidence("identifier", ("identifier",)),
        Evidence("further identifiers", ("user_ids",)),
        Evidence("username", ("username",), 0.5),
    ),
    _T.ROLES: (Evidence("user, role and school", ("user_sourced_id", "role", "org_sourced_id")),),
    _T.ENROLLMENTS: (
        Evidence("user, class and role", ("user_sourced_id", "class_sourced_id", "role", "begin_date")),
        Evidence("user and class", ("user_sourced_id", "class_sourced_id", "role"), 0.9),
    ),
}
"""What pairs the rows of each table, the best first. A name of a person is no evidence."""

_WEIGHTS = {evidence.name: evidence.weight for ranked in EVIDENCE.values() for evidence in ranked} | {
    LEGACY: 1.0
}


def propose(
    gone: Mapping[RosterTable, pa.Table], come: Mapping[RosterTable, pa.Table], legacy: Mapping[str, str]
) -> dict[RosterTable, pa.Table]:
    """Return the crosswalk from rows that are gone to rows that are new, tables without a pair left out.

    gone, come: canonical rows of every table. legacy: new → old sourcedId of users, as the SIS says.
    """
    found: dict[RosterTable, pa.Table] = {}
    for table in RosterTable:
        told = legacy if table is RosterTable.USERS else {}
        pairs = _pairs(table, rekeyed(table, gone[table], found, own=False), come[table], told)
        if pairs.num_rows:
            found[table] = pairs
    return found


def is_rekey(pairs: int, in_force: int) -> bool:
    """Return whether so many rows of a table with new ids are a re-key and no coincidence."""
    return pairs >= max(FEWEST, SHARE * in_force)


def confidence(pairs: pa.Table, gone: int) -> float:
    """Return how sure a table's pairs are, 0 to 1: those that are gone and unpaired count as wrong."""
    weights = sum(_WEIGHTS[name] for name in pairs.column("evidence").to_pylist())
    return weights / gone if gone else 0.0


def without(crosswalk: Crosswalk, refused: Crosswalk) -> dict[RosterTable, pa.Table]:
    """Return a crosswalk without the pairs that a person refused, tables without a pair left out."""
    kept = {
        table: pairs.filter(pc.invert(_among(pairs, refused.get(table))))
        for table, pairs in crosswalk.items()
    }
    return {table: pairs for table, pairs in kept.items() if pairs.num_rows}


def rekeyed(table: RosterTable, rows: pa.Table, crosswalk: Crosswalk, *, own: bool = True) -> pa.Table:
    """Return rows under their new ids, and with references to them. own: False leaves their own ids."""
    for column in ROSTER[table].columns:
        target = column.refers_to or (table if column.name == "sourced_id" and own else None)
        if target is None or target not in crosswalk or column.name not in rows.column_names:
            continue
        values = texts(rows, column.name)
        renamed = _renamed_lists if column.kind is Kind.REFERENCES else _renamed
        at = rows.column_names.index(column.name)
        rows = rows.set_column(at, column.name, renamed(values, crosswalk[target]))
    return rows


def changes(table: RosterTable, rows: pa.Table, crosswalk: Crosswalk) -> tuple[pa.Table, pa.Table]:
    """Return what leads from rows in force to the same under new ids: changes, and the rows they bring.

    rows: canonical columns and their digest. A row with a new id is a removal and an addition, one with
    new references an update.
    """
    fresh = rekeyed(table, rows.select(list(ROSTER[table].names)), crosswalk)
    old, new = texts(rows, "sourced_id"), texts(fresh, "sourced_id")
    before = rows.column("digest").combine_chunks()
    after = digests(table, _one_batch(fresh))
    moved = pc.not_equal(old, new)
    updated = pc.and_(pc.invert(moved), pc.not_equal(before, after))
    parts = [
        _changes(old, Op.REMOVE, before, None, moved),
        _changes(new, Op.ADD, None, after, moved),
        _changes(new, Op.UPDATE, before, after, updated),
    ]
    return pa.concat_tables(parts), fresh.filter(pc.or_(moved, updated))


def _one_batch(rows: pa.Table) -> pa.RecordBatch:
    arrays = [texts(rows, name) for name in rows.column_names]
    return pa.RecordBatch.from_arrays(arrays, names=rows.column_names)


def _changes(
    ids: Texts, op: Op, before: pa.Array | None, after: pa.Array | None, chosen: pa.BooleanArray
) -> pa.Table:
    nothing = pa.nulls(len(ids), CHANGES.field("before_digest").type)
    columns = {
        "sourced_id": ids,
        "op": pa.repeat(op.value, len(ids)),
        "before_digest": nothing if before is None else before,
        "after_digest": nothing if after is None else after,
    }
    return pa.table(columns, schema=CHANGES).filter(chosen)


def _pairs(table: RosterTable, gone: pa.Table, come: pa.Table, legacy: Mapping[str, str]) -> pa.Table:
    old, new = gone.to_pandas(), come.to_pandas()
    parts: list[pd.DataFrame] = []
    for evidence, keyed in _keyed(table, old, new, legacy):
        left, right = (frame[frame["key"].notna()].drop_duplicates("key", keep=False) for frame in keyed)
        both = left.merge(right, on="key", suffixes=("_old", "_new"))
        used_old, used_new = _used(parts)
        both = both[~both["sourced_id_old"].isin(used_old) & ~both["sourced_id_new"].isin(used_new)]
        parts.append(both[["sourced_id_old", "sourced_id_new"]].assign(evidence=evidence))
    found = pd.concat(parts) if parts else pd.DataFrame()
    columns = [list(found[name]) if len(found) else [] for name in (*_SIDES, "evidence")]
    return pa.table(dict(zip(PAIRS.names, columns, strict=True)), schema=PAIRS)


_SIDES = ("sourced_id_old", "sourced_id_new")


def _used(parts: Sequence[pd.DataFrame]) -> tuple[set[str], set[str]]:
    old, new = ({one for part in parts for one in part[side]} for side in _SIDES)
    return old, new


def _keyed(
    table: RosterTable, old: pd.DataFrame, new: pd.DataFrame, legacy: Mapping[str, str]
) -> Iterator[tuple[str, tuple[pd.DataFrame, pd.DataFrame]]]:
    """Yield each kind of evidence with both sides as (sourced_id, key); no key where it is blank."""
    if legacy:
        yield LEGACY, (_with_key(old, old["sourced_id"]), _with_key(new, new["sourced_id"].map(legacy)))
    for evidence in EVIDENCE[table]:
        yield evidence.name, (_with_key(old, _key(old, evidence)), _with_key(new, _key(new, evidence)))


def _with_key(frame: pd.DataFrame, key: pd.Series) -> pd.DataFrame:
    return pd.DataFrame({"sourced_id": frame["sourced_id"], "key": key})


def _key(frame: pd.DataFrame, evidence: Evidence) -> pd.Series:
    joined = frame[evidence.columns[0]].fillna("")
    for name in evidence.columns[1:]:
        joined = joined + "\x1f" + frame[name].fillna("")
    return joined.where(frame[evidence.columns[0]].notna())


def _renamed(values: Texts, pairs: pa.Table) -> Texts:
    at = pc.index_in(values, value_set=texts(pairs, "old_sourced_id"))
    return cast(Texts, pc.coalesce(texts(pairs, "new_sourced_id").take(at), values))


def _renamed_lists(values: Texts, pairs: pa.Table) -> Texts:
    names = dict(zip(*(texts(pairs, name).to_pylist() for name in PAIRS.names[:2]), strict=True))
    renamed = [
        None if value is None else ",".join(sorted(names.get(one, one) or "" for one in value.split(",")))
        for value in values.to_pylist()
    ]
    return pa.array(renamed, pa.string())


def _among(pairs: pa.Table, others: pa.Table | None) -> pa.BooleanArray:
    if others is None:
        return pa.repeat(False, pairs.num_rows)
    known = set(zip(*(others.column(name).to_pylist() for name in PAIRS.names[:2]), strict=True))
    rows = zip(*(pairs.column(name).to_pylist() for name in PAIRS.names[:2]), strict=True)
    return pa.array([row in known for row in rows], pa.bool_())
