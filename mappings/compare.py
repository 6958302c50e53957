"""What changed between the roster of record and tonight's: a question of keys and digests only.

Three kinds of gone: `tobedeleted` is a removal at once; absence from a complete bulk snapshot is
MISSING the first time and a removal the second; absence from a delta is nothing at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from domain.errors import ContractBroken
from domain.model import Mode, Op
from domain.tables import RosterTable
from mappings.arrow import Texts, texts
from mappings.digests import DIGEST
from mappings.ranges import id_ranges

CHANGES = pa.schema(
    [("sourced_id", pa.string()), ("op", pa.string()), ("before_digest", DIGEST), ("after_digest", DIGEST)]
)
"""The columns of a table of changes."""

_OPS = tuple(Op)
_NOTHING = -1
_CARRYING = pa.array([Op.ADD.value, Op.UPDATE.value, Op.RETURN.value])
_GOING = pa.array([Op.MISSING.value, Op.REMOVE.value])

_Bools = npt.NDArray[np.bool_]
_Places = npt.NDArray[np.intp]
_Codes = npt.NDArray[np.int8]


@dataclass(frozen=True)
class _Sides:
    """Both rosters side by side. where: for each row of tonight its row in last, or -1."""

    last: pa.Table
    tonight: pa.Table
    where: _Places
    is_absent: _Bools
    is_seen: _Bools


def compare(
    table: RosterTable,
    last: pa.Table,
    tonight: pa.Table,
    seen: pa.Array | pa.ChunkedArray,
    mode: Mode,
) -> pa.Table:
    """Return the changes that lead from last to tonight in one table; see `compare_by_range`."""
    return pa.concat_tables(compare_by_range(table, last, tonight, seen, mode))


def compare_by_range(
    table: RosterTable,
    last: pa.Table,
    tonight: pa.Table,
    seen: pa.Array | pa.ChunkedArray,
    mode: Mode,
) -> Iterator[pa.Table]:
    """Yield the changes that lead from last to tonight, sorted by sourced_id, one range of ids after another.

    last: (sourced_id, digest, missing). tonight: (sourced_id, digest, deleted). seen: ids that were
    quarantined tonight, so they are never missing. Ids are unique in each; ContractBroken ID10
    when two changes name the same one. A row that was missing and is only seen returns with its last
    content: before and after digest are equal then. MISSING and REMOVE have no after digest.
    """
    for ids in id_ranges(last, tonight):
        before, after = ids.of(last).combine_chunks(), ids.of(tonight).combine_chunks()
        yield _changes_within(table, before, after, seen, mode)


def unlisted(last_roles: pa.Table, users: pa.Array | pa.ChunkedArray, listed: object) -> pa.Table:
    """Return, as rows of tonight marked deleted, the roles that their user's own row lists no longer.

    Only for sources whose user rows carry all of that user's roles. last_roles: (sourced_id, digest,
    user_sourced_id) as in force. users: those with a usable row tonight. listed: role ids seen tonight.
    """
    told = pc.is_in(last_roles.column("user_sourced_id"), value_set=users)
    kept = pc.is_in(last_roles.column("sourced_id"), value_set=listed)
    gone = last_roles.filter(pc.and_(told, pc.invert(kept)))
    deleted = pa.repeat(True, gone.num_rows)
    return gone.select(["sourced_id", "digest"]).append_column("deleted", deleted)


def ripe(absences: pa.Table, as_of: datetime, night_on: date, apart: timedelta) -> Texts:
    """Return the rows whose absence an earlier night has seen, at least so long before this snapshot.

    absences: (sourced_id, night_on, as_of) of the first complete snapshot without the row. Two pulls of
    one night, or of two that meet at midnight, are one piece of evidence.
    """
    seen_before = pc.less(absences.column("night_on"), pa.scalar(night_on))
    moment = pa.scalar(as_of - apart, absences.schema.field("as_of").type)
    earlier = pc.less(absences.column("as_of"), pa.scalar(as_of, moment.type))
    far_apart = pc.and_(earlier, pc.less_equal(absences.column("as_of"), moment))
    long_ago = pc.fill_null(far_apart, fill_value=True)
    return texts(absences.filter(pc.and_(seen_before, long_ago)), "sourced_id")


def proven(changes: pa.Table, told: pa.Array | pa.ChunkedArray, ripe_ids: Texts) -> pa.Table:
    """Return the changes with removals by absence only where two nights have seen it.

    told: ids that tonight marks as deleted, which need no second night. A row that is absent and ripe
    goes; one that is absent for the first time is MISSING; one in between stays as it is.
    """
    if not pc.any(pc.is_in(changes.column("op"), value_set=_GOING)).as_py():
        return changes
    ids = changes.column("sourced_id")
    is_ripe = pc.is_in(ids, value_set=ripe_ids)
    proof = pc.or_(is_ripe, pc.is_in(ids, value_set=told))
    op = changes.column("op")
    soon = pc.and_(pc.equal(op, Op.MISSING.value), is_ripe)
    ops = pc.if_else(soon, Op.REMOVE.value, op)
    kept = pc.or_(pc.not_equal(ops, Op.REMOVE.value), proof)
    place = changes.schema.get_field_index("op")
    return changes.set_column(place, "op", ops).filter(kept).select(CHANGES.names).cast(CHANGES)


def counts_agree(
    total_before: int | None, total_now: int | None, *, added: int, removed: int, unkept: int
) -> bool:
    """Return whether a table grew at its source as the applied delta says; True where no total is told.

    total_before: what the source told at the last applied snapshot. A source may go on counting what it
    marked as deleted. unkept: rows of the delta that are not in force (held, out of scope, deleted):
    they may be new there or not.
    """
    if total_before is None or total_now is None:
        return True
    return added - removed <= total_now - total_before <= added + unkept


def apply_changes(last: pa.Table, changes: pa.Table, tonight: pa.Table) -> pa.Table:
    """Return what last becomes: the content of added, updated and returned rows is tonight's.

    The outcome has the columns of last and is sorted by sourced_id.
    """
    carried = changes.filter(pc.is_in(changes.column("op"), value_set=_CARRYING))
    fresh = tonight.filter(pc.is_in(tonight.column("sourced_id"), value_set=carried.column("sourced_id")))
    gone = _ids_of(changes, Op.REMOVE)
    replaced = pa.concat_arrays([gone, texts(fresh, "sourced_id")])
    kept = last.filter(pc.invert(pc.is_in(last.column("sourced_id"), value_set=replaced)))
    missing = pc.is_in(kept.column("sourced_id"), value_set=_ids_of(changes, Op.MISSING))
    back = pc.is_in(kept.column("sourced_id"), value_set=_ids_of(changes, Op.RETURN))
    still = pc.or_(missing, pc.and_(kept.column("missing"), pc.invert(back)))
    parts = [
        _record(kept.column("sourced_id"), kept.column("digest"), still),
        _record(fresh.column("sourced_id"), fresh.column("digest"), pa.repeat(False, fresh.num_rows)),
    ]
    return pa.concat_tables(parts).sort_by("sourced_id")


def _changes_within(
    table: RosterTable, last: pa.Table, tonight: pa.Table, seen: object, mode: Mode
) -> pa.Table:
    sides = _side_by_side(last, tonight, seen)
    coming, going = _ops_of_tonight(sides), _ops_of_last(sides, mode)
    tonight_rows, last_rows = np.flatnonzero(coming != _NOTHING), np.flatnonzero(going != _NOTHING)
    changes = _sorted_changes(sides, (tonight_rows, coming[tonight_rows]), (last_rows, going[last_rows]))
    _check_unique(table, texts(changes, "sourced_id"))
    return changes


def _record(ids: object, digests: object, missing: object) -> pa.Table:
    schema = pa.schema([("sourced_id", pa.string()), ("digest", DIGEST), ("missing", pa.bool_())])
    return pa.table({"sourced_id": ids, "digest": digests, "missing": missing}, schema=schema)


def _ids_of(changes: pa.Table, op: Op) -> Texts:
    return texts(changes.filter(pc.equal(changes.column("op"), op.value)), "sourced_id")


def _side_by_side(last: pa.Table, tonight: pa.Table, seen: object) -> _Sides:
    where = _where(last, tonight)
    is_absent = np.ones(last.num_rows, dtype=bool)
    is_absent[where[where >= 0]] = False
    is_seen = _bools(pc.is_in(last.column("sourced_id"), value_set=seen))
    return _Sides(last, tonight, where, is_absent, is_seen)


def _where(last: pa.Table, tonight: pa.Table) -> _Places:
    """Return for each of tonight's rows its row in last, or -1."""
    where = _found_by_digest(last, tonight)
    rest = np.flatnonzero(where == _NOTHING)
    if len(rest) and last.num_rows:
        # Few are left as a rule, and are found among many in less time than many among many.
        found = pc.index_in(last.column("sourced_id"), value_set=_ids_at(tonight, rest)).combine_chunks()
        where[rest[found.drop_null().to_numpy()]] = np.flatnonzero(found.is_valid())
    return where


