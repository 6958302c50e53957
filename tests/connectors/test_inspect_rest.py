"""Servers with manners of their own, over the wire; and answers kept as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from connectors.oneroster.conformance import Deviations, Inspection
from connectors.oneroster.conformance_records import RecordJudge
from connectors.oneroster.conformance_references import References
from connectors.oneroster.inspect_base import find_server
from connectors.oneroster.inspect_bundle import opened
from connectors.oneroster.inspect_json import inspect_json
from connectors.oneroster.inspect_probes import is_standard_error
from connectors.oneroster.inspect_rest import inspect_rest
from connectors.oneroster.settings import OneRosterConnection
from domain.errors import ContractBroken, RetryLater, StopDistrict
from domain.oneroster import Version
from simulators.data import GRAND_BEND, SMALL
from simulators.dataset import Dataset
from simulators.oneroster import RunningProvider
from simulators.oneroster.dialect import Dialect
from simulators.oneroster.faults import Fault, FaultKind, Faults

OLD, NEW = Version.V1P1, Version.V1P2


def settings(provider: RunningProvider, **more: Any) -> OneRosterConnection:
    given: dict[str, Any] = {
        "base_url": provider.base_url, "token_url": provider.token_url, "client_id": provider.client_id,
        "client_secret": provider.client_secret, "attempts": 1,
    }  # fmt: skip
    return OneRosterConnection(**(given | more))


def inspected(
    version: Version, page_size: int = 1000, faults: Faults | None = None, **dialect: Any
) -> Inspection:
    data = Dataset.from_csv_zip(SMALL)
    with RunningProvider(data, version, dialect=Dialect(**dialect), faults=faults) as provider:
        return inspect_rest(settings(provider, page_size=page_size), None, lambda where, rows: None)


def found(report: Inspection) -> set[tuple[str, str, str]]:
    return {(one.code, one.where, one.field) for one in report.deviations}


SCHOOL_YEAR = ("OR-V07", "/academicSessions", "schoolYear")
ONE_MOMENT = {("OR-V28", f"/{name}", "dateLastModified") for name in ("classes", "users", "enrollments")}
DEMOGRAPHICS = ("OR-V28", "/demographics", "dateLastModified")
NOT_GRANTED = ("OR-E10", "the grant", "")


@pytest.mark.parametrize(("version", "besides"), [(OLD, {DEMOGRAPHICS}), (NEW, {NOT_GRANTED})])
def test_a_server_by_the_book_shows_only_its_data_sets_own_faults(
    version: Version, besides: set[tuple[str, str, str]]
) -> None:
    report = inspected(version)
    assert found(report) == {SCHOOL_YEAR} | ONE_MOMENT | besides
    assert report.version is version
    assert {name: report.counts[name] for name in ("orgs", "users", "enrollments")} == {
        "orgs": 4, "users": 268, "enrollments": 1855,
    }  # fmt: skip
    assert ("Filter", "as the standard says") in report.facts


@pytest.mark.parametrize(
    ("version", "dialect", "expected"),
    [
        (NEW, {"send_total": False}, ("OR-H01", "/users", "")),
        (NEW, {"counted": "page"}, ("OR-H02", "/enrollments", "X-Total-Count")),
        (NEW, {"counted": "all"}, ("OR-H02", "/classes", "X-Total-Count/filter")),
        (NEW, {"send_link": False}, ("OR-H03", "/enrollments", "")),
        (NEW, {"send_link": False, "send_total": False, "page_cap": 500}, ("OR-H04", "/enrollments", "")),
        (NEW, {"page_cap": 500}, ("OR-H04", "/enrollments", "")),
        (NEW, {"ignore_sort": True}, ("OR-H07", "/classes", "sort")),
        (NEW, {"reject_sort": True}, ("OR-H07", "/orgs", "sort")),
        (NEW, {"ignore_filter": True}, ("OR-H08", "/classes", "filter")),
        (NEW, {"ignore_fields": True}, ("OR-H09", "/classes", "fields")),
        (NEW, {"envelope": "path"}, ("OR-E01", "/terms", "")),
        (NEW, {"envelope": "bare"}, ("OR-E01", "/users", "")),
        (NEW, {"envelope": "bare"}, ("OR-E03", "/classes", "class")),
        (NEW, {"status_info_on_success": True}, ("OR-E08", "/users", "statusInfoSet")),
        (NEW, {"nulls": "null"}, ("OR-V02", "/users", "sms")),
        (NEW, {"booleans": "json"}, ("OR-V04", "/users", "enabledUser")),
        (OLD, {"booleans": "title"}, ("OR-V04", "/users", "enabledUser")),
        (NEW, {"ignore_filter": True}, ("OR-H08", "/classes", "filter/dateLastModified")),
        (NEW, {"discovery": False}, ("OR-E15", "/discovery", "")),
        (NEW, {"hrefs": "relative"}, ("OR-R03", "/classes", "course")),
    ],
)
def test_a_servers_manner_is_reported(
    version: Version, dialect: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    assert expected in found(inspected(version, **dialect))


def lasting(kind: FaultKind, path: str, **more: Any) -> Fault:
    return Fault(kind, path=path, times=None, **more)


STATUS = FaultKind.STATUS


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (lasting(STATUS, "classes/*", status=404, body="html"), ("OR-E05", "/classes", "")),
        (lasting(STATUS, "classes/*/students", status=400), ("OR-E04", "/classes/{id}/students", "HTTP-400")),
        (lasting(STATUS, "terms/*/classes", status=404), ("OR-E12", "/terms/{id}/classes", "HTTP-404")),
        # The third time is the first of two questions for the same page.
        (Fault(FaultKind.DOUBLED_ROW, path="classes", after=2), ("OR-H12", "/classes", "")),
        (lasting(STATUS, "classes/*", status=400), ("OR-E04", "/classes", "HTTP-400")),
        # The first three are the reading with our credentials.
        (lasting(STATUS, "orgs", status=403, after=3), ("OR-E06", "/orgs", "HTTP-403")),
        (lasting(STATUS, "orgs", status=401, after=3, body="html"), ("OR-E07", "/orgs", "")),
        (lasting(STATUS, "terms", status=404), ("OR-E09", "/terms", "")),
        (lasting(STATUS, "courses", status=403), ("OR-E10", "the grant", "")),
        (lasting(FaultKind.HTML, "courses"), ("OR-E11", "/courses", "CN08")),
        (lasting(FaultKind.NO_ENVELOPE, "courses"), ("OR-E02", "/courses", "")),
        (lasting(FaultKind.REPEATED_PAGE, "enrollments"), ("OR-H06", "/enrollments", "offset")),
        (lasting(FaultKind.DOUBLED_ROW, "courses"), ("OR-V11", "/courses", "sourcedId")),
    ],
)
def test_a_fault_on_the_way_is_reported_and_the_rest_is_inspected(
    fault: Fault, expected: tuple[str, str, str]
) -> None:
    report = inspected(OLD, faults=Faults(fault))
    assert expected in found(report)
    assert report.counts["users"] == 268


def test_the_lists_below_records_of_1p2_are_asked_for_where_the_scope_is_given() -> None:
    data = Dataset.from_csv_zip(SMALL)
    with RunningProvider(data, NEW) as provider:
        wide = settings(provider, scopes=("roster.readonly", "gradebook.readonly"))
        report = inspect_rest(wide, None, lambda where, rows: None)
    assert ("Lists below records", "17 of 17 asked are as the standard says") in report.facts
    assert ("Discovery document", "as the standard says") in report.facts


def test_json_booleans_are_no_fault_in_1p1() -> None:
    assert found(inspected(OLD, booleans="json")) == {SCHOOL_YEAR, DEMOGRAPHICS} | ONE_MOMENT


def test_every_record_is_read_whatever_a_server_tells_of_its_pages() -> None:
    report = inspected(OLD, 300, counted="page", send_link=False, page_cap=100)
    assert (report.counts["users"], report.counts["enrollments"]) == (268, 1855)
    assert {("Page cap", "100 records a page"), ("Link", "not sent")} <= set(report.facts)


@pytest.mark.parametrize("pasted", ["", "/ims/oneroster/v1p1", "/ims/oneroster/v1p1/users/"])
def test_the_service_is_found_behind_the_address_pasted(pasted: str) -> None:
    with RunningProvider(Dataset.from_csv_zip(SMALL), OLD) as provider:
        server = find_server(settings(provider, base_url=provider.base_url + pasted), None)
    assert (server.version, server.settings.base_url) == (OLD, provider.rostering_url)


def test_a_server_without_oneroster_is_told_from_one_that_is_away() -> None:
    with RunningProvider(Dataset.from_csv_zip(SMALL), OLD) as provider:
        elsewhere = settings(provider, base_url=f"{provider.base_url}/elsewhere/v1p1")
        with pytest.raises(ContractBroken, match="FL60"):
            find_server(elsewhere, None)
        with pytest.raises(StopDistrict, match="CN03"):
            find_server(settings(provider, client_secret="wrong"), None)
    with pytest.raises(RetryLater, match="CN01"):
        find_server(elsewhere, None)


def test_answers_kept_in_a_zip_are_read_as_a_server_is(tmp_path: Path) -> None:
    with opened(GRAND_BEND) as bundle:
        report = inspect_json(bundle, lambda where, rows: None)
    assert report.version is NEW
    assert sum(report.counts.values()) == 17878
    assert {one.code: one.rows for one in report.deviations if one.code != "OR-R03"} == {
        "OR-V21": 532, "OR-V22": 966, "OR-V26": 12, "OR-V28": 532,
    }  # fmt: skip


def test_a_kept_answer_without_a_list_is_no_empty_collection(tmp_path: Path) -> None:
    (tmp_path / "users.json").write_text(json.dumps({"error": "no"}))
    with opened(tmp_path) as bundle:
        report = inspect_json(bundle, lambda where, rows: None)
    assert found(report) == {("OR-E02", "users.json", "")}


HEAD = {"sourcedId": "1", "status": "active", "dateLastModified": "2026-01-01T00:00:00.000Z"}
REF = {"href": "https://h/x", "sourcedId": "o", "type": "org"}
ROLE = {"roleType": "primary", "role": "teacher", "org": REF}
USER = {**HEAD, "enabledUser": "true", "givenName": "A", "familyName": "B", "roles": [ROLE]}
PROFILE = {"profileId": "urn:p", "profileType": "app", "vendorId": "v"}


def other(kind: str) -> dict[str, str]:
    return {"href": "https://h/x", "sourcedId": "x", "type": kind}


ITEM = {
    **HEAD, "title": "T", "assignDate": "2026-01-01T00:00:00.000Z", "dueDate": "2026-06-01T00:00:00.000Z",
    "class": other("class"), "school": other("org"), "category": other("category"),
}  # fmt: skip
RESULT = {
    **HEAD, "lineItem": other("lineItem"), "student": other("user"), "scoreStatus": "exempt",
    "scoreDate": "2026-06-01",
}  # fmt: skip
SCALE = {**HEAD, "title": "T", "type": "letters", "class": other("class")}
SESSION = {**HEAD, "title": "T", "type": "term", "startDate": "2026-01-01", "endDate": "2026-06-01"}


@pytest.mark.parametrize(
    ("collection", "record", "expected"),
    [
        ("users", USER, []),
        ("users", {**USER, "role": "teacher"}, [("OR-V16", "role")]),
        ("users", {**USER, "favourite": "x"}, [("OR-V15", "favourite")]),
        ("users", {**USER, "metadata": {"any": None}}, []),
        ("users", {**USER, "roles": [ROLE, ROLE]}, [("OR-V17", "roles.roleType")]),
        ("users", {**USER, "roles": []}, [("OR-V01", "roles")]),
        ("users", {**USER, "primaryOrg": {**REF, "sourcedId": "p"}}, [("OR-R09", "primaryOrg")]),
        ("users", {**USER, "userIds": ["7"]}, [("OR-V19", "userIds")]),
        ("users", {**USER, "grades": "09"}, [("OR-V03", "grades")]),
        ("users", {**USER, "password": "p"}, [("OR-V24", "password")]),
        ("users", {**USER, "givenName": ""}, [("OR-V21", "givenName")]),
        ("users", {**USER, "agents": [{"href": "https://h/y", "type": "user"}]}, [("OR-R04", "agents")]),
        ("users", {**USER, "metadata": "any"}, [("OR-V03", "metadata")]),
        ("users", {**USER, "primaryOrg": {**REF, "sourceId": "o"}}, [("OR-V15", "primaryOrg.sourceId")]),
        ("users", {**USER, "userIds": [{"type": "SIS"}]}, [("OR-V01", "userIds.identifier")]),
        ("users", {**USER, "userProfiles": [PROFILE], "roles": [{**ROLE, "userProfile": "urn:p"}]}, []),
        ("users", {**USER, "userProfiles": [PROFILE], "roles": [{**ROLE, "userProfile": "urn:q"}]},
         [("OR-R13", "roles.userProfile")]),
        ("users", {**USER, "userProfiles": [{**PROFILE, "credentials": [{"type": "x", "pin": "1"}]}]},
         [("OR-V01", "userProfiles.credentials.username")]),
        ("users", {**USER, "roles": [{**ROLE, "beginDate": "1/9/2026"}]}, [("OR-V05", "roles.beginDate")]),
        ("users", {**USER, "roles": [{**ROLE, "role": "janitor"}]}, [("OR-V08", "roles.role")]),
        ("users", {**USER, "roles": [{**ROLE, "org": "o"}]}, [("OR-V03", "roles.org")]),
        ("lineItems", {**ITEM, "learningObjectiveSet": [{"source": "case", "learningObjectiveIds": "7"}]},
         [("OR-V03", "learningObjectiveSet.learningObjectiveIds")]),
        ("results", {**RESULT, "learningObjectiveSet": [
            {"source": "case", "learningObjectiveResults": [{"score": "4"}]},
        ]}, [
            ("OR-V01", "learningObjectiveSet.learningObjectiveResults.learningObjectiveId"),
            ("OR-V03", "learningObjectiveSet.learningObjectiveResults.score"),
        ]),
        ("scoreScales", {**SCALE, "scoreScaleValue": [{"itemValueLHS": "90"}]},
         [("OR-V01", "scoreScaleValue.itemValueRHS")]),
        ("scoreScales", {**SCALE, "scoreScaleValue": "{90:A}"}, [("OR-V03", "scoreScaleValue")]),
        ("academicSessions", {**SESSION, "schoolYear": 2026}, [("OR-V07", "schoolYear")]),
        ("academicSessions", {**SESSION, "schoolYear": "2026", "parent": REF}, [("OR-R02", "parent")]),
        ("academicSessions", "text", [("OR-V03", "")]),
        ("users", {**USER, "dateLastModified": "2999-01-01T00:00:00.000Z"}, [("OR-V27", "dateLastModified")]),
        ("users", {**USER, "dateLastModified": "9999"}, [("OR-V06", "dateLastModified")]),
    ],
)  # fmt: skip
def test_a_record_is_judged_field_by_field(
    collection: str, record: object, expected: list[tuple[str, str]]
) -> None:
    deviations = Deviations(NEW)
    RecordJudge(collection, f"/{collection}", NEW, deviations, References(deviations)).judge(1, record)
    assert [(one.code, one.field) for one in deviations.all()] == expected


def test_records_of_one_moment_are_noticed_when_they_are_many() -> None:
    deviations = Deviations(NEW)
    for collection, rows in (("users", 100), ("academicSessions", 99)):
        judge = RecordJudge(collection, f"/{collection}", NEW, deviations, References(deviations))
        for number in range(1, rows + 1):
            judge.judge(number, {**(USER if collection == "users" else {**SESSION, "schoolYear": "2026"})})
        judge.end()
    assert [(one.code, one.where, one.rows) for one in deviations.all()] == [("OR-V28", "/users", 100)]


@pytest.mark.parametrize(
    ("body", "version", "good"),
    [
        (b'{"imsx_codeMajor":"failure","imsx_severity":"error"}', NEW, True),
        (b'{"statusInfoSet":[{"imsx_codeMajor":"failure","imsx_severity":"error"}]}', NEW, False),
        (b'{"statusInfoSet":[{"imsx_codeMajor":"failure","imsx_severity":"error"}]}', OLD, True),
        (b"<html>not found</html>", OLD, False),
        (b'{"error":"not found"}', NEW, False),
    ],
)
def test_the_body_of_a_refusal_has_the_standards_form(body: bytes, version: Version, good: bool) -> None:
    assert is_standard_error(body, version) is good
