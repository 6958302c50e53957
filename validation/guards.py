"""This roster against the last good one: too much gone, too much changed, too little resolved.

A first load has nothing to be compared with and passes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from math import inf

from domain.model import Finding
from domain.tables import RosterTable
from validation.overrides import number
from validation.rules import catalogue
from validation.rules.rule import Rule, counted

DEFAULT_THRESHOLDS: Mapping[str, float] = {"removed": 0.10, "updated": 0.75, "added": inf, "floor": 20}
"""Shares of the last good roster that may go, change or come in one night, and the floor in rows.

A school's table smaller than the floor is measured as if it had that many rows: out of twenty, two may go.
Adds have no threshold unless a district sets one: a new school year brings everything at once.
"""

YEAR_OVER_DAYS = 45
"""How many days after its last session a feed may still be of that school year."""

STRANGE_SHARE = 0.5
"""When more than this share of all users is gone, what is new is not believed either."""

_BLED_FLOORS = 5
"""How many floors a table is measured as at least, where two weeks are added up."""

_DIRECTIONS = (("remove", "removed", "SZ10"), ("update", "updated", "SZ11"), ("add", "added", "SZ12"))
"""Each direction with its threshold and its rule."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of one table of one school may go, change and come in one night. floor: in rows.

    bled: how much may go in two weeks; as much as in one night unless set.
    """

    removed: float
    updated: float
    added: float
    floor: float
    bled: float

    @classmethod
    def of(cls, thresholds: Mapping[str, object], table: str) -> Limits:
        """Return a table's limits: its own (`thresholds.users.removed`), else the district's, else the usual.

        Raises StopDistrict CF36 for a threshold that is no number.
        """
        own = thresholds.get(table, {})
        if not isinstance(own, Mapping):
            own = dict.fromkeys(DEFAULT_THRESHOLDS)  # no number: refused below
        chosen = {**thresholds, **own}
        limits = {name: number(chosen, name, usual) for name, usual in DEFAULT_THRESHOLDS.items()}
        return cls(**limits, bled=number(chosen, "bled", limits["removed"]))

    def allowed(self, direction: str, in_force: int) -> float:
        """Return how many rows may move in a direction out of so many in force."""
        share: float = getattr(self, {word: name for word, name, _ in _DIRECTIONS}[direction])
        return share * max(in_force, self.floor)

    def is_over(self, direction: str, rows: int, in_force: int) -> bool:
        """Return whether so many rows are too many; a first load has nothing to be measured by."""
        return in_force > 0 and rows > self.allowed(direction, in_force)


def mass_change(
    table: RosterTable,
    last_rows: int,
    moves: Mapping[str, int],
    thresholds: Mapping[str, object],
    school: str = "",
) -> list[Finding]:
    """Return SZ10, SZ11 or SZ12 when too many rows of a table, or of one school's, would go, change or come.

    last_rows: rows of the last good roster there. moves: rows by direction (remove, update, add).
    thresholds: what differs from DEFAULT_THRESHOLDS; raises StopDistrict CF36 for one that is no number.
    """
    limits = Limits.of(thresholds, table)
    return [
        _finding(
            catalogue()[code],
            table,
            moves[direction],
            school,
            where=f" of school {school}" if school else "",
            last=counted(last_rows),
            limit=counted(int(limits.allowed(direction, last_rows))),
        )
        for direction, _, code in _DIRECTIONS
        if limits.is_over(direction, moves.get(direction, 0), last_rows)
    ]


def strangers(last_rows: int, gone: int, added: int) -> list[Finding]:
    """Return SZ14 when most users are gone and others came: this may be another district's roster."""
    if not added or gone <= STRANGE_SHARE * last_rows:
        return []
    said = {"last": counted(last_rows), "gone": f"{gone:,}"}
    return [_finding(catalogue()["SZ14"], RosterTable.USERS, added, **said)]


def vanished(school: str, rows: int) -> list[Finding]:
    """Return SZ16 for the users of a school that is in the feed no more."""
    return [_finding(catalogue()["SZ16"], RosterTable.USERS, rows, school)] if rows else []


