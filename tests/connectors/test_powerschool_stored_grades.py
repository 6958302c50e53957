"""Grades of record into PowerSchool: what is looked up, stored, corrected, proved and left alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from connectors.powerschool.grade_settings import StoredGradeSettings
from connectors.powerschool.stored_grades import ROUTE, PowerSchoolStoredGradesSink
from connectors.protocol import RouteLimits
from domain.clock import FixedClock
from domain.errors import SisbridgeError, StopDistrict
from domain.grading import GradeKind, GradePayload, GradeValue, Mark, Outcome, Receipt
from simulators.oneroster.faults import Fault, FaultKind
from simulators.powerschool import Manner, Plugin, RunningPowerSchool
from tests.conformance.canaries import AT, roster
from tests.conformance.sink_work import LETTER, NORTH, Work, payload, work
from tests.support.powerschool import our_plugin, reach_plugin

Start = Callable[..., RunningPowerSchool]


@pytest.fixture
def start() -> Iterator[Start]:
    """Return a function that starts a PowerSchool with the kit's class and our plugin."""
    with ExitStack() as stack:

        def go(**options: Any) -> RunningPowerSchool:
            options = {"plugin": our_plugin(ROUTE), "clock": FixedClock(AT)} | options
            return stack.enter_context(RunningPowerSchool(roster(), **options))

        yield go


def sink(server: RunningPowerSchool, **changes: Any) -> PowerSchoolStoredGradesSink:
    settings = StoredGradeSettings.model_validate(reach_plugin(server, **changes))
    return PowerSchoolStoredGradesSink(NORTH, settings, clock=FixedClock(AT))


def grade(student: str = "u1", percent: str = "83.7", **changes: Any) -> GradePayload:
    return replace(payload(student, percent), **changes)


def send(route: PowerSchoolStoredGradesSink, *payloads: GradePayload) -> list[Receipt]:
    return deliver(route, work(ROUTE, *payloads))


def deliver(route: PowerSchoolStoredGradesSink, made: Work) -> list[Receipt]:
    """Deliver as the house does: read, prepare, write; return the receipts in the items' order."""
    items, payloads = made
    route.current(list(payloads.values()))
    route.prepare(list(payloads.values()))
    found = {receipt.item_id: receipt for receipt in route.deliver(items, payloads)}
    return [found[item.item_id] for item in items]


def rows(server: RunningPowerSchool) -> list[dict[str, Any]]:
    return server.tables.rows("storedgrades")


def test_a_grade_is_stored_with_all_that_ties_it_to_student_section_term_and_school(start: Start) -> None:
    server = start()
    (receipt,) = send(sink(server), grade(comment="Steady"))
    (row,) = rows(server)
    assert (receipt.outcome, receipt.remote) == (Outcome.DELIVERED, str(row["dcid"]))
    assert {name: value for name, value in row.items() if value is not None} == {
        "dcid": 9001, "id": 59001, "studentid": 501, "schoolid": 100, "schoolname": "School",
        "sectionid": 2201, "termid": 3501, "storecode": "S1", "course_number": "PH", "course_name": "Physics",
        "grade": LETTER, "percent": 83.7, "grade_level": 9, "teacher_name": "Quillfeather, Zanzibara",
        "comment_value": "Steady", "datestored": "2026-01-20",
    }  # fmt: skip


def test_a_class_is_looked_up_by_one_question_however_many_students(start: Start) -> None:
    server = start()
    route = sink(server)
    made = work(ROUTE, *(grade(one) for one in ("u1", "u-2", "u.3", "a/b", "x@y", "u 6", "u7")))
    deliver(route, made)
    assert server.requests["POST schema/table/storedgrades"] == 7
    assert server.requests["POST schema/query"] == 2  # before writing, and a look at the first one stored
    server.forget_requests()
    assert all(route.current(list(made[1].values())).values())
    assert server.requests == {"POST schema/query": 1}


def test_a_list_longer_than_the_plugins_pages_is_read_whole(start: Start) -> None:
    server = start(manner=Manner(page_size=2))
    receipts = send(sink(server, page_size=500), *(grade(one) for one in ("u1", "u7", "U7")))
    assert [receipt.outcome for receipt in receipts] == [Outcome.DELIVERED] * 3


