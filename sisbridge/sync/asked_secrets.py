"""Which secrets a district's routes ask for, and which of them nobody has kept yet."""

from __future__ import annotations

from domain.errors import StopDistrict
from domain.ids import DistrictCode
from sisbridge.house import House
from sisbridge.sync.context import connector_of

_NOT_KEPT = "CF03"


def asked_for(house: House, district: DistrictCode) -> list[str]:
    """Return the names of the secrets that a district's routes ask for, each once, in order."""
    configs = [connector_of(house, district, purpose)[0] for purpose in ("roster", "grades")]
    return sorted({name for config in configs if config is not None for name in config.secrets.values()})


def not_kept(house: House, district: DistrictCode) -> list[str]:
    """Return those of them that are neither in the store nor in the environment."""
    return [name for name in asked_for(house, district) if not _is_kept(house, district, name)]


def _is_kept(house: House, district: DistrictCode, name: str) -> bool:
    try:
        with house.store.read() as conn:
            house.secret(conn, district, name)
    except StopDistrict as error:
        if error.code != _NOT_KEPT:
            raise
        return False
    return True
