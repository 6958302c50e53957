"""PowerSchool's OneRoster: where it stands, how large a page is, and the pause it wants."""

from __future__ import annotations

import pytest

from connectors.powerschool.settings import PowerSchoolOneRosterSettings
from connectors.powerschool.source import located, roots
from tests.conformance.canaries import roster
from tests.conformance.roster_contract import rows_of, whole_pull
from tests.field_failures.pulls import failed_step, failure
from tests.support.powerschool import one_roster, reach_plugin, running

NEW, OLD = "/api/ims/oneroster/v1p1", "/ims/oneroster/v1p1"


def settings(base_url: str) -> PowerSchoolOneRosterSettings:
    values = {"base_url": base_url, "client_id": "id", "client_secret": "s3cret"}
    return PowerSchoolOneRosterSettings.model_validate(values)


@pytest.mark.parametrize(
    ("given", "tried"),
    [
        ("https://sis.example", [NEW, OLD]),
        (f"https://sis.example{OLD}/", [OLD, NEW]),
        (f"https://sis.example{NEW}", [NEW, OLD]),
        (f"https://sis.example/x{OLD}", [f"/x{OLD}", NEW, OLD]),
        ("https://sis.example/admin/home.html", [NEW, OLD]),
    ],
)
def test_both_forms_of_the_path_are_looked_for_the_one_set_first(given: str, tried: list[str]) -> None:
    assert list(roots(settings(given))) == [f"https://sis.example{path}" for path in tried]


@pytest.mark.parametrize("path", [NEW, OLD])
def test_it_is_found_under_either_path_and_read_in_the_plugins_pages(path: str) -> None:
    with running(roster(), oneroster_path=path, page_size=4) as sis:
        found = located(PowerSchoolOneRosterSettings.model_validate(reach_plugin(sis)))
        assert (found.rostering_url, found.page_size) == (sis.base_url + path, 4)
        pages, _ = whole_pull(one_roster(sis))
    assert len(rows_of(pages)["users"]) == 10


def test_without_universal_rostering_the_district_is_told_what_to_switch_on() -> None:
    with running(roster(), oneroster_path="") as sis:
        error = failure(one_roster(sis))
        assert (error.code, "Universal Rostering" in error.fix) == ("CN05", True)
        assert failed_step(one_roster(sis).check()).name == "address"


def test_a_server_that_wants_a_pause_is_asked_no_sooner_and_refuses_nothing() -> None:
    with running(roster(), min_interval_ms=30) as sis:
        pages, _ = whole_pull(one_roster(sis, min_interval_ms=40, attempts=1))
        assert (len(rows_of(pages)["users"]), sis.busiest) == (10, 1)
