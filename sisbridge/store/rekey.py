"""Decided re-keys, and what stands outside the roster and must follow its sourcedIds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy import Connection

from domain.grading import GradePayload, OutboxState
from domain.ids import DistrictCode, SnapshotId, SourcedId
from domain.tables import RosterTable
from mappings.pairs import PAIRS, Crosswalk
from sisbridge.store import bulk, outbox, statistics
from sisbridge.store.sealing import Keyring
from sisbridge.store.tables.grades import grade, home_class
from sisbridge.store.tables.identity import rekey, rekey_pair
from sisbridge.store.tables.region import term_map

ACCEPTED, REFUSED = "accepted", "refused"

Names = Mapping[str, str]
"""Old sourcedId → new sourcedId."""

_DONE = (OutboxState.SUPERSEDED, OutboxState.WITHDRAWN)
"""The states in which nobody looks a grade up in a SIS again."""


@dataclass(frozen=True, slots=True)
class Decided:
    """One decided re-key: when and by whom."""

    rekey_id: str
    verdict: str
    night_on: date
    decided_by: str


def save(
    conn: Connection,
    district: DistrictCode,
    rekey_id: str,
    verdict: str,
    crosswalk: Crosswalk,
    *,
    snapshot_id: SnapshotId,
    night_on: date,
    actor: str,
    at: datetime,
) -> None:
    """Keep a person's decision and every pair it was about."""
    row = {
        "district_code": district,
        "rekey_id": rekey_id,
        "verdict": verdict,
        "snapshot_id": snapshot_id,
        "night_on": night_on,
        "decided_by": actor,
        "decided_at": at,
    }
    conn.execute(sa.insert(rekey).values(row))
    for table, pairs in crosswalk.items():
        columns = {name: pairs.column(name) for name in PAIRS.names}
        same = {"district_code": district, "rekey_id": rekey_id, "roster_table": table.value}
        constants = {name: pa.repeat(value, pairs.num_rows) for name, value in same.items()}
        brought = bulk.insert(conn, rekey_pair, pa.table({**constants, **columns}))
        statistics.count_anew(conn, rekey_pair, brought, **same)


def refused(conn: Connection, district: DistrictCode) -> dict[RosterTable, pa.Table]:
    """Return all pairs that people refused, by table."""
    rows = conn.execute(_pairs(district).where(rekey.c.verdict == REFUSED)).all()
    found: dict[RosterTable, list[dict[str, str]]] = {}
    for row in rows:
        pair = dict(zip(PAIRS.names, (row.old_sourced_id, row.new_sourced_id, row.evidence), strict=True))
        found.setdefault(RosterTable(row.roster_table), []).append(pair)
    return {table: pa.Table.from_pylist(pairs, schema=PAIRS) for table, pairs in found.items()}


def former(
    conn: Connection, district: DistrictCode, table: RosterTable, sourced_id: SourcedId
) -> tuple[SourcedId, Decided] | None:
    """Return under which sourcedId a row was known before an accepted re-key, and that re-key; else None."""
    wanted = _pairs(district).where(
        rekey.c.verdict == ACCEPTED,
        rekey_pair.c.roster_table == table.value,
        rekey_pair.c.new_sourced_id == sourced_id,
    )
    row = conn.execute(wanted.order_by(rekey.c.decided_at.desc()).limit(1)).one_or_none()
    if row is None:
        return None
    return SourcedId(row.old_sourced_id), Decided(row.rekey_id, row.verdict, row.night_on, row.decided_by)


def present(
    conn: Connection, district: DistrictCode, sourced_id: SourcedId
) -> tuple[SourcedId, Decided] | None:
    """Return under which sourcedId a row has been known since an accepted re-key, and that re-key."""
    wanted = _pairs(district).where(rekey.c.verdict == ACCEPTED, rekey_pair.c.old_sourced_id == sourced_id)
    row = conn.execute(wanted.order_by(rekey.c.decided_at.desc()).limit(1)).first()
    if row is None:
        return None
    return SourcedId(row.new_sourced_id), Decided(row.rekey_id, row.verdict, row.night_on, row.decided_by)


def _pairs(district: DistrictCode) -> sa.Select[tuple[str, str, str, str, str, str, date, str]]:
    same = (rekey.c.district_code == rekey_pair.c.district_code) & (rekey.c.rekey_id == rekey_pair.c.rekey_id)
    pair = rekey_pair.c
    return (
        sa.select(
            pair.roster_table,
            pair.old_sourced_id,
            pair.new_sourced_id,
            pair.evidence,
            rekey.c.rekey_id,
            rekey.c.verdict,
            rekey.c.night_on,
            rekey.c.decided_by,
        )
        .join(rekey, same)
        .where(pair.district_code == district)
        .order_by(pair.roster_table, pair.old_sourced_id)
    )


def move_home_classes(conn: Connection, district: DistrictCode, classes: Names) -> None:
    """Let our numbers of home classes stand for the same classes under new sourcedIds."""
    _move(conn, home_class, "class_sourced_id", district, classes)


def move_grades(conn: Connection, district: DistrictCode, users: Names) -> None:
    """Let collected grades name their students by the new sourcedIds; their person is the same."""
    _move(conn, grade, "student", district, users)


def move_terms(conn: Connection, district: DistrictCode, sessions: Names) -> list[str]:
    """Let the term map lead to sessions under new sourcedIds; return the old ones that it named."""
    return _move(conn, term_map, "session_sourced_id", district, sessions)


def _move(conn: Connection, table: sa.Table, column: str, district: DistrictCode, names: Names) -> list[str]:
    here = table.c.district_code == district
    found = set(conn.scalars(sa.select(table.c[column]).where(here).distinct())) & set(names)
    for old in sorted(found):
        moved = sa.update(table).where(here, table.c[column] == old)
        conn.execute(moved.values({column: names[old]}))
    return sorted(found)


def move_payloads(
    conn: Connection, keyring: Keyring, district: DistrictCode, names: Mapping[RosterTable, Names]
) -> int:
    """Give what may yet be sent or looked up the new sourcedIds; return how many payloads changed.

    Our own ids, in the payload and in the outbox, stay as they are.
    """
    living = [state for state in OutboxState if state not in _DONE]
    waiting = [item.item_id for item in outbox.items(conn, district, living)]
    payloads = outbox.payloads(conn, keyring, district, waiting)
    moved = {item: _moved(payload, names) for item, payload in payloads.items()}
    changed = {item: payload for item, payload in moved.items() if payload != payloads[item]}
    outbox.reseal(conn, keyring, district, changed)
    return len(changed)


def _moved(payload: GradePayload, names: Mapping[RosterTable, Names]) -> GradePayload:
    def new(table: RosterTable, sourced_id: SourcedId) -> SourcedId:
        return SourcedId(names.get(table, {}).get(sourced_id, sourced_id))

    line = payload.line_item
    line = replace(
        line,
        class_sourced_id=new(RosterTable.CLASSES, line.class_sourced_id),
        school_sourced_id=new(RosterTable.ORGS, line.school_sourced_id),
        session_sourced_id=new(RosterTable.ACADEMIC_SESSIONS, line.session_sourced_id),
    )
    return replace(payload, student=new(RosterTable.USERS, payload.student), line_item=line)
