"""Grades in the simulated PowerSchool: stored grades, PowerTeacher Pro, and the OneRoster gradebook."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from simulators.powerschool import Manner, Plugin, RunningPowerSchool
from tests.simulators.powerschool import Client, stored
from tests.support.small_region import roster

Open = Callable[..., Client]
STORED = "/ws/schema/table/storedgrades"
FULL = "FullAccess"


@pytest.fixture
def school() -> Iterator[Open]:
    with ExitStack() as stack:
        yield lambda **options: Client(stack.enter_context(RunningPowerSchool(roster(), **options)))


def test_a_grade_is_stored_linked_to_its_section_and_term(school: Open) -> None:
    client = school()
    answer = client.store(grade="A")
    assert answer.status == 201
    key = answer.json["result"][0]["success_message"]["id"]
    row = client.call("GET", f"{STORED}/{key}?projection=sectionid,termid,percent,course_name").json
    assert row["tables"]["storedgrades"] == {
        "sectionid": "2201", "termid": "3501", "percent": "91.2", "course_name": "Physics",
    }  # fmt: skip


def test_a_server_that_links_nothing_keeps_the_year_only(school: Open) -> None:
    client = school(manner=Manner(links_sections=False))
    client.store(course_name="Physics")
    (row,) = client.server.tables.rows("storedgrades")
    assert (row["sectionid"], row["termid"]) == (0, 3500)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"percent": None}, "storedgrades/grade"),
        ({"section_number": None}, "storedgrades/course_name"),
        ({"storecode": "Final"}, "storedgrades/storecode"),
        ({"studentid": 4100}, "storedgrades/studentid"),
        ({"termid": 3501}, "storedgrades/termid"),
    ],
)
def test_a_payload_against_the_rules_names_the_field(school: Open, fields: Any, field: str) -> None:
    answer = school().store(**fields)
    assert (answer.status, answer.json["errors"][0]["field"]) == (400, field)


def test_a_field_that_is_not_granted_in_full_is_named(school: Open) -> None:
    names = ("studentid", "schoolid", "storecode", "course_number")
    access = {"storedgrades": dict.fromkeys(names, FULL) | {"percent": "ViewOnly"}}
    answer = school(plugin=Plugin("narrow", access)).store()
    assert (answer.status, answer.json["errors"][0]["field"]) == (403, "storedgrades.percent")


@pytest.mark.parametrize(
    ("how", "rows", "code"), [("duplicate", 2, 201), ("overwrite", 1, 201), ("refuse", 1, 409)]
)
def test_the_same_code_twice(school: Open, how: Any, rows: int, code: int) -> None:
    client = school(manner=Manner(same_code_twice=how))
    client.store()
    assert client.store(percent=70).status == code
    assert len(client.server.tables.rows("storedgrades")) == rows


def test_an_update_wipes_what_it_leaves_out(school: Open) -> None:
    client = school()
    client.store(grade="A", comment_value="Well done")
    row = {"studentid": 501, "schoolid": 100, "schoolyear": 2025, "storecode": "S1", "percent": 80}
    answer = client.call("PUT", f"{STORED}/9001", stored(**row, course_name="Physics"))
    assert answer.status == 200
    (there,) = client.server.tables.rows("storedgrades")
    assert (there["percent"], there["grade"], there["comment_value"]) == (80, None, None)


def test_grades_are_asked_for_by_a_query_with_a_projection(school: Open) -> None:
    client = school()
    for student in (501, 502):
        client.store(studentid=student)
    client.store(storecode="S2")
    asked = f"{STORED}?q=course_number==ESC-PHYS;storecode==S1&projection=dcid,studentid"
    records = client.call("GET", asked).json["record"]
    assert [one["tables"]["storedgrades"]["studentid"] for one in records] == ["501", "502"]
    assert client.call("GET", f"{STORED}/count?q=storecode==S2,studentid==502").json == {"count": 2}
    assert client.call("GET", f"{STORED}?q=storecode==S1").status == 400
    assert (
        client.call("GET", f"{STORED}?q=nonsense==1&projection=dcid").json["message"]
        == "Invalid field nonsense"
    )
    assert client.call("GET", "/ws/schema/table/students?projection=id").status == 404


def test_a_grade_is_deleted_by_its_dcid(school: Open) -> None:
    client = school()
    client.store()
    assert client.call("DELETE", f"{STORED}/9001").status == 204
    assert client.call("DELETE", f"{STORED}/9001").status == 404


def assignment(name: str = "Physics final", **fields: Any) -> dict[str, Any]:
    section = {
        "sectionsdcid": 700, "name": name, "duedate": "2026-01-16", "scoretype": "POINTS",
        "scoreentrypoints": 100, "totalpointvalue": 100, "weight": 1, "iscountedinfinalgrade": True,
        "_assignmentcategoryassociations": [{"teachercategoryid": 400, "isprimary": True}],
    }  # fmt: skip
    return {"_assignmentsections": [section | fields]}


ASSIGNMENT = "/ws/xte/section/assignment/?users_dcid=6100"
SCORE = "/ws/xte/score?users_dcid=6100&status=A&term_id=3501"


def scores(*points: tuple[int, object], key: int = 9001, **fields: Any) -> dict[str, Any]:
    return {
        "assignment_scores": [
            {"_assignmentsection": {"assignmentsectionid": key}, "studentsdcid": dcid,
             "actualscoreentered": value, "actualscorekind": "REAL_SCORE", **fields}
            for dcid, value in points
        ]
    }  # fmt: skip


def test_an_assignment_and_its_scores_are_kept(school: Open) -> None:
    client = school()
    created = client.call("POST", ASSIGNMENT, assignment())
    assert (created.status, created.json["_assignmentsections"][0]["assignmentsectionid"]) == (201, 9001)
    assert client.call("PUT", SCORE, scores((4100, "91.2"), (4101, "80"))).status == 200
    rows = client.server.tables.rows("assignmentscore")
    assert [(row["studentsdcid"], row["scorepercent"]) for row in rows] == [(4100, 91.2), (4101, 80.0)]
    listed = client.call("GET", ASSIGNMENT + "&section_ids=700").json
    assert [one["_assignmentsections"][0]["name"] for one in listed] == ["Physics final"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "x" * 51}, "name"),
        ({"duedate": "2026-06-10"}, "duedate"),
        ({"scoreentrypoints": 99.5}, "scoreentrypoints"),
        ({"_assignmentcategoryassociations": [{"teachercategoryid": 1}]}, "teachercategoryid"),
    ],
)
def test_an_assignment_against_the_rules_is_a_409_with_a_text(school: Open, fields: Any, field: str) -> None:
    answer = school().call("POST", ASSIGNMENT, assignment(**fields))
    assert (answer.status, answer.json["errors"][0]["field"]) == (409, field)


def test_a_name_is_unique_in_a_section_and_a_category_active(school: Open) -> None:
    client = school()
    client.call("POST", ASSIGNMENT, assignment())
    assert (
        client.call("POST", ASSIGNMENT, assignment()).json["message"] == "Name must be unique in the section"
    )
    client.server.tables.change("teachercategory", 400, isactive=0)
    assert client.call("POST", ASSIGNMENT, assignment("Other")).json["message"] == "Category is not active"
    categories = client.call("GET", "/ws/xte/teacher_category?users_dcid=6100&year_id=35").json
    assert [one["isactive"] for one in categories] == [False, True]


def test_a_long_name_may_be_dropped_without_a_word(school: Open) -> None:
    client = school(manner=Manner(long_titles="drop"))
    assert client.call("POST", ASSIGNMENT, assignment("x" * 60)).status == 201
    assert client.server.tables.rows("assignment") == []


def test_a_score_updates_only_with_its_own_id(school: Open) -> None:
    client = school()
    client.call("POST", ASSIGNMENT, assignment())
    client.call("PUT", SCORE, scores((4100, "91.2")))
    assert client.call("PUT", SCORE, scores((4100, "92"))).status == 409
    assert client.call("PUT", SCORE, scores((4100, "92"), assignmentscoreid=9001)).status == 200
    assert [row["scorepoints"] for row in client.server.tables.rows("assignmentscore")] == [92]


def test_the_first_writes_may_be_answered_with_resubmit(school: Open) -> None:
    client = school(manner=Manner(resubmits=1))
    assert client.call("POST", ASSIGNMENT, assignment()).status == 412
    assert client.call("POST", ASSIGNMENT, assignment()).status == 201


def test_scores_of_a_locked_term_are_refused(school: Open) -> None:
    client = school(manner=Manner(locked_terms=frozenset({"3501"})))
    assert client.call("PUT", SCORE, scores((4100, "91.2"))).json["message"] == "The term is locked"


def test_a_plugin_that_was_never_registered_reads_rosters_and_writes_nothing(school: Open) -> None:
    client = school()
    client.server.registered = False
    root = "/api/ims/oneroster/v1p1"
    assert client.call("GET", f"{root}/users").status == 200
    assert client.call("PUT", f"{root}/lineItems/x", {"lineItem": {}}).status == 403


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, 201),
        ({"title": "x" * 51}, 422),
        ({"category": {"sourcedId": "gone"}}, 422),
        ({"dueDate": "2026-06-10T00:00:00.000Z"}, 422),
        ({"resultValueMax": 99.5}, 422),
    ],
)
def test_a_oneroster_line_item_keeps_powerschools_rules(school: Open, fields: Any, code: int) -> None:
    record = {
        "sourcedId": "li", "title": "Physics final", "class": {"sourcedId": "k"},
        "category": {"sourcedId": "final"}, "gradingPeriod": {"sourcedId": "t1"},
        "assignDate": "2026-01-16T00:00:00.000Z", "dueDate": "2026-01-16T00:00:00.000Z",
        "resultValueMin": 0, "resultValueMax": 100,
    }  # fmt: skip
    answer = school().call("PUT", "/api/ims/oneroster/v1p1/lineItems/li", {"lineItem": record | fields})
    assert answer.status == code
