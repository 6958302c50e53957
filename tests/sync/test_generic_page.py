"""docs/generic.md as a director follows it: each region file it shows is loaded, checked and synced."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.clock import FixedClock
from domain.ids import DistrictCode
from domain.oneroster import Version
from domain.tables import RosterTable
from simulators.oneroster.serve import RunningProvider
from simulators.sftp import RunningSftp, SftpAccount
from sisbridge.house import House
from sisbridge.settings import Settings
from sisbridge.store import roster as store_roster
from sisbridge.sync.check import check
from sisbridge.sync.night import sync_district
from sisbridge.sync.region import keep_secret, load_entries
from tests.support.pages import DOCS, shown_districts
from tests.support.small_region import NOW, roster

SHOWN = shown_districts("generic.md")
ACCOUNTS = ("south", "west")
PASSWORD = "of no use elsewhere"

PLAIN = {
    "schools_0120.csv": "School Number,School Name,Type,State Number\n"
    "d,West,district,1809103\ns,West High,,\n",
    "terms.csv": "Term ID,Term,First Day,Last Day\nt1,Year,8/15/2025,6/9/2026\n",
    "courses.csv": "Course Number,Course\nESC-PHYS,Physics\n",
    "sections.txt": "Section ID\tSection\tCourse Number\tSchool Number\tTerm ID\n"
    "41\tPhysics 1\tESC-PHYS\ts\tt1\n",
    "students.csv": "Person ID,Kind,First Name,Last Name,Login,Email,State Student Number,Grade,"
    "School Number\n7,S,Ada,Byron,ab,none,000123456,9,s\n",
    "staff.csv": "Person ID,Kind,First Name,Last Name,Login,Email,School Number\n7,T,José,Pérez,jp,none,s\n",
    "schedule.csv": "Section ID,Kind,Person ID,School Number,Entered,Left,role\n"
    "41,S,7,s,8/15/2025,1/16/2026,\n41,T,7,s,8/15/2025,0/0/0,teacher\n",
}
"""An export of its own tables: numbers that students and staff share, month-first and inclusive dates."""


@pytest.fixture(scope="module")
def sftp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSftp]:
    accounts = [SftpAccount(name, password=PASSWORD) for name in ACCOUNTS]
    with RunningSftp(tmp_path_factory.mktemp("sftp"), accounts) as server:
        yield server


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    database = f"sqlite:///{tmp_path / 'store.db'}"
    opened = House.open(Settings(home=tmp_path, database_url=database, demo=True, actor="tester"))
    yield opened
    opened.close()


def load(house: House, code: str, reached: dict[str, Any], secret: str, **grades: object) -> DistrictCode:
    """Load a shown district with the addresses of the simulators in the place of the example's.

    reached: how, for rosters and grades alike; grades: what differs for grades.
    """
    shown = SHOWN[code]
    entry = {**shown, "settings": {"fixed_now": NOW.isoformat(), **shown.get("settings", {})}}
    for purpose, own in (("roster", {}), ("grades", grades)):
        named = shown[purpose]["settings"]
        known = {name: value for name, value in {**reached, **own}.items() if name in named}
        entry[purpose] = {**shown[purpose], "settings": {**named, **known}}
    load_entries(house, {"district": [entry]}, "tester")
    for name in set(shown["roster"]["secrets"].values()):
        keep_secret(house, DistrictCode(code), name, secret, "tester")
    return DistrictCode(code)


def over_sftp(server: RunningSftp) -> dict[str, Any]:
    reached = {"host": server.host, "port": server.port, "host_key": server.host_key, "settle_seconds": 0}
    return {**reached, "stale_after_hours": 10_000_000}


def failed_steps(house: House, district: DistrictCode) -> list[tuple[str, str]]:
    reports = check(house, district)
    assert set(reports) == {"roster", "grades"}
    return [
        (step.name, step.message)
        for report in reports.values()
        for step in report.steps
        if step.outcome == "failed"
    ]


def counts(house: House, district: DistrictCode) -> list[int]:
    with house.store.read() as conn:
        found = store_roster.count(conn, district)
    return [found[table] for table in RosterTable]


def test_every_way_that_the_page_names_is_shown_and_none_besides() -> None:
    kinds = {(one["roster"]["kind"], one["grades"]["kind"]) for one in SHOWN.values()}
    assert kinds == {
        ("oneroster_rest", "oneroster_gradebook"),
        ("oneroster_csv_sftp", "registrar_file"),
        ("csv_sftp", "registrar_file"),
    }


@pytest.mark.parametrize("version", list(Version))
def test_oneroster_over_rest_as_the_page_says(house: House, version: Version) -> None:
    data = roster()
    data.change("orgs", "d", NOW, identifier="1809101")
    with RunningProvider(data, version, clock=FixedClock(NOW)) as provider:
        reached = {
            "base_url": provider.rostering_url.partition("/rostering")[0],
            "token_url": provider.token_url,
            "client_id": provider.client_id,
        }
        grades = {"base_url": provider.gradebook_url, "version": version.value}
        district = load(house, "9101", reached, provider.client_secret, **grades)
        assert failed_steps(house, district) == []
        assert sync_district(house, district).state == "finished"
    assert counts(house, district) == [2, 2, 1, 1, 6, 6, 6]


def test_oneroster_csv_by_sftp_as_the_page_says(house: House, sftp: RunningSftp) -> None:
    data = roster()
    data.change("orgs", "d", NOW, identifier="1809102")
    package = data.bulk_zip(Version.V1P1, dated=False)
    (sftp.outgoing("south") / "OneRoster_0120.zip").write_bytes(package)
    district = load(house, "9102", over_sftp(sftp), PASSWORD)
    assert failed_steps(house, district) == []
    assert sync_district(house, district).state == "finished"
    assert counts(house, district) == [2, 2, 1, 1, 6, 6, 6]


def test_plain_csv_by_sftp_as_the_page_says(house: House, sftp: RunningSftp) -> None:
    for name, text in PLAIN.items():
        encoding = "cp1252" if name == "staff.csv" else "utf-8"
        (sftp.outgoing("west") / name).write_text(text, encoding=encoding)
    district = load(house, "9103", over_sftp(sftp), PASSWORD)
    assert failed_steps(house, district) == []
    outcome = sync_district(house, district)
    assert (outcome.state, outcome.counts["quarantined"]) == ("finished", 0)
    assert counts(house, district) == [2, 1, 1, 1, 2, 2, 2]
    names = ["sourced_id", "user_sourced_id", "role", "begin_date", "end_date"]
    with house.store.read() as conn:
        enrolled = store_roster.rows(conn, district, RosterTable.ENROLLMENTS, names).to_pylist()
        people = store_roster.rows(conn, district, RosterTable.USERS, ["family_name", "email", "grades"])
    assert [tuple(row.values()) for row in sorted(enrolled, key=lambda row: row["sourced_id"])] == [
        ("S7:41", "S7", "student", "2025-08-15", "2026-01-17"),
        ("T7:41", "T7", "teacher", "2025-08-15", None),
    ]
    assert sorted(people.column("family_name").to_pylist()) == ["Byron", "Pérez"]
    assert people.column("email").null_count == 2


def test_plain_csv_of_another_district_is_refused(house: House, sftp: RunningSftp) -> None:
    for name, text in PLAIN.items():
        data = text.replace("1809103", "1809999").encode("cp1252" if name == "staff.csv" else "utf-8")
        (sftp.outgoing("west") / name).write_bytes(data)
    district = load(house, "9103", over_sftp(sftp), PASSWORD)
    assert [name for name, _ in failed_steps(house, district)] == ["district"]
    assert sync_district(house, district).code == "CN20"


def test_the_steps_that_the_page_explains_are_those_of_the_check(house: House) -> None:
    page = (DOCS / "generic.md").read_text(encoding="utf-8").split("## What the check tries\n")[1]
    with RunningProvider(roster(), Version.V1P2, clock=FixedClock(NOW)) as provider:
        reached = {
            "base_url": provider.rostering_url,
            "token_url": provider.token_url,
            "client_id": provider.client_id,
        }
        district = load(house, "9101", reached, provider.client_secret, base_url=provider.gradebook_url)
        steps = {step.name for report in check(house, district).values() for step in report.steps}
    between = {"academicSessions", "courses", "classes", "users", "categories"}
    assert [name for name in steps - between if name not in page] == []
