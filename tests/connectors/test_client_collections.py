"""The client reads every list of the standard, in both versions, from one small school of literals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.oneroster.client import OneRosterClient
from connectors.oneroster.settings import OneRosterConnection
from domain.errors import StopDistrict
from domain.oneroster import Service, Version
from simulators.dataset import Dataset
from simulators.oneroster import Dialect, RunningProvider

AT = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
OLD, NEW = Version.V1P1, Version.V1P2


def ref(kind: str, sourced_id: str) -> dict[str, str]:
    return {"sourcedId": sourced_id, "type": kind}


def person(sourced_id: str, role: str, **more: object) -> dict[str, object]:
    held = {"roleType": "primary", "role": role, "org": ref("org", "s")}
    return {"sourcedId": sourced_id, "roles": [held], "enabledUser": "true", **more}


def seat(sourced_id: str, user: str, role: str) -> dict[str, object]:
    where = {"class": ref("class", "c"), "school": ref("org", "s")}
    return {"sourcedId": sourced_id, "user": ref("user", user), "role": role, **where}


RESOURCES = {"resources": [ref("resource", "r")]}
SCHOOL: dict[str, list[dict[str, Any]]] = {
    "orgs": [{"sourcedId": "d", "type": "district"}, {"sourcedId": "s", "type": "school"}],
    "academicSessions": [
        {"sourcedId": "t", "type": "term"},
        {"sourcedId": "g", "type": "gradingPeriod", "parent": ref("academicSession", "t")},
    ],
    "courses": [{"sourcedId": "co", "org": ref("org", "s"), **RESOURCES}],
    "classes": [{
        "sourcedId": "c", "course": ref("course", "co"), "school": ref("org", "s"),
        "terms": [ref("academicSession", "t")], **RESOURCES,
    }],
    "users": [person("u", "student", **RESOURCES), person("p", "teacher")],
    "enrollments": [seat("e", "u", "student"), seat("f", "p", "teacher")],
    "demographics": [{"sourcedId": "u"}],
    "categories": [{"sourcedId": "k", "title": "Final"}],
    "lineItems": [{
        "sourcedId": "l", "class": ref("class", "c"), "category": ref("category", "k"),
        "academicSession": ref("academicSession", "t"),
    }],
    "results": [{"sourcedId": "x", "lineItem": ref("lineItem", "l"), "student": ref("user", "u")}],
    "scoreScales": [{"sourcedId": "y", "class": ref("class", "c")}],
    "assessmentLineItems": [{"sourcedId": "al", "title": "State test", "class": ref("class", "c")}],
    "assessmentResults": [{
        "sourcedId": "ar", "assessmentLineItem": ref("assessmentLineItem", "al"), "student": ref("user", "u"),
    }],
    "resources": [{"sourcedId": "r", "vendorResourceId": "v"}],
}  # fmt: skip


def school() -> Dataset:
    data = Dataset()
    for collection, records in SCHOOL.items():
        for record in records:
            data.add(collection, record, AT)
    return data


@pytest.fixture(scope="module", params=list(Version))
def client(request: pytest.FixtureRequest) -> Iterator[OneRosterClient]:
    with RunningProvider(school(), request.param) as server:
        settings = OneRosterConnection(
            base_url=server.rostering_url, version=request.param, token_url=server.token_url, attempts=1,
            client_id=server.client_id, client_secret=server.client_secret, scopes=SCOPES[request.param],
        )  # fmt: skip
        with OneRosterClient(settings) as made:
            yield made


SCOPES: dict[Version, tuple[str, ...]] = {
    OLD: (),
    NEW: (
        "roster.readonly", "roster-demographics.readonly", "gradebook.readonly", "resource.readonly",
        "assessment.readonly",
    ),
}  # fmt: skip


def version_of(request: pytest.FixtureRequest) -> Version:
    version: Version = request.node.callspec.params["client"]
    return version


@pytest.mark.parametrize(
    ("path", "ids"),
    [
        ("academicSessions", "g t"), ("terms", "t"), ("gradingPeriods", "g"), ("orgs", "d s"),
        ("schools", "s"), ("courses", "co"), ("classes", "c"), ("users", "p u"), ("students", "u"),
        ("teachers", "p"), ("enrollments", "e f"), ("demographics", "u"), ("categories", "k"),
        ("lineItems", "l"), ("results", "x"), ("resources", "r"),
        ("schools/s/courses", "co"), ("schools/s/classes", "c"), ("schools/s/enrollments", "e f"),
        ("schools/s/students", "u"), ("schools/s/teachers", "p"), ("schools/s/terms", "t"),
        ("schools/s/classes/c/enrollments", "e f"), ("schools/s/classes/c/students", "u"),
        ("schools/s/classes/c/teachers", "p"), ("terms/t/classes", "c"), ("terms/t/gradingPeriods", "g"),
        ("courses/co/classes", "c"), ("students/u/classes", "c"), ("teachers/p/classes", "c"),
        ("users/u/classes", "c"), ("classes/c/students", "u"), ("classes/c/teachers", "p"),
        ("classes/c/lineItems", "l"), ("classes/c/results", "x"), ("classes/c/lineItems/l/results", "x"),
        ("classes/c/students/u/results", "x"), ("courses/co/resources", "r"), ("classes/c/resources", "r"),
    ],
)  # fmt: skip
def test_the_client_reads_every_list_of_both_versions(client: OneRosterClient, path: str, ids: str) -> None:
    *below, collection = path.split("/")
    assert sorted(str(one["sourcedId"]) for one in client.all(collection, below=tuple(below))) == ids.split()


@pytest.mark.parametrize(
    ("path", "ids"),
    [
        ("scoreScales", "y"), ("classes/c/categories", "k"), ("classes/c/scoreScales", "y"),
        ("schools/s/scoreScales", "y"), ("users/u/resources", "r"),
        ("assessmentLineItems", "al"), ("assessmentResults", "ar"),
    ],
)  # fmt: skip
def test_the_client_reads_the_lists_new_in_1p2_and_names_them_missing_in_1p1(
    client: OneRosterClient, path: str, ids: str, request: pytest.FixtureRequest
) -> None:
    *below, collection = path.split("/")
    if version_of(request) is NEW:
        assert [one["sourcedId"] for one in client.all(collection, below=tuple(below))] == [ids]
    else:
        with pytest.raises(StopDistrict, match="CN05"):
            client.all(collection, below=tuple(below))


@pytest.mark.parametrize(
    ("collection", "sourced_id"),
    [("users", "u"), ("students", "u"), ("terms", "t"), ("demographics", "u"), ("results", "x")],
)
def test_the_client_reads_single_records(client: OneRosterClient, collection: str, sourced_id: str) -> None:
    record = client.one(collection, sourced_id)
    assert record is not None
    assert record["sourcedId"] == sourced_id


def test_the_client_reads_the_discovery_document_of_each_service(
    client: OneRosterClient, request: pytest.FixtureRequest
) -> None:
    told = [client.discovery(service) for service in Service]
    if version_of(request) is OLD:
        assert told == [None, None, None]
        return
    rostering, gradebook, resources = filter(None, told)
    assert (rostering.openapi, rostering.title) == ("3.0.0", "OneRoster rostering service")
    assert "GET /classes/{sourcedId}/students" in rostering.operations
    assert "PUT /results/{sourcedId}" in gradebook.operations
    assert resources.servers[0].endswith("/ims/oneroster/resources/v1p2")


@pytest.fixture
def writer() -> Iterator[OneRosterClient]:
    with RunningProvider(school(), NEW, dialect=Dialect(strict_writes=False)) as server:
        settings = OneRosterConnection(
            base_url=server.rostering_url, token_url=server.token_url, attempts=1,
            client_id=server.client_id, client_secret=server.client_secret,
            scopes=(
                "gradebook.readonly", "gradebook.createput", "gradebook.createpost", "assessment.readonly",
                "assessment.createput", "assessment.delete",
            ),
        )  # fmt: skip
        with OneRosterClient(settings) as made:
            yield made


ITEM = {
    "title": "T", "assignDate": "2026-01-20T00:00:00.000Z", "dueDate": "2026-06-05T00:00:00.000Z",
    "class": ref("class", "c"), "category": ref("category", "k"), "school": ref("org", "s"),
    "academicSession": ref("academicSession", "t"),
}  # fmt: skip
RESULT = {
    "lineItem": ref("lineItem", "l"), "student": ref("user", "u"), "scoreStatus": "fully graded", "score": 90,
    "scoreDate": "2026-06-05",
}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "record"),
    [
        ("classes/c/lineItems", ITEM),
        ("schools/s/lineItems", ITEM),
        ("lineItems/l/results", RESULT),
        ("classes/c/academicSessions/t/results", RESULT),
    ],
)
def test_a_1p2_server_creates_records_and_tells_its_own_ids(
    writer: OneRosterClient, path: str, record: dict[str, object]
) -> None:
    *below, collection = path.split("/")
    ids = writer.create(collection, [{"sourcedId": "mine", **record}], below=tuple(below))
    assert list(ids) == ["mine"]
    assert writer.one(collection, ids["mine"]) is not None


def test_a_score_scale_is_put_under_its_own_id(writer: OneRosterClient) -> None:
    values = [{"itemValueLHS": "90", "itemValueRHS": "A"}]
    scale = {"sourcedId": "z", "title": "T", "type": "letters", "class": ref("class", "c")}
    writer.put("scoreScales", {**scale, "scoreScaleValue": values})
    assert sorted(str(one["sourcedId"]) for one in writer.all("scoreScales")) == ["y", "z"]


def test_an_assessment_and_its_result_are_put_read_and_deleted(writer: OneRosterClient) -> None:
    writer.put("assessmentLineItems", {"sourcedId": "act", "title": "ACT"})
    score = {
        "sourcedId": "s", "assessmentLineItem": ref("assessmentLineItem", "act"), "student": ref("user", "u"),
        "scoreStatus": "fully graded", "score": 31, "scorePercentile": 95.5, "scoreDate": "2026-04-18",
    }  # fmt: skip
    writer.put("assessmentResults", score)
    assert [(one["sourcedId"], one.get("score")) for one in writer.all("assessmentResults")] == [
        ("ar", None), ("s", 31),
    ]  # fmt: skip
    assert writer.delete("assessmentResults", "s")
    assert writer.one("assessmentResults", "s") is None
