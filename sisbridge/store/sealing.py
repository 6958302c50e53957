"""Sealing: every district's data under a key of its own, every key under the master key."""

from __future__ import annotations

from sqlalchemy import Connection

from domain.ids import DistrictCode
from sisbridge.store.database import Store


class Keyring:
    """The districts' keys, opened with the master key and kept for the life of the process."""

    def __init__(self, store: Store, master_key: bytes) -> None:
        raise NotImplementedError

    def seal(self, district: DistrictCode, data: bytes, purpose: str) -> bytes:
        """Seal data so that only this district's key opens it, for this purpose only."""
        raise NotImplementedError

    def open(self, district: DistrictCode, sealed: bytes, purpose: str) -> bytes:
        """Open what `seal` sealed for the same district and purpose."""
        raise NotImplementedError

    def fingerprint(self, district: DistrictCode, data: bytes, purpose: str) -> str:
        """Return a keyed digest: equal for equal data, and of no use to who would guess a grade from it."""
        raise NotImplementedError

    def destroy(self, conn: Connection, district: DistrictCode) -> None:
        """Destroy a district's key: nothing sealed with it can ever be opened again."""
        raise NotImplementedError

    def rotate_master(self, new_key: bytes) -> None:
        """Seal every district's key with a new master key, all or none."""
        raise NotImplementedError
