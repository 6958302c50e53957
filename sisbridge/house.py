"""The house with its doors shut: store, keys, landing and clocks, opened once per process."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import pyarrow as pa

from domain.clock import Clock, FixedClock, local_date, system_clock
from domain.ids import DistrictCode
from domain.model import District
from sisbridge.settings import Settings
from sisbridge.store import migrations, regions, secrets
from sisbridge.store.database import Connection, Store
from sisbridge.store.landing import LandingZone
from sisbridge.store.sealing import Keyring


@dataclass(frozen=True)
class House:
    """Everything a use-case needs besides its own arguments."""

    settings: Settings
    store: Store
    keyring: Keyring
    landing: LandingZone

    @classmethod
    def open(cls, settings: Settings | None = None) -> House:
        """Open the store (migrated to the newest schema), the keys and the landing zone.

        Raises ContractBroken CF01 when the master key is missing or a sample outside the demo.
        """
        # Arrow's own allocator gives pages back and asks for them again: up to a fifth of a stage's time.
        pa.set_memory_pool(pa.system_memory_pool())
        settings = settings or Settings()
        store = Store(settings.database_url)
        migrations.upgrade(store)
        keyring = Keyring(store, settings.require_master_key())
        return cls(settings, store, keyring, LandingZone(settings.landing_url, keyring))

    def close(self) -> None:
        """Let go of database connections."""
        self.store.dispose()

    def district(self, code: DistrictCode) -> District:
        """Return one district; StopDistrict with the fix when the code is unknown."""
        with self.store.read() as conn:
            return regions.district(conn, code)

    def districts(self) -> list[DistrictCode]:
        """Return the codes of the districts a night visits, in a stable order."""
        with self.store.read() as conn:
            return [district.code for district in regions.districts(conn)]

    def secret(self, conn: Connection, district: DistrictCode, name: str) -> str:
        """Return a secret by its name, from the environment or sealed in the store."""
        return secrets.resolve(conn, self.keyring, district, name)


def clock_of(district: District) -> Clock:
    """Return the district's clock: fixed when its settings say so (demo, tests, replay)."""
    fixed = district.settings.get("fixed_now")
    return FixedClock(datetime.fromisoformat(str(fixed))) if fixed else system_clock


def today_of(district: District) -> date:
    """Return the district's calendar day, which names its night."""
    return local_date(clock_of(district), district.time_zone)
