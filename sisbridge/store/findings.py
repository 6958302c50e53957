"""Findings of a run, and the quarantine: rows held back, sealed, by the rule that held them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from domain.ids import DistrictCode, RunId, SnapshotId
from domain.model import Finding
from sisbridge.store.sealing import Keyring


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """One row held back by one rule. Its repr shows place and key, never the values."""

    table: str
    place: str
    sourced_id: str
    rule: str
    values: Mapping[str, str | None] = field(default_factory=dict, repr=False)


def record_findings(
    conn: Connection, district: DistrictCode, run_id: RunId, findings: Sequence[Finding]
) -> None:
    """Add findings to a run, numbered in the order given."""
    raise NotImplementedError


def findings(conn: Connection, district: DistrictCode, run_id: RunId) -> list[Finding]:
    """Return a run's findings in the order they were recorded."""
    raise NotImplementedError


def quarantine(
    conn: Connection,
    keyring: Keyring,
    district: DistrictCode,
    snapshot_id: SnapshotId,
    rows: Sequence[QuarantinedRow],
) -> None:
    """Hold rows back, sealed; a row held again by the same rule in the same snapshot is held once."""
    raise NotImplementedError


def quarantined(
    conn: Connection,
    district: DistrictCode,
    snapshot_id: SnapshotId,
    *,
    table: str | None = None,
    sourced_id: str | None = None,
) -> list[QuarantinedRow]:
    """Return what a snapshot holds back, by table, place and rule, without the values."""
    raise NotImplementedError


def open_quarantined(
    conn: Connection, keyring: Keyring, district: DistrictCode, snapshot_id: SnapshotId, table: str
) -> list[QuarantinedRow]:
    """Return what a snapshot holds back of one table, with the values."""
    raise NotImplementedError
