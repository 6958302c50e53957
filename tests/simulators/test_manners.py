"""Dialects and faults, seen over the wire, and the control surface."""

from __future__ import annotations

import time
from typing import Any

import aiohttp
import orjson
import pytest

from domain.oneroster import Version
from simulators.dataset import Dataset
from simulators.oneroster import Dialect, Fault, FaultKind, Faults, RunningProvider
from simulators.oneroster.control import KEY_HEADER
from tests.simulators.conftest import AT, Start
from tests.simulators.talk import Answer, call, get, ids, send, token

TWICE = 2
"""aiohttp's client quietly asks again, once, when the connection breaks; so the fault must strike again."""

V1P1, V1P2 = Version.V1P1, Version.V1P2


def test_limit_is_clamped_without_a_word(provider: RunningProvider) -> None:
    provider.dialect = Dialect(page_cap=3, send_total=False, send_link=False)
    answer = get(provider, "users?limit=1000")
    assert len(ids(answer)) == 3
    assert not {"X-Total-Count", "Link"} & set(answer.headers)


@pytest.mark.parametrize(("counted", "total"), [("matches", "3"), ("all", "4"), ("page", "2")])
def test_total_can_count_the_wrong_thing(provider: RunningProvider, counted: Any, total: str) -> None:
    provider.dialect = Dialect(counted=counted)
    answer = get(provider, "enrollments?limit=2&filter=role%3D%27student%27")
    assert answer.headers["X-Total-Count"] == total


@pytest.mark.parametrize(
    ("dialect", "query", "wanted"),
    [
        (Dialect(ignore_filter=True), "filter=nonsense", ["u1", "u2", "u3", "teach"]),
        (Dialect(ignore_sort=True), "sort=sourcedId&orderBy=desc", ["u1", "u2", "u3", "teach"]),
        (Dialect(default_page=1), "", ["u1"]),
    ],
)
def test_parameters_can_be_ignored(
    provider: RunningProvider, dialect: Dialect, query: str, wanted: list[str]
) -> None:
    provider.dialect = dialect
    assert ids(get(provider, f"users?{query}")) == wanted


def test_fields_can_be_ignored(provider: RunningProvider) -> None:
    provider.dialect = Dialect(ignore_fields=True)
    assert "givenName" in get(provider, "users/u1?fields=sourcedId").json["user"]


def test_sort_can_be_refused(provider: RunningProvider) -> None:
    provider.dialect = Dialect(reject_sort=True)
    assert [get(provider, path).status for path in ("users?sort=sourcedId", "users")] == [400, 200]


@pytest.mark.parametrize(("style", "value"), [("text", "true"), ("json", True), ("title", "True")])
def test_boolean_styles(provider: RunningProvider, style: Any, value: object) -> None:
    provider.dialect = Dialect(booleans=style)
    assert get(provider, "users/u1").json["user"]["enabledUser"] == value


@pytest.mark.parametrize(("style", "value"), [("null", None), ("empty", "")])
def test_absent_fields_can_be_sent(provider: RunningProvider, style: Any, value: object) -> None:
    provider.dialect = Dialect(nulls=style)
    user = get(provider, "users/u1").json["user"]
    assert (user["middleName"], user["agents"], user["givenName"]) == (value, value, "Gu1")


@pytest.mark.parametrize(("envelope", "kind"), [("path", "terms"), ("standard", "academicSessions")])
def test_envelope_styles(provider: RunningProvider, envelope: Any, kind: str) -> None:
    provider.dialect = Dialect(envelope=envelope)
    assert list(get(provider, "terms").json) == [kind]


def test_envelope_can_be_left_out(provider: RunningProvider) -> None:
    provider.dialect = Dialect(envelope="bare")
    assert [row["sourcedId"] for row in get(provider, "terms").json] == ["t"]
    assert get(provider, "terms/t").json["sourcedId"] == "t"


def test_withdrawn_rows_are_shown_or_purged(provider: RunningProvider) -> None:
    provider.dataset.withdraw("users", "u1", AT)
    assert get(provider, "users/u1").json["user"]["status"] == "tobedeleted"
    provider.dialect = Dialect(deleted="purge")
    assert get(provider, "users/u1").status == 404
    assert ids(get(provider, "users")) == ["u2", "u3", "teach"]


def test_relative_hrefs(provider: RunningProvider) -> None:
    provider.dialect = Dialect(hrefs="relative")
    href = get(provider, "classes/c1").json["class"]["school"]["href"]
    assert href == "/ims/oneroster/rostering/v1p2/orgs/s"


