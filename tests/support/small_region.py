"""A region small enough to run a night in a second: one district over REST, one over SFTP."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from domain.clock import FixedClock
from domain.ids import DistrictCode
from domain.oneroster import Version
from simulators.dataset import Dataset, zip_of
from simulators.oneroster.dialect import Dialect
from simulators.oneroster.serve import RunningProvider
from simulators.sftp import RunningSftp, SftpAccount
from sisbridge.house import House
from sisbridge.settings import Settings
from sisbridge.sync.region import keep_secret, load_entries

REST, FILES = DistrictCode("9101"), DistrictCode("9102")
NOW = datetime(2026, 1, 20, 8, 17, tzinfo=UTC)
GRADE_HEAD = (
    "district,student_sourced_id,offering,term,reporting_period,kind,"
    "percent,text_score,mark,comment,entered_by,complete\n"
)
SCALE = {"rounding": "half_up", "bands": {"A": 90, "B": 80, "C": 70, "D": 60, "F": 0}}


def roster(students: int = 6) -> Dataset:
    """Return a district of one school with one section of a shared course, everybody in it."""
    dataset = Dataset()
    dataset.add("orgs", {"sourcedId": "d", "name": "District", "type": "district"}, NOW)
    school = {"sourcedId": "s", "name": "School", "type": "school", "parent": _ref("d", "org")}
    dataset.add("orgs", school, NOW)
    for sourced_id, kind in (("year", "schoolYear"), ("t1", "term")):
        session = {"sourcedId": sourced_id, "title": sourced_id, "type": kind, "schoolYear": "2026"}
        dataset.add("academicSessions", {**session, "startDate": "2025-08-15", "endDate": "2026-06-10"}, NOW)
    dataset.add(
        "courses",
        {"sourcedId": "c", "title": "Physics", "courseCode": "ESC-PHYS", "org": _ref("s", "org")},
        NOW,
    )
    section = {
        "sourcedId": "k",
        "title": "Physics 1",
        "classType": "scheduled",
        "course": _ref("c", "course"),
    }
    dataset.add(
        "classes", {**section, "school": _ref("s", "org"), "terms": [_ref("t1", "academicSession")]}, NOW
    )
    dataset.add("categories", {"sourcedId": "final", "title": "Final Grade"}, NOW)
    for number in range(students):
        add_student(dataset, f"u{number}", f"90000000{number}")
    return dataset


def add_student(dataset: Dataset, sourced_id: str, identifier: str, section: str = "k") -> None:
    """Add a student with an enrollment in a section."""
    role = {"roleType": "primary", "role": "student", "org": _ref("s", "org")}
    person = {"givenName": "Given", "familyName": "Family", "enabledUser": "true", "grades": ["10"]}
    user = {"sourcedId": sourced_id, "identifier": identifier, "username": sourced_id, "roles": [role]}
    dataset.add("users", {**user, **person}, NOW)
    enrollment = {
        "sourcedId": f"e-{sourced_id}",
        "user": _ref(sourced_id, "user"),
        "class": _ref(section, "class"),
    }
    dates = {"beginDate": "2025-08-15", "endDate": "2026-06-10"}
    dataset.add("enrollments", {**enrollment, **dates, "school": _ref("s", "org"), "role": "student"}, NOW)


def add_births(dataset: Dataset, dates: Mapping[str, str], at: datetime = NOW) -> None:
    """Say when students were born, and of what sex they are."""
    for user, on in dates.items():
        dataset.add("demographics", {"sourcedId": user, "birthDate": on, "sex": "female"}, at)


def _ref(sourced_id: str, kind: str) -> dict[str, str]:
    return {"sourcedId": sourced_id, "type": kind}


class SmallRegion:
    """Two districts' SISs on loopback, and what it takes to load and reset them."""

    def __init__(
        self, folder: Path, *, dialect: Dialect | None = None, version: Version = Version.V1P2
    ) -> None:
        self.folder = folder
        self._stack = ExitStack()
        self.provider = RunningProvider(roster(), version, dialect=dialect, clock=FixedClock(NOW))
        (folder / "sftp").mkdir(parents=True, exist_ok=True)
        self.sftp = RunningSftp(folder / "sftp", [SftpAccount(FILES, password="secret")])
        self.version = version
        self.posting_is_over = False
        self._exports = 0

    def __enter__(self) -> Self:
        self._stack.enter_context(self.provider)
        self._stack.enter_context(self.sftp)
        self.drop(roster())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def drop(self, dataset: Dataset, name: str = "roster.zip") -> None:
        """Put a bulk zip where the second district's SIS drops it: an export of its own every time."""
        self._exports += 1
        files = dataset.csv_package(Version.V1P1, dated=False)
        files["manifest.csv"] += f"source.systemCode,{self._exports}\r\n".encode()
        (self.sftp.outgoing(FILES) / name).write_bytes(zip_of(files))

    def reset(self) -> None:
        """Bring both SISs back to where they began: first roster, no grades."""
        self.posting_is_over = False
        self.provider.dataset = roster()
        self.provider.faults.clear()
        self.provider.forget_requests()
        for file in self.sftp.inbox(FILES).iterdir():
            file.unlink()
        self.drop(roster())

    def open(self, database_url: str, home: Path) -> House:
        """Open a house on a database and load the region into it."""
        home.mkdir(parents=True, exist_ok=True)
        house = House.open(Settings(home=home, database_url=database_url, demo=True, actor="tester"))
        self.load(house)
        return house

    def load(self, house: House, now: datetime = NOW, **settings: Any) -> None:
        """Load both districts, the offering and the crosswalk; extra settings go to both districts."""
        load_entries(house, self.entries(now, **settings), "tester")
        keep_secret(house, REST, "sis_client_secret", self.provider.client_secret, "tester")
        keep_secret(house, FILES, "sis_password", "secret", "tester")

    def entries(self, now: datetime = NOW, **settings: Any) -> dict[str, Any]:
        """Return the region file's content."""
        rest = {
            "base_url": self.provider.rostering_url,
            "version": self.version.value,
            "token_url": self.provider.token_url,
            "client_id": self.provider.client_id,
            "first_wait": 0.01,
            "attempts": 2,
        }
        access = {
            "host": self.sftp.host,
            "port": self.sftp.port,
            "username": FILES,
            "host_key": self.sftp.host_key,
        }
        drop = {**access, "folder": "outgoing", "settle_seconds": 0}
        districts = [
            self._district(
                REST,
                now,
                settings,
                _routes("oneroster_rest", rest, "oneroster_gradebook", rest, "client_secret"),
            ),
            self._district(
                FILES,
                now,
                settings,
                _routes(
                    "oneroster_csv_sftp", drop, "registrar_file", {**access, "folder": "inbox"}, "password"
                ),
            ),
        ]
        return {"district": districts, "offering": [offering(self.posting_is_over)]}

    def with_births(self, now: datetime = NOW, *, on: bool = True, **settings: Any) -> dict[str, Any]:
        """Return the region file's content with birth dates turned on, or off, in both districts."""
        entries = self.entries(now, **settings)
        for district in entries["district"]:
            district["roster"]["settings"] = {**district["roster"]["settings"], "demographics": on}
        return entries

    def _district(
        self, code: str, now: datetime, settings: dict[str, Any], routes: dict[str, Any]
    ) -> dict[str, Any]:
        return {
            "code": code,
            "name": f"District {code}",
            "state": "IN",
            "school_year": "2026",
            "mou_approved_on": date(2025, 7, 1),
            "settings": {"fixed_now": now.isoformat(), "scale": SCALE, **settings},
            "crosswalk": {"ESC-PHYS": "PHYS"},
            "term": [
                {
                    "term": "S1",
                    "reporting_period": "Final",
                    "kind": "final",
                    "session_sourced_id": "t1",
                    "label": "F1",
                },
                {
                    "term": "S1",
                    "reporting_period": "Mid",
                    "kind": "progress",
                    "session_sourced_id": "t1",
                    "label": "P1",
                },
            ],
            **routes,
        }

    def grade_file(self, rows: list[str]) -> Path:
        """Write a grade CSV of `district,student,percent` rows, all finals of the one offering."""
        lines = []
        for row in rows:
            district, student, percent = row.split(",")
            lines.append(f"{district},{student},PHYS,S1,Final,final,{percent},,,,teacher,true\n")
        path = self.folder / "grades.csv"
        path.write_text(GRADE_HEAD + "".join(lines), encoding="utf-8")
        return path


def _routes(
    roster_kind: str, roster_settings: dict[str, Any], route: str, route_settings: dict[str, Any], secret: str
) -> dict[str, Any]:
    secrets = {secret: f"sis_{secret}"}
    return {
        "roster": {"kind": roster_kind, "settings": roster_settings, "secrets": secrets},
        "grades": {"kind": route, "settings": route_settings, "secrets": secrets},
    }


def offering(is_over: bool) -> dict[str, Any]:
    begin = NOW.date() - timedelta(days=100)
    return {
        "id": "PHYS", "title": "Physics", "course_code": "ESC-PHYS", "term": "S1", "school_year": "2026",
        "host_district": REST, "begin_date": begin, "end_date": NOW.date(),
        "posting_opens_on": NOW.date() - timedelta(days=5),
        "posting_closes_on": NOW.date() + timedelta(days=-1 if is_over else 30),
        "minimum_seats": 1,
    }  # fmt: skip
