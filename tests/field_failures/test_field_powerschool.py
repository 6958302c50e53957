"""What goes wrong at PowerSchool districts, met by nights: failures 24 to 49 that its tables bring."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.tables import RosterTable
from simulators.dataset import Dataset
from sisbridge.house import House
from sisbridge.store import roster as roster_store
from sisbridge.store import seats as seat_store
from sisbridge.sync.answers.cases import open_cases
from sisbridge.sync.night import NightOutcome, sync_district
from tests.support.powerschool_region import PowerSchoolRegion
from tests.support.small_region import NOW, REST, roster

SECTION, TERM = 2201, 3501


@pytest.fixture(scope="module")
def by_query(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PowerSchoolRegion]:
    """A PowerSchool district that is read by our plugin's queries."""
    with PowerSchoolRegion(tmp_path_factory.mktemp("ps")) as region:
        yield region


@pytest.fixture
def sis(by_query: PowerSchoolRegion) -> PowerSchoolRegion:
    """The same, holding the small roster and nothing else."""
    by_query.hold(roster())
    return by_query


@pytest.fixture
def store(sis: PowerSchoolRegion, tmp_path: Path) -> Iterator[House]:
    """A house with the region loaded."""
    house = sis.open(f"sqlite:///{tmp_path / 'store.db'}", tmp_path / "home")
    yield house
    house.close()


def rows(house: House, table: RosterTable, *columns: str) -> list[tuple[Any, ...]]:
    """Return some columns of a table of the first district's roster."""
    with house.store.read() as conn:
        found = roster_store.rows(conn, REST, table, ["sourced_id", *columns])
    return [tuple(row.values()) for row in found.to_pylist()]


def ends(house: House) -> dict[str, date | None]:
    """Return when each seat of the first district ends, by student."""
    with house.store.read() as conn:
        return {str(seat.student): seat.end_date for seat in seat_store.seats(conn, REST)}


def night(house: House) -> NightOutcome:
    """Run a night of the first district that finishes with nothing held."""
    outcome = sync_district(house, REST)
    assert (outcome.state, outcome.code) == ("finished", "")
    assert outcome.counts["quarantined"] == 0
    return outcome


def rules(house: House) -> dict[str, int]:
    """Return the rules of the first district's open cases, with their rows."""
    return {case.rule: case.rows for case in open_cases(house, REST)}


def test_a_night_by_powerquery_seats_the_students_and_the_next_changes_nothing(
    store: House, sis: PowerSchoolRegion
) -> None:
    assert night(store).counts["seats"] == 6
    assert night(store).counts["changes"] == 0
    assert rows(store, RosterTable.USERS, "identifier")[0] == ("S501", "900000000")
    assert sis.sis.writes == 0


def test_field_failure_26_a_powerschool_of_last_year_holds_the_feed(tmp_path: Path) -> None:
    with PowerSchoolRegion(tmp_path, kind="powerschool_oneroster") as region:
        house = region.open(f"sqlite:///{tmp_path / 'store.db'}", tmp_path / "home")
        assert sync_district(house, REST).state == "finished"
        region.hold(of_last_year())
        assert sync_district(house, REST).code == "FL15"
        with house.store.read() as conn:
            assert roster_store.count(conn, REST)[RosterTable.USERS] == 6
        house.close()


def test_field_failure_27_last_years_copy_that_stays_as_it_was_is_held_when_its_year_is_over(
    tmp_path: Path,
) -> None:
    with PowerSchoolRegion(tmp_path, kind="powerschool_oneroster") as region:
        house = region.open(f"sqlite:///{tmp_path / 'store.db'}", tmp_path / "home")
        assert sync_district(house, REST).state == "finished"
        region.load(house, NOW + timedelta(days=220))
        assert sync_district(house, REST).code == "FL15"
        house.close()


def of_last_year() -> Dataset:
    """Return the small roster with the sessions of the year before."""
    dataset = roster()
    days = {"startDate": "2024-08-15", "endDate": "2025-06-10", "schoolYear": "2025"}
    for session in dataset.records("academicSessions"):
        dataset.change("academicSessions", session["sourcedId"], NOW, **days)
    return dataset


def test_field_failure_29_ids_with_stray_blanks_are_the_same_ids(tmp_path: Path) -> None:
    with PowerSchoolRegion(tmp_path, kind="powerschool_oneroster") as region:
        house = region.open(f"sqlite:///{tmp_path / 'store.db'}", tmp_path / "home")
        region.hold(padded(roster()))
        assert night(house).counts["seats"] == 6
        region.hold(roster())
        assert night(house).counts["changes"] == 0
        house.close()