def test_status_info_beside_the_data(provider_1p1: RunningProvider) -> None:
    provider_1p1.dialect = Dialect(status_info_on_success=True)
    body = get(provider_1p1, "users").json
    assert len(body["users"]) == 4
    assert body["statusInfoSet"][0]["imsx_codeMajor"] == "success"


def test_1p1_error_at_the_root(provider_1p1: RunningProvider) -> None:
    provider_1p1.dialect = Dialect(errors="root")
    assert get(provider_1p1, "users/none").json["imsx_codeMajor"] == "failure"


def test_latency_holds_answers_back(provider: RunningProvider) -> None:
    provider.dialect = Dialect(latency_ms=150)
    begun = time.monotonic()
    get(provider, "orgs")
    assert time.monotonic() - begun >= 0.15


def struck(provider: RunningProvider, *faults: Fault, path: str = "users") -> Answer:
    provider.faults.add(*faults)
    return get(provider, path)


@pytest.mark.parametrize("retry_after", ["7", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_too_many_requests_with_retry_after(provider: RunningProvider, retry_after: str) -> None:
    answer = struck(provider, Fault(FaultKind.STATUS, status=429, retry_after=retry_after))
    assert (answer.status, answer.headers["Retry-After"]) == (429, retry_after)
    assert answer.code_minor == "server_busy"
    assert get(provider, "users").status == 200


@pytest.mark.parametrize(
    ("body", "begins"), [("html", b"<!DOCTYPE html>"), ("empty", b""), ("standard", b'{"imsx_codeMajor"')]
)
def test_status_with_any_body(provider: RunningProvider, body: Any, begins: bytes) -> None:
    answer = struck(provider, Fault(FaultKind.STATUS, status=502, body=body))
    assert answer.status == 502
    assert answer.body[:17].startswith(begins)
    assert bool(answer.body) == bool(begins)


def test_login_page_with_200(provider: RunningProvider) -> None:
    answer = struck(provider, Fault(FaultKind.HTML))
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")


def test_truncated_json_is_a_whole_answer(provider: RunningProvider) -> None:
    answer = struck(provider, Fault(FaultKind.TRUNCATED))
    assert (answer.status, int(answer.headers["Content-Length"])) == (200, len(answer.body))
    with pytest.raises(orjson.JSONDecodeError):
        _ = answer.json


@pytest.mark.parametrize(
    "kind", [FaultKind.RESET, FaultKind.CLOSED, FaultKind.HALF_BODY, FaultKind.LOST_ANSWER]
)
def test_broken_connections_reach_the_client(provider: RunningProvider, kind: FaultKind) -> None:
    with pytest.raises((aiohttp.ClientConnectionError, aiohttp.ClientPayloadError)):
        struck(provider, Fault(kind, times=TWICE))
    provider.faults.clear()
    assert get(provider, "users").status == 200


@pytest.mark.parametrize(("kind", "done"), [(FaultKind.RESET, False), (FaultKind.LOST_ANSWER, True)])
def test_a_lost_answer_was_done_and_a_reset_was_not(
    provider: RunningProvider, kind: FaultKind, done: bool
) -> None:
    stamp = {"status": "active", "dateLastModified": "2026-02-01T00:00:00.000Z"}
    body = {"category": {"sourcedId": "new", "title": "T", **stamp}}
    provider.faults.add(Fault(kind, method="PUT", times=TWICE))
    with pytest.raises(aiohttp.ClientConnectionError):
        call(provider, "PUT", "categories/new", json=body)
    assert (get(provider, "categories/new").status == 200) is done


def test_missing_envelope_and_dropped_keys(provider: RunningProvider) -> None:
    assert struck(provider, Fault(FaultKind.NO_ENVELOPE)).json == {}
    user = struck(provider, Fault(FaultKind.DROPPED_KEYS, keys=("givenName", "org"))).json["users"][0]
    assert "givenName" not in user
    assert user["roles"] == [{"roleType": "primary", "role": "student"}]


def test_other_values_in_body_and_headers(provider: RunningProvider) -> None:
    told = struck(provider, Fault(FaultKind.OTHER_VALUES, keys=("X-Total-Count",), value="99"))
    assert told.headers["X-Total-Count"] == "99"
    assert struck(provider, Fault(FaultKind.OTHER_VALUES, keys=("users",))).json == {"users": None}


@pytest.mark.parametrize(
    ("fault", "wanted"),
    [
        (Fault(FaultKind.REPEATED_PAGE), ["u1", "u2"]),
        (Fault(FaultKind.SHIFTED_PAGE, rows=-1), ["u2", "u3"]),
        (Fault(FaultKind.SHIFTED_PAGE, rows=1), ["teach"]),
        (Fault(FaultKind.DOUBLED_ROW), ["u3", "u3", "teach"]),
    ],
)
def test_pages_that_lie(provider: RunningProvider, fault: Fault, wanted: list[str]) -> None:
    assert ids(struck(provider, fault, path="users?limit=2&offset=2")) == wanted


def test_slow_answer_comes_late_but_whole(provider: RunningProvider) -> None:
    begun = time.monotonic()
    assert struck(provider, Fault(FaultKind.SLOW, seconds=0.15)).status == 200
    assert time.monotonic() - begun >= 0.15


def test_fault_lets_some_pass_and_strikes_so_often(provider: RunningProvider) -> None:
    provider.faults.add(Fault(FaultKind.STATUS, "users", after=1, times=2))
    assert [get(provider, "users").status for _ in range(4)] == [200, 500, 500, 200]


def test_fault_strikes_only_its_path_and_method() -> None:
    faults = Faults(Fault(FaultKind.STATUS, "users/*", "GET", times=None))
    asked = [("GET", "users"), ("PUT", "users/*"), ("GET", "users/*"), ("GET", "token"), ("GET", "users/*")]
    assert [faults.take(*each) is not None for each in asked] == [False, False, True, False, True]


def test_cleared_faults_strike_no_more(provider: RunningProvider) -> None:
    provider.faults.add(Fault(FaultKind.STATUS, times=None))
    provider.faults.clear()
    assert get(provider, "users").status == 200


def control(provider: RunningProvider, method: str, path: str, key: str = "", **options: Any) -> Answer:
    headers = {KEY_HEADER: key or provider.control_key}
    return send(method, f"{provider.base_url}/__simulator__/{path}", headers=headers, **options)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "state"), ("POST", "faults"), ("POST", "reset"), ("POST", "dataset"), ("POST", "edit")],
)
def test_control_needs_its_key(provider: RunningProvider, method: str, path: str) -> None:
    assert control(provider, method, path, key="wrong").status == 403


