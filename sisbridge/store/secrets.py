"""Secrets by name: from the environment first, else sealed in the store."""

from __future__ import annotations

from sqlalchemy import Connection

from domain.ids import DistrictCode
from sisbridge.store.sealing import Keyring


def put(conn: Connection, keyring: Keyring, district: DistrictCode, name: str, value: str) -> None:
    """Keep a secret, sealed with the district's key, replacing an earlier value."""
    raise NotImplementedError


def resolve(conn: Connection, keyring: Keyring, district: DistrictCode, name: str) -> str:
    """Return a secret's value; raises StopDistrict CF03 when it is nowhere to be found."""
    raise NotImplementedError