def padded(dataset: Dataset) -> Dataset:
    """Give every user's id blanks around it, in some places and not in others."""
    for user in dataset.records("users"):
        dataset.drop("users", user["sourcedId"])
        dataset.add("users", {**user, "sourcedId": f" {user['sourcedId']} "}, NOW)
    for seat in dataset.records("enrollments")[::2]:
        owner = {"sourcedId": f"{seat['user']['sourcedId']} ", "type": "user"}
        dataset.change("enrollments", seat["sourcedId"], NOW, user=owner)
    return dataset


def test_field_failure_31_a_teacher_listed_once_per_school_is_one_user_with_every_school(
    store: House, sis: PowerSchoolRegion
) -> None:
    tables = sis.sis.tables
    (staff,) = tables.rows("schoolstaff")
    tables.add("schools", {"dcid": 12, "id": 2, "school_number": 200, "name": "Second"})
    tables.add("schoolstaff", {"users_dcid": staff["users_dcid"], "schoolid": 200, "status": 1})
    night(store)
    teacher = f"T{staff['users_dcid']}"
    assert [row[0] for row in rows(store, RosterTable.USERS) if row[0].startswith("T")] == [teacher]
    held = rows(store, RosterTable.ROLES, "org_sourced_id", "role_type")
    assert [row[1:] for row in held if row[0].startswith(teacher)] == [
        ("100", "primary"),
        ("200", "secondary"),
    ]


def test_field_failure_41_a_drop_with_negative_ids_ends_the_seat_in_the_section_it_names(
    store: House, sis: PowerSchoolRegion
) -> None:
    night(store)
    drop(sis, 8000, "2026-01-12")
    night(store)
    assert {student for student, end in ends(store).items() if end == date(2026, 1, 12)} == {"S501"}
    assert ("CC8000", str(SECTION)) in rows(store, RosterTable.ENROLLMENTS, "class_sourced_id")


def test_field_failure_42_the_day_left_is_the_day_after_and_gets_no_day_more(
    store: House, sis: PowerSchoolRegion
) -> None:
    drop(sis, 8001, "2026-01-12")
    night(store)
    enrollments = {row[0]: row[1] for row in rows(store, RosterTable.ENROLLMENTS, "end_date")}
    assert (enrollments["CC8001"], enrollments["CC8002"]) == ("2026-01-12", "2026-06-10")
    (term,) = sis.sis.tables.rows("terms", id=TERM)
    sessions = {row[0]: row[1] for row in rows(store, RosterTable.ACADEMIC_SESSIONS, "end_date")}
    assert (term["lastday"], sessions[f"100:{TERM}"]) == ("2026-06-09", "2026-06-10")


def test_field_failure_43_a_no_show_takes_no_seat_and_is_counted(
    store: House, sis: PowerSchoolRegion
) -> None:
    drop(sis, 8002, "2025-08-15")
    drop(sis, 8003, "2025-08-14")
    assert night(store).counts["seats"] == 4
    assert rules(store)["FL40"] == 1
    (case,) = (case for case in open_cases(store, REST) if case.rule == "FL40")
    assert case.message.startswith("2 rows of cc were left out: no-shows")


def test_field_failure_49_home_rooms_and_sections_without_students_are_classes_and_no_seats(
    store: House, sis: PowerSchoolRegion
) -> None:
    tables = sis.sis.tables
    (section,) = tables.rows("sections")
    tables.add("courses", {"dcid": 301, "course_number": "HR", "course_name": "Home Room"})
    for dcid, course in ((701, "HR"), (702, section["course_number"])):
        tables.add("sections", {**section, "dcid": dcid, "id": 2000 + dcid, "course_number": course})
    (seat,) = tables.rows("cc", dcid=8000)
    tables.add("cc", {**seat, "dcid": 8900, "id": 79_000, "sectionid": 2701, "course_number": "HR"})
    assert night(store).counts["seats"] == 6
    assert len(rows(store, RosterTable.CLASSES)) == 3


def test_a_student_who_dropped_and_came_back_to_the_section_has_one_open_seat(
    store: House, sis: PowerSchoolRegion
) -> None:
    (seat,) = sis.sis.tables.rows("cc", dcid=8000)
    drop(sis, 8000, "2025-09-02")
    sis.sis.tables.add("cc", {**seat, "dcid": 8901, "id": 79_001, "dateenrolled": "2025-09-15"})
    assert night(store).counts["seats"] == 6
    assert ends(store)["S501"] == date(2026, 6, 10)


def drop(region: PowerSchoolRegion, dcid: int, left: str) -> None:
    """Drop an enrollment as PowerSchool does: a minus before its ids, and the day after the last one."""
    region.sis.tables.change("cc", dcid, sectionid=-SECTION, termid=-TERM, dateleft=left)
