"""The demo's SISs: two OneRoster providers and one SFTP server, brought to their state of each night."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from domain.clock import FixedClock
from domain.ids import DistrictCode
from domain.oneroster import Version
from simulators.dataset import Dataset
from simulators.oneroster.dialect import Dialect
from simulators.oneroster.serve import RunningProvider
from simulators.scenario.districts import DISTRICTS, DemoDistrict, Transport, enrolled
from simulators.scenario.grades import REGISTRAR_CHANGED, grades_csv
from simulators.scenario.nights import loose_files, night_one, night_three
from simulators.scenario.region import Entry, entries, grades_entry, roster_entry
from simulators.sftp import RunningSftp, SftpAccount
from sisbridge.house import House
from sisbridge.sync.region import keep_secret, load_entries

DIALECTS = {
    "9001": Dialect(),
    "9002": Dialect(page_cap=500, send_total=False, send_link=False, hrefs="relative"),
}
"""9001 keeps to the standard; 9002 clamps pages without a word and tells no total."""

_GRADEBOOK = ("lineItems", "results", "categories")
_PASSWORD = "demo-password"


class DemoRegion:
    """Four districts' SISs on loopback for as long as the `with` block runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._first = night_one()
        self._third = night_three(self._first)
        self._grades = grades_csv(self._first), grades_csv(self._first, corrected=True)
        self._providers: dict[str, RunningProvider] = {}

    def __enter__(self) -> Self:
        accounts = [
            SftpAccount(d.code, password=_PASSWORD) for d in DISTRICTS if d.transport is not Transport.REST
        ]
        (self._folder / "sftp").mkdir(parents=True, exist_ok=True)
        self._sftp = self._stack.enter_context(RunningSftp(self._folder / "sftp", accounts))
        for district in DISTRICTS:
            if district.transport is Transport.REST:
                self._providers[district.code] = self._stack.enter_context(self._provider(district))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _provider(self, district: DemoDistrict) -> RunningProvider:
        dataset = self._first[district.code].copy()
        return RunningProvider(
            dataset, district.version, dialect=DIALECTS[district.code], clock=FixedClock(district.first_day)
        )

    def prepare(self, house: House, night: int) -> Path:
        """Bring every SIS to its state of a night, load the region file, and return the grade file."""
        datasets = self._third if night == 3 else self._first
        for district in DISTRICTS:
            self._prepare_district(district, datasets[district.code], night)
        if night == 3:
            self._registrar_changes_a_grade()
        reach = {district.code: self._reach(district) for district in DISTRICTS}
        load_entries(house, entries(datasets, reach, night), house.settings.actor)
        self._keep_secrets(house)
        return self._grade_file(night)

    def _prepare_district(self, district: DemoDistrict, dataset: Dataset, night: int) -> None:
        if district.transport is Transport.REST:
            served = dataset.copy()
            for path in _GRADEBOOK if night > 1 else ():
                served.collections[path] = self._providers[district.code].dataset.collections[path]
            self._providers[district.code].dataset = served
        elif district.transport is Transport.ZIP:
            self._drop(district, {"roster.zip": dataset.bulk_zip(district.version, dated=False)})
        else:
            self._drop(district, loose_files(dataset, users_header_only=night == 3))

    def _drop(self, district: DemoDistrict, files: dict[str, bytes]) -> None:
        folder = self._sftp.outgoing(district.code)
        for name, content in files.items():
            (folder / name).write_bytes(content)

    def _registrar_changes_a_grade(self) -> None:
        """Let the registrar of 9002 enter another value for the grade that its teacher corrects tonight."""
        dataset = self._providers["9002"].dataset
        student = enrolled(self._first["9002"], DISTRICTS[1], "SPAN-3")[0]
        lines = {i["sourcedId"] for i in dataset.records("lineItems") if i["title"].startswith("Spanish III")}
        for record in dataset.records("results"):
            if record["student"]["sourcedId"] == student and record["lineItem"]["sourcedId"] in lines:
                at = DISTRICTS[1].moment(3)
                dataset.change(
                    "results", record["sourcedId"], at, score=float(REGISTRAR_CHANGED), textScore="B-"
                )

    def _reach(self, district: DemoDistrict) -> Entry:
        if district.transport is Transport.REST:
            settings = self._rest_settings(district)
            return {"roster": roster_entry(district, settings), "grades": grades_entry(district, settings)}
        access = {
            "host": self._sftp.host,
            "port": self._sftp.port,
            "username": district.code,
            "host_key": self._sftp.host_key,
        }
        drop: Entry = {**access, "folder": "outgoing", "settle_seconds": 0}
        if district.transport is Transport.LOOSE:
            drop["loose_files"] = [
                "orgs.csv",
                "academicSessions.csv",
                "courses.csv",
                "classes.csv",
                "users.csv",
                "enrollments.csv",
            ]
        return {
            "roster": roster_entry(district, drop),
            "grades": grades_entry(district, {**access, "folder": "inbox"}),
        }

    def _rest_settings(self, district: DemoDistrict) -> Entry:
        provider = self._providers[district.code]
        return {
            "base_url": provider.rostering_url,
            "version": Version(district.version).value,
            "token_url": provider.token_url,
            "client_id": provider.client_id,
        }

    def _keep_secrets(self, house: House) -> None:
        for district in DISTRICTS:
            if district.transport is Transport.REST:
                name, value = "sis_client_secret", self._providers[district.code].client_secret
            else:
                name, value = "sis_password", _PASSWORD
            keep_secret(house, DistrictCode(district.code), name, value, house.settings.actor)

    def _grade_file(self, night: int) -> Path:
        path = self._folder / "grades.csv"
        path.write_bytes(self._grades[1 if night == 3 else 0])
        return path
