"""Thresholds that a district's own history suggests: shown with their reason, never set by themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from math import ceil

from domain.ids import DistrictCode, RunId
from domain.model import Op
from domain.tables import RosterTable
from mappings import tally
from sisbridge.house import House
from sisbridge.store import drift
from sisbridge.sync.roster.apply import NIGHTLY
from validation.guards import Limits

FEWEST_NIGHTS = 10
"""With fewer nights of changes than this a history says nothing yet."""

_HEADROOM = 1.25
"""A suggestion leaves a quarter more room than the fullest ordinary night took."""

# A removal was counted on the night the row went missing; one that was marked as deleted never was.
_COUNTED: Mapping[str, str] = {Op.MISSING: "removed", Op.UPDATE: "updated"}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A threshold of one table that would have held nothing ordinary, and why.

    most: the largest share of a school's rows that moved in one night that nobody had to release. usual: the
    threshold in force.
    """

    table: str
    threshold: str
    usual: float
    suggested: float
    most: float
    most_on: date
    school: str
    nights: int
    reason: str


def suggestions(house: House, district: DistrictCode) -> list[Suggestion]:
    """Return what a district's history suggests, by table; nothing for tables with too short a history.

    Raises StopDistrict when the district is not known, CF36 for a threshold that is no number.
    """
    known = house.district(district)
    with house.store.read() as conn:
        moves = drift.moves(conn, known.code, NIGHTLY)
        in_force = drift.past(conn, known.code, tally.IN_FORCE)
    chosen = known.settings.get("thresholds", {})
    thresholds = chosen if isinstance(chosen, Mapping) else {}
    found = []
    for table in RosterTable:
        for op, name in _COUNTED.items():
            mine = [(one[0], one[1], one[3], one[5]) for one in moves if (one[2], one[4]) == (table, op)]
            shares = _shares(mine, table, in_force)
            if len({on for _, on, _ in shares}) >= FEWEST_NIGHTS:
                usual: float = getattr(Limits.of(thresholds, table), name)
                found.append(_suggestion(table, name, usual, shares))
    return found


def _shares(
    moves: Iterable[tuple[RunId, date, str, int]],
    table: RosterTable,
    in_force: Mapping[tuple[RunId, str, str], int],
) -> list[tuple[float, date, str]]:
    """Return the share of a school's rows that moved, night by night; a table's where no school is known."""
    whole: Counter[RunId] = Counter()
    for (run_id, of, _), rows in in_force.items():
        whole[run_id] += rows if of == table.value else 0
    found = []
    for run_id, on, school, many in moves:
        rows = in_force.get((run_id, table.value, school)) or whole[run_id]
        if rows:
            found.append((many / max(rows, 20), on, school))
    return found


def _suggestion(
    table: RosterTable, name: str, usual: float, shares: list[tuple[float, date, str]]
) -> Suggestion:
    most, on, school = max(shares)
    nights = len({night for _, night, _ in shares})
    suggested = min(1.0, max(0.01, ceil(most * _HEADROOM * 100) / 100))
    where = f" of school {school}" if school else ""
    reason = (
        f"In {nights} nights with changes the most that moved at once was {most:.1%} of the {table}{where},"
        f" on {on}; a quarter more room than that would have held nothing ordinary."
    )
    return Suggestion(table.value, name, usual, suggested, most, on, school, nights, reason)
