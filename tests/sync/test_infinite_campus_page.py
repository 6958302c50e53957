"""docs/infinite-campus.md as a director follows it: what it shows is loaded, checked, synced and graded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.infinite_campus.files import FILES
from connectors.infinite_campus.import_layout import VALUES
from domain.clock import FixedClock
from domain.ids import DistrictCode
from domain.oneroster import Version
from simulators.dataset import Dataset
from simulators.infinite_campus import RunningCampus, TaskSpec, publish_tasks
from simulators.infinite_campus.extracts import extracts
from simulators.sftp import RunningSftp, SftpAccount
from sisbridge.house import House
from sisbridge.settings import Settings
from sisbridge.sync.check import check
from sisbridge.sync.grades.collect_grades import collect_from
from sisbridge.sync.grades.release import release
from sisbridge.sync.grades.writeback import deliver
from sisbridge.sync.night import sync_district
from sisbridge.sync.region import keep_secret, load_entries
from tests.support.pages import DOCS, shown_districts
from tests.support.small_region import GRADE_HEAD, NOW, add_student, offering, roster

PAGE = (DOCS / "infinite-campus.md").read_text(encoding="utf-8")
SHOWN = shown_districts("infinite-campus.md")
ONLINE, BY_FILE = DistrictCode("9301"), DistrictCode("9302")
PASSWORD = "of no use elsewhere"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    database = f"sqlite:///{tmp_path / 'store.db'}"
    opened = House.open(Settings(home=tmp_path, database_url=database, demo=True, actor="tester"))
    yield opened
    opened.close()


def district_data(district: DistrictCode) -> Dataset:
    """Return a roster whose ids, numbers and terms are those that the page shows."""
    data = roster()
    data.change("orgs", "d", NOW, identifier=SHOWN[district]["lea_identifier"])
    data.change("orgs", "s", NOW, identifier="0310")
    session = {"title": "Semester 1", "type": "term", "schoolYear": "2026"}
    days = {"startDate": "2025-08-15", "endDate": "2026-06-10"}
    data.add("academicSessions", {"sourcedId": "3501", **session, **days}, NOW)
    data.change("classes", "k", NOW, terms=[{"sourcedId": "3501", "type": "academicSession"}])
    return data


def load(house: House, district: DistrictCode, reached: dict[str, Any], **secrets: str) -> None:
    """Load a shown district with the simulator's addresses in the place of the example's."""
    shown = SHOWN[district]
    entry = {**shown, "settings": {"fixed_now": NOW.isoformat(), **shown["settings"]}}
    for purpose in ("roster", "grades"):
        named = shown[purpose]["settings"]
        known = {name: value for name, value in reached.items() if name in named}
        entry[purpose] = {**shown[purpose], "settings": {**named, **known}}
    load_entries(
        house,
        {"district": [entry], "offering": [{**offering(is_over=False), "host_district": district}]},
        "me",
    )
    assert secrets.keys() == {
        name for purpose in ("roster", "grades") for name in shown[purpose]["secrets"].values()
    }
    for name, value in secrets.items():
        keep_secret(house, district, name, value, "tester")


def failed_steps(house: House, district: DistrictCode) -> list[str]:
    reports = check(house, district)
    assert set(reports) == {"roster", "grades"}
    steps = [step for report in reports.values() for step in report.steps]
    return [f"{step.name}: {step.message}" for step in steps if step.outcome == "failed"]


def grade(house: House, district: DistrictCode, folder: Path) -> None:
    path = folder / "grades.csv"
    path.write_text(f"{GRADE_HEAD}{district},{PERSON[district]},PHYS,S1,Final,final,88.25,,,,teacher,true\n")
    collect_from(house, path)
    release(house, district, "tester")


PERSON = {ONLINE: "u0", BY_FILE: "su0"}


def test_the_way_online_as_the_page_says(house: House, tmp_path: Path) -> None:
    data = district_data(ONLINE)
    publish_tasks(data, [TaskSpec("Final"), TaskSpec("Progress")], NOW)
    add_student(data, "s-test", "900000777")
    with RunningCampus(data, Version.V1P2, clock=FixedClock(NOW)) as campus:
        shown = SHOWN[ONLINE]["roster"]["settings"]
        here = {
            name: shown[name].replace("https://north.infinitecampus.org", campus.base_url)
            for name in ("base_url", "token_url")
        }
        secrets = {"campus_client_secret": campus.client_secret, "campus_vendor_key": campus.vendor_key}
        load(house, ONLINE, here, **secrets)
        assert failed_steps(house, ONLINE) == []
        assert sync_district(house, ONLINE, rehearse=True).counts.get("seats") is None
        assert sync_district(house, ONLINE).counts["seats"] == 7
        tried = check(house, ONLINE, "s-test")["write test"].steps
        assert [(step.name, step.message) for step in tried if step.outcome != "passed"] == []
        assert tried[-1].name == "take back"
        assert campus.dataset.records("results") == []
        grade(house, ONLINE, tmp_path)
        assert deliver(house, ONLINE).confirmed == 1
        (result,) = campus.dataset.records("results")
    assert (result["score"], result["lineItem"]["sourcedId"]) == (88.3, "ic-task-k-3501-final")


def test_the_way_by_files_as_the_page_says(house: House, tmp_path: Path) -> None:
    with RunningSftp(tmp_path / "sftp", [SftpAccount("south", password=PASSWORD)]) as server:
        for name, content in extracts(district_data(BY_FILE), suffix="_20260120").items():
            named = name.replace("roster", "section_roster")
            (server.outgoing("south") / named).write_bytes(content)
        here = {"host": server.host, "port": server.port, "host_key": server.host_key, "settle_seconds": 0}
        load(house, BY_FILE, {**here, "stale_after_hours": 10_000_000}, campus_sftp=PASSWORD)
        assert failed_steps(house, BY_FILE) == []
        assert sync_district(house, BY_FILE).counts["seats"] == 6
        grade(house, BY_FILE, tmp_path)
        assert deliver(house, BY_FILE).delivered == 1
        inbox = server.inbox("south")
        (file,) = inbox.glob("*.csv")
        head, line = file.read_text(encoding="utf-8").splitlines()
        file.rename(inbox / f"p_{file.name}")
        assert deliver(house, BY_FILE).confirmed == 1
    assert head == "version,studentNumber,courseNumber,schoolNumber,endYear,termName,Final,FinalPercent"
    assert line == "1,900000000,ESC-PHYS,s,2026,Semester 1,B,88.3"


def test_extracts_of_another_district_are_refused(house: House, tmp_path: Path) -> None:
    other = district_data(BY_FILE)
    other.change("orgs", "d", NOW, identifier="1809999")
    with RunningSftp(tmp_path / "sftp", [SftpAccount("south", password=PASSWORD)]) as server:
        for name, content in extracts(other).items():
            named = name.replace("roster", "section_roster")
            (server.outgoing("south") / named).write_bytes(content)
        here = {"host": server.host, "port": server.port, "host_key": server.host_key, "settle_seconds": 0}
        load(house, BY_FILE, {**here, "stale_after_hours": 10_000_000}, campus_sftp=PASSWORD)
        assert sync_district(house, BY_FILE).code == "CN20"


def test_the_page_names_every_heading_that_is_needed_and_every_value_a_column_holds() -> None:
    rows = dict(re.findall(r"^\| `(\w+)\*` \| ([^|]+) \|", PAGE, re.MULTILINE))
    needed = {table: set(file.required) for table, file in FILES.items()}
    assert rows.keys() == needed.keys()
    assert {table: needed[table] - set(rows[table].strip().split(", ")) for table in rows} == {
        table: set() for table in rows
    }
    assert [value for value in VALUES if f"`{value}`" not in PAGE] == []