def test_state_shows_gradebook_and_requests_and_is_not_counted(provider: RunningProvider) -> None:
    token(provider)
    get(provider, "users")
    body = control(provider, "GET", "state").json
    assert body["requests"] == {"GET users": 1, "POST token": 1}
    assert [row["sourcedId"] for row in body["gradebook"]["categories"]] == ["k"]


def test_faults_can_be_set_from_outside(provider: RunningProvider) -> None:
    fault = {"kind": "dropped keys", "path": "users", "keys": ["givenName"]}
    assert control(provider, "POST", "faults", json=[fault]).status == 204
    assert "givenName" not in get(provider, "users").json["users"][0]


def test_a_person_edits_a_record_in_the_sis(provider: RunningProvider) -> None:
    edit = {"collection": "categories", "sourcedId": "k", "fields": {"title": "Edited"}}
    assert control(provider, "POST", "edit", json=edit).status == 204
    assert get(provider, "categories/k").json["category"]["title"] == "Edited"
    assert provider.writes == 0


def test_another_data_set_leaves_the_gradebook(provider: RunningProvider, small: Dataset) -> None:
    assert control(provider, "POST", "dataset", data=small.bulk_zip(V1P1)).status == 204
    assert get(provider, "users").headers["X-Total-Count"] == "268"
    assert get(provider, "categories/k").status == 200


def test_reset_forgets_faults_counts_and_gradebook(provider: RunningProvider) -> None:
    provider.faults.add(Fault(FaultKind.STATUS, times=None))
    get(provider, "users")
    assert control(provider, "POST", "reset").status == 204
    assert provider.requests == {}
    assert get(provider, "categories").json == {"categories": []}


def test_provider_stops_when_its_block_ends(school: Dataset) -> None:
    with RunningProvider(school, V1P2) as provider:
        url = provider.token_url
    with pytest.raises(aiohttp.ClientConnectionError):
        send("POST", url)


def test_two_providers_stand_side_by_side(school: Dataset, small: Dataset, start: Start) -> None:
    one, two = start(school, V1P2), start(small, V1P1)
    totals = [get(provider, "users").headers["X-Total-Count"] for provider in (one, two)]
    assert totals == ["4", "268"]