def _found_by_digest(last: pa.Table, tonight: pa.Table) -> _Places:
    """Return for each of tonight's rows its row in last where their digests lead to it, else -1.

    Most rows are as they were, and numbers are matched in a fifth of the time that ids take.
    """
    where = np.full(tonight.num_rows, _NOTHING, dtype=np.intp)
    if not len(where) or not last.num_rows:
        return where
    before, after = _words(last)[:, 0], _words(tonight)[:, 0]
    was, now = before.argsort(), after.argsort()
    where[now] = was[np.searchsorted(before[was], after[now]).clip(max=len(was) - 1)]
    same = pc.equal(_ids_at(last, where), texts(tonight, "sourced_id"))
    return np.where(_bools(same), where, _NOTHING)


def _bools(flags: object) -> _Bools:
    return cast(_Bools, np.asarray(flags, dtype=bool))


def _words(table: pa.Table) -> npt.NDArray[np.uint64]:
    """Return the digests of a table as two 64-bit words a row, to compare them without objects."""
    whole = table.column("digest").combine_chunks()
    words = np.frombuffer(whole.buffers()[1] or b"", dtype=np.uint64)
    return words[whole.offset * 2 : (whole.offset + len(whole)) * 2].reshape(-1, 2)


def _ops_of_tonight(sides: _Sides) -> _Codes:
    """Return what each of tonight's rows is: the position of its op in Op, or -1 for no change."""
    where, deleted = sides.where, _bools(sides.tonight.column("deleted"))
    known = where >= 0
    ops = np.where(known | deleted, _NOTHING, _OPS.index(Op.ADD)).astype(np.int8)
    ops[known & deleted] = _OPS.index(Op.REMOVE)
    rows = np.flatnonzero(known & ~deleted)
    was_missing = _bools(sides.last.column("missing"))[where[rows]]
    ops[rows[_differs(sides, rows)]] = _OPS.index(Op.UPDATE)
    ops[rows[was_missing]] = _OPS.index(Op.RETURN)
    return ops


