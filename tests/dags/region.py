"""A small region on real servers: one district over REST, one over SFTP, and one whose secret is wrong."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from domain.grading import GRADE_COLUMNS
from domain.ids import DistrictCode
from domain.oneroster import Version
from simulators.dataset import Dataset
from simulators.oneroster.faults import Fault, FaultKind
from simulators.oneroster.serve import RunningProvider
from simulators.scenario.districts import DemoDistrict, Transport, base, course_code, enrolled, session_of
from simulators.sftp import RunningSftp, SftpAccount
from sisbridge.house import House
from sisbridge.settings import Settings
from sisbridge.sync import region
from sisbridge.sync.grades.collect_grades import collect_from
from sisbridge.sync.grades.release import release
from tests.support.leaks import COMMENT, PERCENT, Watch, disguise

DATA = "oneroster_generator_district_small_1p1_csv.zip"
FIRST_DAY = datetime(2026, 1, 20, 8, 17, tzinfo=UTC)
NORTH, SOUTH, WEST = "north", "south", "west"
OFFERING, TERM, PERIOD = "PHYS-A", "2026-S1", "Final"
SEATS = 3
LOOSE_FILES = ("orgs", "academicSessions", "courses", "classes", "users", "enrollments")
SFTP_PASSWORD = "of no use elsewhere"
SCALE = {"rounding": "half_up", "bands": {"A": 90, "B": 80, "C": 70, "D": 60, "F": 0}}
BUSY = Fault(FaultKind.STATUS, path="users", status=429, retry_after="1")


@dataclass
class Region:
    """What runs, and the environment that a process needs to work in it."""

    house: House
    environment: dict[str, str]
    provider: RunningProvider
    sftp: RunningSftp
    datasets: dict[str, Dataset] = field(default_factory=dict)

    def release_finals(self, folder: Path) -> None:
        """Take a final grade for every seat of the first two districts, and release them all."""
        rows = [",".join(GRADE_COLUMNS)]
        for code in (NORTH, SOUTH):
            students = enrolled(self.datasets[code], district(code), OFFERING)
            rows += [
                f"{code},{s},{OFFERING},{TERM},{PERIOD},final,{PERCENT},,,{COMMENT},teacher,true"
                for s in students
            ]
        file = folder / "grades.csv"
        file.write_text("\n".join(rows) + "\n")
        collect_from(self.house, file)
        for code in (NORTH, SOUTH):
            release(self.house, DistrictCode(code), "tests")

    def leaks(self, facts: Mapping[str, Any]) -> list[tuple[str, str, str]]:
        """Return what must not be seen, found in the log of a Dag's run or in what Airflow keeps of it."""
        watch = Watch((self.provider.client_secret, SFTP_PASSWORD), [facts["log"]])
        watch.note("Airflow's database", json.dumps({**facts, "log": ""}))
        return watch.leaks()


def district(code: str) -> DemoDistrict:
    """Return a district of the region; all three have the same third-party data."""
    transport = Transport.LOOSE if code == SOUTH else Transport.REST
    return DemoDistrict(code, code.title(), DATA, Version.V1P1, transport, FIRST_DAY, "2026", SEATS)


@contextmanager
def running_region(folder: Path, database_url: str) -> Iterator[Region]:
    """Start the servers, load the region into a new store, and yield both."""
    datasets = {code: disguise(base(district(code))) for code in (NORTH, SOUTH, WEST)}
    account = SftpAccount(SOUTH, SFTP_PASSWORD)
    (folder / "sftp").mkdir()
    with (
        RunningProvider(datasets[NORTH], Version.V1P1) as provider,
        RunningSftp(folder / "sftp", [account]) as sftp,
    ):
        drop_files(sftp, datasets[SOUTH])
        environment = {
            "SISBRIDGE_HOME": str(folder),
            "SISBRIDGE_DATABASE_URL": database_url,
            "SISBRIDGE_MASTER_KEY": base64.b64encode(os.urandom(32)).decode(),
        }
        house = House.open(settings_of(environment))
        region.load_entries(house, entries(provider, sftp, datasets), "tests")
        secrets = {NORTH: provider.client_secret, SOUTH: SFTP_PASSWORD, WEST: "not the secret"}
        for code, secret in secrets.items():
            region.keep_secret(house, DistrictCode(code), "sis", secret, "tests")
        try:
            yield Region(house, environment, provider, sftp, datasets)
        finally:
            house.close()


