"""The words a region file may use: one that means nothing would be a setting that never takes effect."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields
from difflib import get_close_matches
from typing import Any

from connectors.registry import GRADE_ROUTES, ROSTER_SOURCES, settings_class
from domain.errors import StopDistrict
from domain.grading import Offering
from domain.tables import RosterTable
from sisbridge.sync.roster.windows import LIFTED
from validation.guards import Limits

Entry = Mapping[str, Any]
"""One table of the file, as tomllib gives it: text, numbers, dates, lists and tables."""

_FILE = ("district", "offering")
_DISTRICT = (
    *("code", "name", "state", "lea_identifier", "time_zone", "school_year", "mou_approved_on"),
    *("settings", "roster", "grades", "rollover", "blackout", "crosswalk", "term"),
)
_SETTINGS = (
    *("identifier_width", "expected_org_identifiers", "test_students", "maximum_percent", "scale", "rules"),
    *("delta", "full_every_days", "delta_skew_hours", "retention_days", "absence_hours", "fixed_now"),
    *("identity", "state_identifier_type", "mapping", "thresholds", "schema_drift", "rollovers", "blackouts"),
)
_LIMITS = tuple(one.name for one in fields(Limits))
_TABLES = tuple(table.value for table in RosterTable)
_WINDOW = ("from", "to", "reason", "tables", *LIFTED)
_TERM = (
    *("term", "reporting_period", "kind", "session_sourced_id", "label", "labels", "title"),
    *("opens_on", "closes_on", "transcript_posted_on"),
)
_ROUTE = ("kind", "settings", "secrets")
_OFFERING = ("id", *(one.name for one in fields(Offering) if one.name != "offering_id"))
_WAYS = {"roster": ROSTER_SOURCES, "grades": GRADE_ROUTES}


def refuse_unknown(content: Entry) -> None:
    """Raise StopDistrict CF20 for the first word of a region file that means nothing.

    Settings of a SIS are looked at by name only: their values are judged by `sisbridge check`.
    """
    _known(content, _FILE, "the file")
    for entry in _entries(content, "offering", "the file"):
        _known(entry, _OFFERING, f"offering {entry.get('id', '?')}")
    for entry in _entries(content, "district", "the file"):
        _district(entry, f"district {entry.get('code', '?')}")


def refuse_unknown_settings(settings: Entry, where: str) -> None:
    """Raise StopDistrict CF20 for a setting of a district, or a threshold, that means nothing."""
    _known(settings, _SETTINGS, f"{where}, settings")
    thresholds = settings.get("thresholds", {})
    if isinstance(thresholds, Mapping):
        below = f"{where}, settings.thresholds"
        _known(thresholds, (*_LIMITS, "year_over_days", *_TABLES), below)
        for name, own in thresholds.items():
            if isinstance(own, Mapping):
                _known(own, _LIMITS, f"{below}.{name}")


def unusable(where: str, what: str) -> StopDistrict:
    """Return CF20: what in a region file cannot be used, and where."""
    return StopDistrict(
        "CF20",
        f"The region file cannot be used: in {where}, {what}.",
        fix="Correct the file and load it again.",
    )


def _district(entry: Entry, where: str) -> None:
    _known(entry, _DISTRICT, where)
    refuse_unknown_settings(_table(entry, "settings", where), where)
    for name, words in (("term", _TERM), ("rollover", _WINDOW), ("blackout", _WINDOW)):
        for one in _entries(entry, name, where):
            _known(one, words, f"{where}, {name}")
            if words is _WINDOW:
                _known(
                    dict.fromkeys(map(str, one.get("tables", ()))),
                    _TABLES,
                    f"{where}, {name}.tables",
                    "table",
                )
    for purpose in _WAYS:
        if purpose in entry:
            _route(_table(entry, purpose, where), purpose, f"{where}, {purpose}")


def _route(entry: Entry, purpose: str, where: str) -> None:
    _known(entry, _ROUTE, where)
    kind = entry.get("kind")
    if kind is None:
        return
    if kind not in _WAYS[purpose]:
        raise unusable(where, f"the kind is none of {', '.join(sorted(_WAYS[purpose]))}")
    known = settings_class(str(kind)).model_fields
    _known(_table(entry, "settings", where), known, f"{where}.settings")
    named = {name.partition(".")[0]: None for name in _table(entry, "secrets", where)}
    _known(named, known, f"{where}.secrets")


def _known(entry: Entry, words: Collection[str], where: str, what: str = "key") -> None:
    for key in entry:
        if key not in words:
            near = get_close_matches(key, words, n=1)
            meant = f" (did you mean '{near[0]}'?)" if near else ""
            raise unusable(where, f"the {what} '{key}' is not known{meant}")


def _table(entry: Entry, key: str, where: str) -> Entry:
    found = entry.get(key, {})
    if not isinstance(found, Mapping):
        raise unusable(where, f"'{key}' has to be a table: [...{key}]")
    return found


def _entries(entry: Entry, key: str, where: str) -> Iterator[Entry]:
    found = entry.get(key, [])
    if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
        raise unusable(where, f"'{key}' has to stand in double brackets: [[{key}]]")
    yield from found
