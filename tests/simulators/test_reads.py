"""Reading from the provider: shapes by version, envelopes, nested lists, parameters, headers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from domain.oneroster import BASE_PATHS, Service, Version
from simulators.dataset import Dataset
from simulators.fields import FIELDS
from simulators.oneroster import RunningProvider
from tests.simulators.conftest import AT, Start, ref
from tests.simulators.talk import get, ids, send

V1P1, V1P2 = Version.V1P1, Version.V1P2
ROSTERING = ("orgs", "academicSessions", "courses", "classes", "users", "enrollments", "demographics")


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from leaves(item)
    else:
        yield value


@pytest.mark.parametrize("collection", ROSTERING)
def test_1p2_holds_no_null_no_boolean_and_no_unknown_key(
    grand_bend: Dataset, start: Start, collection: str
) -> None:
    rows = get(start(grand_bend, V1P2), f"{collection}?limit=20000").json[collection]
    assert len(rows) == grand_bend.counts()[collection]
    for row in rows:
        assert not [leaf for leaf in leaves(row) if leaf is None or isinstance(leaf, bool)]
        assert set(row) <= set(FIELDS[V1P2][collection])


def test_1p2_user_has_roles_and_no_flat_role_or_orgs(small: Dataset, start: Start) -> None:
    users = get(start(small, V1P2), "users?limit=300").json["users"]
    assert all(user["roles"] and not {"role", "orgs"} & set(user) for user in users)


def test_1p1_user_has_flat_role_and_orgs_and_no_roles(grand_bend: Dataset, start: Start) -> None:
    users = get(start(grand_bend, V1P1), "users?limit=3000").json["users"]
    assert all(user["role"] and user["orgs"] and "roles" not in user for user in users)
    assert {user["role"] for user in users} == {"administrator", "parent", "student", "teacher"}


def test_reference_carries_an_absolute_href_that_can_be_followed(provider: RunningProvider) -> None:
    school = get(provider, "classes/c1").json["class"]["school"]
    assert school == {"href": f"{provider.rostering_url}/orgs/s", "sourcedId": "s", "type": "org"}
    assert get(provider, "orgs/s").json["org"]["sourcedId"] == "s"


@pytest.mark.parametrize(
    ("path", "envelope", "wanted"),
    [
        ("terms", "academicSessions", ["t"]),
        ("gradingPeriods", "academicSessions", ["g"]),
        ("schools", "orgs", ["s"]),
        ("students", "users", ["u1", "u2", "u3"]),
        ("teachers", "users", ["teach"]),
        ("schools/s/courses", "courses", ["co"]),
        ("schools/s/classes", "classes", ["c1", "c2"]),
        ("schools/s/enrollments", "enrollments", ["e1", "e2", "e3", "e4"]),
        ("schools/s/students", "users", ["u1", "u2", "u3"]),
        ("schools/s/teachers", "users", ["teach"]),
        ("schools/s/terms", "academicSessions", ["t"]),
        ("schools/s/classes/c1/enrollments", "enrollments", ["e1", "e2", "e4"]),
        ("schools/s/classes/c1/students", "users", ["u1", "u2"]),
        ("schools/s/classes/c1/teachers", "users", ["teach"]),
        ("terms/t/classes", "classes", ["c1", "c2"]),
        ("terms/t/gradingPeriods", "academicSessions", ["g"]),
        ("courses/co/classes", "classes", ["c1", "c2"]),
        ("students/u1/classes", "classes", ["c1"]),
        ("teachers/teach/classes", "classes", ["c1"]),
        ("users/u3/classes", "classes", ["c2"]),
        ("classes/c2/students", "users", ["u3"]),
        ("classes/c1/teachers", "users", ["teach"]),
    ],
)
@pytest.mark.parametrize("version", [V1P1, V1P2])
def test_lists_of_the_standard(
    school: Dataset, start: Start, version: Version, path: str, envelope: str, wanted: list[str]
) -> None:
    answer = get(start(school, version), path)
    assert (answer.status, list(answer.json)) == (200, [envelope])
    assert ids(answer) == wanted


@pytest.mark.parametrize(
    ("path", "envelope"),
    [("terms/t", "academicSession"), ("schools/s", "org"), ("students/u1", "user"), ("users/teach", "user")],
)
def test_single_record_has_the_singular_envelope(provider: RunningProvider, path: str, envelope: str) -> None:
    assert list(get(provider, path).json) == [envelope]


def test_single_demographics_keeps_the_plural_envelope(small: Dataset, start: Start) -> None:
    sourced_id = small.records("demographics")[0]["sourcedId"]
    answer = get(start(small, V1P2), f"demographics/{sourced_id}")
    assert answer.json["demographics"]["sourcedId"] == sourced_id


@pytest.mark.parametrize(
    "path",
    ["users/none", "students/teach", "none", "none/x", "classes/none/students", "none/x/students",
     "classes/c1/enrollments", "roles", "terms/s/classes", "classes/c1/students/u1",
     "schools/s2/classes/c1/students"],
)  # fmt: skip
def test_what_is_not_there_is_an_unknown_object(provider: RunningProvider, path: str) -> None:
    provider.dataset.add("orgs", {"sourcedId": "s2", "name": "Other school", "type": "school"}, AT)
    answer = get(provider, path)
    assert (answer.status, answer.code_minor) == (404, "unknownobject")


def test_id_with_a_slash_and_a_blank_is_found_when_escaped(school: Dataset, start: Start) -> None:
    school.add("orgs", {"sourcedId": "a/b c@d%", "name": "Odd", "type": "school"}, AT)
    provider = start(school, V1P2)
    assert get(provider, "orgs/a%2Fb%20c%40d%25").json["org"]["name"] == "Odd"


def walk(provider: RunningProvider, path: str, limit: int) -> list[list[str]]:
    pages: list[list[str]] = []
    while not pages or pages[-1]:
        pages.append(ids(get(provider, f"{path}?limit={limit}&offset={sum(map(len, pages))}")))
    return pages[:-1]


def test_offset_is_a_record_index_and_pages_cover_everything_once(small: Dataset, start: Start) -> None:
    pages = walk(start(small, V1P1), "enrollments", 400)
    assert [len(page) for page in pages] == [400, 400, 400, 400, 255]
    assert {row for page in pages for row in page} == set(small.collections["enrollments"])


def test_default_page_is_a_hundred_and_the_total_counts_all(small: Dataset, start: Start) -> None:
    answer = get(start(small, V1P2), "users")
    assert (len(ids(answer)), answer.headers["X-Total-Count"]) == (100, "268")


def test_link_names_the_pages_around(provider: RunningProvider) -> None:
    link = get(provider, "enrollments?limit=1&offset=1&filter=status%3D%27active%27").headers["Link"]
    offsets = {rel: at for at, rel in re.findall(r'offset=(\d+)[^>]*>; rel="(\w+)"', link)}
    assert offsets == {"first": "0", "last": "3", "next": "2", "prev": "0"}
    assert link.count("filter=status%3D%27active%27") == 4


def test_next_link_is_absent_on_the_last_page(provider: RunningProvider) -> None:
    assert 'rel="next"' not in get(provider, "enrollments?limit=2&offset=2").headers["Link"]


@pytest.mark.parametrize("query", ["limit=0", "limit=-1", "limit=x", "offset=-1", "offset=1.5"])
def test_impossible_window_is_refused(provider: RunningProvider, query: str) -> None:
    assert get(provider, f"users?{query}").status == 400


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("sort=familyName", ["teach", "u1", "u2", "u3"]),
        ("sort=familyName&orderBy=desc", ["u3", "u2", "u1", "teach"]),
        ("sort=sourcedId&orderBy=asc&limit=2", ["teach", "u1"]),
    ],
)
def test_sort_orders_before_the_window(provider: RunningProvider, query: str, wanted: list[str]) -> None:
    assert ids(get(provider, f"users?{query}")) == wanted


def test_fields_leave_only_those(provider: RunningProvider) -> None:
    answer = get(provider, "users/u1?fields=sourcedId,givenName")
    assert answer.json == {"user": {"sourcedId": "u1", "givenName": "Gu1"}}


def test_a_slash_behind_a_list_is_passed_over(provider: RunningProvider) -> None:
    assert get(provider, "classes/").json == get(provider, "classes").json


def test_unknown_field_is_refused_by_1p2(provider: RunningProvider) -> None:
    answer = get(provider, "users?fields=sourcedId,shoeSize")
    assert (answer.status, answer.code_minor) == (400, "invalid_selection_field")


def test_unknown_field_is_a_warning_in_1p1(provider_1p1: RunningProvider) -> None:
    answer = get(provider_1p1, "users?fields=sourcedId,shoeSize&sort=shoeSize")
    minors = [info["imsx_codeMinor"] for info in answer.json["statusInfoSet"]]
    assert (answer.status, minors) == (200, ["invalid_sort_field", "invalid_selection_field"])
    assert "givenName" in answer.json["users"][0]


@pytest.mark.parametrize(
    ("version", "minor"), [(V1P1, "invalid_blank_selection_field"), (V1P2, "invalid_selection_field")]
)
def test_blank_fields_are_refused(school: Dataset, start: Start, version: Version, minor: str) -> None:
    answer = get(start(school, version), "users?fields=")
    assert (answer.status, answer.code_minor) == (400, minor)


def test_1p2_error_stands_at_the_root(provider: RunningProvider) -> None:
    field = {"imsx_codeMinorFieldName": "TargetEndSystem", "imsx_codeMinorFieldValue": "invalid_filter_field"}
    assert get(provider, "users?filter=nonsense").json == {
        "imsx_codeMajor": "failure",
        "imsx_severity": "error",
        "imsx_description": "the filter cannot be understood",
        "imsx_CodeMinor": {"imsx_codeMinorField": [field]},
    }


def test_1p1_error_stands_in_a_list(provider_1p1: RunningProvider) -> None:
    (info,) = get(provider_1p1, "users/none").json["statusInfoSet"]
    assert (info["imsx_codeMajor"], info["imsx_severity"], info["imsx_codeMinor"]) == (
        "failure", "error", "unknownobject",
    )  # fmt: skip


@pytest.mark.parametrize("path", ["scoreScales", "classes/c1/categories", "users/u1/resources"])
def test_1p1_lacks_what_came_with_1p2(provider_1p1: RunningProvider, path: str) -> None:
    assert get(provider_1p1, path).status == 404


def test_1p2_keeps_the_gradebook_under_its_own_root(provider: RunningProvider) -> None:
    assert get(provider, "categories").status == 200
    assert get(provider, "categories/../../../rostering/v1p2/categories").status == 404


def test_change_in_the_data_shows_at_once(provider: RunningProvider) -> None:
    assert get(provider, "users?filter=familyName%3D%27New%27").json == {"users": []}
    provider.dataset.change("users", "u1", AT, familyName="New")
    assert ids(get(provider, "users?filter=familyName%3D%27New%27")) == ["u1"]


def test_requests_are_counted_by_shape(provider: RunningProvider) -> None:
    get(provider, "users/u1")
    get(provider, "users/u2?fields=sourcedId")
    assert provider.requests == {"GET users/*": 2}
    assert provider.urls[1] == "GET /ims/oneroster/rostering/v1p2/users/u2?fields=sourcedId"
    assert provider.writes == 0


@pytest.mark.parametrize(
    "path", ["courses/co/resources", "classes/c1/resources", "users/u1/resources", "resources"]
)
def test_resources_of_a_course_a_class_and_a_person(provider: RunningProvider, path: str) -> None:
    book = {"sourcedId": "book", "vendorResourceId": "v", "roles": ["student"]}
    provider.dataset.add("resources", book, AT)
    for collection, sourced_id in (("courses", "co"), ("classes", "c1"), ("users", "u1")):
        provider.dataset.change(collection, sourced_id, AT, resources=[ref("resource", "book")])
    root = provider.base_url + BASE_PATHS[V1P2, Service.RESOURCES]
    answer = send("GET", f"{root}/{path}", headers={"Authorization": "Bearer static"})
    assert (answer.status, ids(answer)) == (200, ["book"])


@pytest.mark.parametrize(
    ("path", "wanted"),
    [("schools/s/scoreScales", ["sc"]), ("schools/s2/scoreScales", []), ("classes/c1/scoreScales", ["sc"])],
)
def test_score_scales_of_a_school_and_a_class(
    provider: RunningProvider, path: str, wanted: list[str]
) -> None:
    provider.dataset.add("orgs", {"sourcedId": "s2", "name": "Other school", "type": "school"}, AT)
    scale = {"sourcedId": "sc", "title": "Letters", "type": "letters", "class": ref("class", "c1")}
    provider.dataset.add("scoreScales", scale, AT)
    assert ids(get(provider, path)) == wanted


def test_numbers_sort_as_numbers_and_what_is_missing_comes_first(provider: RunningProvider) -> None:
    for sourced_id, weight in (("k9", 9.0), ("k10", 10.0)):
        provider.dataset.add("categories", {"sourcedId": sourced_id, "title": "T", "weight": weight}, AT)
    assert ids(get(provider, "categories?sort=weight")) == ["k", "k9", "k10"]


def test_taken_port_is_said_at_once(provider: RunningProvider) -> None:
    with pytest.raises(OSError, match="address already in use"):
        RunningProvider(provider.dataset, V1P2, port=provider.port).__enter__()