def test_a_correction_is_put_over_the_row_we_stored_with_all_that_stands_in_it(start: Start) -> None:
    server = start()
    route = sink(server)
    send(route, grade(comment="Steady"))
    server.tables.change("storedgrades", 9001, behavior="S", earnedcrhrs=1, excludefromgpa=1)
    (receipt,) = send(route, grade(percent="91.2", comment="Steady"))
    (row,) = rows(server)
    assert receipt.outcome is Outcome.DELIVERED
    assert (row["percent"], row["grade"], row["comment_value"]) == (91.2, LETTER, "Steady")
    assert (row["behavior"], row["earnedcrhrs"], row["excludefromgpa"]) == ("S", 1, 1)


def test_what_is_printed_of_a_grade_stays_as_it_was_when_it_is_corrected_later(start: Start) -> None:
    server = start()
    route = sink(server)
    send(route, grade())
    server.tables.change("students", 4100, grade_level=10)
    server.tables.change("schools", 11, name="Renamed")
    send(route, grade(percent="91.2"))
    (row,) = rows(server)
    assert (row["percent"], row["grade_level"], row["schoolname"]) == (91.2, 9, "School")


def test_a_letter_that_is_not_ours_to_send_stays_when_the_percent_is_corrected(start: Start) -> None:
    server = start()
    route = sink(server, send_letter=False)
    send(route, grade())
    server.tables.change("storedgrades", 9001, grade="B")
    send(route, grade(percent="84.1"))
    (row,) = rows(server)
    assert (row["percent"], row["grade"]) == (84.1, "B")


def test_a_letter_alone_is_proven_where_powerschool_shows_no_percent_as_zero(start: Start) -> None:
    server = start()
    route = sink(server)
    made = work(ROUTE, grade(value=GradeValue(None, "B")))
    deliver(route, made)
    server.tables.change("storedgrades", 9001, percent=0)
    (held,) = route.current(list(made[1].values())).values()
    assert held is not None
    assert held.value == GradeValue(None, "B")


@pytest.mark.parametrize("erasing", [True, False])
def test_a_correction_to_a_mark_leaves_no_percent_and_no_comment_behind(start: Start, erasing: bool) -> None:
    server = start(manner=Manner(blanks_erase=erasing))
    route = sink(server, mark_codes={"incomplete": "I"})
    send(route, grade(comment="Steady"))
    made = work(ROUTE, grade(value=GradeValue(None, None, Mark.INCOMPLETE), comment=""))
    deliver(route, made)
    (row,) = rows(server)
    assert (row["grade"], row["percent"], row["comment_value"]) == ("I", None, None)
    (held,) = route.current(list(made[1].values())).values()
    assert held is not None
    assert (held.value, held.comment) == (GradeValue(None, None, Mark.INCOMPLETE), "")


def test_a_grade_stored_without_an_answer_is_recognised_and_may_be_withdrawn(start: Start) -> None:
    server = start()
    route = sink(server)
    made = work(ROUTE, grade())
    server.faults.add(Fault(FaultKind.LOST_ANSWER, path="schema/table/storedgrades", method="POST"))
    assert [one.outcome for one in deliver(route, made)] == [Outcome.UNKNOWN]
    assert all(route.current(list(made[1].values())).values())
    assert list(route.learnt().values()) == ["9001"]
    assert [one.outcome for one in route.withdraw(*made)] == [Outcome.DELIVERED]


def test_a_grade_that_was_not_shown_first_is_never_overwritten(start: Start) -> None:
    server = start()
    send(sink(server), grade())
    items, payloads = work(ROUTE, grade(percent="91.2"))
    (receipt,) = sink(server).deliver(items, payloads)
    assert receipt.outcome is Outcome.CONFLICT
    assert rows(server)[0]["percent"] == 83.7


