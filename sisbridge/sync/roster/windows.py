"""Days a district has announced: rollovers, when thresholds are lifted, and blackouts, when pulls pause."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from math import inf
from typing import Any

from domain.errors import StopDistrict
from domain.model import District
from domain.tables import RosterTable
from sisbridge.house import today_of
from sisbridge.sync.context import Stage

LIFTED: Mapping[str, float] = {"removed": inf, "updated": inf, "added": inf}
"""What a rollover sets the thresholds to, where it does not say by how much they are widened."""

TURNED_OVER = (
    RosterTable.ACADEMIC_SESSIONS,
    RosterTable.COURSES,
    RosterTable.CLASSES,
    RosterTable.ENROLLMENTS,
)
"""Of which tables a rollover speaks unless it names others: people and schools stay who they are."""


@dataclass(frozen=True, slots=True)
class Window:
    """Announced days, the end exclusive.

    tables: of which roster tables a rollover speaks. widened: their thresholds, where it gives its own.
    """

    begins_on: date
    ends_on: date
    reason: str
    tables: tuple[RosterTable, ...]
    widened: Mapping[str, object]

    def holds_on(self, day: date) -> bool:
        """Return whether a day lies in the window."""
        return self.begins_on <= day < self.ends_on


def thresholds_of(stage: Stage) -> Mapping[str, object]:
    """Return the thresholds in force tonight: the district's own, lifted or widened in a rollover.

    Raises StopDistrict CF36 or CF82 for settings that are not understood.
    """
    chosen = stage.district.settings.get("thresholds", {})
    if not isinstance(chosen, Mapping):
        raise _wrong(stage.district, "thresholds", "a table of shares")
    for window in _windows(stage.district, "rollovers"):
        if window.holds_on(stage.night_on):
            # Who announces new classes has not announced that a school's students go.
            return {**chosen, **{table.value: {**LIFTED, **window.widened} for table in window.tables}}
    return chosen


def in_rollover(stage: Stage) -> bool:
    """Return whether tonight lies in a rollover that was announced; raises as `thresholds_of`."""
    return any(window.holds_on(stage.night_on) for window in _windows(stage.district, "rollovers"))


def announced(district: District, table: RosterTable, day: date) -> bool:
    """Return whether a day lies in a rollover that speaks of a table; raises as `thresholds_of`."""
    windows = _windows(district, "rollovers")
    return any(table in window.tables for window in windows if window.holds_on(day))


def hours_apart(district: District) -> float:
    """Return how many hours must lie between the two snapshots that prove a row absent: 12 unless set.

    Raises StopDistrict CF82 when the setting is no number from 0 on.
    """
    chosen = district.settings.get("absence_hours", 12)
    if isinstance(chosen, bool) or not isinstance(chosen, int | float) or chosen < 0:
        raise _wrong(district, "absence_hours", "a number from 0 on")
    return chosen


def blackout_of(district: District) -> Window | None:
    """Return the blackout that today lies in, by the district's calendar; None on any other day."""
    today = today_of(district)
    return next((one for one in _windows(district, "blackouts") if one.holds_on(today)), None)


def _windows(district: District, name: str) -> Iterator[Window]:
    entries = district.settings.get(name, [])
    if not isinstance(entries, list):
        raise _wrong(district, name, "a list")
    for entry in entries:
        yield _window(district, name, entry)


def _window(district: District, name: str, entry: Mapping[str, Any]) -> Window:
    try:
        begins_on, ends_on = date.fromisoformat(str(entry["from"])), date.fromisoformat(str(entry["to"]))
    except (KeyError, TypeError, ValueError):
        raise _wrong(district, name, "entries with the dates `from` and `to`") from None
    widened = {key: entry[key] for key in LIFTED if key in entry}
    tables = _tables(district, name, entry.get("tables", TURNED_OVER))
    return Window(begins_on, ends_on, str(entry.get("reason", "")), tables, widened)


def _tables(district: District, name: str, chosen: object) -> tuple[RosterTable, ...]:
    named = list(chosen) if isinstance(chosen, (list, tuple)) else [None]
    if not set(named) <= set(RosterTable):
        raise _wrong(district, name, f"entries whose `tables` are among {', '.join(RosterTable)}")
    return tuple(RosterTable(str(table)) for table in named)


def _wrong(district: District, name: str, kind: str) -> StopDistrict:
    return StopDistrict(
        "CF82",
        f"The setting {name} of district {district.code} has to be {kind}.",
        fix="Correct it in the district's settings and load the region file again.",
        place=f"settings: {name}",
    )