def settings_of(environment: dict[str, str]) -> Settings:
    """Return the settings that a process would read from this environment."""
    return Settings(
        home=Path(environment["SISBRIDGE_HOME"]),
        database_url=environment["SISBRIDGE_DATABASE_URL"],
        master_key=SecretStr(environment["SISBRIDGE_MASTER_KEY"]),
    )


def drop_files(sftp: RunningSftp, dataset: Dataset) -> None:
    """Lay the second district's files where its SIS drops them."""
    for name, data in dataset.csv_package(Version.V1P1).items():
        (sftp.outgoing(SOUTH) / name).write_bytes(data)


def entries(provider: RunningProvider, sftp: RunningSftp, datasets: dict[str, Dataset]) -> dict[str, Any]:
    """Return the region as its file would hold it."""
    rest = {
        "base_url": provider.rostering_url,
        "token_url": provider.token_url,
        "client_id": provider.client_id,
        "version": "1.1",
        "allow_plain_http": True,
        # One attempt: what fails is for Airflow to try again.
        "attempts": 1,
    }
    files = {"host": sftp.host, "port": sftp.port, "username": SOUTH, "host_key": sftp.host_key}
    loose = [f"{name}.csv" for name in LOOSE_FILES]
    roster = {"settle_seconds": 0.0, "stale_after_hours": 9e6, "folder": "/outgoing", "loose_files": loose}
    by_rest = {"secrets": {"client_secret": "sis"}}
    by_file = {"secrets": {"password": "sis"}}
    return {
        "offering": [_offering()],
        "district": [
            _entry(
                NORTH, datasets,
                roster={"kind": "oneroster_rest", "settings": rest, **by_rest},
                grades={"kind": "oneroster_gradebook", "settings": rest, **by_rest},
            ),
            _entry(
                SOUTH, datasets,
                roster={"kind": "oneroster_csv_sftp", "settings": {**files, **roster}, **by_file},
                grades={"kind": "registrar_file", "settings": {**files, "folder": "/inbox"}, **by_file},
            ),
            _entry(
                WEST, datasets,
                roster={"kind": "oneroster_rest", "settings": rest, **by_rest},
                grades={"kind": "oneroster_gradebook", "settings": rest, **by_rest},
            ),
        ],
    }  # fmt: skip


def _entry(code: str, datasets: dict[str, Dataset], **connectors: dict[str, Any]) -> dict[str, Any]:
    day = FIRST_DAY.date()
    term = {
        "term": TERM,
        "reporting_period": PERIOD,
        "kind": "final",
        "session_sourced_id": session_of(datasets[code], FIRST_DAY)["sourcedId"],
        "label": "F1",
        "opens_on": day - timedelta(days=7),
        "closes_on": day + timedelta(days=30),
    }
    return {
        "code": code,
        "name": code.title(),
        "state": "IN",
        "school_year": "2026",
        "mou_approved_on": date(2021, 7, 1),
        "settings": {"fixed_now": FIRST_DAY.isoformat(), "scale": SCALE},
        "crosswalk": {course_code(OFFERING): OFFERING},
        "term": [term],
        **connectors,
    }


def _offering() -> dict[str, Any]:
    return {
        "id": OFFERING,
        "title": "Advanced Physics",
        "course_code": course_code(OFFERING),
        "term": TERM,
        "school_year": "2026",
        "host_district": NORTH,
        "begin_date": date(2025, 8, 15),
        "end_date": date(2026, 1, 17),
        "posting_opens_on": date(2026, 1, 12),
        "posting_closes_on": date(2026, 2, 14),
    }
