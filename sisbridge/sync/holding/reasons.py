"""Reasons to hold a change: a person's refusal, grades in flight, strangers, too many, a row that stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from domain.model import Decision, Finding, Op
from domain.tables import RosterTable
from mappings import holding
from mappings.arrow import Texts, texts
from mappings.holding import ADD, REMOVE, UPDATE, Seed
from sisbridge.store import holds, roster
from sisbridge.sync.holding.flight import students_in_flight
from sisbridge.sync.holding.judging import Judging
from sisbridge.sync.roster.windows import thresholds_of
from validation import guards
from validation.guards import Limits

KINDS = {REMOVE: "removals", UPDATE: "updates", ADD: "adds"}
"""What a hold is called that a threshold opens in each direction."""

_FOLLOWS: Mapping[RosterTable, Mapping[str, RosterTable]] = {
    RosterTable.ROLES: {"user_sourced_id": RosterTable.USERS},
    RosterTable.ENROLLMENTS: {"user_sourced_id": RosterTable.USERS, "class_sourced_id": RosterTable.CLASSES},
}
"""Rows that go because their user or class goes are judged there, not a second time by themselves."""


def decided(changes: pa.Table, stored: pa.Table, table: RosterTable, decision: Decision) -> Texts:
    """Return the ids whose change of tonight a person has decided on: in the same direction, and when
    refused to the same content. What is released is taken from the newest snapshot, whatever it says by now.

    stored: held changes as `sisbridge.store.holds.HELD`.
    """
    of_table = pc.equal(stored.column("roster_table"), table.value)
    mine = stored.filter(pc.and_(of_table, pc.equal(stored.column("decision"), decision.value)))
    if mine.num_rows == 0:
        return pa.array([], pa.string())
    chosen = pc.is_in(_keys(changes, decision), value_set=_keys(mine, decision))
    return texts(changes.filter(chosen), "sourced_id")


def _keys(changes: pa.Table, decision: Decision) -> Texts:
    parts = [holding.directions(changes), texts(changes, "sourced_id")]
    if decision is Decision.DISCARD:
        digests = changes.column("after_digest").to_pylist()
        parts.append(pa.array([one.hex() if one else "" for one in digests], pa.string()))
    return pc.binary_join_element_wise(*parts, "\x1f")


def refused(night: Judging, stored: pa.Table) -> list[Seed]:
    """Return the seeds of what a person decided to keep as it was, one for each hold."""
    ids = {t: decided(night.board.changes[t], stored, t, Decision.DISCARD) for t in RosterTable}
    if not any(map(len, ids.values())):
        return []
    return [seed for one in holds.holds(night.conn, night.stage.code) for seed in _kept(one, ids, stored)]


def _kept(one: holds.Hold, ids: Mapping[RosterTable, Texts], stored: pa.Table) -> list[Seed]:
    mine = stored.filter(pc.equal(stored.column("hold_id"), one.hold_id))
    rows = {table: kept.filter(pc.is_in(kept, value_set=_of(mine, table))) for table, kept in ids.items()}
    found = guards.kept(
        one.table or "rows",
        sum(map(len, rows.values())),
        one.decided_by or "a person",
        one.school,
        one.direction or "change",
    )
    key = (one.kind, one.table, one.school, one.direction)
    return [Seed(*key, said.rule, said.message, said.fix, rows, "discard") for said in found]


def _of(stored: pa.Table, table: RosterTable) -> Texts:
    """Return the ids of one table: some SISs number every table from one."""
    return texts(stored.filter(pc.equal(stored.column("roster_table"), table.value)), "sourced_id")


def in_flight(night: Judging) -> list[Seed]:
    """Return the seed of students who would go while grades of theirs are still awaited."""
    gone = night.flowing(RosterTable.USERS, Op.REMOVE)
    if len(gone) == 0:
        return []
    awaited = pa.array(sorted(students_in_flight(night.conn, night.stage)), pa.string())
    released = night.board.released.get(RosterTable.USERS, awaited.slice(0, 0))
    held = pc.and_(pc.is_in(gone, value_set=awaited), pc.invert(pc.is_in(gone, value_set=released)))
    ids = gone.filter(held)
    return [
        Seed("in flight", "users", "", REMOVE, said.rule, said.message, said.fix, {RosterTable.USERS: ids})
        for said in guards.in_flight(len(ids))
    ]


def strangers(night: Judging) -> list[Seed]:
    """Return the seed of everything new when most of the users in force are gone, kept by a person or not."""
    users = RosterTable.USERS
    kept = [seed.rows[users] for seed in night.seeds if seed.decision == Decision.DISCARD]
    gone = len(night.open_ids(users, REMOVE)) + sum(map(len, kept))
    added = len(night.open_ids(users, ADD))
    found = guards.strangers(night.last_rows.get(users, 0), gone, added)
    return [
        Seed("strangers", "", "", ADD, said.rule, said.message, said.fix, _all_new(night)) for said in found
    ]


def _all_new(night: Judging) -> dict[RosterTable, Texts]:
    return {table: night.open_ids(table, ADD) for table in RosterTable}


def too_many(night: Judging, table: RosterTable, direction: str) -> list[Seed]:
    """Return a seed for each school with too many changes of a direction, and one for the rest of a table."""
    thresholds = thresholds_of(night.stage)
    ids = night.open_ids(table, direction)
    if not night.last_rows.get(table) or len(ids) <= Limits.of(thresholds, table).allowed(direction, 0):
        return []
    ids = _judged_here(night, table, direction, ids)
    seeds, in_force = [], night.rows_by_school(table)
    for school, mine in _by_school(night, table, ids).items():
        moved = {direction: len(mine)}
        found = (
            guards.mass_change(table, in_force.get(school, 0), moved, thresholds, school) if school else []
        )
        seeds += [_mass_seed(table, direction, one, mine) for one in found]
    if (table, direction) == (RosterTable.USERS, REMOVE):
        seeds = _with_classes(night, seeds)
    held = pa.chunked_array([seed.rows[table] for seed in seeds], pa.string())
    rest = ids.filter(pc.invert(pc.is_in(ids, value_set=held)))
    found = guards.mass_change(table, night.last_rows[table], {direction: len(rest)}, thresholds)
    return seeds + [_mass_seed(table, direction, one, rest) for one in found]


def vanished(night: Judging) -> list[Seed]:
    """Return a seed for each school that is gone with people, however few: the threshold let these go."""
    users = RosterTable.USERS
    schools = night.open_ids(RosterTable.ORGS, REMOVE)
    schools = schools.filter(pc.invert(pc.is_in(schools, value_set=night.told[RosterTable.ORGS])))
    going = _by_school(night, users, night.open_ids(users, REMOVE)) if len(schools) else {}
    seeds = [
        Seed("removals", users.value, school, REMOVE, one.rule, one.message, one.fix, {users: going[school]})
        for school in schools.to_pylist()
        for one in guards.vanished(school, len(going.get(school, ())))
    ]
    return _with_classes(night, seeds)


def _mass_seed(table: RosterTable, direction: str, found: Finding, ids: Texts) -> Seed:
    key = (KINDS[direction], table.value, found.group, direction)
    return Seed(*key, found.rule, found.message, found.fix, {table: ids})


def _with_classes(night: Judging, seeds: list[Seed]) -> list[Seed]:
    """Let the classes of a school wait with its people: it may have vanished from the feed as a whole."""
    classes = RosterTable.CLASSES
    going = _by_school(night, classes, night.open_ids(classes, REMOVE)) if seeds else {}
    none = pa.array([], pa.string())
    return [replace(seed, rows={**seed.rows, classes: going.get(seed.school, none)}) for seed in seeds]


def _judged_here(night: Judging, table: RosterTable, direction: str, ids: Texts) -> Texts:
    """Return the ids without those that go because their user or class goes: these follow it."""
    if direction != REMOVE or table not in _FOLLOWS:
        return ids
    parents = {
        column: holding.of_direction(night.board.changes[parent], REMOVE)
        for column, parent in _FOLLOWS[table].items()
    }
    alone = holding.unexplained(night.board.changes[table], night.in_force(table), parents)
    here = ids.filter(pc.is_in(ids, value_set=alone))
    return here if table is RosterTable.ROLES else _with_emptied(night, ids, here, parents)


def _with_emptied(night: Judging, ids: Texts, here: Texts, parents: Mapping[str, Texts]) -> Texts:
    """Return enrollments with those that go with their class, where most of a school's go: a few classes may
    be all that a school has."""
    table, of_user = RosterTable.ENROLLMENTS, "user_sourced_id"
    changes, references = night.board.changes[table], night.in_force(table)
    stays = holding.unexplained(changes, references, {of_user: parents[of_user]})
    in_force = night.rows_by_school(table)
    going = _by_school(night, table, ids.filter(pc.is_in(ids, value_set=stays)))
    most = [
        rows for school, rows in going.items() if len(rows) > guards.STRANGE_SHARE * in_force.get(school, 0)
    ]
    return pc.unique(pa.chunked_array([here, *most], pa.string()))


def _by_school(night: Judging, table: RosterTable, ids: Texts) -> dict[str, Texts]:
    changes = night.board.changes[table]
    chosen = pc.is_in(changes.column("sourced_id"), value_set=ids)
    schools, names = night.schools(table).filter(chosen), texts(changes.filter(chosen), "sourced_id")
    return {one: names.filter(pc.equal(schools, one)) for one in sorted(pc.unique(schools).to_pylist())}


def orphans(night: Judging, table: RosterTable) -> list[Seed]:
    """Return the seed of rows that would come though their parent is marked as deleted and gone."""
    changes = night.board.changes[table]
    coming = pc.is_in(changes.column("op"), value_set=pa.array([Op.ADD.value, Op.UPDATE.value]))
    found = [
        changes.filter(pc.and_(coming, _leads_nowhere(night, table, column, parent))).column("sourced_id")
        for column, parent in holding.PARENTS.get(table, {}).items()
        if len(night.told[parent]) and pc.any(coming).as_py()
    ]
    ids = pc.unique(pa.chunked_array([chunk for one in found for chunk in one.chunks], pa.string()))
    key = ("waiting", table.value, "", ADD)
    return [
        Seed(*key, one.rule, one.message, one.fix, {table: ids}, always=True)
        for one in guards.orphans(table, len(ids))
    ]


def _leads_nowhere(night: Judging, table: RosterTable, column: str, parent: RosterTable) -> pa.Array:
    """Return which of a table's changes refer to a row that is marked as deleted and is not in force."""
    named = night.tonight(table).column(column)
    deleted = pc.unique(named.filter(pc.is_in(named, value_set=night.told[parent])))
    where = {"sourced_id": deleted.to_pylist()}
    standing = roster.rows(night.conn, night.stage.code, parent, ["sourced_id"], where)
    gone = deleted.filter(pc.invert(pc.is_in(deleted, value_set=texts(standing, "sourced_id"))))
    return pc.is_in(named, value_set=gone)


