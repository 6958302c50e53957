"""Load a region from one TOML file: districts, how each is reached, the master schedule, the crosswalks."""

from __future__ import annotations

import tomllib
from collections import Counter
from datetime import date, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from connectors.registry import has_setting
from domain.errors import StopDistrict
from domain.grading import GradeKind, Offering
from domain.ids import DistrictCode, OfferingId, SourcedId
from domain.model import ConnectorConfig, District
from sisbridge.house import House, clock_of
from sisbridge.store import audit, identity, regions, retention, secrets, snapshots
from sisbridge.store.database import Connection
from sisbridge.sync.region_words import Entry, refuse_unknown, unusable
from sisbridge.sync.roster.window import FULL

_READING = ("mapping", "rules", "identifier_width")
"""The settings of a district that decide how its rows are read and judged."""


def load_region(house: House, path: Path, actor: str) -> list[DistrictCode]:
    """Read a region file into the store; loading it again changes only what differs.

    Raises StopDistrict CF20 naming the table and key when something is missing, unknown or of the wrong
    kind, or the line that is no TOML; nothing of the file is loaded then.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise unusable(path.name, f"it is no TOML: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise unusable(path.name, f"it cannot be read ({type(error).__name__})") from None
    return load_entries(house, content, actor)


def load_entries(house: House, content: Entry, actor: str) -> list[DistrictCode]:
    """Save the districts and offerings of a parsed region file; return the districts' codes.

    What a district's entry lacks is forgotten, its ways for rosters and grades too. Raises StopDistrict CF20,
    CF05 for a purged district and CF43 for a crosswalk to an unknown offering, before anything is saved.
    """
    refuse_unknown(content)
    _refuse_unreadable(content)
    _refuse_loose_ends(house, content)
    codes = [_save_district(house, entry, actor) for entry in content.get("district", [])]
    with house.store.begin("region") as conn:
        for entry in content.get("offering", []):
            regions.save_offering(conn, _offering(entry))
    for entry in content.get("district", []):
        _save_crosswalk(house, entry)
    return codes


def _refuse_unreadable(content: Entry) -> None:
    """Read every table as it will be saved, so that a fault in the last one leaves the first unsaved too."""
    for entry in content.get("offering", []):
        _offering(entry)
    for entry in content.get("district", []):
        district = _district(entry)
        for purpose in ("roster", "grades"):
            if purpose in entry:
                _connector(district, purpose, entry[purpose])
        for row in entry.get("term", []):
            _term(district.code, row)
    codes = Counter(str(entry["code"]) for entry in content.get("district", []))
    for code, times in codes.items():
        if times > 1:
            raise unusable("the file", f"district {code} stands {times} times")


def _refuse_loose_ends(house: House, content: Entry) -> None:
    coming = {str(entry["id"]) for entry in content.get("offering", [])}
    with house.store.read() as conn:
        for entry in content.get("district", []):
            _refuse_purged(conn, DistrictCode(entry["code"]))
            regions.require_offerings(conn, DistrictCode(entry["code"]), _pairs(entry), coming)


def _refuse_purged(conn: Connection, district: DistrictCode) -> None:
    if retention.purged_at(conn, district) is not None:
        raise StopDistrict(
            "CF05",
            f"District {district} was purged, so nothing of the region file was loaded.",
            fix=f"Take district {district} out of the file; to serve it again, start it under a new code.",
        )


def _save_district(house: House, entry: Entry, actor: str) -> DistrictCode:
    district = _district(entry)
    with house.store.begin("region") as conn:
        if _reads_otherwise(conn, district, entry):
            snapshots.forget_bookmarks(conn, district.code, keep=(FULL,))
        if _numbers_otherwise(conn, district):
            identity.forget_keys(conn, district.code)
        regions.save_district(conn, district)
        for purpose in ("roster", "grades"):
            if purpose in entry:
                regions.save_connector(conn, _connector(district, purpose, entry[purpose]))
            else:
                regions.forget_connector(conn, district.code, purpose)
    with house.store.begin("region") as conn:
        audit.append(
            conn,
            district.code,
            actor,
            "district loaded",
            str(district.code),
            None,
            None,
            clock_of(district)(),
        )
    return district.code


def _reads_otherwise(conn: Connection, district: District, entry: Entry) -> bool:
    """Return whether the roster is to be read otherwise than before: then rows read already count anew."""
    known = {one.code: one for one in regions.districts(conn)}.get(district.code)
    config = regions.connector(conn, district.code, "roster")
    if known is None or config is None or "roster" not in entry:
        return True
    fresh = _connector(district, "roster", entry["roster"])
    same = (fresh.kind, fresh.settings) == (config.kind, config.settings)
    return not same or any(known.settings.get(name) != district.settings.get(name) for name in _READING)


def _numbers_otherwise(conn: Connection, district: District) -> bool:
    """Return whether students are to be recognised by other numbers than before."""
    known = {one.code: one for one in regions.districts(conn)}.get(district.code)
    return known is not None and known.settings.get("identity") != district.settings.get("identity")


def keep_secret(house: House, district: DistrictCode, name: str, value: str, actor: str) -> None:
    """Seal a district's secret in the store; that it was set is audited, never what it is.

    Raises StopDistrict when the value is empty or the district is not known.
    """
    if not value:
        raise StopDistrict("CF21", f"The secret {name} is empty.", fix="Give the value that the SIS showed.")
    known = house.district(district)
    with house.store.begin("secret") as conn:
        secrets.put(conn, house.keyring, district, name, value)
        audit.append(conn, district, actor, "secret set", name, None, None, clock_of(known)())


def _district(entry: Entry) -> District:
    code = _need(entry, "code", "district")
    where = f"district {code}"
    return District(
        code=DistrictCode(code),
        name=_need(entry, "name", where),
        state=_need(entry, "state", where),
        lea_identifier=str(entry.get("lea_identifier", "")),
        time_zone=_time_zone(entry, where),
        school_year=_need(entry, "school_year", where),
        mou_approved_on=_maybe_day(entry, "mou_approved_on", where),
        settings={**_as_texts(entry.get("settings", {})), **_windows(entry, where)},
    )


def _windows(entry: Entry, where: str) -> dict[str, object]:
    """Return the announced days of a district as its settings keep them: dates as text, the end exclusive."""
    return {
        f"{name}s": [_window(one, f"{where}, {name}") for one in entry[name]]
        for name in ("rollover", "blackout")
        if name in entry
    }


def _window(entry: Entry, where: str) -> dict[str, object]:
    begins_on, ends_on = _day(entry, "from", where), _day(entry, "to", where)
    if begins_on >= ends_on:
        raise unusable(where, "'to' is the first day after the window, and has to be later than 'from'")
    return {**entry, "from": begins_on.isoformat(), "to": ends_on.isoformat()}


def _as_texts(value: Any) -> Any:
    """Return settings with TOML's dates and times as texts: they are kept as JSON."""
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: _as_texts(one) for name, one in value.items()}
    return [_as_texts(one) for one in value] if isinstance(value, list) else value


