"""Sealing: every district's data under a key of its own, every key under the master key.

AES-256-GCM (NIST SP 800-38D) with a random nonce; the district and the purpose are authenticated with
the data, so that what was sealed for one cannot be opened as another's.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Sequence

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection

from domain.clock import system_clock
from domain.errors import ContractBroken, StopDistrict
from domain.ids import DistrictCode
from sisbridge.store.database import Store
from sisbridge.store.tables.region import district_key
from sisbridge.store.upsert import insert_missing

_FORM = b"\x01"
"""The first byte of everything sealed: which form it has, should there ever be another."""

_NONCE_BYTES = 12
_KEY_BYTES = 32
_KEY_PURPOSE = "district key"
_REGION = DistrictCode("")
"""Whose key the region's own is: no district has an empty code."""


class Keyring:
    """The districts' keys, opened with the master key and kept for the life of the process.

    master_key: 32 bytes. A district's key is made when something of it is first sealed.
    """

    def __init__(self, store: Store, master_key: bytes) -> None:
        self._store = store
        self._master_key = master_key
        self._keys: dict[DistrictCode, bytes] = {}

    def seal(self, district: DistrictCode, data: bytes | memoryview, purpose: str) -> bytes:
        """Seal data so that only this district's key opens it, for this purpose only.

        Raises StopDistrict CF04 (another master key made the district's key) or CF05 (key destroyed).
        """
        return _seal(self._key(district), data, _about(district, purpose))

    def open(self, district: DistrictCode, sealed: bytes, purpose: str) -> bytes:
        """Open what `seal` sealed for the same district and purpose.

        Raises ContractBroken CF06 when it was sealed for another or is damaged; else as `seal`.
        """
        try:
            return _open(self._key(district), sealed, _about(district, purpose))
        except InvalidTag:
            raise ContractBroken(
                "CF06",
                f"Something stored for district {district} as {purpose.split('/')[0]} cannot be opened.",
                fix="It is damaged or belongs elsewhere: restore it from a backup, or run the sync again.",
            ) from None

    def fingerprint(self, district: DistrictCode, data: bytes, purpose: str) -> str:
        """Return a keyed digest: equal for equal data, and of no use to who would guess a grade from it."""
        key = hmac.digest(self._key(district), b"fingerprint", hashlib.sha256)
        return hmac.new(key, _about(district, purpose) + b"\x1f" + data, hashlib.sha256).hexdigest()

    def markers(
        self, district: DistrictCode | None, values: Sequence[str | None], purpose: str
    ) -> list[str | None]:
        """Return `fingerprint`-like marks of many values, shortened; None stays None.

        district: None marks with the region's own key, so that equal values of two districts are marked
        alike: for what is compared across districts, and for nothing else.
        """
        if not any(values):
            return [None] * len(values)
        owner = _REGION if district is None else district
        key = hmac.digest(self._key(owner), f"marker\x1f{purpose}".encode(), hashlib.sha256)
        return [
            None if value is None else hmac.digest(key, value.encode(), "sha256")[:16].hex()
            for value in values
        ]

    def destroy(self, conn: Connection, district: DistrictCode) -> None:
        """Destroy a district's key: nothing sealed with it can ever be opened again.

        Other processes forget the key when they end.
        """
        insert_missing(conn, district_key, [self._fresh_row(district)])
        conn.execute(
            sa.update(district_key)
            .where(district_key.c.district_code == district)
            .values(sealed_key=None, destroyed_at=system_clock())
        )
        self._keys.pop(district, None)

    def rotate_master(self, new_key: bytes) -> None:
        """Seal every district's key with a new master key, all or none.

        Until they are started with the new master key, other processes cannot open a district anew.
        """
        with self._store.begin("rotate") as conn:
            living = sa.select(district_key).where(district_key.c.sealed_key.is_not(None))
            for row in conn.execute(living.with_for_update()).all():
                key = self._unwrapped(row.district_code, row.sealed_key)
                conn.execute(
                    sa.update(district_key)
                    .where(district_key.c.district_code == row.district_code)
                    .values(sealed_key=_seal(new_key, key, _about(row.district_code, _KEY_PURPOSE)))
                )
        self._master_key = new_key

    def _key(self, district: DistrictCode) -> bytes:
        """Return a district's key, made if need be; kept only once it is committed."""
        if district in self._keys:
            return self._keys[district]
        with self._store.read() as conn:
            key = self._stored(conn, district)
        if key is not None:
            self._keys[district] = key
            return key
        # The caller may be writing, and may yet be undone: then this key must not be remembered.
        with self._store.joined("key") as conn:
            insert_missing(conn, district_key, [self._fresh_row(district)])
            made = self._stored(conn, district)
        assert made is not None
        return made

    def _stored(self, conn: Connection, district: DistrictCode) -> bytes | None:
        row = conn.execute(
            sa.select(district_key).where(district_key.c.district_code == district)
        ).one_or_none()
        if row is None:
            return None
        if row.sealed_key is None:
            raise key_destroyed(district)
        return self._unwrapped(district, row.sealed_key)

    def _unwrapped(self, district: DistrictCode, sealed_key: bytes) -> bytes:
        try:
            return _open(self._master_key, sealed_key, _about(district, _KEY_PURPOSE))
        except InvalidTag:
            raise StopDistrict(
                "CF04",
                f"The master key does not open the key of district {district}.",
                fix="Set SISBRIDGE_MASTER_KEY to the key this store was made with, or rotated to last.",
            ) from None

    def _fresh_row(self, district: DistrictCode) -> dict[str, object]:
        sealed = _seal(self._master_key, os.urandom(_KEY_BYTES), _about(district, _KEY_PURPOSE))
        return {"district_code": district, "sealed_key": sealed, "created_at": system_clock()}


def key_destroyed(district: DistrictCode) -> StopDistrict:
    """Return what is raised when anything is asked of a district that was purged."""
    return StopDistrict(
        "CF05",
        f"The key of district {district} was destroyed, so nothing of it can be read or kept.",
        fix="This cannot be undone. To serve the district again, start it under a new code.",
    )


def _about(district: DistrictCode, purpose: str) -> bytes:
    return f"{district}\x1f{purpose}".encode()


def _seal(key: bytes, data: bytes | memoryview, about: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return _FORM + nonce + AESGCM(key).encrypt(nonce, data, about)


def _open(key: bytes, sealed: bytes, about: bytes) -> bytes:
    if sealed[:1] != _FORM or len(sealed) <= _NONCE_BYTES:
        raise InvalidTag
    return AESGCM(key).decrypt(sealed[1 : _NONCE_BYTES + 1], sealed[_NONCE_BYTES + 1 :], about)
