"""This roster against the last good one: too much gone, too much changed, too little resolved.

A first load has nothing to be compared with and passes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from domain.model import Finding, Op
from domain.tables import RosterTable
from validation.overrides import number
from validation.rules import catalogue
from validation.rules.rule import Rule, counted

DEFAULT_THRESHOLDS: Mapping[str, float] = {"removed": 0.10, "updated": 0.75, "floor": 20}
"""Shares of the last good roster that may go or change in one night, and the floor in rows.

A table smaller than the floor is measured as if it had that many rows: out of twenty, two may go.
"""

YEAR_OVER_DAYS = 45
"""How many days after its last session a feed may still be of that school year."""

UNRESOLVED_POINT = 0.01
"""How much larger than last time the share of unresolved references may be."""


def mass_change(
    table: RosterTable, last_rows: int, ops: Mapping[str, int], thresholds: Mapping[str, object]
) -> list[Finding]:
    """Return SZ10 when too many rows would go (removed or missing), SZ11 when too many would change.

    last_rows: rows of the last good roster. ops: rows per `domain.model.Op`. thresholds: what differs
    from DEFAULT_THRESHOLDS. Raises StopDistrict CF36 for a threshold that is no number.
    """
    gone = ops.get(Op.REMOVE, 0) + ops.get(Op.MISSING, 0)
    limits = {name: number(thresholds, name, usual) for name, usual in DEFAULT_THRESHOLDS.items()}
    measured = max(last_rows, limits["floor"])
    checks = (("SZ10", gone, limits["removed"]), ("SZ11", ops.get(Op.UPDATE, 0), limits["updated"]))
    return [
        _held_feed(
            catalogue()[code], table, rows, last=counted(last_rows), limit=counted(int(share * measured))
        )
        for code, rows, share in checks
        if last_rows and rows > share * measured
    ]


def unresolved_share(last_share: float, tonight_share: float, table: str = "") -> list[Finding]:
    """Return RF10 when the share (0 to 1) of unresolved references grew by more than one percentage point."""
    if tonight_share <= last_share + UNRESOLVED_POINT:
        return []
    shares = {"last": f"{last_share:.1%}", "tonight": f"{tonight_share:.1%}"}
    return [_held_feed(catalogue()["RF10"], table, 0, **shares)]


def empty_table(table: RosterTable, last_rows: int, tonight_rows: int) -> list[Finding]:
    """Return FL11 when a table is empty tonight although the last good roster had rows in it."""
    if tonight_rows or not last_rows:
        return []
    return [_held_feed(catalogue()["FL11"], table, last_rows)]


def year_over(last_end: date | None, today: date, thresholds: Mapping[str, object]) -> list[Finding]:
    """Return FL15 when the newest session ended more days ago than YEAR_OVER_DAYS, or the threshold, allow.

    last_end: the day after the newest session's last one; None when no session says. The grace is for
    grades of the year that just ended. Raises StopDistrict CF36 for a threshold that is no number.
    """
    grace = number(thresholds, "year_over_days", YEAR_OVER_DAYS)
    if last_end is None or (today - last_end).days <= grace:
        return []
    ended = (last_end - timedelta(days=1)).isoformat()
    return [_held_feed(catalogue()["FL15"], RosterTable.ACADEMIC_SESSIONS, 0, ended=ended)]


def _held_feed(rule: Rule, table: str, rows: int, **words: str) -> Finding:
    return Finding(
        rule=rule.code,
        severity=rule.severity,
        table=table,
        field="",
        place="",
        key="",
        masked="",
        message=rule.say(rows, table=table, **words),
        fix=rule.mend(rows, table=table, **words),
    )
