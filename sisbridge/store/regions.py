"""The region: its districts, how each is reached, what is offered and how it is mapped."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from domain.errors import StopDistrict
from domain.grading import GradeKind, Offering
from domain.ids import DistrictCode, OfferingId, SourcedId
from domain.model import ConnectorConfig, District
from sisbridge.store.sealing import key_destroyed
from sisbridge.store.tables import region as tables
from sisbridge.store.upsert import upsert

_PURGED = sa.select(tables.district_key.c.district_code).where(
    tables.district_key.c.destroyed_at.is_not(None)
)


@dataclass(frozen=True, slots=True)
class TermMapping:
    """Where one of our reporting periods stands in a district's SIS.

    label: the district's own word for it (a store code, a grading task). title: the template of a line
    item's title, or "" for the route's default. opens_on, closes_on: when its grades may leave (end
    exclusive) where that differs from the offering's posting window. labels: further names that the route
    needs (`store_code`, `term_id`, `grading_task`). transcript_posted_on: from then on a correction is a
    person's to make in the SIS.
    """

    term: str
    reporting_period: str
    kind: GradeKind
    session_sourced_id: SourcedId
    label: str = ""
    title: str = ""
    opens_on: date | None = None
    closes_on: date | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    transcript_posted_on: date | None = None


def save_district(conn: Connection, district: District) -> None:
    """Save a district, replacing what was known of it; StopDistrict CF05 when it was purged."""
    if district.code in set(conn.scalars(_PURGED)):
        raise key_destroyed(district.code)
    upsert(conn, tables.district, [{**asdict(district), "settings": dict(district.settings)}])


def districts(conn: Connection) -> list[District]:
    """Return all districts by code, but for those that were purged."""
    living = sa.select(tables.district).where(tables.district.c.code.not_in(_PURGED))
    rows = conn.execute(living.order_by(tables.district.c.code))
    return [District(**row._mapping) for row in rows]


def district(conn: Connection, code: DistrictCode) -> District:
    """Return one district; StopDistrict CF02 when there is none of that code, CF05 when it was purged."""
    row = conn.execute(sa.select(tables.district).where(tables.district.c.code == code)).one_or_none()
    if row is None:
        raise unknown_district(code)
    if code in set(conn.scalars(_PURGED)):
        raise key_destroyed(code)
    return District(**row._mapping)


def unknown_district(code: DistrictCode) -> StopDistrict:
    """Return what is raised for a code that no district has."""
    return StopDistrict(
        "CF02",
        f"There is no district with the code '{code}'.",
        fix="Check the spelling, or load the region file that describes the district.",
    )


def save_connector(conn: Connection, config: ConnectorConfig) -> None:
    """Save how a district is reached for one purpose."""
    row = {
        "district_code": config.district,
        "purpose": config.purpose,
        "kind": config.kind,
        "settings": dict(config.settings),
        "secrets": dict(config.secrets),
        "checked_at": config.checked_at,
    }
    upsert(conn, tables.connector_config, [row])


def forget_connector(conn: Connection, district: DistrictCode, purpose: str) -> None:
    """Forget how a district was reached for one purpose; safe to repeat."""
    table = tables.connector_config
    conn.execute(sa.delete(table).where(table.c.district_code == district, table.c.purpose == purpose))


def connector(conn: Connection, district: DistrictCode, purpose: str) -> ConnectorConfig | None:
    """Return how a district is reached for a purpose (`roster`, `grades`), or None."""
    table = tables.connector_config
    wanted = sa.select(table).where(table.c.district_code == district, table.c.purpose == purpose)
    row = conn.execute(wanted).one_or_none()
    if row is None:
        return None
    values = dict(row._mapping)
    return ConnectorConfig(district=values.pop("district_code"), **values)


def save_offering(conn: Connection, offering: Offering) -> None:
    """Save one line of the master schedule."""
    upsert(conn, tables.offering, [asdict(offering)])


def offerings(conn: Connection, school_year: str | None = None) -> list[Offering]:
    """Return the master schedule, of one school year or whole, by offering id."""
    wanted = sa.select(tables.offering).order_by(tables.offering.c.offering_id)
    if school_year is not None:
        wanted = wanted.where(tables.offering.c.school_year == school_year)
    return [Offering(**row._mapping) for row in conn.execute(wanted)]


def save_crosswalk(
    conn: Connection, district: DistrictCode, school_year: str, offerings: Mapping[str, OfferingId]
) -> None:
    """Save a district's crosswalk of a school year: exactly these course codes lead to these offerings.

    Raises StopDistrict CF43 when one leads to an offering that is not on the master schedule.
    """
    require_offerings(conn, district, offerings)
    table = tables.crosswalk
    here = (table.c.district_code == district, table.c.school_year == school_year)
    conn.execute(sa.delete(table).where(*here))
    _insert(
        conn,
        table,
        [
            {
                "district_code": district,
                "school_year": school_year,
                "course_code": course,
                "offering_id": offering,
            }
            for course, offering in offerings.items()
        ],
    )


def require_offerings(
    conn: Connection,
    district: DistrictCode,
    offerings: Mapping[str, OfferingId],
    coming: Collection[str] = (),
) -> None:
    """Raise StopDistrict CF43 when a course leads to no offering of the master schedule.

    coming: offerings that are about to be saved, and count as known.
    """
    known = {*conn.scalars(sa.select(tables.offering.c.offering_id)), *coming}
    for course, offering in offerings.items():
        if offering not in known:
            raise StopDistrict(
                "CF43",
                f"Course '{course}' of district {district} leads to no offering: '{offering}' is unknown.",
                fix="Add the offering to the master schedule, or correct the district's crosswalk.",
            )


def crosswalk(conn: Connection, district: DistrictCode, school_year: str) -> dict[str, OfferingId]:
    """Return which of a district's course codes lead to which offering in a school year."""
    table = tables.crosswalk
    wanted = (
        sa.select(table.c.course_code, table.c.offering_id)
        .where(table.c.district_code == district, table.c.school_year == school_year)
        .order_by(table.c.course_code)
    )
    return {row.course_code: OfferingId(row.offering_id) for row in conn.execute(wanted)}


