"""Grades as they were collected: every revision, values sealed, and who released them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from domain.ids import DistrictCode, GradeId
from domain.model import GradeRecord
from sisbridge.store.sealing import Keyring


class GradeState(StrEnum):
    """Where one revision of a grade stands before it may leave."""

    COLLECTED = "collected"
    HELD = "held"
    RELEASED = "released"


def batch_seen(conn: Connection, district: DistrictCode, name: str, sha256: str) -> bool:
    """Return whether exactly this batch of grades was read before."""
    raise NotImplementedError


def save_batch(conn: Connection, district: DistrictCode, name: str, sha256: str, at: datetime) -> None:
    """Note that a batch of grades was read."""
    raise NotImplementedError


def latest(conn: Connection, keyring: Keyring, district: DistrictCode) -> dict[GradeId, GradeRecord]:
    """Return the newest revision of every grade of a district, whatever its state."""
    raise NotImplementedError


def save(conn: Connection, keyring: Keyring, record: GradeRecord, state: GradeState, at: datetime) -> None:
    """Save one revision; one that was released already stays as it was released."""
    raise NotImplementedError


def collected(conn: Connection, keyring: Keyring, district: DistrictCode) -> list[GradeRecord]:
    """Return the newest revisions that wait for release, in a stable order."""
    raise NotImplementedError


def released(conn: Connection, keyring: Keyring, district: DistrictCode) -> list[GradeRecord]:
    """Return the newest revisions that are released, in a stable order."""
    raise NotImplementedError


def release(
    conn: Connection, district: DistrictCode, grade_id: GradeId, revision: int, actor: str, at: datetime
) -> None:
    """Release one collected revision; safe to repeat. Raises ContractBroken CF08 when there is none."""
    raise NotImplementedError
