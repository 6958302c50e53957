"""Holds: changes that wait for a person, the rows they would bring (sealed), and what was decided of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Row

from domain.errors import StopDistrict
from domain.ids import DistrictCode
from domain.model import Decision
from domain.tables import ROSTER, RosterTable
from sisbridge.store import bulk, statistics
from sisbridge.store.sealing import Keyring
from sisbridge.store.tables.holds import held_change, hold
from sisbridge.store.upsert import upsert

_DIGEST = pa.binary(16)

HELD = pa.schema(
    [
        ("hold_id", pa.int64()),
        ("roster_table", pa.string()),
        ("sourced_id", pa.string()),
        ("op", pa.string()),
        ("school", pa.string()),
        ("before_digest", _DIGEST),
        ("after_digest", _DIGEST),
        ("first_held_on", pa.date32()),
        ("first_as_of", pa.timestamp("us", "UTC")),
        ("decision", pa.string()),
        ("decided_by", pa.string()),
    ]
)
"""One held change a row. first_as_of: as of when the snapshot was that first asked for it."""


class HoldState(StrEnum):
    """Where a hold stands: OPEN while one of its changes waits, DECIDED when none does, CLOSED when empty."""

    OPEN = "open"
    DECIDED = "decided"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Hold:
    """One standing hold. kind, table, school and direction make it the same on another night.

    rows: how many changes it held when it was last seen. decided_by: who decided last.
    """

    district: DistrictCode
    hold_id: int
    kind: str
    table: str
    school: str
    direction: str
    state: HoldState
    rule: str
    message: str
    fix: str
    rows: int
    opened_on: date
    last_seen_on: date
    closed_on: date | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which held changes are meant: by hold, table, school and ops; what is left out chooses nothing away."""

    hold_id: int | None = None
    table: str | None = None
    school: str | None = None
    ops: Collection[str] | None = None


def holds(conn: Connection, district: DistrictCode, *states: HoldState) -> list[Hold]:
    """Return a district's holds by number, of some states or all."""
    wanted = sa.select(hold).where(hold.c.district_code == district).order_by(hold.c.hold_id)
    if states:
        wanted = wanted.where(hold.c.state.in_([state.value for state in states]))
    return [_hold(row) for row in conn.execute(wanted)]


def get(conn: Connection, district: DistrictCode, hold_id: int) -> Hold:
    """Return one hold; raises StopDistrict CF80 when the district has none of that number."""
    for one in holds(conn, district):
        if one.hold_id == hold_id:
            return one
    raise StopDistrict(
        "CF80",
        f"District {district} has no hold {hold_id}.",
        fix="List the district's holds and use a number from there.",
    )


def save(conn: Connection, one: Hold) -> int:
    """Save a hold under its number; 0 stands for the district's next one, which is returned."""
    last = sa.select(sa.func.max(hold.c.hold_id)).where(hold.c.district_code == one.district)
    number = one.hold_id or int(conn.scalar(last) or 0) + 1
    values = {**asdict(one), "hold_id": number, "state": one.state.value}
    upsert(conn, hold, [{_COLUMN.get(name, name): value for name, value in values.items()}])
    return number


def held(conn: Connection, district: DistrictCode, chosen: Chosen = Chosen()) -> pa.Table:
    """Return the held changes that are meant, as HELD, by hold, table and sourcedId; no values of any row."""
    columns = [held_change.c[name] for name in HELD.names]
    wanted = sa.select(*columns).where(*_meant(district, chosen))
    order = ("hold_id", "roster_table", "sourced_id")
    return bulk.fetch(conn, wanted.order_by(*(held_change.c[name] for name in order)), HELD)


def rows(conn: Connection, keyring: Keyring, district: DistrictCode, table: RosterTable) -> pa.Table:
    """Return the canonical rows that a table's held changes would bring, opened."""
    wanted = sa.select(held_change.c.sourced_id, held_change.c.sealed).where(
        *_meant(district, Chosen(table=table)), held_change.c.sealed.is_not(None)
    )
    opened = [
        orjson.loads(keyring.open(district, row.sealed, _purpose(table, row.sourced_id)))
        for row in conn.execute(wanted.order_by(held_change.c.sourced_id))
    ]
    schema = pa.schema([(name, pa.string()) for name in ROSTER[table].names])
    return pa.Table.from_pylist(opened, schema=schema)


