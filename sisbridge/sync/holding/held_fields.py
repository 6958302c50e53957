"""Which fields the held updates of a hold would change: a column that was lost shows at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from domain.ids import DistrictCode
from domain.model import Op
from domain.tables import ROSTER, RosterTable
from sisbridge.house import House
from sisbridge.store import holds, roster
from sisbridge.store.database import Connection

_MOST = 20_000
_NOT_TOLD = ("sourced_id", "date_last_modified")


@dataclass(frozen=True, slots=True)
class FieldChange:
    """In how many rows a field would change, and in how many of them it would become blank."""

    table: str
    field: str
    rows: int
    blanked: int


def changed_fields(
    conn: Connection, house: House, district: DistrictCode, held: Sequence[Mapping[str, str]]
) -> tuple[FieldChange, ...]:
    """Return what held updates would change, by table and field; no value is told.

    held: changes with roster_table, sourced_id and op. Of a table with more than 20,000 of them nothing is
    told: each row is opened for it.
    """
    return tuple(
        one for table in RosterTable for one in _of_table(conn, house, district, table, _updated(held, table))
    )


def _updated(held: Sequence[Mapping[str, str]], table: RosterTable) -> list[str]:
    return [row["sourced_id"] for row in held if (row["roster_table"], row["op"]) == (table, Op.UPDATE)]


def _of_table(
    conn: Connection, house: House, district: DistrictCode, table: RosterTable, ids: list[str]
) -> list[FieldChange]:
    if not 0 < len(ids) <= _MOST:
        return []
    before = roster.rows(conn, district, table, None, {"sourced_id": ids}).to_pylist()
    waiting = holds.rows(conn, house.keyring, district, table)
    after = waiting.filter(pc.is_in(waiting.column("sourced_id"), value_set=pa.array(ids, pa.string())))
    was = {row["sourced_id"]: row for row in before}
    changed: Counter[str] = Counter()
    blanked: Counter[str] = Counter()
    for row in after.to_pylist():
        old = was.get(row["sourced_id"], {})
        for field in ROSTER[table].names:
            if field not in _NOT_TOLD and row[field] != old.get(field):
                changed[field] += 1
                blanked[field] += not row[field]
    return [FieldChange(table.value, field, rows, blanked[field]) for field, rows in changed.most_common()]
