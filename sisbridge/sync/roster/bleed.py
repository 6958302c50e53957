"""What went little by little: each night less than is held, together more than one night may take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

from domain.model import Finding
from domain.tables import RosterTable
from mappings import tally
from sisbridge.store import drift
from sisbridge.store.database import Connection
from sisbridge.sync.context import Stage
from sisbridge.sync.roster.apply import NIGHTLY
from sisbridge.sync.roster.windows import announced, thresholds_of
from validation.guards import bled

DAYS = 14
"""How far back removals are added up: two weeks, so that no weekday weighs more than another."""


_Lost = dict[tuple[RosterTable, str], int]
"""Rows by table and school, those of a table without schools under ""."""


def bleeding(conn: Connection, stage: Stage) -> list[Finding]:
    """Return SZ17 for each table, else each school of it, that lost more lately than the threshold allows.

    What a person released, or a rollover announced, is not counted: somebody knew of it. Raises StopDistrict
    CF36 or CF82 for settings that are not understood.
    """
    gone = _gone(conn, stage)
    if not gone:
        return []
    thresholds, in_force = thresholds_of(stage), _in_force(conn, stage)
    return [one for table in RosterTable for one in _of_table(table, gone, in_force, thresholds)]


def _of_table(
    table: RosterTable, gone: _Lost, in_force: _Lost, thresholds: Mapping[str, object]
) -> list[Finding]:
    schools = {school: rows for (one, school), rows in gone.items() if one is table}
    left = sum(rows for (one, _), rows in in_force.items() if one is table)
    found = bled(table, left, sum(schools.values()), thresholds)
    if not found:
        for school in sorted(schools.keys() - {""}):
            found += bled(table, in_force.get((table, school), 0), schools[school], thresholds, school)
    return found


def _gone(conn: Connection, stage: Stage) -> _Lost:
    since = stage.night_on - timedelta(days=DAYS)
    gone: Counter[tuple[RosterTable, str]] = Counter()
    for (night_on, name, school), rows in drift.removed(conn, stage.code, since, NIGHTLY).items():
        table = RosterTable(name)
        if night_on <= stage.night_on and not announced(stage.district, table, night_on):
            gone[table, school] += rows
    return gone


def _in_force(conn: Connection, stage: Stage) -> _Lost:
    """Return how many rows each table had at each school when the roster was counted last."""
    counted = drift.last(conn, stage.code)[1]
    return {
        (RosterTable(table), school): rows
        for (table, school, reason), rows in counted.items()
        if reason == tally.IN_FORCE
    }