def test_of_two_rows_under_one_code_the_one_that_is_not_wanted_is_shown(start: Start) -> None:
    server = start()
    route = sink(server)
    made = work(ROUTE, grade())
    deliver(route, made)
    server.tables.add("storedgrades", rows(server)[0] | {"dcid": 9002, "percent": 60})
    (held,) = route.current(list(made[1].values())).values()
    assert held is not None
    assert (held.remote_id, held.value.percent) == ("9002", Decimal("60.0"))


def test_an_external_grade_of_the_same_name_is_seen(start: Start) -> None:
    server = start()
    entered = {"studentid": 501, "schoolid": 100, "storecode": "S1", "termid": 3500, "course_name": "Physics"}
    server.tables.add("storedgrades", {**entered, "percent": 70, "sectionid": 0})
    _, payloads = work(ROUTE, grade())
    (held,) = sink(server).current(list(payloads.values())).values()
    assert held is not None
    assert held.value == GradeValue(Decimal("70.0"), None)


def test_a_grade_of_another_course_of_the_same_name_is_not_taken_for_ours(start: Start) -> None:
    server = start()
    other = {"studentid": 501, "schoolid": 100, "storecode": "S1", "termid": 3501, "course_name": "Physics"}
    server.tables.add("storedgrades", {**other, "course_number": "PH-OLD", "percent": 83.7, "grade": LETTER})
    (receipt,) = send(sink(server), grade())
    assert receipt.outcome is Outcome.DELIVERED
    assert [row["course_number"] for row in rows(server)] == ["PH-OLD", "PH"]


def test_a_server_that_links_nothing_gets_no_second_grade_and_the_first_is_taken_back(start: Start) -> None:
    server = start(manner=Manner(links_sections=False))
    receipts = send(sink(server), grade(), grade("u7"))
    assert [receipt.outcome for receipt in receipts] == [Outcome.REJECTED] * 2
    assert "tied the first grade stored to no section" in receipts[0].message
    assert rows(server) == []
    assert server.requests["POST schema/table/storedgrades"] == 1


def test_a_page_of_a_proxy_in_the_place_of_an_answer_is_a_doubt_and_no_grade_astray(start: Start) -> None:
    server = start()
    server.faults.add(Fault(FaultKind.HTML, path="schema/table/storedgrades", method="POST"))
    receipts = send(sink(server), grade(), grade("u7"))
    assert [receipt.outcome for receipt in receipts] == [Outcome.UNKNOWN, Outcome.DELIVERED]
    assert "A web page came in the place of PowerSchool's answer" in receipts[0].message
    assert len(rows(server)) == 1


def test_a_grade_astray_that_cannot_be_taken_back_is_named_for_the_registrar(start: Start) -> None:
    server = start(manner=Manner(links_sections=False))
    server.faults.add(
        Fault(FaultKind.STATUS, path="schema/table/storedgrades/*", method="DELETE", status=409)
    )
    receipts = send(sink(server), grade(), grade("u7"))
    assert [receipt.outcome for receipt in receipts] == [Outcome.REJECTED] * 2
    assert "could not be taken back, and no other was sent" in receipts[0].message
    assert "StoredGrades with DCID 9001 first" in receipts[0].fix
    assert len(rows(server)) == 1


def test_an_unlinked_grade_may_stay_where_the_district_says_so(start: Start) -> None:
    server = start(manner=Manner(links_sections=False))
    receipts = send(sink(server, require_link=False), grade(), grade("u7"))
    assert [receipt.outcome for receipt in receipts] == [Outcome.DELIVERED] * 2


@pytest.mark.parametrize("manner", [Manner(school_year="end"), Manner(student_key="dcid")])
def test_a_grade_that_goes_to_another_year_or_student_is_taken_back(start: Start, manner: Manner) -> None:
    server = start(manner=manner)
    if manner.student_key == "dcid":
        # The number that is one student's ID is another's DCID.
        server.tables.change("students", 4106, dcid=501)
    else:
        server.tables.change("sections", 700, termid=3501)
        server.tables.add(
            "sections", server.tables.rows("sections")[0] | {"dcid": 701, "id": 9, "termid": 3401}
        )
    receipts = send(sink(server), grade(), grade("u-2"))
    assert [receipt.outcome for receipt in receipts] == [Outcome.REJECTED] * 2
    assert "did not appear for its student and school year" in receipts[0].message
    assert rows(server) == []