def _differs(sides: _Sides, rows: npt.NDArray[np.intp]) -> _Bools:
    before, after = _words(sides.last), _words(sides.tonight)
    at = sides.where[rows]
    first = before[at, 0] != after[rows, 0]
    return cast(_Bools, first | (before[at, 1] != after[rows, 1]))


def _ops_of_last(sides: _Sides, mode: Mode) -> _Codes:
    """Return what becomes of each row of last that tonight does not have."""
    was_missing = _bools(sides.last.column("missing"))
    ops = np.full(sides.last.num_rows, _NOTHING, dtype=np.int8)
    ops[sides.is_absent & sides.is_seen & was_missing] = _OPS.index(Op.RETURN)
    if mode is Mode.BULK:
        gone = sides.is_absent & ~sides.is_seen
        ops[gone & ~was_missing] = _OPS.index(Op.MISSING)
        ops[gone & was_missing] = _OPS.index(Op.REMOVE)
    return ops


_Part = tuple[npt.NDArray[np.intp], _Codes]


def _sorted_changes(sides: _Sides, tonight: _Part, last: _Part) -> pa.Table:
    """Build the changes from the chosen rows of either side, each column once and in order."""
    ids = pa.concat_arrays([_ids_at(sides.tonight, tonight[0]), _ids_at(sides.last, last[0])])
    order = pc.sort_indices(ids).to_numpy()
    ops = np.concatenate([tonight[1], last[1]])[order]
    before = np.concatenate([sides.where[tonight[0]], last[0]])[order]
    after = np.concatenate([tonight[0], np.full(len(last[0]), _NOTHING)])[order]
    after[ops == _OPS.index(Op.REMOVE)] = _NOTHING
    columns = {
        "sourced_id": ids.take(pa.array(order)),
        "op": pa.array([op.value for op in _OPS]).take(pa.array(ops)),
        "before_digest": _digests_at(sides.last, before),
        "after_digest": _digests_at(sides.tonight, after),
    }
    only_seen = (ops == _OPS.index(Op.RETURN)) & (after == _NOTHING)
    if only_seen.any():
        columns["after_digest"] = pc.if_else(only_seen, columns["before_digest"], columns["after_digest"])
    return pa.table(columns, schema=CHANGES)


def _ids_at(table: pa.Table, rows: npt.NDArray[np.intp]) -> Texts:
    return texts(table, "sourced_id").take(pa.array(rows))


def _digests_at(table: pa.Table, rows: npt.NDArray[np.signedinteger]) -> pa.FixedSizeBinaryArray:
    """Return the digests at these rows, null where the row is -1."""
    found = table.column("digest").combine_chunks()
    return cast(pa.FixedSizeBinaryArray, found.take(pa.array(rows, mask=rows == _NOTHING)))


def _check_unique(table: RosterTable, ids: Texts) -> None:
    """Raise when a sourcedId changes twice; ids are sorted, so twins are neighbours."""
    twins = pc.equal(ids.slice(1), ids.slice(0, max(len(ids) - 1, 0)))
    if pc.any(twins).as_py():
        raise ContractBroken(
            "ID10",
            f"Two rows of {table} have the same sourcedId, so what changed cannot be told.",
            fix="Ask for the whole roster again; if it stays, have the SIS give each row its own sourcedId.",
        )
