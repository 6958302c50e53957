"""Secrets by name: from the environment first, else sealed in the store."""

from __future__ import annotations

import os
import re

import sqlalchemy as sa
from sqlalchemy import Connection

from domain.errors import StopDistrict
from domain.ids import DistrictCode
from sisbridge.store.sealing import Keyring
from sisbridge.store.tables.region import secret
from sisbridge.store.upsert import upsert


def put(conn: Connection, keyring: Keyring, district: DistrictCode, name: str, value: str) -> None:
    """Keep a secret, sealed with the district's key, replacing an earlier value."""
    sealed = keyring.seal(district, value.encode(), _purpose(name))
    upsert(conn, secret, [{"district_code": district, "name": name, "sealed": sealed}])


def resolve(conn: Connection, keyring: Keyring, district: DistrictCode, name: str) -> str:
    """Return a secret's value.

    The environment variable SISBRIDGE_SECRET_<DISTRICT>_<NAME> (upper case, anything but letters and
    digits as an underscore) goes before the store. Raises StopDistrict CF03 when it is in neither.
    """
    variable = _variable(district, name)
    if variable in os.environ:
        return os.environ[variable]
    wanted = sa.select(secret.c.sealed).where(secret.c.district_code == district, secret.c.name == name)
    sealed = conn.scalar(wanted)
    if sealed is None:
        raise StopDistrict(
            "CF03",
            f"The secret '{name}' of district {district} is not known.",
            fix=f"Keep it with `sisbridge secret set {district} {name}`, or set the environment variable "
            f"{variable}.",
        )
    return keyring.open(district, sealed, _purpose(name)).decode()


def _variable(district: DistrictCode, name: str) -> str:
    return re.sub(r"[^A-Z0-9]", "_", f"SISBRIDGE_SECRET_{district}_{name}".upper())


def _purpose(name: str) -> str:
    return f"secret/{name}"
