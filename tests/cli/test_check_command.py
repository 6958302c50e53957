"""`sisbridge check` of whole and of broken set-ups: the step that fails, and the menu that mends it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from connectors.infinite_campus.settings import MENU
from simulators.infinite_campus.manner import Manner as CampusManner
from simulators.oneroster.faults import Fault, FaultKind
from simulators.powerschool.manner import Manner
from sisbridge.cli.main import app
from sisbridge.cli.output import ExitCode
from sisbridge.house import House
from sisbridge.sync.region import load_entries
from tests.support.campus_region import CampusRegion
from tests.support.powerschool import our_plugin
from tests.support.powerschool_region import SECRET, PowerSchoolRegion
from tests.support.small_region import NOW, REST, SmallRegion, roster

LEA = "1809101"
PLUGINS = "System > System Settings > Plugin Management"
Break = Callable[[Any], None]


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["check", REST, *words])


def claimed() -> Any:
    """Return the small roster whose district says who it is."""
    data = roster()
    data.change("orgs", "d", NOW, identifier=LEA)
    return data


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SISBRIDGE_HOME", str(tmp_path))
    monkeypatch.setenv("SISBRIDGE_DEMO", "true")
    return tmp_path


def settle(region: SmallRegion, **changes: object) -> None:
    """Load the region into the installation that the command will open."""
    house = House.open()
    try:
        region.load(house)
        entries = region.entries()
        entries["district"][0] |= {"lea_identifier": LEA, **changes}
        load_entries(house, entries, "tester")
    finally:
        house.close()


def failures(*words: str) -> list[tuple[str, str, str]]:
    """Return purpose, step and fix of what fails."""
    ended = run("--json", *words)
    found = [one for one in json.loads(ended.stdout) if one["outcome"] == "failed"]
    assert ended.exit_code == (ExitCode.STOPPED if found else ExitCode.DONE)
    return [(one["purpose"], one["step"], one["fix"]) for one in found]


@pytest.fixture(scope="module")
def power_school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PowerSchoolRegion]:
    with PowerSchoolRegion(tmp_path_factory.mktemp("ps")) as region:
        yield region


@pytest.fixture
def school(power_school: PowerSchoolRegion, home: Path) -> PowerSchoolRegion:
    """A whole set-up: our plugin for rosters and stored grades, in the right district."""
    sis = power_school.sis
    sis.faults.clear()
    sis.manner = Manner()
    sis.installed.plugin = our_plugin("powerschool_stored_grades")
    power_school.hold(claimed())
    values = power_school.entries()["district"][0]["roster"]["settings"]
    secrets = {"client_secret": SECRET}
    grades = {"kind": "powerschool_stored_grades", "settings": values, "secrets": secrets}
    settle(power_school, grades=grades)
    return power_school


def reinstalled(region: PowerSchoolRegion) -> None:
    region.sis.reinstall()


def without_a_field(region: PowerSchoolRegion) -> None:
    plugin = region.sis.installed.plugin
    access = {name: dict(fields) for name, fields in (plugin.access or {}).items()}
    del access["cc"]["sectionid"]
    region.sis.installed.plugin = replace(plugin, access=access)


def without_write_access(region: PowerSchoolRegion) -> None:
    region.sis.installed.plugin = our_plugin()


def not_installed(region: PowerSchoolRegion) -> None:
    region.sis.installed.plugin = replace(region.sis.installed.plugin, queries={})


def another_district(region: PowerSchoolRegion) -> None:
    data = roster()
    data.change("orgs", "d", NOW, identifier="1809999")
    region.hold(data)


def test_a_whole_powerschool_passes_every_step(school: PowerSchoolRegion) -> None:
    ended = run()
    assert ended.exit_code == ExitCode.DONE, ended.stdout
    assert "0 failed, 0 skipped" in ended.stdout


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        (reinstalled, {("roster", "token"), ("grades", "token")}),
        (without_a_field, {("roster", "cc")}),
        (without_write_access, {("grades", "our query")}),
        (not_installed, {("roster", "schools"), ("grades", "our query")}),
        (another_district, {("roster", "district"), ("grades", "district")}),
    ],
)
def test_a_broken_powerschool_is_named_by_step_and_menu(
    school: PowerSchoolRegion, broken: Break, expected: set[tuple[str, str]]
) -> None:
    broken(school)
    found = failures()
    assert expected <= {(purpose, step) for purpose, step, _ in found}
    told = {step: fix for _, step, fix in found}
    assert all(PLUGINS in fix or step == "district" for step, fix in told.items()), told


@pytest.fixture(scope="module")
def campus_region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CampusRegion]:
    with CampusRegion(tmp_path_factory.mktemp("ic")) as region:
        yield region


@pytest.fixture
def campus(campus_region: CampusRegion, home: Path) -> CampusRegion:
    """A whole set-up: OneRoster 1.2 with the partner's key, in the right district."""
    sis = campus_region.campus
    sis.faults.clear()
    sis.manner = CampusManner()
    sis.dataset.change("orgs", "d", NOW, identifier=LEA)
    settle(campus_region)
    return campus_region


def token_address_without_application(region: CampusRegion) -> None:
    change(region, token_url=region.campus.token_url.partition("?")[0])


def renewed_secret(region: CampusRegion) -> None:
    region.campus.renew_secret()


def no_partner(region: CampusRegion) -> None:
    region.campus.vendor_key = "vendor:another"


def last_year(region: CampusRegion) -> None:
    for session in region.campus.dataset.records("academicSessions"):
        days = {"startDate": "2024-08-15", "endDate": "2025-06-10"}
        region.campus.dataset.change("academicSessions", session["sourcedId"], NOW, **days)


def enrollments_switched_off(region: CampusRegion) -> None:
    region.campus.faults.add(Fault(FaultKind.STATUS, "enrollments", status=403, times=None))


def another_campus(region: CampusRegion) -> None:
    region.campus.dataset.change("orgs", "d", NOW, identifier="1809999")


def change(region: SmallRegion, **settings: object) -> None:
    roster_entry = region.entries()["district"][0]["roster"]
    settle(region, roster={**roster_entry, "settings": {**roster_entry["settings"], **settings}})


def test_a_whole_infinite_campus_passes_every_step(campus: CampusRegion) -> None:
    campus.campus.vendor_urls.clear()
    ended = run()
    assert ended.exit_code == ExitCode.DONE, ended.stdout
    assert "0 failed, 0 skipped" in ended.stdout
    assert campus.campus.vendor_urls
    assert not any("orgs" in url for url in campus.campus.vendor_urls)


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        (token_address_without_application, {("roster", "settings")}),
        (renewed_secret, {("roster", "token"), ("grades", "token")}),
        (enrollments_switched_off, {("roster", "enrollments")}),
        (no_partner, {("grades", "line items")}),
        (another_campus, {("roster", "district"), ("grades", "district")}),
        (last_year, {("roster", "school year")}),
    ],
)
def test_a_broken_infinite_campus_is_named_by_step_and_menu(
    campus: CampusRegion, broken: Break, expected: set[tuple[str, str]]
) -> None:
    broken(campus)
    found = failures()
    assert expected <= {(purpose, step) for purpose, step, _ in found}
    assert all(fix for _, _, fix in found)
    assert all(MENU in fix for _, step, fix in found if step in ("token", "enrollments", "line items"))
