"""The audit: who did what to whose data, append-only, each record chained to the one before by its hash."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from domain.ids import DistrictCode


def append(
    conn: Connection,
    district: DistrictCode,
    actor: str,
    action: str,
    subject: str,
    before_digest: str | None,
    after_digest: str | None,
    at: datetime,
) -> int:
    """Append one record to the district's chain and return its number."""
    raise NotImplementedError


def verify(conn: Connection, district: DistrictCode) -> bool:
    """Return whether the district's chain is whole: nothing edited, nothing taken out of the middle."""
    raise NotImplementedError