def led_to(conn: Connection, district: DistrictCode) -> dict[str, frozenset[OfferingId]]:
    """Return which offerings each of a district's course codes led to, in one school year or another."""
    table = tables.crosswalk
    wanted = sa.select(table.c.course_code, table.c.offering_id).where(table.c.district_code == district)
    found: dict[str, set[OfferingId]] = {}
    for code, offering in conn.execute(wanted).tuples():
        found.setdefault(code, set()).add(OfferingId(offering))
    return {code: frozenset(offerings) for code, offerings in found.items()}


def save_term_map(conn: Connection, district: DistrictCode, mappings: Sequence[TermMapping]) -> None:
    """Save a district's term map: exactly these mappings."""
    conn.execute(sa.delete(tables.term_map).where(tables.term_map.c.district_code == district))
    _insert(conn, tables.term_map, [{"district_code": district, **asdict(entry)} for entry in mappings])


def term_map(conn: Connection, district: DistrictCode) -> dict[tuple[str, str, GradeKind], TermMapping]:
    """Return a district's term map by (term, reporting period, kind)."""
    table = tables.term_map
    wanted = (
        sa.select(table)
        .where(table.c.district_code == district)
        .order_by(table.c.term, table.c.reporting_period, table.c.kind)
    )
    entries = [_term_mapping(row) for row in conn.execute(wanted)]
    return {(entry.term, entry.reporting_period, entry.kind): entry for entry in entries}


def _term_mapping(row: Row[*tuple[Any, ...]]) -> TermMapping:
    values = dict(row._mapping)
    del values["district_code"]
    return TermMapping(kind=GradeKind(values.pop("kind")), **values)


def _insert(conn: Connection, table: sa.Table, rows: list[dict[str, object]]) -> None:
    if rows:
        conn.execute(sa.insert(table), rows)
