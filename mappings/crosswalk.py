"""A roster whose sourcedIds all changed: which old row is which new one, and the roster under its new ids.

Rows are paired by what does not change with an id: numbers, codes, dates, and what they refer to, table by
table in the order in which each may refer to the ones before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from domain.model import Op
from domain.tables import ROSTER, Kind, RosterTable
from mappings.arrow import Texts, texts
from mappings.compare import CHANGES
from mappings.digests import digests
from mappings.pairs import PAIRS, Crosswalk

Rows = Callable[[RosterTable], pa.Table]
"""Returns the rows of a table that are gone, or that are new."""

FEWEST, SHARE = 5, 0.2
"""A re-key is at least this many rows of one table, and this share of them."""

LEGACY = "legacy id"
"""The evidence of a SIS that says itself what a user was called before."""

_T = RosterTable
_Places = npt.NDArray[np.int64]


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


def compared(table: RosterTable) -> list[str]:
    """Return the columns of a table by which rows are paired, its own id first."""
    return ["sourced_id", *sorted({name for evidence in EVIDENCE[table] for name in evidence.columns})]


def propose(gone: Rows, come: Rows, legacy: Mapping[str, str]) -> dict[RosterTable, pa.Table]:
    """Return the crosswalk from rows that are gone to rows that are new, tables without a pair left out.

    gone, come: a table's rows with the columns `compared`; asked for once, and let go before the next.
    legacy: new → old sourcedId of users, as the SIS says.
    """
    found: dict[RosterTable, pa.Table] = {}
    for table in RosterTable:
        told = legacy if table is RosterTable.USERS else {}
        pairs = _pairs(table, rekeyed(table, gone(table), found, own=False), come(table), told)
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
    old, new = texts(gone, "sourced_id"), texts(come, "sourced_id")
    free_old, free_new = np.ones(len(old), dtype=bool), np.ones(len(new), dtype=bool)
    parts: list[pa.Table] = []
    for evidence, key_old, key_new in _keyed(table, gone, come, legacy):
        at_old, at_new = _met(key_old, key_new)
        free = free_old[at_old] & free_new[at_new]
        at_old, at_new = at_old[free], at_new[free]
        free_old[at_old] = free_new[at_new] = False
        said = pa.repeat(evidence, len(at_old))
        parts.append(pa.table([old.take(pa.array(at_old)), new.take(pa.array(at_new)), said], schema=PAIRS))
    return pa.concat_tables([PAIRS.empty_table(), *parts])


def _keyed(
    table: RosterTable, gone: pa.Table, come: pa.Table, legacy: Mapping[str, str]
) -> Iterator[tuple[str, _Places, _Places]]:
    """Yield each kind of evidence with the key of every row on both sides, -1 where it is blank."""
    if legacy:
        told = pa.array(list(legacy.values()), pa.string())
        at = pc.index_in(texts(come, "sourced_id"), value_set=pa.array(list(legacy), pa.string()))
        yield LEGACY, *_numbered(texts(gone, "sourced_id"), told.take(at))
    for evidence in EVIDENCE[table]:
        yield evidence.name, *_keys(gone, come, evidence)


def _keys(gone: pa.Table, come: pa.Table, evidence: Evidence) -> tuple[_Places, _Places]:
    """Return one number for each row and side, the same where all the columns are; -1 for a blank first."""
    left, right = _numbered(*(texts(side, evidence.columns[0]) for side in (gone, come)))
    for name in evidence.columns[1:]:
        more = _numbered(*(pc.fill_null(texts(side, name), "") for side in (gone, come)))
        # Numbers and not joined texts: millions of rows would need a hundred bytes for each.
        width = max((int(side.max()) for side in more if len(side)), default=0) + 1
        joined = (
            np.where(key < 0, -1, key * width + one) for key, one in zip((left, right), more, strict=True)
        )
        left, right = _numbered(*(pa.array(side, mask=side < 0) for side in joined))
    return left, right


def _numbered(left: pa.Array, right: pa.Array) -> tuple[_Places, _Places]:
    """Return the values of both sides as numbers from 0 on, equal ones alike; -1 for a null."""
    both = pa.chunked_array([left, right]).dictionary_encode().unify_dictionaries().combine_chunks()
    numbers = np.asarray(both.indices.fill_null(-1)).astype(np.int64)
    return numbers[: len(left)], numbers[len(left) :]


def _met(left: _Places, right: _Places) -> tuple[_Places, _Places]:
    """Return the places of each key that stands once on either side, in the order of the left."""
    at_left, at_right = _alone(left), _alone(right)
    found = np.full(max(left.max(initial=-1), right.max(initial=-1)) + 1, -1)
    found[right[at_right]] = at_right
    met = found[left[at_left]]
    return at_left[met >= 0], met[met >= 0]


def _alone(keys: _Places) -> _Places:
    """Return the places of the keys that stand there once; -1 is no key."""
    often = np.bincount(keys[keys >= 0], minlength=1)
    return np.flatnonzero((keys >= 0) & (often[keys] == 1))


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
