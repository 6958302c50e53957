"""Writing grades: what is taken, what is refused and why, and the providers that do it their own way."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from domain.clock import FixedClock
from domain.oneroster import Version
from simulators.dataset import Dataset
from simulators.oneroster import Dialect, RunningProvider
from tests.simulators.conftest import AT, Start
from tests.simulators.talk import Answer, call, get, ids

V1P1, V1P2 = Version.V1P1, Version.V1P2
STAMP = {"status": "active", "dateLastModified": "2026-02-01T00:00:00.000Z"}


def ref(kind: str, sourced_id: str) -> dict[str, str]:
    return {"href": f"http://h/{kind}/{sourced_id}", "sourcedId": sourced_id, "type": kind}


def line_item(**fields: Any) -> dict[str, Any]:
    refs = {"class": ref("class", "c1"), "category": ref("category", "k"), "school": ref("org", "s")}
    dates = {"assignDate": "2026-01-05T00:00:00.000Z", "dueDate": "2026-02-05T00:00:00.000Z"}
    limits = {"resultValueMin": 0, "resultValueMax": 100}
    session = {"gradingPeriod": ref("academicSession", "g")}
    return {"sourcedId": "li", **STAMP, "title": "Final", **dates, **refs, **limits, **session} | fields


def result(**fields: Any) -> dict[str, Any]:
    refs = {"lineItem": ref("lineItem", "li"), "student": ref("user", "u1")}
    score = {"scoreStatus": "fully graded", "score": 91.5, "scoreDate": "2026-02-03"}
    return {"sourcedId": "r", **STAMP, **refs, **score} | fields


def without(record: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key != name}


def put(provider: RunningProvider, collection: str, record: dict[str, Any]) -> Answer:
    single = {"lineItems": "lineItem", "results": "result", "categories": "category"}[collection]
    return call(provider, "PUT", f"{collection}/{record['sourcedId']}", json={single: record})


@pytest.fixture
def graded(provider: RunningProvider) -> RunningProvider:
    """A 1.2 provider that already holds a line item and a result."""
    assert put(provider, "lineItems", line_item()).status == 201
    assert put(provider, "results", result()).status == 201
    return provider


def test_put_answers_201_for_new_with_no_body_and_200_for_known(provider: RunningProvider) -> None:
    first, second = put(provider, "lineItems", line_item()), put(provider, "lineItems", line_item())
    assert (first.status, first.body, second.status) == (201, b"", 200)


def test_what_was_put_is_read_back(graded: RunningProvider) -> None:
    put(graded, "results", result(textScore="A-", comment="Well done"))
    read = get(graded, "results/r").json["result"]
    assert (read["score"], read["textScore"], read["comment"]) == (91.5, "A-", "Well done")
    assert read["student"] == {"href": f"{graded.rostering_url}/users/u1", "sourcedId": "u1", "type": "user"}
    assert read["dateLastModified"] == "2026-02-03T04:05:06.000Z"


def test_put_replaces_the_whole_record(graded: RunningProvider) -> None:
    put(graded, "results", result(comment="Well done"))
    put(graded, "results", result(score=92.0))
    read = get(graded, "results/r").json["result"]
    assert (read["score"], "comment" in read) == (92.0, False)


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("classes/c1/lineItems", ["li"]), ("classes/c2/lineItems", []),
        ("classes/c1/results", ["r"]), ("classes/c2/results", []),
        ("classes/c1/lineItems/li/results", ["r"]),
        ("classes/c1/students/u1/results", ["r"]), ("classes/c1/students/u2/results", []),
        ("classes/c1/categories", ["k"]), ("lineItems", ["li"]), ("results", ["r"]),
    ],
)  # fmt: skip
def test_nested_gradebook_lists(graded: RunningProvider, path: str, wanted: list[str]) -> None:
    assert ids(get(graded, path)) == wanted


def test_a_class_may_use_every_category_but_those_of_another_class(provider: RunningProvider) -> None:
    provider.dataset.add(
        "categories", {"sourcedId": "own", "title": "Own", "metadata": {"classId": "c1"}}, AT
    )
    assert ids(get(provider, "classes/c1/categories")) == ["k", "own"]
    assert ids(get(provider, "classes/c2/categories")) == ["k"]


def test_line_item_of_another_class_is_unknown_there(graded: RunningProvider) -> None:
    assert get(graded, "classes/c2/lineItems/li/results").status == 404


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (line_item(category=ref("category", "none")), "category refers to nothing"),
        (line_item(**{"class": ref("class", "none")}), "class refers to nothing"),
        (without(line_item(), "school"), "school is missing"),
        (without(line_item(), "dueDate"), "dueDate is missing"),
        (line_item(gradingPeriod=ref("academicSession", "y")), "a line item belongs to no whole school year"),
        (line_item(resultValueMin=101), "resultValueMin is above resultValueMax"),
        (line_item(shoeSize="9"), "shoeSize is not known"),
        (line_item(description=None), "description has the wrong shape"),
        (line_item(category={"sourcedId": "k"}), "category has the wrong shape"),
    ],
)
def test_line_item_that_is_wrong_is_refused(
    provider: RunningProvider, record: dict[str, Any], reason: str
) -> None:
    answer = put(provider, "lineItems", record)
    assert (answer.status, answer.code_minor) == (422, "invaliddata")
    assert answer.json["imsx_description"] == reason
    assert provider.gradebook()["lineItems"] == []


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (result(lineItem=ref("lineItem", "none")), "lineItem refers to nothing"),
        (result(student=ref("user", "none")), "student refers to nothing"),
        (result(student=ref("user", "u3")), "student is not enrolled in the line item's class"),
        (result(student=ref("user", "teach")), "student is not enrolled in the line item's class"),
        (result(scoreStatus="fullyGraded"), "scoreStatus is not in the vocabulary"),
        (result(score="91.5"), "score has the wrong shape"),
        (result(late=True), "late has the wrong shape"),
        (result(**{"class": ref("class", "c2")}), "class is not the line item's"),
    ],
)
def test_result_that_is_wrong_is_refused(
    graded: RunningProvider, record: dict[str, Any], reason: str
) -> None:
    answer = put(graded, "results", {**record, "sourcedId": "r2"})
    assert (answer.status, answer.json["imsx_description"]) == (422, reason)
    assert [row["sourcedId"] for row in graded.gradebook()["results"]] == ["r"]


def test_student_who_left_the_class_is_refused(graded: RunningProvider) -> None:
    graded.dataset.withdraw("enrollments", "e1", graded.clock())
    assert put(graded, "results", result()).status == 422


def test_refusal_never_repeats_the_grade(graded: RunningProvider) -> None:
    answer = put(graded, "results", result(score="77.25", textScore="Zebra"))
    assert b"77.25" not in answer.body
    assert b"Zebra" not in answer.body


def test_body_and_path_must_name_the_same_id(provider: RunningProvider) -> None:
    answer = call(provider, "PUT", "lineItems/other", json={"lineItem": line_item()})
    assert (answer.status, answer.json["imsx_description"]) == (422, "sourcedId differs from the path")


def test_score_scale_is_a_1p2_object_that_can_be_put(provider: RunningProvider) -> None:
    values = [{"itemValueLHS": "90", "itemValueRHS": "A"}]
    record = {"sourcedId": "sc", **STAMP, "title": "Letters", "type": "letters", "class": ref("class", "c1")}
    body = {"scoreScale": record | {"scoreScaleValue": values}}
    assert call(provider, "PUT", "scoreScales/sc", json=body).status == 201
    assert get(provider, "scoreScales/sc").json["scoreScale"]["scoreScaleValue"] == values


@pytest.mark.parametrize("body", [{}, {"lineItems": {}}, {"lineItems": ["x"]}, {"lineItems": [{}]}])
def test_post_without_records_is_refused(provider: RunningProvider, body: object) -> None:
    assert call(provider, "POST", "classes/c1/lineItems", json=body).status == 422


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"lineItem": []}', b'{"lineItems": {}}'])
def test_body_without_its_envelope_is_refused(provider: RunningProvider, body: bytes) -> None:
    assert call(provider, "PUT", "lineItems/li", data=body).status == 422


def test_body_that_is_no_json_is_refused(provider: RunningProvider) -> None:
    assert call(provider, "PUT", "lineItems/li", data=b'{"lineItem": ').status == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "users/u1"), ("DELETE", "classes/c1"), ("POST", "lineItems"), ("PUT", "lineItems"),
     ("PUT", "classes/c1/lineItems"), ("PATCH", "lineItems/li")],
)  # fmt: skip
def test_what_the_standard_does_not_offer_is_refused(
    provider: RunningProvider, method: str, path: str
) -> None:
    assert call(provider, method, path, json={}).status == 405


def test_delete_answers_204_and_the_record_is_gone(graded: RunningProvider) -> None:
    answer = call(graded, "DELETE", "results/r")
    assert (answer.status, answer.body) == (204, b"")
    assert get(graded, "results/r").status == 404
    assert call(graded, "DELETE", "results/r").status == 404


def test_deleting_a_line_item_takes_its_results_along(graded: RunningProvider) -> None:
    call(graded, "DELETE", "lineItems/li")
    assert graded.gradebook()["results"] == []


@pytest.mark.parametrize(
    ("path", "record"),
    [
        ("classes/c1/lineItems", line_item(sourcedId="tmp")),
        ("schools/s/lineItems", line_item(sourcedId="tmp")),
        ("lineItems/li/results", result(sourcedId="tmp", student=ref("user", "u2"))),
        ("classes/c1/academicSessions/g/results", result(sourcedId="tmp", student=ref("user", "u2"))),
    ],
)
def test_post_gives_an_id_of_the_providers_own(
    graded: RunningProvider, path: str, record: dict[str, Any]
) -> None:
    collection = path.split("/")[-1]
    answer = call(graded, "POST", path, json={collection: [record]})
    (pair,) = answer.json["sourcedIdPairs"]
    assert (answer.status, pair["suppliedSourcedId"]) == (201, "tmp")
    assert pair["allocatedSourcedId"] in ids(get(graded, collection))


def test_post_refuses_all_when_one_is_wrong(graded: RunningProvider) -> None:
    good, bad = result(sourcedId="a"), result(sourcedId="b", student=ref("user", "u3"))
    assert call(graded, "POST", "lineItems/li/results", json={"results": [good, bad]}).status == 422
    assert ids(get(graded, "results")) == ["r"]


def test_post_refuses_another_parent_than_the_paths(graded: RunningProvider) -> None:
    body = {"lineItems": [line_item(sourcedId="a")]}
    assert call(graded, "POST", "classes/c2/lineItems", json=body).status == 422


def test_1p1_offers_no_post(provider_1p1: RunningProvider) -> None:
    assert call(provider_1p1, "POST", "classes/c1/lineItems", json={"lineItems": []}).status == 405


def test_1p1_keeps_no_text_score_and_needs_a_number(provider_1p1: RunningProvider) -> None:
    assert put(provider_1p1, "lineItems", without(line_item(), "school")).status == 201
    assert put(provider_1p1, "results", result(textScore="A-")).status == 201
    assert "textScore" not in get(provider_1p1, "results/r").json["result"]
    assert put(provider_1p1, "results", without(result(), "score")).status == 422


def test_1p2_shows_one_session_under_both_names(graded: RunningProvider) -> None:
    read = get(graded, "lineItems/li").json["lineItem"]
    assert read["gradingPeriod"] == read["academicSession"]


@pytest.mark.parametrize("code", [200, 201, 204])
def test_put_code_of_the_dialect(provider: RunningProvider, code: int) -> None:
    provider.dialect = Dialect(put_code=code)
    assert [put(provider, "lineItems", line_item()).status for _ in range(2)] == [code, code]


def test_provider_that_allocates_its_own_id_tells_it(provider: RunningProvider) -> None:
    provider.dialect = Dialect(reallocate_ids=True)
    own_id = put(provider, "lineItems", line_item()).json["lineItem"]["sourcedId"]
    assert ids(get(provider, "lineItems")) == [own_id] != ["li"]


def test_provider_that_drops_writes_says_nothing(graded: RunningProvider) -> None:
    graded.dialect = Dialect(drop_writes=True)
    assert put(graded, "results", result(score=10)).status == 200
    assert call(graded, "DELETE", "results/r").status == 204
    assert get(graded, "results/r").json["result"]["score"] == 91.5


def test_closed_grading_window_forbids_writes(graded: RunningProvider) -> None:
    graded.dialect = Dialect(window_open=False)
    assert put(graded, "results", result()).status == 403
    assert get(graded, "results/r").status == 200


def test_tolerant_provider_takes_bare_references_and_no_stamps(school: Dataset, start: Start) -> None:
    provider = start(school, V1P2, dialect=Dialect(strict_writes=False))
    bare = line_item(**{"class": {"sourcedId": "c1"}})
    assert put(provider, "lineItems", without(without(bare, "status"), "dateLastModified")).status == 201


def test_gradebook_is_the_same_whenever_it_was_written(graded: RunningProvider) -> None:
    before = graded.gradebook()
    graded.clock = FixedClock(AT + timedelta(days=1))
    put(graded, "results", result())
    assert graded.gradebook() == before


def test_writes_are_counted_whatever_came_of_them(graded: RunningProvider) -> None:
    put(graded, "results", result(score="bad"))
    assert (graded.requests["PUT results/*"], graded.writes) == (2, 3)
