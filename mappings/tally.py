"""How many rows each side has of a table, school by school, and what explains the difference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from domain.tables import RosterTable
from mappings.holding import SCHOOL

IN_THE_SIS = "in the SIS"
QUARANTINED = "quarantined"
KEPT = "quarantined but in force"
HELD_ADDS = "held back"
HELD_REMOVALS = "held in force"
MOVES = "held moves"
MISSING = "missing"
IN_FORCE = "in force"

EXPLAINS: Mapping[str, int] = {
    IN_THE_SIS: 1,
    QUARANTINED: -1,
    KEPT: 1,
    HELD_ADDS: -1,
    HELD_REMOVALS: 1,
    MOVES: 1,
    MISSING: 1,
}
"""Every reason and its sign: together they are what is in force. A held move may itself be negative."""


@dataclass(frozen=True, slots=True)
class Tally:
    """One table's rows by reason and school ("" where a table has none), counted from a whole roster."""

    rows: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, reason: str, schools: object, sign: int = 1) -> None:
        """Count rows under a reason. schools: a column, one value a row; null and "" are the same."""
        named = pc.fill_null(pa.chunked_array([schools], pa.string()), "")
        for one in pc.value_counts(named).to_pylist():
            self.rows[reason, one["values"]] += sign * one["counts"]

    def put(self, reason: str, by_school: Mapping[str, int]) -> None:
        """Count rows under a reason, school by school."""
        for school, rows in by_school.items():
            self.rows[reason, school] += rows


def school_of(table: RosterTable, batch: pa.RecordBatch) -> pa.Array:
    """Return the school of each canonical row, "" for each row of a table without schools."""
    if table in SCHOOL:
        return batch.column(SCHOOL[table])
    return pa.array([""] * batch.num_rows, pa.string())


def unexplained(rows: Mapping[tuple[str, str], int]) -> dict[str, int]:
    """Return for each school how many rows in force no reason explains: anything but 0 is a fault of ours."""
    left: Counter[str] = Counter()
    for (reason, school), count in rows.items():
        left[school] += count if reason == IN_FORCE else -EXPLAINS[reason] * count
    return dict(left)