def referred_to(night: Judging, parent: RosterTable) -> list[Seed]:
    """Return the seed of removals that have to wait, because rows that stay in force refer to them."""
    removals = night.flowing(parent, Op.REMOVE)
    if len(removals) == 0:
        return []
    found = [
        _still_referred_to(night, removals, parent, child, column)
        for child, columns in holding.PARENTS.items()
        for column, refers_to in columns.items()
        if refers_to is parent
    ]
    waiting = pc.unique(pa.chunked_array(found, pa.string()))
    return [
        Seed(
            "waiting",
            parent.value,
            "",
            REMOVE,
            one.rule,
            one.message,
            one.fix,
            {parent: waiting},
            always=True,
        )
        for one in guards.waiting(parent, len(waiting))
    ]


def _still_referred_to(
    night: Judging, removals: Texts, parent: RosterTable, child: RosterTable, column: str
) -> Texts:
    where = {column: removals.to_pylist()}
    children = roster.rows(night.conn, night.stage.code, child, ["sourced_id", column], where)
    # A changed row says below what it refers to from now on.
    leaving = night.flowing(child, Op.REMOVE, Op.UPDATE)
    waiting = holding.waiting(removals, children, column, leaving)
    # Rules have seen to it that tonight's rows refer only to rows of tonight, which may be marked as deleted.
    if not pc.any(pc.is_in(removals, value_set=night.told[parent])).as_py():
        return waiting
    coming = pc.is_in(
        night.board.changes[child].column("sourced_id"),
        value_set=night.flowing(child, Op.ADD, Op.UPDATE, Op.RETURN),
    )
    named = night.tonight(child).column(column).filter(coming)
    return pa.concat_arrays([waiting, removals.filter(pc.is_in(removals, value_set=named))])
