"""Paging and filters: failures 18 to 27."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from domain.oneroster import Version
from simulators.dataset import Dataset
from simulators.oneroster import Fault, FaultKind
from sisbridge.house import House
from sisbridge.store import roster as roster_store
from sisbridge.sync.answers.cases import open_cases
from sisbridge.sync.night import sync_district
from tests.conformance.canaries import AT, roster, truth
from tests.fakes.hostile_sis import Mischief, renamed
from tests.field_failures.pulls import Kept, failure, provider, pulled, rest
from tests.support.small_region import FILES, REST, SmallRegion, add_student
from tests.support.small_region import roster as small_roster

WHOLE = truth(roster(), Version.V1P2)


@pytest.mark.parametrize("told", [True, False])
def test_field_failure_18_a_page_shorter_than_asked_is_no_last_page(told: bool) -> None:
    with provider(page_cap=3, send_total=told, send_link=False) as sis:
        assert pulled(rest(sis, page_size=1000)) == WHOLE


def test_field_failure_19_the_next_page_begins_after_the_rows_received() -> None:
    with provider(page_cap=3, send_total=False, send_link=False) as sis:
        pulled(rest(sis, page_size=1000))
        asked = [parse_qs(urlsplit(url).query) for url in sis.urls if "/users?" in url]
    assert [query["offset"] for query in asked] == [["0"], ["3"], ["6"], ["9"], ["10"]]


def test_field_failure_20_a_list_under_another_key_is_no_empty_list() -> None:
    with provider(Mischief(renamed("people"), "users")) as sis:
        error = failure(rest(sis))
    assert error.code == "PG04"


def test_field_failure_21_filter_sort_and_fields_may_all_be_ignored() -> None:
    with provider(ignore_filter=True, ignore_sort=True, ignore_fields=True) as sis:
        assert pulled(rest(sis)) == WHOLE
        later = AT + timedelta(days=1)
        pull = rest(sis).open(later, Kept())
        unchanged = [row for page in pull.pages("users") for row in page.batch.to_pylist()]
        pull.close()
    assert unchanged == []


def test_field_failure_22_a_filter_is_one_comparison_at_most() -> None:
    with provider() as sis:
        pull = rest(sis).open(AT, Kept())
        for table in pull.facts.source_tables:
            list(pull.pages(table))
        pull.close()
        filters = [one for url in sis.urls for one in parse_qs(urlsplit(url).query).get("filter", [])]
    assert set(filters) == {"dateLastModified>='2026-01-20T08:17:00.000Z'"}


def test_field_failure_23_no_filter_on_status_so_deletions_are_seen() -> None:
    with provider() as sis:
        found = pulled(rest(sis))
        assert not [url for url in sis.urls if "filter" in unquote(url)]
    assert ("e:u8",) in found["enrollments"]


def test_field_failure_23_rows_that_vanish_without_a_word_are_removed_by_the_second_full_night(
    house: House, region: SmallRegion
) -> None:
    sync_district(house, FILES)
    shrunk = small_roster()
    shrunk.drop("enrollments", "e-u5")
    region.drop(shrunk)
    assert sync_district(house, FILES).counts["missing"] == 1
    region.load(house, AT + timedelta(days=1))
    region.drop(shrunk)
    assert sync_district(house, FILES).counts["remove"] == 1


def test_field_failure_24_an_edit_that_moves_no_date_is_seen_by_the_full_comparison(
    house: House, region: SmallRegion
) -> None:
    sync_district(house, REST)
    record = region.provider.dataset.collections["classes"]["k"]
    record["title"] = "Physics, renamed"
    region.provider.dataset.revision += 1
    assert sync_district(house, REST).counts["update"] == 1


@pytest.mark.parametrize("rows", [1, -1])
def test_field_failure_25_rows_that_shift_between_pages_cost_nobody(rows: int) -> None:
    with provider(Fault(FaultKind.SHIFTED_PAGE, "users", rows=rows)) as sis:
        assert pulled(rest(sis)) == WHOLE
    with provider(Fault(FaultKind.SHIFTED_PAGE, "users", rows=rows, times=None)) as sis:
        assert failure(rest(sis)).code in {"PG02", "PG03"}


def test_field_failure_27_another_database_under_the_same_address_is_held_as_a_mass_change(
    house: House, region: SmallRegion
) -> None:
    region.provider.dataset = crowd("old", 70000)
    assert sync_district(house, REST).state == "finished"
    region.provider.dataset = crowd("new", 80000)
    sync_district(house, REST)
    region.load(house, AT + timedelta(days=1))
    assert sync_district(house, REST).counts["held"] == 6 * 40
    assert {case.rule for case in open_cases(house, REST)} == {"SZ13", "SZ14"}
    with house.store.read() as conn:
        assert roster_store.count(conn, REST)["users"] == 40  # type: ignore[index]


def crowd(prefix: str, numbers: int) -> Dataset:
    """Return a district of forty students whose ids begin with a prefix, and their numbers with others."""
    dataset = small_roster(0)
    for number in range(40):
        add_student(dataset, f"{prefix}{number}", f"{numbers}{number:04d}")
    return dataset
