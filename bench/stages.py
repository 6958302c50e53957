"""Nights of one made district, measured stage by stage, each stage in a process of its own.

That is how Airflow runs them, and it is the only way in which a stage's peak of memory is its own.
What a process needs to start (imports, Great Expectations among them, and opening the store) is
measured apart, once a stage.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.generator import SHARED_COURSE_CODE
from bench.process import in_fresh_process, peak_mib
from domain.ids import DistrictCode, RunId
from sisbridge.house import House
from sisbridge.settings import SAMPLE_MASTER_KEY, Settings
from sisbridge.store import runs
from sisbridge.sync import night
from sisbridge.sync.context import STAGES
from sisbridge.sync.region import load_entries

DISTRICT = DistrictCode("bench")
NIGHTS = ("first load", "nothing changed", "1 % changed")
STEPS = (*STAGES, "finish")

_FIRST_NIGHT = datetime(2026, 1, 20, 8, 17, tzinfo=UTC)


@dataclass(frozen=True)
class Place:
    """Where a measured installation lives. database_url: SQLAlchemy address of an empty database."""

    folder: Path
    database_url: str

    @property
    def landing(self) -> Path:
        """The landing zone's folder."""
        return self.folder / "landing"

    def open(self) -> House:
        """Open the house; the sample key will do, because nothing here is anyone's."""
        return House.open(Settings(**self._settings()))

    def environment(self) -> dict[str, str]:
        """Return the environment variables that tell a command of this place."""
        return {f"SISBRIDGE_{name.upper()}": str(value) for name, value in self._settings().items()}

    def _settings(self) -> dict[str, Any]:
        return {
            "home": self.folder,
            "database_url": self.database_url,
            "landing_url": str(self.landing),
            "master_key": SAMPLE_MASTER_KEY,
            "demo": True,
            "actor": "bench",
        }


@dataclass(frozen=True)
class StageCost:
    """What one stage of one night cost. started: seconds until its process could begin."""

    night: str
    stage: str
    rows: int
    seconds: float
    peak_mib: float
    started: float


def prepare(place: Place, package: Path, number: int) -> RunId:
    """Point the district at tonight's package, set its clock to a night (1, 2, 3) and begin the run."""
    house = place.open()
    load_entries(house, region_of(DISTRICT, package, number), "bench")
    run_id = night.begin(house, DISTRICT)
    house.close()
    return run_id


def measure_night(place: Place, package: Path, number: int, say: Callable[[str], None]) -> list[StageCost]:
    """Run one night from a package and return what each stage cost, in order.

    say: is told of each stage when it is done. Raises what the stage raised: a benchmark of a stopped
    night would mean nothing.
    """
    run_id = in_fresh_process(prepare, place, package, number)
    costs = []
    for step in STEPS:
        costs.append(in_fresh_process(_measure, place, number, run_id, step, time.time()))
        say(f"  {costs[-1].night}, {step}: {costs[-1].seconds:.2f} s, {costs[-1].peak_mib:,.0f} MiB")
    return costs


def _measure(place: Place, number: int, run_id: RunId, step: str, asked_at: float) -> StageCost:
    if step == "validate":
        # A worker imports Great Expectations once in its life, not once a stage.
        import_module("validation.engine.runner")
    house = place.open()
    begun = time.perf_counter()
    started = time.time() - asked_at
    if step == "finish":
        night.finish(house, DISTRICT, run_id)
    else:
        night.step(house, DISTRICT, run_id, step)
    seconds = time.perf_counter() - begun
    rows = _rows(house, run_id, step)
    house.close()
    return StageCost(NIGHTS[number - 1], step, rows, seconds, peak_mib(), started)


def _rows(house: House, run_id: RunId, step: str) -> int:
    """Return how many rows a stage went through; apply only touches the changes, seats only seats."""
    with house.store.read() as conn:
        counts = runs.get(conn, DISTRICT, run_id).counts
    judged = counts.get("clean", 0) + counts.get("quarantined", 0)
    rows = {"pull": counts.get("read", 0), "normalize": counts.get("read", 0)}
    rows |= {"validate": judged, "compare": judged, "apply": counts.get("changes", 0)}
    return (rows | {"seats": counts.get("seats", 0), "finish": 0})[step]


def region_of(code: DistrictCode, package: Path, number: int) -> dict[str, Any]:
    """Return a region of one district whose clock stands at a night (1, 2, 3), as its file would say it."""
    now = _FIRST_NIGHT + timedelta(days=number - 1)
    district = {
        "code": code,
        "name": "Made District",
        "state": "IN",
        "school_year": "2026",
        "mou_approved_on": date(2021, 7, 1),
        "settings": {"fixed_now": now.isoformat()},
        "roster": {"kind": "oneroster_csv", "settings": {"path": str(package)}},
        "crosswalk": {SHARED_COURSE_CODE: "PHYS-A"},
    }
    return {"district": [district], "offering": [{**_OFFERING, "host_district": code}]}


_OFFERING: dict[str, Any] = {
    "id": "PHYS-A",
    "title": "Advanced Physics",
    "course_code": SHARED_COURSE_CODE,
    "term": "2026 first semester",
    "school_year": "2026",
    "begin_date": date(2025, 8, 15),
    "end_date": date(2026, 1, 17),
    "posting_opens_on": date(2026, 1, 12),
    "posting_closes_on": date(2026, 2, 14),
    "maximum_seats": 1_000_000,
}
