"""docs/powerschool.md as a director follows it: each region file it shows is loaded, checked and synced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from connectors.powerschool.files import FILES
from connectors.registry import GRADE_ROUTES, ROSTER_SOURCES
from domain.clock import FixedClock
from domain.ids import DistrictCode
from domain.tables import RosterTable
from simulators.dataset import Dataset
from simulators.powerschool import Plugin, RunningPowerSchool, Tables
from simulators.sftp import RunningSftp, SftpAccount
from sisbridge.house import House
from sisbridge.settings import Settings
from sisbridge.store import roster as store_roster
from sisbridge.sync.check import check
from sisbridge.sync.night import sync_district
from sisbridge.sync.plugin import powerschool_plugin
from sisbridge.sync.region import keep_secret, load_entries
from tests.support.pages import DOCS, shown_districts
from tests.support.powerschool_files import exported
from tests.support.small_region import NOW, roster

PAGE = "powerschool.md"
SHOWN = shown_districts(PAGE)
PASSWORD = "of no use elsewhere"
ROSTERS = {
    "9201": "powerschool_powerquery",
    "9202": "powerschool_oneroster",
    "9203": "powerschool_files_sftp",
}


@pytest.fixture(scope="module")
def sftp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSftp]:
    accounts = [SftpAccount(name, password=PASSWORD) for name in ("north", "south", "west")]
    with RunningSftp(tmp_path_factory.mktemp("sftp"), accounts) as server:
        yield server


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    database = f"sqlite:///{tmp_path / 'store.db'}"
    opened = House.open(Settings(home=tmp_path, database_url=database, demo=True, actor="tester"))
    yield opened
    opened.close()


def held(identifier: str) -> Dataset:
    """Return the small roster of a district with a number."""
    data = roster()
    data.change("orgs", "d", NOW, identifier=identifier)
    return data


def load(house: House, code: str, **reached: object) -> DistrictCode:
    """Load a shown district with the addresses of the simulators in the place of the example's."""
    shown = SHOWN[code]
    entry: dict[str, Any] = {**shown, "settings": {"fixed_now": NOW.isoformat(), **shown.get("settings", {})}}
    for purpose in ("roster", "grades"):
        named = shown[purpose]["settings"]
        known = {name: value for name, value in reached.items() if name in named}
        entry[purpose] = {**shown[purpose], "settings": {**named, **known}}
    load_entries(house, {"district": [entry]}, "tester")
    return DistrictCode(code)


def secrets(house: House, code: DistrictCode, **values: str) -> None:
    for name, value in values.items():
        keep_secret(house, code, name, value, "tester")


def over_sftp(server: RunningSftp) -> Mapping[str, object]:
    reached = {"host": server.host, "port": server.port, "host_key": server.host_key, "settle_seconds": 0}
    return {**reached, "stale_after_hours": 10_000_000}


def failed_steps(house: House, district: DistrictCode) -> list[str]:
    reports = check(house, district)
    assert set(reports) == {"roster", "grades"}
    return [step.name for one in reports.values() for step in one.steps if step.outcome == "failed"]


def counts(house: House, district: DistrictCode) -> list[int]:
    with house.store.read() as conn:
        found = store_roster.count(conn, district)
    return [found[table] for table in RosterTable]


def finishes(house: House, district: DistrictCode) -> None:
    assert failed_steps(house, district) == []
    outcome = sync_district(house, district)
    assert (outcome.state, outcome.counts["quarantined"]) == ("finished", 0)


def test_the_page_names_every_kind_there_is_and_shows_each_way_of_rosters() -> None:
    text = (DOCS / PAGE).read_text(encoding="utf-8")
    kinds = [kind for kind in (*ROSTER_SOURCES, *GRADE_ROUTES) if kind.startswith("powerschool_")]
    assert [kind for kind in kinds if f"| `{kind}` |" not in text] == []
    assert {code: SHOWN[code]["roster"]["kind"] for code in ROSTERS} == ROSTERS


def test_the_page_names_every_field_that_an_exported_file_needs() -> None:
    text = (DOCS / PAGE).read_text(encoding="utf-8")
    assert [name for one in FILES.values() for name in one.required if name not in text] == []


def test_rosters_by_our_plugin_as_the_page_says(house: House, sftp: RunningSftp) -> None:
    district = load(house, "9201")
    plugin = Plugin.from_zip(powerschool_plugin(house, district, "sisbridge", "us@example.org").content)
    with RunningPowerSchool(held("5250"), plugin=plugin, clock=FixedClock(NOW)) as sis:
        load(house, "9201", base_url=sis.base_url, client_id=sis.client_id, **over_sftp(sftp))
        secrets(house, district, powerschool_secret=sis.client_secret, sftp_password=PASSWORD)
        finishes(house, district)
        assert sis.writes == 0
    assert counts(house, district) == [2, 2, 1, 1, 7, 7, 7]


def test_another_districts_powerschool_is_refused_before_anybody_is_read(
    house: House, sftp: RunningSftp
) -> None:
    district = load(house, "9201")
    plugin = Plugin.from_zip(powerschool_plugin(house, district, "sisbridge", "us@example.org").content)
    with RunningPowerSchool(held("9999"), plugin=plugin, clock=FixedClock(NOW)) as sis:
        load(house, "9201", base_url=sis.base_url, client_id=sis.client_id, **over_sftp(sftp))
        secrets(house, district, powerschool_secret=sis.client_secret, sftp_password=PASSWORD)
        assert failed_steps(house, district) == ["district"]
        assert sync_district(house, district).code == "CN20"
    assert counts(house, district) == [0] * 7


def test_rosters_by_oneroster_as_the_page_says(house: House, sftp: RunningSftp) -> None:
    with RunningPowerSchool(held("1809202"), clock=FixedClock(NOW)) as sis:
        district = load(house, "9202", base_url=sis.base_url, client_id=sis.client_id, **over_sftp(sftp))
        secrets(house, district, powerschool_secret=sis.client_secret, sftp_password=PASSWORD)
        finishes(house, district)
    assert counts(house, district) == [2, 2, 1, 1, 6, 6, 6]


def test_rosters_as_files_as_the_page_says(house: House, sftp: RunningSftp) -> None:
    tables = Tables.from_dataset(held("5250"))
    files = exported(tables)
    bare = exported(tables, header=False)
    files["crs_0120.txt"] = bare["courses.txt"]
    del files["courses.txt"]
    for name, data in files.items():
        (sftp.outgoing("west") / name).write_bytes(data)
    district = load(house, "9203", **over_sftp(sftp))
    secrets(house, district, sftp_password=PASSWORD)
    finishes(house, district)
    assert counts(house, district) == [1, 2, 1, 1, 7, 7, 6]
