"""PowerSchool's tables as canonical rows: its signs, dates, ids and logins."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.tables import RosterTable
from mappings.adapting import LeftOut, adapted
from mappings.maps import maps_for
from mappings.normalize import normalize
from mappings.powerschool import signs
from tests.mappings.building import source

MAPS = maps_for("powerschool")


def canonical(
    source_table: str, table: RosterTable, **columns: list[str | None]
) -> list[dict[str, str | None]]:
    """Return the canonical rows of one table that a source batch comes to, without what is null."""
    rows = [
        row
        for name, part in adapted(MAPS, source_table, source(**columns)).parts
        for made in normalize(MAPS, name, part)
        if made.table is table
        for row in made.batch.drop_columns(["_place", "status"]).to_pylist()
    ]
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def texts(*values: str | None) -> pa.StringArray:
    return pa.array(values, pa.string())


def test_a_minus_before_a_section_marks_a_drop_and_is_no_part_of_the_id() -> None:
    assert signs.unsigned(texts("-2201", "2202", " -3501", None)).to_pylist() == [
        "2201",
        "2202",
        "3501",
        None,
    ]
    assert signs.is_dropped(texts("-2201", "2202", None)).to_pylist() == [True, False, False]


@pytest.mark.parametrize(
    ("enrolled", "left", "no_show"),
    [
        ("2025-08-15", "2025-08-15", True),
        ("8/15/2025", "8/14/2025", True),
        ("2025-08-15", "2025-08-16", False),
        ("2025-08-15", None, False),
        ("2025-08-15", "0/0/0", False),
        ("soon", "2025-08-15", False),
    ],
)
def test_who_left_on_the_day_of_enrolling_or_before_never_came(
    enrolled: str, left: str | None, no_show: bool
) -> None:
    assert signs.is_no_show(texts(enrolled), texts(left)).to_pylist() == [no_show]


def test_the_last_day_of_a_term_becomes_the_day_after_and_no_date_stays_none() -> None:
    assert signs.day_after(texts("2025-12-31", "6/5/2026", "0/0/0", "soon", None)).to_pylist() == [
        "2026-01-01",
        "2026-06-06",
        None,
        "soon",
        None,
    ]


def test_only_status_zero_is_active() -> None:
    assert signs.enabled(texts("0", "-1", "2", "3", None)).to_pylist() == [
        "true", "false", "false", "false", None,
    ]  # fmt: skip


def test_logins_that_mark_a_disabled_account_are_dropped() -> None:
    assert signs.logins(texts("##mq", " ~~mq", "mq", "m##q")).to_pylist() == [None, None, "mq", "m##q"]


def test_the_district_that_schools_name_by_number_is_an_organization() -> None:
    orgs = canonical(
        "schools", RosterTable.ORGS,
        dcid=["1", "2", "3", "4"], school_number=["10", "20", "30", "999999"],
        name=["A", "B", "C", "Graduated Students"], district_number=["5250", "5250", "0", "5250"],
    )  # fmt: skip
    assert [(row["sourced_id"], row["type"], row.get("parent_sourced_id")) for row in orgs] == [
        ("10", "school", "D5250"),
        ("20", "school", "D5250"),
        ("30", "school", None),
        ("D5250", "district", None),
    ]
    bare = canonical("schools", RosterTable.ORGS, dcid=["1"], school_number=["10"], name=["A"])
    assert [row["sourced_id"] for row in bare] == ["10"]


def test_terms_are_paired_with_their_school_and_read_never_computed_below_the_year() -> None:
    terms = canonical(
        "terms", RosterTable.ACADEMIC_SESSIONS,
        dcid=["1", "2", "3"], id=["3500", "3507", "3509"], schoolid=["10", "10", "20"],
        yearid=["35", "35", "35"], name=["Year", "First Half", "Quarter 3"], isyearrec=["1", "0", "0"],
        portion=["1", "2", "4"], firstday=["8/15/2025", "8/15/2025", "1/5/2026"],
        lastday=["6/5/2026", "12/19/2025", "3/13/2026"],
    )  # fmt: skip
    assert [(row["sourced_id"], row["type"], row.get("parent_sourced_id")) for row in terms] == [
        ("10:3500", "schoolYear", None),
        ("10:3507", "semester", "10:3500"),
        ("20:3509", "term", "20:3500"),
    ]
    assert {row["school_year"] for row in terms} == {"2026"}
    assert (terms[1]["start_date"], terms[1]["end_date"]) == ("2025-08-15", "2025-12-20")


def test_a_section_is_a_class_of_its_course_and_its_teacher_an_enrollment() -> None:
    columns: dict[str, list[str | None]] = {
        "dcid": ["700", "701"], "id": ["2201", "2202"], "schoolid": ["10", "10"], "termid": ["3501", "3501"],
        "course_number": ["PH1", "PH1"], "section_number": ["1", "2"], "users_dcid": ["6100", None],
    }  # fmt: skip
    assert canonical("sections", RosterTable.CLASSES, **columns)[0] == {
        "sourced_id": "2201", "title": "PH1.1", "class_code": "1", "class_type": "scheduled",
        "course_sourced_id": "PH1", "school_sourced_id": "10", "term_sourced_ids": "10:3501",
    }  # fmt: skip
    assert canonical("sections", RosterTable.ENROLLMENTS, **columns) == [
        {
            "sourced_id": "2201:T6100", "class_sourced_id": "2201", "school_sourced_id": "10",
            "user_sourced_id": "T6100", "role": "teacher", "primary": "true",
        }
    ]  # fmt: skip


def test_a_student_has_the_state_number_and_a_grade_level_below_kindergarten_too() -> None:
    columns: dict[str, list[str | None]] = {
        "dcid": ["4100", "4101"], "id": ["501", "502"], "schoolid": ["10", "10"],
        "student_number": ["0012", "13"], "state_studentnumber": ["T123", None], "enroll_status": ["0", "2"],
        "first_name": ["A", "B"], "last_name": ["C", "D"], "grade_level": ["0", "-3"],
        "student_web_id": ["ac", "##bd"],
    }  # fmt: skip
    assert canonical("students", RosterTable.USERS, **columns) == [
        {
            "sourced_id": "S501", "enabled_user": "true", "username": "ac", "user_ids": "{stateId:T123}",
            "given_name": "A", "family_name": "C", "identifier": "0012", "grades": "KG",
        },
        {
            "sourced_id": "S502", "enabled_user": "false", "given_name": "B", "family_name": "D",
            "identifier": "13", "grades": "PR",
        },
    ]  # fmt: skip
    assert [row["sourced_id"] for row in canonical("students", RosterTable.ROLES, **columns)] == [
        "S501:10:student",
        "S502:10:student",
    ]


def test_a_graduate_stays_a_user_and_has_no_role_at_the_school_that_is_none() -> None:
    columns: dict[str, list[str | None]] = {
        "id": ["501"], "schoolid": ["999999"], "first_name": ["A"], "last_name": ["B"], "enroll_status": ["3"]
    }  # fmt: skip
    assert [row["sourced_id"] for row in canonical("students", RosterTable.USERS, **columns)] == ["S501"]
    assert canonical("students", RosterTable.ROLES, **columns) == []


def test_a_teacher_at_two_schools_is_one_user_with_a_role_at_each() -> None:
    columns: dict[str, list[str | None]] = {
        "dcid": ["9100", "9101", "9102"], "users_dcid": ["6100", "6100", "6200"],
        "schoolid": ["10", "20", "0"], "homeschoolid": ["20", "20", "0"], "teachernumber": ["77", "77", "78"],
        "first_name": ["A", "A", "X"], "last_name": ["B", "B", "Y"], "loginid": ["##ab", "##ab", "xy"],
        "email_addr": ["ab@k.example", "ab@k.example", None], "status": ["1", "2", "1"],
    }  # fmt: skip
    users = canonical("staff", RosterTable.USERS, **columns)
    assert users[0] == users[1]
    assert (users[0]["sourced_id"], users[0]["username"]) == ("T6100", "ab@k.example")
    assert [
        (row["sourced_id"], row["role_type"]) for row in canonical("staff", RosterTable.ROLES, **columns)
    ] == [("T6100:10:teacher", "secondary"), ("T6100:20:teacher", "primary")]
    assert adapted(MAPS, "staff", source(**columns)).left_out == (
        LeftOut("staff", "staff of the district office", 1, "file.csv:4", said=False),
    )


def test_an_enrollment_ends_on_the_day_left_and_a_no_show_is_said_not_lost() -> None:
    columns: dict[str, list[str | None]] = {
        "dcid": ["1", "2", "3", "4"], "studentid": ["501", "502", "503", "504"], "schoolid": ["10"] * 4,
        "sectionid": ["2201", "-2201", "-2201", "-2201"], "termid": ["3501", "-3501", "-3501", "-3501"],
        "dateenrolled": ["8/15/2025"] * 4, "dateleft": ["12/20/2025", "9/2/2025", "8/15/2025", "0/0/0"],
    }  # fmt: skip
    made = adapted(MAPS, "cc", source(**columns))
    rows = normalize(MAPS, "cc", made.parts[0][1])[0].batch.to_pylist()
    found = [
        (row["sourced_id"], row["class_sourced_id"], row["end_date"], row["status"], row["user_sourced_id"])
        for row in rows
    ]
    assert found == [
        ("CC1", "2201", "2025-12-20", "active", "S501"),
        ("CC2", "2201", "2025-09-02", "active", "S502"),
        ("CC4", "2201", None, "tobedeleted", "S504"),
    ]
    assert [(one.rows, one.place, one.said) for one in made.left_out] == [(1, "file.csv:4", True)]


DAY = st.dates(date(1990, 1, 1), date(2090, 1, 1))


@given(DAY, DAY)
def test_an_enrollment_is_a_no_show_exactly_when_no_day_lies_between(enrolled: date, left: date) -> None:
    written = (f"{enrolled.month}/{enrolled.day}/{enrolled.year}", left.isoformat())
    found = signs.is_no_show(texts(written[0]), texts(written[1])).to_pylist()
    assert found == [(left - enrolled).days <= 0]


@given(st.lists(st.integers(-99_999, 99_999).map(str)))
def test_a_sign_says_dropped_and_the_number_says_which(ids: list[str]) -> None:
    column = texts(*ids)
    assert signs.unsigned(column).to_pylist() == [str(abs(int(one))) for one in ids]
    assert signs.is_dropped(column).to_pylist() == [one.startswith("-") for one in ids]
