"""Rosters from Campus by OneRoster, against the simulated Campus."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import pytest

from connectors.infinite_campus.settings import CampusRosterSettings
from connectors.infinite_campus.source import InfiniteCampusSource
from connectors.protocol import Notice
from domain.clock import FixedClock
from domain.errors import StopDistrict
from domain.ids import DistrictCode
from domain.oneroster import Version
from simulators.infinite_campus import Manner, RunningCampus, in_1p1_ids, with_legacy_ids
from simulators.infinite_campus.manner import CAMPUS_DIALECT
from tests.conformance.canaries import AT, roster, truth
from tests.conformance.roster_contract import Kept, rows_of, whole_pull
from tests.support.campus import campus_values

OLD, NEW = Version.V1P1, Version.V1P2
NORTH = DistrictCode("north")


@contextmanager
def campus(version: Version = NEW, **manner: Any) -> Iterator[RunningCampus]:
    with RunningCampus(roster(), version, manner=Manner(**manner), clock=FixedClock(AT)) as sis:
        yield sis


def source(sis: RunningCampus, **changes: object) -> InfiniteCampusSource:
    settings = CampusRosterSettings.model_validate(campus_values(sis, **changes))
    return InfiniteCampusSource(NORTH, settings, clock=FixedClock(AT))


def noticed(sis: RunningCampus, code: str, **changes: object) -> list[Notice]:
    return [one for one in whole_pull(source(sis, **changes))[1].notices() if one.code == code]


@pytest.mark.parametrize("version", [OLD, NEW])
@pytest.mark.parametrize("style", ["basic", "body"])
def test_the_roster_comes_by_either_base_url_and_either_way_to_sign_in(version: Version, style: str) -> None:
    with campus(version) as sis:
        for base in (sis.application_base, sis.plain_base):
            pages, _ = whole_pull(source(sis, base_url=base, auth_style=style))
            assert rows_of(pages) == truth(roster(), version)


def test_a_large_page_that_times_out_is_asked_for_in_halves() -> None:
    with campus(slow_above=600) as sis:
        pages, _ = whole_pull(source(sis, page_size=2000, attempts=1))
        assert rows_of(pages) == truth(roster(), NEW)
        assert [url for url in sis.urls if "limit=500" in url]


def test_peak_hours_see_one_request_at_a_time_and_the_night_up_to_five() -> None:
    around = ((AT - timedelta(hours=1)).time(), (AT + timedelta(hours=1)).time())
    local = "02:00-04:00"
    with campus(peak=around) as sis:
        sis.dialect = replace(CAMPUS_DIALECT, latency_ms=5)
        whole_pull(source(sis, peak_hours=local, page_size=2, in_flight=5))
        assert sis.busiest == 1
        sis.manner = replace(sis.manner, peak=(time(22), time(23)))
        whole_pull(source(sis, page_size=2, in_flight=5))
        assert 1 < sis.busiest <= 5


def test_a_roster_of_another_school_year_stops_the_district() -> None:
    with campus(active_year="2027") as sis:
        following = {"title": "Next", "type": "schoolYear", "schoolYear": "2027"}
        days = {"startDate": "2026-08-10", "endDate": "2027-06-01"}
        sis.dataset.add("academicSessions", {"sourcedId": "next", **following, **days}, AT)
        with pytest.raises(StopDistrict) as stopped:
            whole_pull(source(sis))
        assert stopped.value.code == "CN30"
        assert "2026-08-10 to 2027-06-01" in stopped.value.message
        whole_pull(source(sis, check_active_year=False))
        whole_pull(source(sis, year_margin_days=300))


def test_who_has_no_account_is_held_by_name_of_the_row_once() -> None:
    with campus(without_account=frozenset({"u1", "u-2"})) as sis:
        found = noticed(sis, "ID30")
    assert [(one.key, one.severity, one.source_table) for one in found] == [
        ("u-2", "hold row", "users"),
        ("u1", "hold row", "users"),
    ]
    assert found[0].place.startswith("/enrollments?offset=0#")


def test_who_has_no_enrollments_either_is_found_by_the_class_lists_when_they_are_asked_for() -> None:
    with campus(without_account=frozenset({"u1"}), hides_their_seats=True) as sis:
        assert noticed(sis, "ID30") == []
        (found,) = noticed(sis, "ID30", class_lists=True)
        assert [url for url in sis.urls if "/students?ext_basic=true&" in url]
    assert (found.key, found.place) == ("u1", "/classes/k/students")


def test_users_that_are_nearly_all_missing_are_no_matter_of_accounts() -> None:
    everybody = frozenset(user["sourcedId"] for user in roster().records("users"))
    with campus(without_account=everybody) as sis:
        assert noticed(sis, "ID30") == []


def test_a_delta_says_nothing_of_accounts() -> None:
    with campus(without_account=frozenset({"u1"})) as sis:
        pull = source(sis).open(AT - timedelta(days=1), Kept())
        for table in pull.facts.source_tables:
            list(pull.pages(table))
        assert [one for one in pull.notices() if one.code == "ID30"] == []
        pull.close()


def test_users_carry_the_id_that_1p1_knew_them_by() -> None:
    before = roster()
    in_1p1_ids(before, AT)
    old = {user["sourcedId"] for user in before.records("users")}
    with campus() as sis:
        with_legacy_ids(sis.dataset, AT)
        pages, _ = whole_pull(source(sis))
    users = [row for page in pages if page.source_table == "users" for row in page.batch.to_pylist()]
    assert {row["metadata.ic.legacySourcedId"] for row in users} == old


@pytest.mark.parametrize(
    ("days", "said"), [(31, None), (30, "expires in 30 days"), (1, "expires in 1 days"), (0, "expired on")]
)
def test_a_secret_that_dies_soon_is_said_thirty_days_ahead(days: int, said: str | None) -> None:
    with campus() as sis:
        found = noticed(sis, "CN31", secret_expires_on=(AT + timedelta(days=days)).date())
    assert [said in one.message for one in found if said] == ([True] if said else [])


def test_a_healthy_campus_passes_every_step_of_the_check() -> None:
    with campus() as sis:
        report = source(sis, secret_expires_on=AT.date() + timedelta(days=3)).check()
    assert [step.outcome for step in report.steps] == ["passed"] * len(report.steps)
    said = {step.name: step.message for step in report.steps}
    assert "present one" in said["school year"]
    assert "expires in 3 days" in said["client secret"]


def _old_year(sis: RunningCampus) -> None:
    for session in sis.dataset.records("academicSessions"):
        days = {"startDate": "2024-08-15", "endDate": "2025-06-10"}
        sis.dataset.change("academicSessions", session["sourcedId"], AT, **days)


@pytest.mark.parametrize(
    ("spoil", "changes", "step", "fix"),
    [
        (RunningCampus.renew_secret, {}, "token", "Digital Learning Applications Configuration"),
        (None, {"app_name": "x", "token_url": "{}?appName=x"}, "token", "?appName= included"),
        (None, {"version": "1.1", "base_url": "{plain}"}, "address", "generated for"),
        (_old_year, {}, "school year", "active year"),
        (None, {"secret_expires_on": "2026-01-20"}, "client secret", "Renew it in Campus"),
    ],
)
def test_each_broken_set_up_fails_its_step_with_the_place_in_campus(
    spoil: Callable[[RunningCampus], object] | None, changes: dict[str, str], step: str, fix: str
) -> None:
    with campus(base_forms=("application",)) as sis:
        values: dict[str, object] = {
            name: value.replace("{}", sis.token_url.partition("?")[0]).replace(
                "{plain}", f"{sis.base_url}/campus/api/ims/oneroster"
            )
            for name, value in changes.items()
        }
        checked = source(sis, client_secret=sis.client_secret, **values)
        if spoil:
            spoil(sis)
        report = checked.check()
    failed = {one.name: one.fix for one in report.steps if one.outcome == "failed"}
    assert fix in failed[step]