def test_the_year_is_said_as_the_server_takes_it(start: Start) -> None:
    server = start(manner=Manner(school_year="end"))
    (receipt,) = send(sink(server, school_year_is="end"), grade())
    assert receipt.outcome is Outcome.DELIVERED
    assert rows(server)[0]["termid"] == 3501


def granting(name: str, access: str) -> Plugin:
    """Return our plugin with another access to one field of StoredGrades, "" for none."""
    installed = our_plugin(ROUTE)
    granted = {table: dict(fields) for table, fields in (installed.access or {}).items()}
    granted["storedgrades"][name] = access
    return replace(installed, access=granted)


def test_a_field_the_plugin_may_not_write_stops_the_district_and_is_named(start: Start) -> None:
    server = start(plugin=granting("percent", "ViewOnly"))
    with pytest.raises(StopDistrict, match=r"FullAccess on STOREDGRADES\.PERCENT is missing") as stopped:
        send(sink(server), grade())
    assert stopped.value.code == "WB64"
    assert rows(server) == []


def test_a_query_that_may_not_show_what_stands_stops_the_district_before_a_write(start: Start) -> None:
    server = start(plugin=granting("dcid", ""))
    with pytest.raises(StopDistrict, match=r"leaves out STOREDGRADES\.DCID"):
        send(sink(server), grade())
    assert server.writes == 0


def test_a_refusal_names_the_field_and_not_what_was_in_it(start: Start) -> None:
    server = start()
    (receipt,) = send(sink(server), grade(labels={"label": "Final"}))
    assert receipt.outcome is Outcome.REJECTED
    assert receipt.message == (
        "PowerSchool refused this grade with code 400: the store code is not valid there "
        "(STOREDGRADES.STORECODE)"
    )


def test_a_closed_store_window_keeps_the_grade_waiting_and_names_code_and_year(start: Start) -> None:
    server = start(manner=Manner(store_window_open=False))
    (receipt,) = send(sink(server), grade())
    assert receipt.outcome is Outcome.WAITING
    assert "S1 of 2026" in receipt.message


def test_a_student_who_cannot_be_placed_is_refused_alone(start: Start) -> None:
    server = start()
    receipts = send(sink(server), grade(student_identifier="1"), grade("u7"))
    assert [receipt.outcome for receipt in receipts] == [Outcome.REJECTED, Outcome.DELIVERED]
    assert "no student of this number" in receipts[0].message


def test_a_student_without_a_grade_level_keeps_nobody_from_a_grade(start: Start) -> None:
    server = start()
    server.tables.change("students", 4106, grade_level=None)
    receipts = send(sink(server), grade(), grade("u7"))
    assert [receipt.outcome for receipt in receipts] == [Outcome.DELIVERED] * 2


def test_two_students_of_one_number_are_both_left_alone(start: Start) -> None:
    server = start()
    number = server.tables.rows("students")[0]["student_number"]
    server.tables.change("students", 4101, student_number=number)
    (receipt,) = send(sink(server), grade())
    assert (receipt.outcome, rows(server)) == (Outcome.REJECTED, [])
    assert "several students of this number" in receipt.message


def test_a_student_of_the_same_number_in_another_districts_server_is_nobody_of_ours(start: Start) -> None:
    server = start()
    server.tables.change("students", 4100, state_studentnumber="012345678")
    (receipt,) = send(sink(server), grade(state_identifier="876543210"))
    assert (receipt.outcome, rows(server)) == (Outcome.REJECTED, [])
    assert "not the same person" in receipt.message


def test_check_tells_whose_powerschool_it_is(start: Start) -> None:
    server = start()
    seen = sink(server).check().orgs
    assert seen is not None
    (batch,) = seen.batches
    assert (seen.version, batch.column("school_number").to_pylist()) == ("powerschool", ["100"])


def test_a_state_number_is_matched_with_every_zero(start: Start) -> None:
    server = start()
    server.tables.change("students", 4100, state_studentnumber="012345678")
    route = sink(server, student_by="state_studentnumber")
    (short,) = send(route, grade(state_identifier="12345678"))
    (whole,) = send(route, grade(state_identifier="012345678"))
    assert (short.outcome, whole.outcome) == (Outcome.REJECTED, Outcome.DELIVERED)


