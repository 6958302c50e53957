"""What a source tells of a table in all, beside what was counted: the one word a delta has of the whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from domain.ids import DistrictCode
from domain.model import Mode, RosterSnapshot
from domain.tables import RosterTable
from mappings import tally
from sisbridge.house import House
from sisbridge.store import drift as store
from sisbridge.store import snapshots
from sisbridge.store.runs import Run

TOLD = "told in all"
LEFT_OUT = "told but left out"


@dataclass(frozen=True, slots=True)
class Told:
    """One table: the rows the source tells in all, and those in the SIS as they were counted or concluded.

    left_out: rows that it tells and that are no roster rows: out of scope, deleted or doubled. Of a delta
    they are those of the last whole roster. beyond: what is left, which no delta told of.
    """

    table: str
    told: int
    left_out: int
    in_the_sis: int
    beyond: int


def told_rows(snapshot: RosterSnapshot, rows: store.Rows, before: store.Rows) -> store.Rows:
    """Return what to keep of the totals that a night's source told; nothing of a table it tells none of.

    rows: what tonight counted; before: what the run before it kept. A whole roster shows what a total counts
    besides; a delta takes that on.
    """
    counted = _in_the_sis(rows)
    told: dict[tuple[str, str, str], int] = {}
    for facts in snapshot.tables:
        table, total = facts.table.value, facts.declared_total
        left_out = before.get((table, "", LEFT_OUT))
        if snapshot.mode is Mode.BULK and total is not None:
            left_out = total - counted[table]
        if total is not None and left_out is not None:
            told |= {(table, "", TOLD): total, (table, "", LEFT_OUT): left_out}
    return told


def last_told(house: House, district: DistrictCode) -> list[Told]:
    """Return, of the newest run that counted, each table whose source tells a total.

    Raises StopDistrict when the district is not known.
    """
    known = house.district(district)
    with house.store.read() as conn:
        _, rows = store.last(conn, known.code)
    counted = _in_the_sis(rows)
    return [_told(table.value, rows, counted) for table in RosterTable if (table.value, "", TOLD) in rows]


def is_concluded(house: House, run: Run) -> bool:
    """Return whether a run read changes only: what the SIS has was concluded then, not counted."""
    if run.snapshot_id is None:
        return False
    with house.store.read() as conn:
        return snapshots.load(conn, run.district, run.snapshot_id).mode is Mode.DELTA


def _told(table: str, rows: store.Rows, counted: Mapping[str, int]) -> Told:
    told, left_out = rows[table, "", TOLD], rows[table, "", LEFT_OUT]
    return Told(table, told, left_out, counted[table], told - left_out - counted[table])


def _in_the_sis(rows: store.Rows) -> Mapping[str, int]:
    found: Counter[str] = Counter()
    for (table, _, reason), count in rows.items():
        found[table] += count if reason == tally.IN_THE_SIS else 0
    return found
