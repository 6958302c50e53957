"""Campus's extract tables as canonical rows."""

from __future__ import annotations

import pytest

from domain.tables import RosterTable
from mappings.adapting import adapted
from mappings.maps import maps_for
from mappings.normalize import normalize
from tests.mappings.building import source

MAPS = maps_for("infinite_campus")


def canonical(
    source_table: str, table: RosterTable, **columns: list[str | None]
) -> list[dict[str, str | None]]:
    rows = [
        row
        for name, part in adapted(MAPS, source_table, source(**columns)).parts
        for made in normalize(MAPS, name, part)
        if made.table is table
        for row in made.batch.drop_columns(["_place", "status"]).to_pylist()
    ]
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


STUDENT: dict[str, list[str | None]] = {
    "personID": ["7"], "studentNumber": ["0042"], "stateID": [" 123456789 "], "firstName": ["A"],
    "lastName": ["B"], "schoolNumber": ["0310"], "grade": ["09"], "serviceType": ["S"], "noShow": ["0"],
}  # fmt: skip


def test_a_student_is_a_user_led_by_s_with_a_role_in_a_school() -> None:
    (user,) = canonical("students", RosterTable.USERS, **STUDENT)
    assert user == {
        "sourced_id": "s7", "identifier": "0042", "user_ids": "{STN:123456789}", "given_name": "A",
        "family_name": "B", "grades": "09",
    }  # fmt: skip
    (role,) = canonical("students", RosterTable.ROLES, **STUDENT)
    assert (role["sourced_id"], role["org_sourced_id"], role["role_type"]) == (
        "s7:0310:student", "0310", "secondary",
    )  # fmt: skip


@pytest.mark.parametrize("said", ["1", "true", "Y"])
def test_a_student_who_never_came_is_counted_and_left_out(said: str) -> None:
    whole = adapted(MAPS, "students", source(**{**STUDENT, "noShow": [said]}))
    assert [(one.reason, one.rows) for one in whole.left_out] == [("no-shows", 1)]
    assert sum(part.num_rows for _, part in whole.parts) == 0


def test_a_state_number_that_is_blank_is_none() -> None:
    (user,) = canonical("students", RosterTable.USERS, **{**STUDENT, "stateID": [" "]})
    assert "user_ids" not in user


def test_one_person_who_teaches_and_learns_is_two_users() -> None:
    (teacher,) = canonical("staff", RosterTable.USERS, personID=["7"], lastName=["B"], schoolNumber=["0310"])
    assert teacher["sourced_id"] == "t7"


def test_a_section_brings_its_terms_and_its_teachers_seat() -> None:
    section: dict[str, list[str | None]] = {
        "sectionID": ["9", "10"], "sectionNumber": ["2", "3"], "courseID": ["5", "5"],
        "courseNumber": ["PH", "PH"], "schoolNumber": ["0310", "0310"], "termIDs": ["1,2", "1"],
        "teacherPersonID": ["7", " "],
    }  # fmt: skip
    first, _ = canonical("sections", RosterTable.CLASSES, **section)
    assert (first["sourced_id"], first["title"], first["term_sourced_ids"]) == ("9", "PH-2", "1,2")
    (seat,) = canonical("sections", RosterTable.ENROLLMENTS, **section)
    assert (seat["sourced_id"], seat["user_sourced_id"], seat["role"]) == ("9:t7", "t7", "teacher")


def test_a_seat_ends_after_its_last_day_and_has_an_id_without_one_of_its_own() -> None:
    seat: dict[str, list[str | None]] = {
        "personID": ["7"], "sectionID": ["9"], "schoolNumber": ["0310"], "startDate": ["8/15/2025"],
        "endDate": ["06/10/2026"],
    }  # fmt: skip
    (made,) = canonical("roster", RosterTable.ENROLLMENTS, **seat)
    assert made["sourced_id"] == "9:s7"
    assert (made["begin_date"], made["end_date"]) == ("2025-08-15", "2026-06-11")
    (own,) = canonical("roster", RosterTable.ENROLLMENTS, **seat, rosterID=["77"])
    assert own["sourced_id"] == "r77"


def test_schools_bring_the_district_they_are_of_once() -> None:
    schools: dict[str, list[str | None]] = {
        "schoolNumber": ["0310", "0311"], "schoolName": ["High", "Low"], "districtNumber": ["1809301"] * 2,
        "districtName": ["North"] * 2,
    }  # fmt: skip
    first, _, district = canonical("schools", RosterTable.ORGS, **schools)
    assert (first["sourced_id"], first["type"], first["parent_sourced_id"]) == ("0310", "school", "d1809301")
    assert district == {
        "sourced_id": "d1809301", "name": "North", "type": "district", "identifier": "1809301",
    }  # fmt: skip
