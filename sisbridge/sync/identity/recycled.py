"""Notice that a SIS gave a student's sourcedId to another student, and hold what it says of that user."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from domain.ids import DistrictCode, SourcedId
from domain.model import Decision, Op
from domain.tables import RosterTable
from mappings import holding, identity, numbers
from mappings.arrow import Texts, texts
from mappings.compare import CHANGES
from mappings.holding import Seed
from mappings.identity import Keyed
from sisbridge.store import holds, roster
from sisbridge.store import identity as store
from sisbridge.store.database import Connection
from sisbridge.sync.context import Stage, changes_name
from sisbridge.sync.identity.people import fingerprints
from sisbridge.sync.roster.usable import usable
from validation.people import recycled

KIND = "another person"
"""The kind of a hold for users whose sourcedId is somebody else's by now."""

_NAMES = ("given_name", "family_name")
_COMING = pa.array([Op.ADD.value, Op.UPDATE.value, Op.RETURN.value])


def detect(stage: Stage) -> list[Seed]:
    """Return what is held because a sourcedId is another student's: the user and all that refers to it.

    Another student is who has other numbers under an id that was gone this school year, or other numbers and
    two other names under one that is in force: a number alone is corrected, a name alone changes. Names only
    cast the doubt. An id that was gone before the year began is free for whoever comes.
    """
    users = pa.Table.from_batches(stage.read(changes_name(RosterTable.USERS)), schema=CHANGES)
    coming = texts(users.filter(pc.is_in(users.column("op"), value_set=_COMING)), "sourced_id")
    with stage.house.store.read() as conn:
        known = store.keys_of(conn, stage.code, coming.to_pylist())
        if not known:
            return []
        rows = _rows(stage, RosterTable.USERS, "sourced_id", pa.array(list(known)))
        renumbered = _renumbered(stage, rows, {user: keys for user, (_, keys) in known.items()})
        this_year = {user for user, (year, _) in known.items() if year == stage.district.school_year}
        doubted = _renamed(conn, stage, rows, renumbered, this_year)
        return [
            Seed(KIND, "users", "", "", one.rule, one.message, one.fix, _all_of(conn, stage, doubted))
            for one in recycled(len(doubted))
        ]


def in_doubt(conn: Connection, district: DistrictCode) -> frozenset[SourcedId]:
    """Return the users whose sourcedId the SIS uses for another student, and nobody said otherwise."""
    mine = {one.hold_id for one in holds.holds(conn, district) if one.kind == KIND}
    if not mine:
        return frozenset()
    found = holds.held(conn, district, holds.Chosen(table=RosterTable.USERS)).to_pylist()
    return frozenset(
        SourcedId(one["sourced_id"])
        for one in found
        if one["hold_id"] in mine and one["decision"] != Decision.APPLY
    )


def _rows(stage: Stage, table: RosterTable, column: str, wanted: Texts) -> pa.Table:
    """Return tonight's rows of a table that have one of some values in a column."""
    names = ["sourced_id", "user_sourced_id"] if column != "sourced_id" else [*numbers.COLUMNS, *_NAMES]
    parts = [
        batch.filter(pc.is_in(batch.column(column), value_set=wanted)).select(names)
        for batch in usable(stage, table, names)
    ]
    return pa.Table.from_batches(parts, schema=pa.schema([(name, pa.string()) for name in names]))


def _renumbered(stage: Stage, rows: pa.Table, known: Mapping[SourcedId, Keyed]) -> list[SourcedId]:
    """Return who has other numbers tonight than when last seen."""
    settings = numbers.number_settings(stage.district.settings, stage.district.state)
    found = fingerprints(stage, numbers.numbers(rows, settings))
    columns = ("user_sourced_id", "identity_id", "local_fingerprint")
    tonight = [Keyed(*row) for row in zip(*(found.column(name).to_pylist() for name in columns), strict=True)]
    return [one.user for one in tonight if identity.is_renumbered(known[one.user], one)]


def _renamed(
    conn: Connection, stage: Stage, rows: pa.Table, doubted: list[SourcedId], this_year: set[SourcedId]
) -> list[SourcedId]:
    """Return those of some users who are gone since this year, or in force under two other names."""
    if not doubted:
        return []
    where = {"sourced_id": doubted}
    last = roster.rows(conn, stage.code, RosterTable.USERS, ["sourced_id", *_NAMES], where).to_pylist()
    before = {row.pop("sourced_id"): row for row in last}
    after = {row["sourced_id"]: row for row in rows.select(["sourced_id", *_NAMES]).to_pylist()}
    return [
        user
        for user in doubted
        if (not identity.agreeing(before[user], after[user]) if user in before else user in this_year)
    ]


def _all_of(conn: Connection, stage: Stage, users: list[SourcedId]) -> dict[RosterTable, Texts]:
    """Return the users with their roles and enrollments, those in force and those of tonight."""
    ids = pa.array(users, pa.string())
    found: dict[RosterTable, Texts] = {RosterTable.USERS: ids}
    for table, columns in holding.PARENTS.items():
        if "user_sourced_id" in columns:
            where = {"user_sourced_id": users}
            last = roster.rows(conn, stage.code, table, ["sourced_id"], where)
            coming = _rows(stage, table, "user_sourced_id", ids)
            found[table] = pa.concat_arrays([texts(last, "sourced_id"), texts(coming, "sourced_id")])
    return found
