"""The rows that tonight's feed shows though they cannot be used: what is seen is never missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from domain.model import Severity
from domain.oneroster import Version
from domain.tables import RosterTable
from mappings.arrow import Texts, texts
from mappings.maps import maps_for
from sisbridge.store import roster
from sisbridge.sync.context import Stage, canonical_name, mapping_of, seen_name

_NONE = pa.array([], pa.string())

_KEYED = frozenset(RosterTable)
"""The files of OneRoster whose torn rows `validate` knows by their sourcedId."""

_ONEROSTER = frozenset(one.value for one in Version)

_ALIKE: Mapping[RosterTable, tuple[tuple[str, ...], ...]] = {
    RosterTable.USERS: (("identifier",), ("username",)),
    RosterTable.ENROLLMENTS: (("user_sourced_id", "class_sourced_id"),),
}
"""By which columns a row without an id may be a row in force; in a table not named here it may be any."""


def seen(stage: Stage, version: str, table: RosterTable, tonight: Iterable[pa.Table]) -> Texts:
    """Return the ids of a table's rows that are held tonight, and of those that held rows may stand for.

    version: the dialect of the snapshot. tonight: the usable rows, in parts. The second kind is landed by
    itself: a row without a readable id stands for the rows it looks like, a line torn where the id stood
    for any; and a role, whose id is often built of user, org and role, stays while a row of its user is held.
    """
    held = _held(stage, table)
    if table is RosterTable.ROLES:
        meant = _roles_of(stage, _users_in_doubt(stage, held))
    else:
        meant = _nameless(stage, table)
    if _is_torn(stage, version, table):
        meant = _in_force(stage, table)
    meant = _without(meant, held)
    # Most nights nothing is meant, and tonight's ids may be millions.
    for part in tonight if len(meant) else ():
        meant = _without(meant, part.column("sourced_id"))
    stage.write(_meant_name(table), iter(pa.table({"sourced_id": meant}).to_batches()))
    return pa.concat_arrays([held, meant])


def meant(stage: Stage, table: RosterTable) -> Texts:
    """Return the ids of rows that tonight's held rows may stand for, as compare has found them."""
    parts = [batch.column("sourced_id") for batch in stage.read(_meant_name(table))]
    return pa.concat_arrays([*parts, _NONE])


def _without(ids: Texts, others: Texts | pa.ChunkedArray) -> Texts:
    return ids.filter(pc.invert(pc.is_in(ids, value_set=others)))


def _meant_name(table: RosterTable) -> str:
    return f"meant/{table}"


def _held(stage: Stage, table: RosterTable) -> Texts:
    parts = [batch.column("sourced_id") for batch in stage.read(seen_name(table), ["sourced_id"])]
    return pa.concat_arrays([*parts, _NONE]).drop_null()


def _users_in_doubt(stage: Stage, held_roles: Texts) -> Texts:
    """Return the users of whom a row is held tonight: their own, or a role's."""
    parts = [_held(stage, RosterTable.USERS), meant(stage, RosterTable.USERS)]
    if any(batch.num_rows for batch in stage.read(seen_name(RosterTable.ROLES))):
        for batch in stage.read(canonical_name(RosterTable.ROLES), ["sourced_id", "user_sourced_id"]):
            ids = batch.column("sourced_id")
            is_held = pc.or_(pc.is_null(ids), pc.is_in(ids, value_set=held_roles))
            parts.append(batch.filter(is_held).column("user_sourced_id"))
    return pc.unique(pa.concat_arrays(parts)).drop_null()


def _roles_of(stage: Stage, users: Texts) -> Texts:
    return (
        _in_force(stage, RosterTable.ROLES, {"user_sourced_id": users.to_pylist()}) if len(users) else _NONE
    )


def _nameless(stage: Stage, table: RosterTable) -> Texts:
    """Return the rows in force that tonight's rows without an id look like."""
    if not any(batch.column("sourced_id").null_count for batch in stage.read(seen_name(table))):
        return _NONE
    if table not in _ALIKE:
        return _in_force(stage, table)
    batches = [one.filter(pc.is_null(one.column("sourced_id"))) for one in stage.read(canonical_name(table))]
    nameless = pa.Table.from_batches(batches)
    return pc.unique(pa.concat_arrays([_alike(stage, table, nameless, by) for by in _ALIKE[table]]))


def _alike(stage: Stage, table: RosterTable, nameless: pa.Table, by: tuple[str, ...]) -> Texts:
    rows = nameless.select(by).drop_null()
    where = {name: rows.column(name).to_pylist() for name in by}
    with stage.house.store.read() as conn:
        found = roster.rows(conn, stage.code, table, ["sourced_id", *by], where)
    keys = [pc.binary_join_element_wise(*(texts(one, name) for name in by), "\x1f") for one in (found, rows)]
    return texts(found.filter(pc.is_in(keys[0], value_set=keys[1])), "sourced_id")


def _is_torn(stage: Stage, version: str, table: RosterTable) -> bool:
    """Return whether the source held a row of what feeds this table without telling its sourcedId."""
    held = [one for one in stage.read_findings("pull") if one.severity is Severity.HOLD_ROW]
    nameless = {one.table for one in held if not (one.key and one.table in _KEYED and version in _ONEROSTER)}
    if not nameless:
        return False
    sources = maps_for(version, mapping_of(stage.district)).sources
    return any(table in sources.get(name, ()) for name in nameless)


def _in_force(stage: Stage, table: RosterTable, where: Mapping[str, list[str]] | None = None) -> Texts:
    with stage.house.store.read() as conn:
        return texts(roster.rows(conn, stage.code, table, ["sourced_id"], where), "sourced_id")
