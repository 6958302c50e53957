"""The region: its districts, how each is reached, what is offered and how it is mapped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from domain.ids import DistrictCode, OfferingId, SourcedId
from domain.model import ConnectorConfig, District, GradeKind, Offering


@dataclass(frozen=True, slots=True)
class TermMapping:
    """Where one of our reporting periods stands in a district's SIS.

    label: the district's own word for it (a store code, a grading task). title: the template of a line
    item's title, or "" for the route's default.
    """

    term: str
    reporting_period: str
    kind: GradeKind
    session_sourced_id: SourcedId
    label: str = ""
    title: str = ""


def save_district(conn: Connection, district: District) -> None:
    """Save a district, replacing what was known of it."""
    raise NotImplementedError


def districts(conn: Connection) -> list[District]:
    """Return all districts by code."""
    raise NotImplementedError


def district(conn: Connection, code: DistrictCode) -> District:
    """Return one district; raises ContractBroken CF02 when there is none of that code."""
    raise NotImplementedError


def save_connector(conn: Connection, config: ConnectorConfig) -> None:
    """Save how a district is reached for one purpose."""
    raise NotImplementedError


def connector(conn: Connection, district: DistrictCode, purpose: str) -> ConnectorConfig | None:
    """Return how a district is reached for a purpose (`roster`, `grades`), or None."""
    raise NotImplementedError


def save_offering(conn: Connection, offering: Offering) -> None:
    """Save one line of the master schedule."""
    raise NotImplementedError


def offerings(conn: Connection, school_year: str | None = None) -> list[Offering]:
    """Return the master schedule, of one school year or whole, by offering id."""
    raise NotImplementedError


def save_crosswalk(
    conn: Connection, district: DistrictCode, school_year: str, offerings: Mapping[str, OfferingId]
) -> None:
    """Save a district's crosswalk of a school year: exactly these course codes lead to these offerings."""
    raise NotImplementedError


def crosswalk(conn: Connection, district: DistrictCode, school_year: str) -> dict[str, OfferingId]:
    """Return which of a district's course codes lead to which offering in a school year."""
    raise NotImplementedError


def save_term_map(conn: Connection, district: DistrictCode, mappings: Sequence[TermMapping]) -> None:
    """Save a district's term map: exactly these mappings."""
    raise NotImplementedError


def term_map(conn: Connection, district: DistrictCode) -> dict[tuple[str, str, GradeKind], TermMapping]:
    """Return a district's term map by (term, reporting period, kind)."""
    raise NotImplementedError
