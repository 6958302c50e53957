"""What the roster of record says of schools and of rows that were absent, for the rules of evidence."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy import Connection

from domain.ids import DistrictCode
from domain.model import Op
from domain.tables import RosterTable
from sisbridge.store import bulk
from sisbridge.store.tables.roster import change, roster, snapshot

ABSENCES = pa.schema(
    [("sourced_id", pa.string()), ("night_on", pa.date32()), ("as_of", pa.timestamp("us", "UTC"))]
)
"""Since which night a row has been missing, and as of when the snapshot was that first lacked it."""

_SCHOOLS = pa.schema([("sourced_id", pa.string()), ("school", pa.string())])


def absences(conn: Connection, district: DistrictCode, table: RosterTable) -> pa.Table:
    """Return the rows in force that are missing, as ABSENCES; as_of is null where its snapshot is unknown."""
    stored = roster[table].c
    of_row = (
        change.c.district_code == stored.district_code,
        change.c.roster_table == table.value,
        change.c.sourced_id == stored.sourced_id,
        change.c.op == Op.MISSING.value,
    )
    landed = sa.and_(
        snapshot.c.district_code == change.c.district_code, snapshot.c.snapshot_id == change.c.snapshot_id
    )
    query = (
        sa.select(stored.sourced_id, stored.missing_since, sa.func.max(snapshot.c.as_of))
        .select_from(roster[table].outerjoin(change, sa.and_(*of_row)).outerjoin(snapshot, landed))
        .where(stored.district_code == district, stored.missing_since.is_not(None))
        .group_by(stored.sourced_id, stored.missing_since)
    )
    rows = [tuple(row) for row in conn.execute(query)]
    return pa.Table.from_pylist([dict(zip(ABSENCES.names, row, strict=True)) for row in rows], ABSENCES)


@dataclass(frozen=True, slots=True)
class InForce:
    """How many rows stand in force, and how many of them are missing."""

    rows: int
    missing: int


def in_force(
    conn: Connection, district: DistrictCode, table: RosterTable, column: str | None = None
) -> Mapping[str, InForce]:
    """Return how many rows each value of a column has ("" for none); without a column, all under ""."""
    stored = roster[table].c
    by = stored[column] if column else sa.null()
    counted = sa.select(by, sa.func.count(), sa.func.count(stored.missing_since))
    counted = counted.where(stored.district_code == district)
    found = conn.execute(counted.group_by(by) if column else counted)
    return {value or "": InForce(rows, missing) for value, rows, missing in found}


def users_by_school(conn: Connection, district: DistrictCode) -> Mapping[str, int]:
    """Return how many users belong to each school: the first, by sourcedId, that their roles name."""
    one = _schools(district).subquery()
    query = sa.select(one.c.school, sa.func.count()).group_by(one.c.school)
    return {str(school): rows for school, rows in conn.execute(query)}


def schools_of_users(conn: Connection, district: DistrictCode, users: Collection[str]) -> pa.Table:
    """Return (sourced_id, school) of these users, those without a role left out."""
    roles = roster[RosterTable.ROLES]
    return bulk.fetch(
        conn, _schools(district).where(bulk.one_of(conn, roles.c.user_sourced_id, users)), _SCHOOLS
    )


def _schools(district: DistrictCode) -> sa.Select[tuple[str, str]]:
    roles = roster[RosterTable.ROLES].c
    first = sa.func.min(roles.org_sourced_id).label("school")
    chosen = sa.select(roles.user_sourced_id, first).where(roles.district_code == district)
    return chosen.group_by(roles.user_sourced_id)
