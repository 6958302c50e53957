"""A night whose pull broke off goes on where it stopped at the next try of the same night."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from simulators.oneroster.dialect import Dialect
from simulators.oneroster.faults import Fault, FaultKind
from sisbridge.house import House
from sisbridge.store import roster as roster_store
from sisbridge.store import snapshots
from sisbridge.sync.night import sync_district
from sisbridge.sync.region import keep_secret, load_entries
from sisbridge.sync.roster import pull as pulling
from tests.support.night_process import NightProcess, NightSpec
from tests.support.small_region import NOW, REST, SmallRegion, add_student

STUDENTS = 100
CAP = 2
USER_PAGES = STUDENTS // CAP
BUSY = Fault(FaultKind.STATUS, path="users", after=40, status=429, times=2)


@pytest.fixture
def slow(region: SmallRegion) -> Iterator[SmallRegion]:
    """The region with a hundred students whose SIS gives two records a page."""
    for number in range(6, STUDENTS):
        add_student(region.provider.dataset, f"u{number}", f"9000{number:05d}")
    region.provider.dialect = Dialect(page_cap=CAP)
    yield region
    region.provider.dialect = Dialect()


def users_asked(region: SmallRegion) -> int:
    """Return how often a page of users was asked for."""
    return len([url for url in region.provider.urls if "/users?" in url and "limit=1&" not in url])


def landed(house: House) -> list[str]:
    """Return the folders of snapshots the REST district has in the landing zone."""
    return sorted(path.name for path in (house.settings.home / "landing" / REST).iterdir())


def one_by_one(house: House, region: SmallRegion, number: int = 0, in_flight: int = 1) -> None:
    """Load the region so that the REST district's pages are asked for one by one, or so many at once."""
    entries = region.entries(NOW + timedelta(days=number))
    entries["district"][0]["roster"]["settings"]["in_flight"] = in_flight
    load_entries(house, entries, "tester")
    keep_secret(house, REST, "sis_client_secret", region.provider.client_secret, "tester")


@pytest.mark.timeout(120)
def test_a_night_killed_at_page_forty_asks_for_one_page_again(
    house: House, slow: SmallRegion, tmp_path: Path
) -> None:
    one_by_one(house, slow)
    grades = str(slow.grade_file([]))
    spec = NightSpec(house.settings.database_url, str(house.settings.home), [REST], grades)
    pages_before = 4  # one each of orgs, academicSessions, courses and classes
    with NightProcess() as process:
        killed = NightSpec(**{**spec.__dict__, "failpoint": f"pull:page:landed@{pages_before + 40}"})
        slow.provider.forget_requests()
        assert process.run(killed) == -9
        assert users_asked(slow) == 40
        assert process.run(spec) == 0
    assert users_asked(slow) == USER_PAGES + 1
    with house.store.read() as conn:
        assert roster_store.count(conn, REST)["users"] == STUDENTS  # type: ignore[index]


@pytest.mark.timeout(120)
def test_a_night_killed_while_pages_overtake_a_slow_one_loses_only_those_on_their_way(
    house: House, slow: SmallRegion
) -> None:
    budget, pages_before = 4, 4
    one_by_one(house, slow, in_flight=budget)
    slow.provider.faults.add(Fault(FaultKind.SLOW, path="users", after=20, seconds=4.0))
    grades = str(slow.grade_file([]))
    spec = NightSpec(house.settings.database_url, str(house.settings.home), [REST], grades)
    with NightProcess() as process:
        slow.provider.forget_requests()
        killed = NightSpec(**{**spec.__dict__, "failpoint": f"pull:page:landed@{pages_before + 40}"})
        assert process.run(killed) == -9
        assert 40 < users_asked(slow) <= 40 + budget
        assert process.run(spec) == 0
    looked_at_again = 1
    assert users_asked(slow) <= USER_PAGES + budget + looked_at_again
    with house.store.read() as conn:
        assert roster_store.count(conn, REST)["users"] == STUDENTS  # type: ignore[index]


def test_a_night_stopped_by_429_goes_on_in_the_same_snapshot(house: House, slow: SmallRegion) -> None:
    one_by_one(house, slow)
    slow.provider.faults.add(BUSY)
    slow.provider.forget_requests()
    assert sync_district(house, REST).code == "CN06"
    (begun,) = landed(house)
    assert sync_district(house, REST).state == "finished"
    assert landed(house) == [begun]
    assert users_asked(slow) == USER_PAGES + 2 + 1


def test_the_next_night_begins_anew_and_lets_go_of_what_was_left(house: House, slow: SmallRegion) -> None:
    one_by_one(house, slow)
    slow.provider.faults.add(BUSY)
    sync_district(house, REST)
    left = landed(house)
    one_by_one(house, slow, 1)
    slow.provider.forget_requests()
    assert sync_district(house, REST).state == "finished"
    assert users_asked(slow) == USER_PAGES
    assert not set(left) & set(landed(house))
    with house.store.read() as conn:
        assert snapshots.unfinished(conn, REST) == []


def test_a_roster_that_moves_once_is_read_again_in_the_same_night(
    house: House, slow: SmallRegion, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = iter(["late"])

    def grow(place: str) -> None:
        if place == "pull:enrollments:landed" and (name := next(late, "")):
            add_student(slow.provider.dataset, name, "900099999")

    monkeypatch.setattr(pulling, "failpoint", grow)
    outcome = sync_district(house, REST)
    assert outcome.state == "finished"
    with house.store.read() as conn:
        assert roster_store.count(conn, REST)["users"] == STUDENTS + 1  # type: ignore[index]


def test_a_roster_that_never_holds_still_is_given_up(
    house: House, slow: SmallRegion, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = iter(f"late{number}" for number in range(10))

    def grow(place: str) -> None:
        if place == "pull:enrollments:landed":
            add_student(slow.provider.dataset, next(names), "900099999")

    monkeypatch.setattr(pulling, "failpoint", grow)
    outcome = sync_district(house, REST)
    assert (outcome.state, outcome.code, outcome.retry) == ("stopped", "PG03", False)
    assert "again after 3 restarts" in outcome.message
    assert next(names) == "late4"
