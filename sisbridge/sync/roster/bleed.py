"""What went little by little: each night less than is held, together more than one night may take."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from domain.model import Finding
from domain.tables import RosterTable
from mappings import tally
from sisbridge.store import drift
from sisbridge.store.database import Connection
from sisbridge.sync.context import Stage
from sisbridge.sync.roster.apply import NIGHTLY
from sisbridge.sync.roster.windows import announced, thresholds_of
from validation import bled

DAYS = 14
"""How far back removals are added up: two weeks, so that no weekday weighs more than another."""


def bleeding(conn: Connection, stage: Stage) -> list[Finding]:
    """Return SZ17 for each table that lost more in the last nights together than the threshold allows.

    What a person released, or a rollover announced, is not counted: somebody knew of it. Raises StopDistrict
    CF36 or CF82 for settings that are not understood.
    """
    gone = _gone(conn, stage)
    if not gone:
        return []
    thresholds, in_force = thresholds_of(stage), _in_force(conn, stage)
    return [one for table, rows in gone.items() for one in bled(table, in_force[table], rows, thresholds)]


def _gone(conn: Connection, stage: Stage) -> Counter[RosterTable]:
    since = stage.night_on - timedelta(days=DAYS)
    gone: Counter[RosterTable] = Counter()
    for (night_on, name), rows in drift.removed(conn, stage.code, since, NIGHTLY).items():
        table = RosterTable(name)
        if night_on <= stage.night_on and not announced(stage.district, table, night_on):
            gone[table] += rows
    return gone


def _in_force(conn: Connection, stage: Stage) -> Counter[str]:
    """Return how many rows each table had when the roster was counted last."""
    rows: Counter[str] = Counter()
    for (table, _, reason), count in drift.last(conn, stage.code)[1].items():
        rows[table] += count if reason == tally.IN_FORCE else 0
    return rows
