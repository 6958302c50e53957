"""docs/powerschool.md, its two pages of grades: what they show is loaded, checked, synced and graded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.powerschool.grade_settings import PowerSchoolGradebookSettings, StoredGradeSettings
from connectors.powerschool.settings import PowerSchoolConnection
from domain.clock import FixedClock
from domain.ids import DistrictCode
from simulators.powerschool import Plugin, RunningPowerSchool
from sisbridge.house import House
from sisbridge.settings import Settings
from sisbridge.sync.check import check
from sisbridge.sync.grades.collect_grades import collect_from
from sisbridge.sync.grades.release import release
from sisbridge.sync.grades.write_test import write_test
from sisbridge.sync.grades.writeback import deliver
from sisbridge.sync.night import sync_district
from sisbridge.sync.plugin import powerschool_plugin
from sisbridge.sync.region import keep_secret, load_entries
from tests.support.pages import DOCS, shown_districts
from tests.support.small_region import GRADE_HEAD, NOW, offering, roster

PAGE = (DOCS / "powerschool.md").read_text(encoding="utf-8")
SHOWN = shown_districts("powerschool.md")
STORED, POINTS = DistrictCode("9204"), DistrictCode("9205")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    database = f"sqlite:///{tmp_path / 'store.db'}"
    opened = House.open(Settings(home=tmp_path, database_url=database, demo=True, actor="tester"))
    yield opened
    opened.close()


def load(house: House, district: DistrictCode, **reached: str) -> None:
    """Load a shown district with the simulator's address and client id in the place of the example's."""
    shown = SHOWN[district]
    entry: dict[str, Any] = {**shown, "settings": {"fixed_now": NOW.isoformat(), **shown["settings"]}}
    for purpose in ("roster", "grades"):
        entry[purpose] = {**shown[purpose], "settings": {**shown[purpose]["settings"], **reached}}
    course = {**offering(is_over=False), "host_district": district}
    load_entries(house, {"district": [entry], "offering": [course]}, "tester")


def installed(house: House, district: DistrictCode) -> RunningPowerSchool:
    """Return a PowerSchool with the plugin that the page lets a director write and install."""
    load(house, district)
    plugin = Plugin.from_zip(powerschool_plugin(house, district, "sisbridge", "us@example.org").content)
    data = roster()
    data.change("orgs", "d", NOW, identifier=SHOWN[district]["lea_identifier"])
    return RunningPowerSchool(data, plugin=plugin, clock=FixedClock(NOW))


def graded(house: House, district: DistrictCode, sis: RunningPowerSchool, folder: Path) -> int:
    """Connect, check, sync, release one grade and deliver it; return how many were confirmed."""
    load(house, district, base_url=sis.base_url, client_id=sis.client_id)
    keep_secret(house, district, "powerschool_secret", sis.client_secret, "tester")
    steps = [step for report in check(house, district).values() for step in report.steps]
    assert [f"{step.name}: {step.message}" for step in steps if step.outcome == "failed"] == []
    assert (sis.tables.rows("storedgrades"), sis.tables.rows("assignment")) == ([], [])
    assert sync_district(house, district).counts["seats"] == 6
    tried = write_test(house, house.district(district), "S506")
    assert [f"{step.name}: {step.message}" for step in tried if step.outcome != "passed"] == []
    assert (sis.tables.rows("storedgrades"), sis.tables.rows("assignmentscore")) == ([], [])
    path = folder / "grades.csv"
    path.write_text(f"{GRADE_HEAD}{district},S501,PHYS,S1,Final,final,88.25,,,,teacher,true\n")
    collect_from(house, path)
    release(house, district, "tester")
    return deliver(house, district).confirmed


def test_stored_grades_as_the_page_says(house: House, tmp_path: Path) -> None:
    with installed(house, STORED) as sis:
        assert graded(house, STORED, sis, tmp_path) == 1
        (row,) = sis.tables.rows("storedgrades")
    assert [row[name] for name in ("percent", "grade", "storecode", "termid", "sectionid", "studentid")] == [
        88.3, "B", "S1", 3501, 2201, 501
    ]  # fmt: skip


def test_points_as_the_page_says(house: House, tmp_path: Path) -> None:
    with installed(house, POINTS) as sis:
        assert graded(house, POINTS, sis, tmp_path) == 1
        (score,) = sis.tables.rows("assignmentscore")
    assert (score["scorepoints"], score["studentsdcid"]) == (88.3, 4100)


@pytest.mark.parametrize("model", [StoredGradeSettings, PowerSchoolGradebookSettings])
def test_the_page_names_every_setting_of_a_route(
    model: type[StoredGradeSettings] | type[PowerSchoolGradebookSettings],
) -> None:
    own = model.model_fields.keys() - PowerSchoolConnection.model_fields.keys()
    assert [name for name in sorted(own) if f"`{name}" not in PAGE] == []