def keep(
    conn: Connection,
    keyring: Keyring,
    district: DistrictCode,
    table: RosterTable,
    changes: pa.Table,
    rows: pa.Table,
) -> None:
    """Add held changes of one table, as HELD, with their canonical rows (of those that bring one) sealed."""
    sealed = {
        row["sourced_id"]: keyring.seal(district, orjson.dumps(row), _purpose(table, row["sourced_id"]))
        for row in rows.select(ROSTER[table].names).to_pylist()
    }
    ids = changes.column("sourced_id").to_pylist()
    values = changes.append_column("sealed", pa.array([sealed.get(one) for one in ids], pa.binary()))
    bulk.insert(conn, held_change, values.append_column("district_code", pa.repeat(district, len(ids))))
    statistics.count_anew(conn, held_change, len(ids), district_code=district)


def drop(
    conn: Connection, district: DistrictCode, table: RosterTable, ids: Collection[str] | None = None
) -> None:
    """Forget the held changes of a table, of some rows or all."""
    gone = sa.delete(held_change).where(*_meant(district, Chosen(table=table)))
    if ids is not None:
        gone = gone.where(bulk.one_of(conn, held_change.c.sourced_id, ids))
    conn.execute(gone)


def forget(conn: Connection, district: DistrictCode, hold_id: int) -> None:
    """Forget all changes of one hold, because something else made them moot."""
    conn.execute(sa.delete(held_change).where(*_meant(district, Chosen(hold_id=hold_id))))


def decide(
    conn: Connection, district: DistrictCode, decision: Decision, actor: str, at: datetime, chosen: Chosen
) -> int:
    """Say of the changes that are meant what becomes of them, and by whom; return how many there are.

    What was decided otherwise stays so while anything else is meant: who lets tonight's rows of a hold go
    does not let go of what somebody refused before. Where nothing else is meant, the last word counts.
    """
    found = held(conn, district, chosen)
    other = Decision.DISCARD if decision is Decision.APPLY else Decision.APPLY
    as_before = pc.equal(found.column("decision"), other.value)
    meant = _meant(district, chosen)
    if not pc.all(as_before).as_py():
        found = found.filter(pc.invert(as_before))
        meant.append(held_change.c.decision != other.value)
    touched = sorted(set(found.column("hold_id").to_pylist()))
    said = {"decision": decision.value, "decided_by": actor}
    changed = bulk.changed_rows(conn, sa.update(held_change).values(said).where(*meant))
    for hold_id in touched:
        here = (hold.c.district_code == district, hold.c.hold_id == hold_id)
        conn.execute(sa.update(hold).where(*here).values(decided_by=actor, decided_at=at))
    return changed


def bring_up_to_date(conn: Connection, district: DistrictCode, night_on: date) -> None:
    """Give every hold the state that its changes say: open, decided, or closed on this night."""
    query = (
        sa.select(held_change.c.hold_id, held_change.c.decision)
        .where(held_change.c.district_code == district)
        .distinct()
    )
    decisions: dict[int, set[str]] = {}
    for hold_id, decision in conn.execute(query):
        decisions.setdefault(hold_id, set()).add(decision)
    for one in holds(conn, district, HoldState.OPEN, HoldState.DECIDED):
        state = _state(decisions.get(one.hold_id, set()))
        values: Mapping[str, object] = {
            "state": state.value,
            "closed_on": night_on if state is HoldState.CLOSED else None,
        }
        here = (hold.c.district_code == district, hold.c.hold_id == one.hold_id)
        conn.execute(sa.update(hold).where(*here).values(values))


def _state(decisions: Iterable[str]) -> HoldState:
    kinds = set(decisions)
    if not kinds:
        return HoldState.CLOSED
    return HoldState.OPEN if Decision.HOLD.value in kinds else HoldState.DECIDED


_COLUMN = {"table": "roster_table", "district": "district_code"}
"""Words of ours that the table calls otherwise."""


def _hold(row: Row[*tuple[Any, ...]]) -> Hold:
    values = dict(row._mapping)
    district, table = values.pop("district_code"), values.pop("roster_table")
    return Hold(district=district, table=table, state=HoldState(values.pop("state")), **values)


def _meant(district: DistrictCode, chosen: Chosen) -> list[ColumnElement[bool]]:
    conditions = [held_change.c.district_code == district]
    for name, value in (
        ("hold_id", chosen.hold_id),
        ("roster_table", chosen.table),
        ("school", chosen.school),
    ):
        if value is not None:
            conditions.append(held_change.c[name] == value)
    if chosen.ops is not None:
        conditions.append(held_change.c.op.in_(sorted(chosen.ops)))
    return conditions


def _purpose(table: str, sourced_id: str) -> str:
    return f"held/{table}/{sourced_id}"