def _second_section(server: RunningPowerSchool, sign: int = 1) -> None:
    """Put the first student into a second section of the course, of the year's own term."""
    first = server.tables.rows("sections")[0]
    server.tables.add("sections", first | {"dcid": 701, "id": 2299, "section_number": "9", "termid": 3500})
    seat = server.tables.rows("cc", studentid=501)[0]
    server.tables.add("cc", seat | {"dcid": 8999, "id": 1, "sectionid": sign * 2299, "termid": sign * 3500})


def test_the_section_is_the_one_the_student_was_not_dropped_from(start: Start) -> None:
    server = start()
    _second_section(server, sign=-1)
    send(sink(server), grade(labels={"label": "S1"}))
    assert rows(server)[0]["sectionid"] == 2201


def test_a_dropped_section_of_the_grades_own_term_goes_before_a_seat_in_another_term(start: Start) -> None:
    server = start()
    _second_section(server)
    for seat in server.tables.rows("cc", studentid=501, sectionid=2201):
        server.tables.change("cc", seat["dcid"], sectionid=-2201, termid=-seat["termid"])
    send(sink(server), grade())
    assert rows(server)[0]["sectionid"] == 2201


def test_of_several_sections_the_terms_number_decides(start: Start) -> None:
    server = start()
    _second_section(server)
    send(sink(server), grade())
    assert rows(server)[0]["sectionid"] == 2201
    (receipt,) = send(sink(server), grade(labels={"label": "S1"}))
    assert receipt.outcome is Outcome.REJECTED
    assert "several sections" in receipt.message


def test_a_mark_goes_as_the_districts_code_without_a_percent(start: Start) -> None:
    server = start()
    route = sink(server, mark_codes={"incomplete": "I"})
    made = work(ROUTE, grade(value=GradeValue(None, None, Mark.INCOMPLETE)))
    deliver(route, made)
    (row,) = rows(server)
    assert (row["grade"], row["percent"]) == ("I", None)
    server.tables.change("storedgrades", row["dcid"], percent=0)
    (held,) = route.current(list(made[1].values())).values()
    assert held is not None
    assert held.value == GradeValue(None, None, Mark.INCOMPLETE)


def test_limits_tell_which_marks_have_a_code(start: Start) -> None:
    server = start()
    assert sink(server, mark_codes={"pass": "P"}, comment_length=250).limits() == RouteLimits(
        comment_length=250, marks=frozenset({Mark.GRADED, Mark.PASS})
    )


def test_a_progress_grade_is_kept_out_of_averages_and_transcripts(start: Start) -> None:
    server = start()
    send(sink(server), grade(kind=GradeKind.PROGRESS, labels={"store_code": "P1"}))
    (row,) = rows(server)
    assert [row[name] for name in row if name.startswith("excludefrom")] == [1] * 6


def test_no_credit_is_sent_unless_the_district_says_so(start: Start) -> None:
    server = start()
    send(sink(server), grade())
    assert [rows(server)[0][name] for name in ("earnedcrhrs", "potentialcrhrs", "gpa_points")] == [None] * 3
    fields = ["potentialcrhrs", "earnedcrhrs", "credit_type", "gpa_points"]
    send(sink(server, credit_fields=fields, gpa_points={LETTER: 3.7}), grade("u7"))
    row = rows(server)[1]
    assert [row[name] for name in fields] == [1, 1, "EL", 3.7]


def test_a_failing_grade_earns_no_credit(start: Start) -> None:
    server = start()
    failed = grade(value=GradeValue(Decimal("41"), "F"))
    send(sink(server, credit_fields=["potentialcrhrs", "earnedcrhrs"]), failed)
    (row,) = rows(server)
    assert (row["potentialcrhrs"], row["earnedcrhrs"]) == (1, 0)