def _connector(district: District, purpose: str, entry: Entry) -> ConnectorConfig:
    """Return how a district is reached; a SIS with a clock goes by the district's unless told."""
    kind = _need(entry, "kind", f"district {district.code}, {purpose}")
    clock = {"time_zone": district.time_zone} if has_setting(kind, "time_zone") else {}
    return ConnectorConfig(
        district=district.code,
        purpose=purpose,
        kind=kind,
        settings={**clock, **_as_texts(entry.get("settings", {}))},
        secrets={key: str(name) for key, name in entry.get("secrets", {}).items()},
    )


def _offering(entry: Entry) -> Offering:
    where = f"offering {entry.get('id', '?')}"
    return Offering(
        offering_id=OfferingId(_need(entry, "id", "offering")),
        title=_need(entry, "title", where),
        course_code=_need(entry, "course_code", where),
        term=_need(entry, "term", where),
        school_year=_need(entry, "school_year", where),
        host_district=DistrictCode(_need(entry, "host_district", where)),
        teacher=str(entry.get("teacher", "")),
        period_kind=str(entry.get("period_kind", "regular day")),
        sessions_per_week=_whole(entry, "sessions_per_week", 3, where),
        minutes_per_session=_whole(entry, "minutes_per_session", 45, where),
        begin_date=_day(entry, "begin_date", where),
        end_date=_day(entry, "end_date", where),
        posting_opens_on=_day(entry, "posting_opens_on", where),
        posting_closes_on=_day(entry, "posting_closes_on", where),
        minimum_seats=_whole(entry, "minimum_seats", 10, where),
        maximum_seats=_whole(entry, "maximum_seats", 20, where),
    )