def bled(
    table: RosterTable, in_force: int, gone: int, thresholds: Mapping[str, object], school: str = ""
) -> list[Finding]:
    """Return SZ17 when more of a table, or of one school's, went in two weeks than `bled` allows.

    in_force: rows that are left; what was smaller than five floors is measured as if it had so many rows,
    for a few who move away are no bleeding. Raises StopDistrict CF36 for a threshold that is no number.
    """
    limits = Limits.of(thresholds, table)
    last = in_force + gone
    limit = limits.bled * max(last, _BLED_FLOORS * limits.floor)
    if gone <= limit:
        return []
    where = f" of school {school}" if school else ""
    said = {"where": where, "last": counted(last), "limit": counted(int(limit))}
    return [_finding(catalogue()["SZ17"], table, gone, school, **said)]


def left_out(rows: int, edit: str) -> list[Finding]:
    """Return SZ18 for rows that an edit of the mapping put out of scope. edit: which, and since when."""
    return [_finding(catalogue()["SZ18"], "", rows, edit=edit)] if rows > 0 else []


def in_flight(rows: int) -> list[Finding]:
    """Return SZ13 for students who would go while a posting window of theirs is open or still to come."""
    return [_finding(catalogue()["SZ13"], RosterTable.USERS, rows)] if rows else []


def kept(table: str, rows: int, by: str, school: str = "", direction: str = "remove") -> list[Finding]:
    """Return SZ15 for changes that a person refused and the SIS still asks for."""
    return [_finding(catalogue()["SZ15"], table, rows, school, by=by, what=direction)] if rows else []


def orphans(table: str, rows: int) -> list[Finding]:
    """Return RF12 for rows that would come though what they belong to is marked as deleted."""
    return [_finding(catalogue()["RF12"], table, rows)] if rows else []


def waiting(table: str, rows: int) -> list[Finding]:
    """Return RF11 for removals that wait because rows in force refer to them."""
    return [_finding(catalogue()["RF11"], table, rows)] if rows else []


def empty_table(table: RosterTable, last_rows: int, tonight_rows: int) -> list[Finding]:
    """Return FL11 when a table is empty tonight although the last good roster had rows in it."""
    if tonight_rows or not last_rows:
        return []
    return [_finding(catalogue()["FL11"], table, last_rows)]


def year_over(last_end: date | None, today: date, thresholds: Mapping[str, object]) -> list[Finding]:
    """Return FL15 when the newest session ended more days ago than YEAR_OVER_DAYS, or the threshold, allow.

    last_end: the day after the newest session's last one; None when no session says. The grace is for
    grades of the year that just ended. Raises StopDistrict CF36 for a threshold that is no number.
    """
    grace = number(thresholds, "year_over_days", YEAR_OVER_DAYS)
    if last_end is None or (today - last_end).days <= grace:
        return []
    ended = (last_end - timedelta(days=1)).isoformat()
    return [_finding(catalogue()["FL15"], RosterTable.ACADEMIC_SESSIONS, 0, ended=ended)]


def year_ahead(first_begin: date | None, today: date, running: bool) -> list[Finding]:
    """Return FL16 when the earliest session is still to come while one in force is running today.

    first_begin: first day of the feed's earliest session; None when no session says. running: whether a
    session of the roster in force contains today.
    """
    if first_begin is None or first_begin <= today or not running:
        return []
    begins = first_begin.isoformat()
    return [_finding(catalogue()["FL16"], RosterTable.ACADEMIC_SESSIONS, 0, begins=begins)]


def _finding(rule: Rule, table: str, rows: int, group: str = "", **words: str) -> Finding:
    return Finding(
        rule=rule.code,
        severity=rule.severity,
        table=table,
        field="",
        place="",
        key="",
        masked="",
        message=rule.say(rows, table=table, group=group, **words),
        fix=rule.mend(rows, table=table, group=group, **words),
        group=group,
    )
