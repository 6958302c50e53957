"""Campus keeps to the manners that its consumers' reference describes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import orjson
import pytest

from domain.clock import FixedClock
from domain.oneroster import Version
from simulators.dataset import Dataset
from simulators.infinite_campus import (
    Manner,
    RunningCampus,
    TaskSpec,
    in_1p1_ids,
    publish_tasks,
    with_legacy_ids,
)
from simulators.infinite_campus.forms import task_id
from simulators.infinite_campus.manner import CAMPUS_DIALECT
from tests.simulators.conftest import AT, session
from tests.simulators.talk import Answer, ids, send, token

OLD, NEW = Version.V1P1, Version.V1P2
Start = Callable[..., RunningCampus]
FINAL = task_id("c1", "t", "Final")


@pytest.fixture
def campus(school: Dataset) -> Iterator[Start]:
    publish_tasks(school, [TaskSpec("Final"), TaskSpec("Final", is_standard=True)], AT)
    with ExitStack() as stack:

        def start(version: Version = NEW, **manner: Any) -> RunningCampus:
            made = RunningCampus(school, version, manner=Manner(**manner), clock=FixedClock(AT))
            return stack.enter_context(made)

        yield start


def bearer(sis: RunningCampus, *, vendor: bool = False) -> dict[str, str]:
    headers = {"Authorization": f"Bearer {token(sis).json['access_token']}"}
    return headers | ({"x-vendor-authorization": sis.vendor_key} if vendor else {})


def read(sis: RunningCampus, path: str, **options: Any) -> Answer:
    root = sis.gradebook_url if "lineItems" in path or "results" in path else sis.rostering_url
    return send("GET", f"{root}/{path}", headers=bearer(sis, vendor=True), **options)


def put_final(sis: RunningCampus, letter: str = "A-", **fields: object) -> Answer:
    result = {
        "sourcedId": "r1", "status": "active", "dateLastModified": "2026-01-20T00:00:00.000Z",
        "lineItem": {"href": "x", "sourcedId": FINAL, "type": "lineItem"},
        "student": {"href": "x", "sourcedId": "u1", "type": "user"},
        "scoreStatus": "submitted", "scoreDate": "2026-01-20", "score": 91.25,
        "metadata": {"ext_infiniteCampus_scoreGrade": letter} if letter else {}, **fields,
    }  # fmt: skip
    body = orjson.dumps({"result": {name: value for name, value in result.items() if value is not None}})
    return send("PUT", f"{sis.gradebook_url}/results/r1", data=body, headers=bearer(sis, vendor=True))


def test_a_token_needs_the_application_name(campus: Start) -> None:
    sis = campus()
    form = {"grant_type": "client_credentials", "client_id": sis.client_id}
    answer = send("POST", sis.token_url.partition("?")[0], data=form | {"client_secret": sis.client_secret})
    assert (answer.status, answer.body) == (400, b"No Campus Application selected")
    assert token(sis).status == 200


@pytest.mark.parametrize("version", [OLD, NEW])
def test_both_forms_of_the_base_url_lead_to_the_roster(campus: Start, version: Version) -> None:
    sis = campus(version)
    headers = bearer(sis)
    for root in (sis.rostering_url, sis.plain_base):
        answer = send("GET", f"{root}/orgs?limit=1", headers=headers)
        assert answer.status == 200
        assert f"{sis.base_url}/campus/api" in answer.headers["Link"]


def test_only_grade_endpoints_want_the_vendor_header(campus: Start) -> None:
    sis = campus()
    headers = bearer(sis)
    assert send("GET", f"{sis.rostering_url}/users", headers=headers).status == 200
    assert send("GET", f"{sis.gradebook_url}/lineItems", headers=headers).status == 401
    assert read(sis, "lineItems").status == 200
    sis.manner = replace(sis.manner, supported=False)
    assert read(sis, "lineItems").status == 403


def test_a_secret_dies_after_its_year_and_at_its_renewal(campus: Start) -> None:
    sis = campus()
    headers = bearer(sis)
    sis.renew_secret()
    assert send("GET", f"{sis.rostering_url}/orgs", headers=headers).status == 401
    assert token(sis).status == 200
    sis.manner = replace(sis.manner, secret_expires_at=AT)
    assert token(sis).status == 401


def test_tasks_are_published_with_their_window(campus: Start) -> None:
    sis = campus()
    items = read(sis, "classes/c1/lineItems").json["lineItems"]
    said = {item["sourcedId"]: item["metadata"] for item in items}
    assert said[FINAL] == {
        "ext_infiniteCampus_isGradingWindowOpen": "true",
        "ext_infiniteCampus_isOneTime": "false",
        "ext_infiniteCampus_isStandard": "false",
    }
    sis.set_window("Final", is_open=False)
    again = read(sis, f"lineItems/{FINAL}").json["lineItem"]["metadata"]
    assert again["ext_infiniteCampus_isGradingWindowOpen"] == "false"


def test_a_final_grade_keeps_letter_and_percent(campus: Start) -> None:
    sis = campus(decimals=1)
    assert put_final(sis).status == 201
    kept = read(sis, "classes/c1/results").json["results"][0]
    assert (kept["score"], kept["metadata"]["ext_infiniteCampus_scoreGrade"]) == (91.2, "A-")
    assert kept["metadata"]["ext_infiniteCampus_isAssignmentResult"] == "false"
    assert kept["metadata"]["ext_infiniteCampus_schoolSourcedId"] == "s"
    sis.manner = replace(sis.manner, returns_letters=False)
    assert "ext_infiniteCampus_scoreGrade" not in read(sis, "results/r1").json["result"]["metadata"]


@pytest.mark.parametrize("version", [OLD, NEW])
def test_a_letter_may_come_alone_and_a_percent_may_find_its_letter(campus: Start, version: Version) -> None:
    sis = campus(version, score_list=((90.0, "A"), (0.0, "F")))
    assert put_final(sis, "I", score=None).status == 201
    assert read(sis, "results/r1").json["result"].get("score") is None
    put_final(sis, letter="")
    assert read(sis, "results/r1").json["result"]["metadata"]["ext_infiniteCampus_scoreGrade"] == "A"


def test_a_closed_window_refuses_or_drops(campus: Start) -> None:
    sis = campus()
    sis.set_window("Final", is_open=False, term="t")
    assert put_final(sis).status == 403
    sis.manner = replace(sis.manner, closed_window="dropped")
    assert put_final(sis).status == 200
    assert sis.dataset.get("results", "r1") is None


def test_a_task_cannot_be_written_and_an_assignment_may_lack_its_category(campus: Start) -> None:
    sis = campus()
    item = read(sis, f"lineItems/{FINAL}").json["lineItem"]
    headers = bearer(sis, vendor=True)
    url = f"{sis.gradebook_url}/lineItems"
    assert send("PUT", f"{url}/{FINAL}", json={"lineItem": item}, headers=headers).status == 403
    own = {name: value for name, value in item.items() if value is not None and name != "metadata"}
    own |= {"sourcedId": "a1", "school": {"href": "x", "sourcedId": "s", "type": "org"}}
    assert send("PUT", f"{url}/a1", json={"lineItem": own}, headers=headers).status == 201
    assert read(sis, "lineItems/a1").json["lineItem"]["category"]["sourcedId"] == "uncategorized"


def test_who_has_no_account_is_in_the_class_but_not_among_the_users(campus: Start) -> None:
    sis = campus(without_account=frozenset({"u1"}))
    assert "u1" not in ids(read(sis, "users"))
    assert "u1" in ids(read(sis, "classes/c1/students"))
    seats = {row["user"]["sourcedId"] for row in read(sis, "enrollments").json["enrollments"]}
    assert "u1" in seats
    sis.manner = replace(sis.manner, hides_their_seats=True)
    seats = {row["user"]["sourcedId"] for row in read(sis, "enrollments").json["enrollments"]}
    assert "u1" not in seats


def test_another_active_year_empties_the_old_one(campus: Start, school: Dataset) -> None:
    school.add("academicSessions", session("next", "term", schoolYear="2027"), AT)
    sis = campus(active_year="2026")
    assert "next" not in ids(read(sis, "academicSessions"))
    sis.manner = replace(sis.manner, active_year="2027")
    assert ids(read(sis, "academicSessions")) == ["next"]
    assert ids(read(sis, "classes")) == []
    assert ids(read(sis, "enrollments")) == []


def test_ids_of_1p1_are_led_by_the_role_and_kept_in_1p2(school: Dataset) -> None:
    with_legacy_ids(school, AT)
    user = school.get("users", "u1") or {}
    assert user["metadata"] == {"ic.legacySourcedId": "su1"}
    in_1p1_ids(school, AT)
    assert school.get("users", "u1") is None
    seats = school.referring("enrollments", "user", "su1")
    assert [seat["role"] for seat in seats] == ["student"] * len(seats) != []


def test_peak_hours_are_serial_and_large_pages_time_out(campus: Start) -> None:
    sis = campus(slow_above=500)
    sis.dialect = replace(CAMPUS_DIALECT, latency_ms=150)
    url, headers = f"{sis.rostering_url}/orgs", bearer(sis)
    assert send("GET", f"{url}?limit=1000", headers=headers).status == 504

    def side_by_side(number: int) -> list[int]:
        with ThreadPoolExecutor(number) as pool:
            asked = [pool.submit(send, "GET", f"{url}?limit=1", headers=headers) for _ in range(number)]
            return sorted(one.result().status for one in asked)

    assert side_by_side(3) == [200] * 3
    around = ((AT - timedelta(hours=1)).time(), (AT + timedelta(hours=1)).time())
    sis.manner = replace(sis.manner, peak=around)
    assert 429 in side_by_side(3)
    sis.manner = replace(sis.manner, peak=(time(22), time(23)))
    assert side_by_side(3) == [200] * 3
