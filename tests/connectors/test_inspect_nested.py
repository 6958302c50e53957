"""Lists below records: which are asked for, by way of what, and what counts as a deviation."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.http import Answer
from connectors.oneroster.conformance import Deviations
from connectors.oneroster.inspect_nested import _WAYS, Nested, NestedLists, Witnesses, planned
from domain.errors import StopDistrict
from domain.oneroster import Service, Version
from domain.oneroster_lists import NESTED_LISTS
from simulators.oneroster.lists import NESTED, ONLY_1P2

OLD, NEW = Version.V1P1, Version.V1P2


def ref(sourced_id: str) -> dict[str, str]:
    return {"sourcedId": sourced_id}


def seat(sourced_id: str, role: str, **more: str) -> dict[str, Any]:
    given = {"status": "active", **more}
    at = {"class": ref("c"), "school": ref("s"), "user": ref(f"user of {sourced_id}")}
    return {"sourcedId": sourced_id, "role": role, **given, **at}


def witnesses(**rows: list[dict[str, Any]]) -> Witnesses:
    found = Witnesses()
    for collection, records in rows.items():
        found.take(collection, records)
    return found


def paths(found: Witnesses, version: Version, types: dict[str, str]) -> dict[str, str]:
    lists = planned(found, version, lambda collection, sourced_id: types.get(sourced_id))
    return {"/".join(one.segments): one.member for one in lists}


def test_every_list_of_the_standard_can_be_asked_for_and_is_served_by_the_simulator() -> None:
    assert _WAYS.keys() == NESTED_LISTS.keys() == NESTED.keys()
    assert {shape for shape, versions in NESTED_LISTS.items() if OLD not in versions} == ONLY_1P2


def test_a_seat_that_is_in_force_leads_to_the_lists_it_must_be_in() -> None:
    found = witnesses(enrollments=[seat("gone", "student", status="tobedeleted"), seat("e", "student")])
    assert paths(found, OLD, {"s": "school"}) == {
        "schools/s/enrollments": "e",
        "schools/s/students": "user of e",
        "schools/s/classes/c/enrollments": "e",
        "schools/s/classes/c/students": "user of e",
        "students/user of e/classes": "c",
        "users/user of e/classes": "c",
        "classes/c/students": "user of e",
    }


def test_a_class_leads_only_to_terms_and_schools_that_are_some() -> None:
    group = {"sourcedId": "c", "status": "active", "school": ref("d"), "terms": [ref("year"), ref("t")]}
    types = {"d": "district", "year": "schoolYear", "t": "term"}
    assert paths(witnesses(classes=[group]), OLD, types) == {"terms/t/classes": "c"}


def test_a_result_of_1p1_is_in_the_class_of_its_line_item() -> None:
    item = {"sourcedId": "l", "status": "active", "class": ref("c")}
    result = {"sourcedId": "r", "status": "active", "lineItem": ref("l"), "student": ref("u")}
    found = witnesses(lineItems=[item], results=[result])
    assert paths(found, OLD, {}) == {
        "classes/c/lineItems": "l",
        "classes/c/results": "r",
        "classes/c/lineItems/l/results": "r",
        "classes/c/students/u/results": "r",
    }


STUDENTS = Nested("classes/*/students", ("c",), "u", "")
ITEMS = Nested("classes/*/lineItems", ("c",), "l", "class")
SEATS = Nested("schools/*/enrollments", ("s",), "e", "school")


@pytest.mark.parametrize(
    ("nested", "code", "body", "expected"),
    [
        (STUDENTS, 200, {"users": [ref("t"), ref("u")]}, []),
        (STUDENTS, 200, {"users": []}, [("OR-E13", "/classes/{id}/students", "students")]),
        (STUDENTS, 200, {"students": [ref("u")]}, [("OR-E01", "/classes/{id}/students", "users")]),
        (STUDENTS, 404, {}, [("OR-E12", "/classes/{id}/students", "HTTP-404")]),
        # A full first page may be followed by the one that is looked for.
        (STUDENTS, 200, {"users": [ref(f"{n}") for n in range(4)]}, []),
        (SEATS, 200, {"enrollments": [seat("e", "student")]}, []),
        (SEATS, 200, {"enrollments": [seat("e", "student"), {**seat("f", "student"), "school": ref("x")}]},
         [("OR-E14", "/schools/{id}/enrollments", "school")]),
    ],
)  # fmt: skip
def test_a_list_below_a_record_holds_what_belongs_to_it(
    nested: Nested, code: int, body: dict[str, Any], expected: list[tuple[str, str, str]]
) -> None:
    found = Deviations(NEW)
    said = NestedLists(lambda one: Answer(code, {}, b"", body), 4, found).look([nested])
    assert [(one.code, one.where, one.field) for one in found.all()] == expected
    assert said == f"{0 if expected else 1} of 1 asked are as the standard says"


def test_a_scope_that_is_missing_is_told_once_and_ends_the_asking_of_its_service() -> None:
    asked: list[Nested] = []

    def answer(nested: Nested) -> Answer:
        asked.append(nested)
        if nested.service is Service.GRADEBOOK:
            return Answer(200, {}, b"", {"lineItems": [ref("l")]})
        raise StopDistrict("CN04", "The permission is missing", fix="Ask for it")

    found = Deviations(NEW)
    said = NestedLists(answer, 4, found).look([STUDENTS, SEATS, ITEMS])
    assert said.startswith("1 of 1 asked are as the standard says; 2 not granted (they want roster.readonly")
    assert asked == [STUDENTS, ITEMS]
    assert [(one.code, one.places) for one in found.all()] == [("OR-E10", ("/classes/{id}/students",))]