def test_credit_follows_a_correction_unless_somebody_changed_it(start: Start) -> None:
    server = start()
    counted = {"credit_fields": ["earnedcrhrs", "gpa_points"], "gpa_points": {"F": 0, LETTER: 3.7}}
    route = sink(server, **counted)
    failed = GradeValue(Decimal("41"), "F")
    send(route, grade(value=failed), grade("u7", value=failed))
    server.tables.change("storedgrades", 9002, earnedcrhrs=0.5)
    send(route, grade(), grade("u7"))
    first, second = rows(server)
    assert (first["earnedcrhrs"], first["gpa_points"]) == (1, 3.7)
    assert (second["earnedcrhrs"], second["gpa_points"]) == (0.5, 3.7)


@pytest.mark.parametrize(
    "settings",
    [
        {"gpa_points": {"A": 4}},
        {"credit_fields": ["gpa_points"]},
        {"credit_fields": ["earnedcrhrs"], "send_letter": False},
    ],
)
def test_credit_settings_that_would_have_no_effect_are_refused(settings: dict[str, Any]) -> None:
    reach = {"base_url": "https://sis.example", "client_id": "x", "client_secret": "x"}
    with pytest.raises(ValueError, match=r"credit_fields|send_letter"):
        StoredGradeSettings.model_validate(reach | settings)


def test_half_credit_is_held_unless_the_district_says_so(start: Start) -> None:
    server = start()
    server.tables.change("courses", 300, credit_hours=0.5)
    (receipt,) = send(sink(server, credit_fields=["earnedcrhrs"]), grade())
    assert (receipt.outcome, rows(server)) == (Outcome.REJECTED, [])
    (receipt,) = send(sink(server, credit_fields=["earnedcrhrs"], half_credits=True), grade())
    assert rows(server)[0]["earnedcrhrs"] == 0.5


def test_what_a_person_entered_is_not_withdrawn_though_it_equals_ours(start: Start) -> None:
    server = start()
    first = sink(server)
    made = work(ROUTE, grade())
    deliver(first, made)
    stranger = sink(server)
    assert [one.outcome for one in stranger.withdraw(*made)] == [Outcome.CONFLICT]
    stranger.know(first.learnt())
    assert [one.outcome for one in stranger.withdraw(*made)] == [Outcome.DELIVERED]
    assert rows(server) == []


def test_the_pause_a_server_wants_is_kept_and_no_grade_is_stored_twice(start: Start) -> None:
    server = start(manner=Manner(min_interval_ms=60))
    receipts = send(sink(server, min_interval_ms=60), grade(), grade("u7"))
    assert [receipt.outcome for receipt in receipts] == [Outcome.DELIVERED] * 2
    assert len(server.urls) == 6  # token, page size, list, a grade, a look at it, the other grade


def test_a_server_that_rejects_for_pace_is_waited_for(start: Start) -> None:
    server = start(manner=Manner(min_interval_ms=150))
    began = time.monotonic()
    receipts = send(sink(server, attempts=6, patience=10), *(grade(one) for one in ("u1", "u7", "U7")))
    assert [receipt.outcome for receipt in receipts] == [Outcome.DELIVERED] * 3
    assert len(rows(server)) == 3
    assert time.monotonic() - began > 0.7


def test_when_nothing_but_unclear_answers_come_the_rest_is_not_sent(start: Start) -> None:
    server = start()
    server.faults.add(Fault(FaultKind.RESET, path="schema/table/storedgrades", method="POST", times=None))
    students = ("u1", "u-2", "u.3", "a/b", "x@y")
    with pytest.raises(SisbridgeError):
        send(sink(server), *(grade(one) for one in students))
    assert server.requests["POST schema/table/storedgrades"] == 3


@pytest.mark.parametrize("field", ["percent", "excludefromgpa", "behavior"])
def test_check_says_which_field_may_not_be_written(start: Start, field: str) -> None:
    server = start()
    assert sink(server).check().passed
    server.installed.plugin = granting(field, "ViewOnly")
    report = sink(server).check()
    failed = next(step for step in report.steps if step.outcome == "failed")
    assert (failed.name, f"STOREDGRADES.{field.upper()}" in failed.message) == ("right to write", True)
    assert "Plugin Management Configuration" in failed.fix
    assert rows(server) == []