def _save_crosswalk(house: House, entry: Entry) -> None:
    code, year = DistrictCode(entry["code"]), str(entry["school_year"])
    with house.store.begin("region") as conn:
        regions.save_crosswalk(conn, code, year, _pairs(entry))
        regions.save_term_map(conn, code, [_term(code, row) for row in entry.get("term", [])])


def _pairs(entry: Entry) -> dict[str, OfferingId]:
    return {str(course): OfferingId(offering) for course, offering in entry.get("crosswalk", {}).items()}


def _term(code: DistrictCode, row: Entry) -> regions.TermMapping:
    where = f"district {code}, term"
    return regions.TermMapping(
        term=_need(row, "term", where),
        reporting_period=_need(row, "reporting_period", where),
        kind=_grade_kind(row, where),
        session_sourced_id=SourcedId(_need(row, "session_sourced_id", where)),
        label=str(row.get("label", "")),
        title=str(row.get("title", "{course} {reporting_period}")),
        opens_on=_maybe_day(row, "opens_on", where),
        closes_on=_maybe_day(row, "closes_on", where),
        labels=_texts(row, "labels", where),
        transcript_posted_on=_maybe_day(row, "transcript_posted_on", where),
    )


def _need(entry: Entry, key: str, where: str) -> str:
    value = entry.get(key)
    if value is None or value == "":
        raise unusable(where, f"the key '{key}' is missing")
    return str(value)


def _whole(entry: Entry, key: str, usual: int, where: str) -> int:
    value = entry.get(key, usual)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise unusable(where, f"the key '{key}' must be a whole number without quotes")


def _time_zone(entry: Entry, where: str) -> str:
    name = str(entry.get("time_zone", "America/Indiana/Indianapolis"))
    try:
        ZoneInfo(name)
    except (OSError, KeyError, ValueError):
        raise unusable(where, "the key 'time_zone' must be one such as America/Chicago") from None
    return name


def _grade_kind(row: Entry, where: str) -> GradeKind:
    kind = _need(row, "kind", where)
    if kind in set(GradeKind):
        return GradeKind(kind)
    raise unusable(where, f"the key 'kind' must be one of {', '.join(GradeKind)}")


def _day(entry: Entry, key: str, where: str) -> date:
    value = entry.get(key)
    if isinstance(value, date):
        return value
    raise unusable(where, f"the key '{key}' must be a date such as 2026-01-20, without quotes")


def _maybe_day(entry: Entry, key: str, where: str) -> date | None:
    return _day(entry, key, where) if key in entry else None


def _texts(entry: Entry, key: str, where: str) -> dict[str, str]:
    texts = entry.get(key, {})
    if isinstance(texts, dict) and all(isinstance(text, str) for text in texts.values()):
        return dict(texts)
    raise unusable(where, f"'{key}' must be a table of texts such as {{ store_code = \"S1\" }}")
