"""Failures that Infinite Campus is known for, at whole pulls, nights and deliveries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors import registry
from connectors.infinite_campus.settings import CampusRosterSettings
from connectors.infinite_campus.source import InfiniteCampusSource
from domain.clock import FixedClock
from domain.errors import StopDistrict
from domain.model import ConnectorConfig
from domain.oneroster import Version
from simulators.infinite_campus import Manner, RunningCampus, in_1p1_ids, with_legacy_ids
from simulators.infinite_campus.extracts import extracts
from sisbridge.house import House
from sisbridge.store import roster as roster_store
from sisbridge.sync.answers.cases import open_cases
from sisbridge.sync.grades.collect_grades import collect_from
from sisbridge.sync.grades.release import release
from sisbridge.sync.grades.writeback import DeliveryCounts, deliver
from sisbridge.sync.night import sync_district
from sisbridge.sync.region import load_entries
from tests.conformance.canaries import AT, ref, roster, truth
from tests.conformance.roster_contract import whole_pull
from tests.conformance.roster_scenes import write_files
from tests.field_failures.pulls import NORTH, failure, noticed, pulled
from tests.support.campus import campus_values
from tests.support.campus_region import CampusRegion
from tests.support.small_region import FILES, NOW, REST, add_student


@contextmanager
def campus(version: Version = Version.V1P2, **manner: Any) -> Iterator[RunningCampus]:
    with RunningCampus(roster(), version, manner=Manner(**manner), clock=FixedClock(AT)) as sis:
        yield sis


def source(sis: RunningCampus, **changes: object) -> InfiniteCampusSource:
    settings = CampusRosterSettings.model_validate(campus_values(sis, **changes))
    return InfiniteCampusSource(NORTH, settings, clock=FixedClock(AT))


@pytest.fixture
def region(tmp_path: Path) -> Iterator[CampusRegion]:
    with CampusRegion(tmp_path / "sis") as running:
        yield running


@pytest.fixture
def house(region: CampusRegion, tmp_path: Path) -> Iterator[House]:
    house = region.open(f"sqlite:///{tmp_path / 'store.db'}", tmp_path / "home")
    yield house
    house.close()


def graded(house: House, region: CampusRegion, *rows: str) -> DeliveryCounts:
    """Collect, release and deliver grades of the district on Campus, `student,percent` each."""
    collect_from(house, region.grade_file([f"{REST},{row}" for row in rows]))
    release(house, REST, "tester")
    return deliver(house, REST)


def letters(region: CampusRegion) -> dict[str, tuple[float, str]]:
    """Return percent and letter that Campus holds, by student."""
    return {
        one["student"]["sourcedId"]: (one["score"], one["metadata"]["ext_infiniteCampus_scoreGrade"])
        for one in region.campus.dataset.records("results")
    }


def test_field_failure_01_campus_is_not_asked_for_a_token_without_its_application() -> None:
    with campus() as sis:
        values = campus_values(sis, token_url=sis.token_url.partition("?")[0])
        del values["client_secret"]
        config = ConnectorConfig(
            NORTH, "roster", "infinite_campus_oneroster", values, {"client_secret": "sis"}
        )
        with pytest.raises(StopDistrict) as stopped:
            registry.roster_source(config, lambda _: sis.client_secret)
        assert stopped.value.code == "CF51"
        assert "Token URL" in stopped.value.message
        assert sis.requests["POST token"] == 0
        named = source(sis, token_url=values["token_url"], app_name=sis.manner.app)
        assert pulled(named) == truth(roster(), Version.V1P2)


def test_field_failure_01_another_application_than_the_one_set_up_is_refused_in_words() -> None:
    with campus() as sis:
        error = failure(source(sis, token_url=sis.token_url + "x"))
    assert error.code == "CN03"
    assert "copy token_url whole" in error.fix


def test_field_failure_02_a_secret_is_said_to_expire_thirty_days_ahead() -> None:
    with campus(secret_expires_at=AT + timedelta(days=29)) as sis:
        soon = noticed(source(sis, secret_expires_on=AT.date() + timedelta(days=29)))["CN31"]
    assert "in 29 days" in soon.message
    with campus(secret_expires_at=AT) as sis:
        assert failure(source(sis)).code == "CN03"


def test_field_failure_02_a_night_opens_a_case_before_the_secret_expires(
    house: House, region: CampusRegion
) -> None:
    entries = region.entries()
    entries["district"][0]["roster"]["settings"]["secret_expires_on"] = "2026-02-01"
    region.entries = lambda *_, **__: entries  # type: ignore[method-assign]
    region.load(house)
    assert sync_district(house, REST).state == "finished"
    assert "CN31" in {case.rule for case in open_cases(house, REST)}


def test_field_failure_03_a_renewed_secret_is_refused_and_never_an_empty_roster(
    house: House, region: CampusRegion
) -> None:
    assert sync_district(house, REST).state == "finished"
    region.campus.renew_secret()
    assert sync_district(house, REST).code == "CN03"
    with house.store.read() as conn:
        assert roster_store.count(conn, REST)["users"] == 6  # type: ignore[index]


def test_field_failure_04_campus_ended_oauth_1_and_the_settings_say_so() -> None:
    with campus(Version.V1P1) as sis, pytest.raises(ValueError, match="30 June 2023"):
        source(sis, auth="oauth1")


def test_field_failure_13_peak_hours_see_one_request_at_a_time() -> None:
    with campus(most_at_once=1) as sis:
        whole = pulled(source(sis, peak_hours="02:00-04:00", page_size=2, in_flight=5))
        assert (whole == truth(roster(), Version.V1P2), sis.busiest) == (True, 1)


def test_field_failure_26_a_campus_left_in_last_years_database_stops_the_district() -> None:
    with campus() as sis:
        for session in sis.dataset.records("academicSessions"):
            days = {"startDate": "2024-08-15", "endDate": "2025-06-10"}
            sis.dataset.change("academicSessions", session["sourcedId"], AT, **days)
        error = failure(source(sis))
    assert (error.code, "active year" in error.fix) == ("CN30", True)


def test_field_failure_28_the_ids_of_1p2_come_with_those_of_1p1() -> None:
    old = roster()
    in_1p1_ids(old, AT)
    with RunningCampus(old, Version.V1P1, clock=FixedClock(AT)) as sis:
        known = {row[0] for row in pulled(source(sis))["users"]}
    with campus() as sis:
        with_legacy_ids(sis.dataset, AT)
        pages, _ = whole_pull(source(sis))
    rows = [row for page in pages if page.source_table == "users" for row in page.batch.to_pylist()]
    pairs = {row["sourcedId"]: row["metadata.ic.legacySourcedId"] for row in rows}
    assert set(pairs.values()) == known
    assert known.isdisjoint(pairs)


def test_field_failure_30_one_person_in_two_roles_is_two_users_in_1p1_and_one_in_1p2() -> None:
    data = roster()
    teacher = {"roleType": "secondary", "role": "teacher", "org": ref("s", "org")}
    roles = (data.get("users", "u1") or {})["roles"]
    data.change("users", "u1", AT, roles=[*roles, teacher])
    with RunningCampus(data.copy(), Version.V1P2, clock=FixedClock(AT)) as sis:
        rows = pulled(source(sis))
    assert [row for row in rows["users"] if "u1" in row[0]] == [("u1",)]
    assert [row[1] for row in rows["roles"] if row[0] == "u1"] == ["student", "teacher"]
    in_1p1_ids(data, AT)
    with RunningCampus(data, Version.V1P1, clock=FixedClock(AT)) as sis:
        assert {("su1",), ("tu1",)} <= set(pulled(source(sis))["users"])


def test_field_failure_40_who_has_no_account_is_named_and_nobody_loses_a_seat(
    house: House, region: CampusRegion
) -> None:
    assert sync_district(house, REST).counts["seats"] == 6
    add_student(region.campus.dataset, "late", "900000099")
    region.campus.manner = Manner(without_account=frozenset({"u1", "late"}))
    for _ in range(2):
        assert sync_district(house, REST).state == "finished"
    cases = [case for case in open_cases(house, REST) if case.rule == "ID30"]
    assert [(case.rows, case.table) for case in cases] == [(4, "users")]
    assert "2 rows that depend on it wait with it" in cases[0].message
    assert "RF01" not in {case.rule for case in open_cases(house, REST)}
    with house.store.read() as conn:
        count = roster_store.count(conn, REST)
    assert (count["users"], count["enrollments"]) == (6, 6)  # type: ignore[index]
    region.campus.manner = Manner()
    assert sync_district(house, REST).counts["seats"] == 7
    assert [case for case in open_cases(house, REST) if case.rule == "ID30"] == []


def test_field_failure_48_a_connection_narrowed_to_one_school_takes_nobody_off_the_roster(
    house: House, region: CampusRegion
) -> None:
    data = region.campus.dataset
    for number in range(30):
        add_student(data, f"more{number}", f"91000000{number:02d}")
    assert sync_district(house, REST).state == "finished"
    for seat in data.records("enrollments")[2:]:
        data.drop("enrollments", seat["sourcedId"])
        data.drop("users", seat["user"]["sourcedId"])
    outcome = sync_district(house, REST)
    with house.store.read() as conn:
        assert roster_store.count(conn, REST)["users"] == 36  # type: ignore[index]
    assert (outcome.state, outcome.counts["held"]) == ("finished", 3 * 34)
    assert "SZ10" in {case.rule for case in open_cases(house, REST)}


def test_field_failure_08_a_vendor_key_that_is_refused_is_named_while_the_roster_goes_on(
    house: House, region: CampusRegion
) -> None:
    assert sync_district(house, REST).state == "finished"
    region.campus.vendor_key = "vendor:renewed"
    assert sync_district(house, REST).state == "finished"
    with suppress(StopDistrict):
        graded(house, region, "u0,71.5")
    said = [case.message for case in open_cases(house, REST) if case.rule == "CN32"]
    assert [message.count("x-vendor-authorization") for message in said] == [1]
    assert region.campus.dataset.records("results") == []


def test_field_failure_62_a_closed_window_keeps_the_grade_queued_and_names_task_and_term(
    house: House, region: CampusRegion
) -> None:
    sync_district(house, REST)
    region.campus.set_window("Final", is_open=False)
    assert graded(house, region, "u0,71.5", "u1,88.25").confirmed == 0
    (case,) = [case for case in open_cases(house, REST) if case.rule == "WB21"]
    assert "'Final'" in case.message
    assert "'t1'" in case.message
    region.campus.set_window("Final", is_open=True)
    assert deliver(house, REST).confirmed == 2
    assert letters(region) == {"u0": (71.5, "C"), "u1": (88.3, "B")}
    assert [case for case in open_cases(house, REST) if case.rule == "WB21"] == []


def test_field_failure_66_no_column_is_made_in_campus_so_none_lies_uncategorized(
    house: House, region: CampusRegion
) -> None:
    before = region.campus.dataset.records("lineItems")
    sync_district(house, REST)
    assert graded(house, region, "u0,71.5").confirmed == 1
    assert region.campus.dataset.records("lineItems") == before
    assert [one["lineItem"]["sourcedId"] for one in region.campus.dataset.records("results")] == [
        "ic-task-k-t1-final"
    ]


def test_field_failure_74_a_task_bound_to_the_last_period_as_well_is_not_written_over(
    house: House, region: CampusRegion
) -> None:
    sync_district(house, REST)
    assert graded(house, region, "u0,71.5").confirmed == 1
    entries = region.entries()
    for term in entries["district"][0]["term"]:
        term["labels"] = {"grading_task": "Final"}
    load_entries(house, entries, "tester")
    path = region.grade_file([f"{REST},u0,95.0"])
    path.write_text(path.read_text().replace("Final,final", "Mid,progress"))
    collect_from(house, path)
    release(house, REST, "tester")
    assert deliver(house, REST).conflict == 1
    assert letters(region) == {"u0": (71.5, "C")}


def test_field_failure_74_a_file_column_takes_no_grade_of_a_period_it_was_not_bound_for(
    house: House, region: CampusRegion
) -> None:
    columns = [
        {"name": "studentNumber", "value": "student_identifier"},
        {"name": "course", "value": "course_code"},
        {"name": "endYear", "value": "end_year"},
        {"name": "Final", "value": "letter", "task": "Final"},
    ]
    entries = region.by_file({"columns": columns, "bound_terms": ["F1"]}, done_prefix="p_")
    load_entries(house, entries, "tester")
    sync_district(house, REST)
    path = region.grade_file([f"{REST},u0,71.5", f"{REST},u1,88.0"])
    path.write_text(path.read_text().replace("u1,PHYS,S1,Final,final", "u1,PHYS,S1,Mid,progress"))
    collect_from(house, path)
    release(house, REST, "tester")
    counts = deliver(house, REST)
    assert (counts.delivered, counts.rejected) == (1, 1)
    inbox = region.sftp.inbox(FILES)
    (file,) = inbox.glob("*.csv")
    assert file.read_text().splitlines() == [
        "studentNumber,course,endYear,Final", "900000000,ESC-PHYS,2026,C",
    ]  # fmt: skip
    assert "bound to 'Final'" in " ".join(case.message for case in open_cases(house, REST))
    file.rename(inbox / f"p_{file.name}")
    assert deliver(house, REST).confirmed == 1


def test_field_failure_26_extracts_of_last_year_stop_the_district_and_this_years_seat_everybody(
    house: House, region: CampusRegion
) -> None:
    load_entries(house, region.from_extracts(), "tester")
    old = region.campus.dataset.copy()
    days = {"startDate": "2024-08-15", "endDate": "2025-06-10"}
    old.change("academicSessions", "t1", NOW, **days)
    write_files(region.sftp.outgoing(FILES), extracts(old))
    assert sync_district(house, REST).code == "CN30"
    write_files(region.sftp.outgoing(FILES), extracts(region.campus.dataset, delimiter="\t", prefixed=True))
    outcome = sync_district(house, REST)
    assert (outcome.state, outcome.counts["seats"]) == ("finished", 6)
