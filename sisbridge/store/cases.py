"""Cases: the standing form of like findings, opened, followed and closed night by night."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection

from domain.ids import DistrictCode
from domain.model import Case, Finding
from sisbridge.store.findings import QuarantinedRow, quarantine, quarantined, record_findings

__all__ = ["fold", "open_cases", "QuarantinedRow", "quarantine", "quarantined", "record_findings"]


def fold(
    conn: Connection, district: DistrictCode, night_on: date, findings: Sequence[Finding], scope: str
) -> list[Case]:
    """Make the open cases of one scope say what these findings say, and return them.

    scope: what was looked at (`roster`, `grades:<route>`): only its cases close when nothing supports them.
    """
    raise NotImplementedError


def open_cases(conn: Connection, district: DistrictCode | None = None) -> list[Case]:
    """Return the cases that are not closed, of one district or all, in a stable order."""
    raise NotImplementedError
