"""PowerSchool by our plugin's queries: pages, what may be missing, and how refusals are explained."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.powerschool.powerquery import PowerQuerySource
from connectors.powerschool.powerquery_rows import keys_of, records_of, rows_of
from connectors.powerschool.query_list import QUERIES
from connectors.powerschool.settings import PowerQuerySettings
from domain.clock import FixedClock
from domain.errors import ContractBroken, SisbridgeError, StopDistrict
from simulators.oneroster import Fault, FaultKind
from simulators.powerschool import Plugin, RunningPowerSchool
from tests.conformance.canaries import AT, roster
from tests.conformance.roster_contract import Kept, whole_pull
from tests.conformance.roster_contract import rows_of as ids_of
from tests.field_failures.pulls import failed_step, failure
from tests.support.powerschool import NORTH, power_query, reach_plugin, running

QUERY = "schema/query"


@pytest.fixture
def sis() -> Iterator[RunningPowerSchool]:
    """A PowerSchool with the kit's class and our plugin."""
    with running(roster(), page_size=4) as server:
        yield server


def test_pages_are_as_long_as_the_plugin_allows_and_the_count_is_the_total(sis: RunningPowerSchool) -> None:
    pages, _ = whole_pull(power_query(sis, page_size=500))
    proofs = [page.proof for page in pages if page.source_table == "cc"]
    assert [(proof.rows, proof.total) for proof in proofs] == [(4, 9), (4, 9), (1, 9)]


def test_a_server_that_clamps_pages_and_does_not_say_so_is_read_whole(sis: RunningPowerSchool) -> None:
    sis.faults.add(Fault(FaultKind.STATUS, "v1/metadata", status=404, times=None))
    pages, _ = whole_pull(power_query(sis))
    assert len(ids_of(pages, "dcid")["students"]) == 9


def test_a_pull_that_broke_off_is_gone_on_with(sis: RunningPowerSchool) -> None:
    landing = Kept()
    sis.faults.add(Fault(FaultKind.STATUS, QUERY, status=500, after=9, times=None))
    with pytest.raises(SisbridgeError):
        whole_pull(power_query(sis), landing)
    assert landing.kept("students/at-")
    sis.faults.clear()
    sis.forget_requests()
    pages, _ = whole_pull(power_query(sis), landing)
    assert len(ids_of(pages, "dcid")["students"]) == 9
    assert sis.requests[f"POST {QUERY}"] < sum(1 for _ in pages)


def test_a_try_after_midnight_goes_on_around_the_day_of_the_first(sis: RunningPowerSchool) -> None:
    landing = Kept()
    first = power_query(sis).open(None, landing)
    before = [page.proof for page in first.pages("students")]
    first.close()
    sis.forget_requests()
    settings = PowerQuerySettings.model_validate(reach_plugin(sis))
    later = PowerQuerySource(NORTH, settings, clock=FixedClock(AT + timedelta(days=1))).open(None, landing)
    assert [page.proof for page in later.pages("students")] == before
    assert (later.facts.as_of, sis.requests[f"POST {QUERY}"]) == (AT, 0)
    later.close()


def test_a_plugin_that_is_not_installed_is_named_with_the_menu_to_install_it(sis: RunningPowerSchool) -> None:
    sis.installed.plugin = Plugin()
    error = failure(power_query(sis))
    assert (error.code, "Plugin Management Configuration" in error.fix) == ("CN05", True)
    assert failed_step(power_query(sis).check()).name == "schools"


@pytest.mark.parametrize(("code", "named"), [(401, "CN03"), (403, "CN04")])
def test_a_query_that_may_not_be_run_is_told_from_a_wrong_address(
    sis: RunningPowerSchool, code: int, named: str
) -> None:
    sis.faults.add(Fault(FaultKind.STATUS, QUERY, status=code, times=None))
    error = failure(power_query(sis))
    assert (error.code, "plugin" in error.message) == (named, True)


def test_a_column_left_out_of_every_row_is_a_missing_permission() -> None:
    with pytest.raises(StopDistrict) as caught:
        rows_of(QUERIES["cc"], [{"dcid": "1", "studentid": "5"}], "/cc?offset=0")
    assert caught.value.code == "CN04"
    assert "CC.SECTIONID" in caught.value.message


def test_a_column_a_district_does_not_use_is_a_notice(sis: RunningPowerSchool) -> None:
    _, pull = whole_pull(power_query(sis))
    (notice,) = pull.notices()
    assert (notice.code, notice.source_table) == ("CF58", "students")
    assert "STUDENTS.STATE_STUDENTNUMBER" in notice.message


def test_nested_answers_are_read_as_flat_ones_and_numbers_as_texts() -> None:
    course = {"dcid": 11, "course_number": 7, "course_name": " N "}
    nested = {"id": 1, "name": "courses", "tables": {"courses": course}}
    flat = {
        "_name": "courses",
        "courses.dcid": "11",
        "courses.course_number": 7.0,
        "courses.course_name": "N",
    }
    made = [rows_of(QUERIES["courses"], [one], "/c").batches["courses"] for one in (nested, flat)]
    assert made[0].to_pylist() == made[1].to_pylist()
    assert made[0].to_pylist()[0] == {
        "dcid": "11", "course_number": "7", "course_name": "N", "_place": "/c#1",
    }  # fmt: skip


def test_an_answer_without_a_list_is_an_empty_roster_only_where_a_query_says_so() -> None:
    assert records_of(b'{"name": "cc", "@extensions": ""}', "/cc") == []
    with pytest.raises(ContractBroken):
        records_of(b'{"message": "no"}', "/cc")


def test_a_row_without_its_key_is_held_with_its_place() -> None:
    school = {"school_number": "7", "name": "N"}
    flat = rows_of(
        QUERIES["schools"], [{"dcid": "1", **school}, {"dcid": None, **school}], "/schools?offset=0"
    )
    assert [(one.code, one.place) for one in flat.notices] == [("RF01", "/schools?offset=0#2")]
    assert flat.batches["schools"].num_rows == 1


def test_only_school_years_around_the_day_are_asked_for(sis: RunningPowerSchool) -> None:
    sis.tables.add(
        "terms",
        {
            "dcid": 1,
            "id": 3400,
            "schoolid": 100,
            "yearid": 34,
            "name": "Old",
            "firstday": "2024-08-15",
            "lastday": "2025-06-05",
            "portion": 1,
            "isyearrec": 1,
        },
    )
    pages, _ = whole_pull(power_query(sis))
    assert len(ids_of(pages, "dcid")["terms"]) == 2
    pages, _ = whole_pull(power_query(sis, days_around=300))
    assert len(ids_of(pages, "dcid")["terms"]) == 3


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
ROW = st.fixed_dictionaries(dict.fromkeys(QUERIES["schools"].names, JSON))


@given(st.lists(JSON | ROW, max_size=6))
def test_whatever_a_query_answers_every_record_is_a_row_or_held(records: list[object]) -> None:
    try:
        flat = rows_of(QUERIES["schools"], records, "/schools")
    except StopDistrict:
        # A column that no record has: said as a missing permission, not as an empty roster.
        return
    assert flat.batches["schools"].num_rows + len(flat.notices) == len(records)
    kept = [key for key in keys_of(QUERIES["schools"], records) if key is not None]
    assert flat.batches["schools"].column("dcid").to_pylist() == kept
