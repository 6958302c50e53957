"""A pull that breaks off goes on where it stopped, at the price of one page; one that moved starts over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.protocol import RosterMoved
from domain.clock import FixedClock
from domain.errors import RetryLater, SisbridgeError
from domain.oneroster import Version
from simulators.data import SMALL
from simulators.dataset import Dataset
from simulators.oneroster import Dialect, Fault, FaultKind, RunningProvider
from tests.support.rest import AT, Kept, ids, pulled, source

USERS = 268
Start = Callable[..., RunningProvider]


@pytest.fixture
def data() -> Dataset:
    return Dataset.from_csv_zip(SMALL)


@pytest.fixture
def start(data: Dataset) -> Iterator[Start]:
    with ExitStack() as stack:

        def go(dialect: Dialect | None = None, version: Version = Version.V1P2) -> Any:
            made = RunningProvider(data, version, dialect=dialect, clock=FixedClock(AT))
            return stack.enter_context(made)

        yield go


def pages_asked(provider: RunningProvider, collection: str) -> list[str]:
    """Return the pages asked for, without the looks at a total alone."""
    asked = [url for url in provider.urls if f"/{collection}?" in url]
    return [url for url in asked if "limit=1&" not in url]


def broken_off(provider: RunningProvider, landing: Kept, code: str = "CN06", **changes: object) -> None:
    pull = source(provider, attempts=1, **changes).open(None, landing)
    with pytest.raises(RetryLater, match=code):
        ids(pull)


@pytest.mark.parametrize("totals", [True, False])
def test_a_429_at_page_nine_costs_one_page(start: Start, totals: bool) -> None:
    provider, landing = start(Dialect(send_total=totals, send_link=totals)), Kept()
    provider.faults.add(Fault(FaultKind.STATUS, "users", after=8, status=429, times=1))
    broken_off(provider, landing, page_size=20, in_flight=1)
    provider.forget_requests()
    assert len(set(pulled(provider, landing, page_size=20, in_flight=1)["users"])) == USERS
    assert pages_asked(provider, "orgs") == []
    assert len(pages_asked(provider, "users")) == 14 - 8 + 1 + (not totals)


def test_a_429_with_others_on_their_way_costs_its_own_page_only(start: Start) -> None:
    provider, landing = start(Dialect(latency_ms=20)), Kept()
    provider.faults.add(Fault(FaultKind.STATUS, "users", after=6, status=429, times=1))
    broken_off(provider, landing, page_size=20, in_flight=5)
    assert len(set(pulled(provider, landing, page_size=20, in_flight=5)["users"])) == USERS
    refused_once_and_the_last_looked_at_again = 2
    assert len(pages_asked(provider, "users")) == 14 + refused_once_and_the_last_looked_at_again


def test_pages_that_overtook_a_slow_one_are_not_asked_for_again(start: Start) -> None:
    provider, landing = start(), Kept()
    provider.faults.add(Fault(FaultKind.SLOW, "users", after=2, seconds=2.0, times=1))
    broken_off(provider, landing, "CN01", page_size=20, in_flight=3, read_timeout=1)
    assert len(landing.kept("users/at-")) == 13
    provider.forget_requests()
    assert len(set(pulled(provider, landing, page_size=20, in_flight=3)["users"])) == USERS
    offsets = [url.split("offset=")[1].split("&")[0] for url in pages_asked(provider, "users")]
    assert offsets == ["260", "40"]


def test_a_collection_read_whole_is_not_asked_for_again(start: Start) -> None:
    provider, landing = start(), Kept()
    provider.faults.add(Fault(FaultKind.STATUS, "enrollments", status=429, times=1))
    broken_off(provider, landing)
    provider.forget_requests()
    pulled(provider, landing)
    assert [pages_asked(provider, name) for name in ("orgs", "courses", "users")] == [[], [], []]


def test_rows_come_alike_from_the_landing_flattened_or_not(start: Start) -> None:
    provider, landing = start(), Kept()
    first = source(provider, page_size=100).open(None, landing)
    pages = [page for table in first.facts.source_tables for page in first.pages(table)]
    for name in landing.kept("users/flat/"):
        landing.forget(name)
    again = source(provider, page_size=100).open(None, landing)
    assert [page for table in again.facts.source_tables for page in again.pages(table)] == pages
    assert again.notices() == first.notices()
    first.close()
    again.close()


def test_a_pull_gone_on_with_stands_for_its_first_moment(start: Start) -> None:
    provider, landing = start(), Kept()
    provider.faults.add(Fault(FaultKind.STATUS, "enrollments", status=429, times=1))
    broken_off(provider, landing)
    later = source(provider)
    later._clock = FixedClock(AT + timedelta(hours=2))
    pull = later.open(None, landing)
    assert pull.facts.as_of == AT
    pull.close()


@pytest.mark.parametrize("changes", [{"client_id": "other"}, {"ask_fields": False}])
def test_other_settings_start_over(start: Start, changes: dict[str, object]) -> None:
    provider, landing = start(), Kept()
    provider.faults.add(Fault(FaultKind.STATUS, "enrollments", status=429, times=1))
    broken_off(provider, landing)
    source(provider, **changes).open(None, landing).close()
    assert landing.kept() == []


def test_users_that_came_between_two_tries_are_read(start: Start, data: Dataset) -> None:
    provider, landing = start(), Kept()
    provider.faults.add(Fault(FaultKind.STATUS, "users", after=8, status=429, times=1))
    broken_off(provider, landing, page_size=20, in_flight=1)
    data.add("users", {"sourcedId": "0-late", "givenName": "Late"}, AT)
    assert "0-late" in pulled(provider, landing, page_size=20)["users"]


def test_only_the_collection_that_moved_is_read_again(start: Start, data: Dataset) -> None:
    provider, landing = start(), Kept()
    pull = source(provider).open(None, landing)
    ids(pull)
    data.add("courses", {"sourcedId": "late", "title": "Late"}, AT)
    with pytest.raises(RosterMoved, match="PG03: /courses changed"):
        pull.close()
    provider.forget_requests()
    assert "late" in pulled(provider, landing)["courses"]
    assert pages_asked(provider, "enrollments") == []
    assert pages_asked(provider, "courses")


def test_another_revision_starts_the_whole_pull_over(start: Start, data: Dataset) -> None:
    provider, landing = start(Dialect(revision_header="x-perm-rev")), Kept()
    pull = source(provider).open(None, landing)
    list(pull.pages("orgs"))
    data.change("users", data.records("users")[0]["sourcedId"], AT, givenName="New")
    with pytest.raises(RosterMoved, match="PG07"):
        list(pull.pages("courses"))
    assert landing.kept() == []
    pull.close()
    assert len(pulled(provider, landing)["users"]) == USERS


def test_a_revision_that_moved_between_two_tries_starts_over(start: Start, data: Dataset) -> None:
    provider, landing = start(Dialect(revision_header="X-Feed")), Kept()
    provider.faults.add(Fault(FaultKind.STATUS, "enrollments", status=429, times=1))
    broken_off(provider, landing, revision_header="X-Feed")
    data.change("orgs", data.records("orgs")[0]["sourcedId"], AT, name="New")
    provider.forget_requests()
    pulled(provider, landing, revision_header="X-Feed")
    assert pages_asked(provider, "orgs")


def test_what_another_hand_broke_in_the_landing_is_read_again(start: Start) -> None:
    provider, landing = start(), Kept()
    provider.faults.add(Fault(FaultKind.STATUS, "users", after=8, status=429, times=1))
    broken_off(provider, landing, page_size=20, in_flight=1)
    landing.forget("users/at-000000040")
    assert len(set(pulled(provider, landing, page_size=20)["users"])) == USERS


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_page_too_large_is_asked_for_at_half_its_size(start: Start, status: int) -> None:
    provider = start()
    provider.faults.add(Fault(FaultKind.STATUS, "users", status=status, times=4))
    assert len(set(pulled(provider, page_size=400)["users"])) == USERS
    limits = [url.split("limit=")[1].split("&")[0] for url in pages_asked(provider, "users")]
    assert limits == ["400", "400", "200", "200", "100", "100", "100"]


def test_a_large_page_that_takes_too_long_is_halved(start: Start) -> None:
    provider = start()
    provider.faults.add(Fault(FaultKind.SLOW, "users", seconds=2.0, times=2))
    assert len(set(pulled(provider, page_size=400, read_timeout=1)["users"])) == USERS
    assert any("limit=200&" in url for url in pages_asked(provider, "users"))


def test_a_server_that_is_away_stays_a_reason_to_try_later(start: Start) -> None:
    provider = start()
    provider.faults.add(Fault(FaultKind.STATUS, "users", status=503, times=None))
    with pytest.raises(RetryLater, match="CN07"):
        pulled(provider, page_size=400)


@pytest.mark.parametrize("version", list(Version))
def test_a_delta_is_sifted_when_the_filter_is_ignored(start: Start, data: Dataset, version: Version) -> None:
    one = data.records("users")[0]["sourcedId"]
    data.change("users", one, AT, givenName="New")
    provider = start(Dialect(ignore_filter=True, counted="all"), version)
    found = pulled(provider, since=datetime(2026, 2, 1, tzinfo=UTC))
    assert (found["users"], found["classes"]) == ([one], [])


def test_fields_nobody_asked_for_are_dropped(start: Start, data: Dataset) -> None:
    data.change("users", data.records("users")[0]["sourcedId"], AT, phone="555 0100", sms="555 0101")
    pull = source(start(Dialect(ignore_fields=True))).open(None, Kept())
    (batch,) = [page.batch for page in pull.pages("users") if page.source_table == "users"]
    pull.close()
    assert batch.column("phone").null_count == len(batch)
    assert batch.column("givenName").null_count == 0


@pytest.mark.parametrize(
    "collection", ["orgs", "academicSessions", "courses", "classes", "users", "enrollments"]
)
def test_a_missing_permission_is_named(start: Start, collection: str) -> None:
    provider = start()
    provider.faults.add(Fault(FaultKind.STATUS, collection, status=403))
    with pytest.raises(SisbridgeError) as caught:
        pulled(provider)
    assert f"grant reading {collection} (scope roster-core.readonly)" in caught.value.fix


@pytest.mark.parametrize("totals", [True, False])
def test_pages_are_asked_for_side_by_side_only_where_a_total_is_told(start: Start, totals: bool) -> None:
    provider = start(Dialect(send_total=totals, send_link=False, latency_ms=30))
    pulled(provider, page_size=20, in_flight=5)
    assert (provider.busiest > 1) is totals
    assert provider.busiest <= 5
