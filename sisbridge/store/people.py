"""People: our own ids without personal data, and which user of a district each is in a school year."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlalchemy import Connection

from domain.ids import DistrictCode, PersonId, SourcedId


def links(conn: Connection, district: DistrictCode, school_year: str) -> dict[SourcedId, PersonId]:
    """Return which person each linked user of a school year is."""
    raise NotImplementedError


def add_links(
    conn: Connection,
    district: DistrictCode,
    school_year: str,
    persons: Mapping[SourcedId, PersonId],
    on: date,
) -> int:
    """Link users to persons, making person rows as needed, and return how many links are new."""
    raise NotImplementedError
