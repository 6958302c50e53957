"""What answers are wrapped in, and how servers say that something failed."""

from __future__ import annotations

import orjson
import pytest

from connectors.oneroster.envelope import minor_code, more_told, record_of, records_of, total_told
from domain.errors import ContractBroken

FAILED = {"imsx_codeMajor": "failure", "imsx_severity": "error"}
NESTED = {"imsx_CodeMinor": {"imsx_codeMinorField": [{"imsx_codeMinorFieldValue": "unknownobject"}]}}
NEXT = '<https://h/users?limit=2&offset=2>; rel="next"'
LAST = '<https://h/users?limit=2&offset=8>; rel="last"'


@pytest.mark.parametrize(
    ("answer", "path"),
    [
        ({"users": [1]}, "users"),
        ({"users": [1]}, "students"),
        ({"students": [1]}, "students"),
        ({"academicSessions": [1]}, "terms"),
        ({"users": [1], "statusInfoSet": [{"imsx_codeMajor": "success"}]}, "users"),
    ],
)
def test_records_stand_under_the_standards_key_or_the_paths(answer: object, path: str) -> None:
    assert records_of(answer, path, "/x") == [1]


@pytest.mark.parametrize(
    "answer", [{}, {"user": [1]}, {"users": None}, {"users": {}}, [1], [], None, "users"]
)
def test_a_missing_key_is_never_an_empty_list(answer: object) -> None:
    with pytest.raises(ContractBroken, match="PG04"):
        records_of(answer, "users", "/users?offset=0")


@pytest.mark.parametrize(
    "failure",
    [{"statusInfoSet": [FAILED]}, {"statusInfoSet": FAILED}, {"imsx_StatusInfo": FAILED}, FAILED],
)
def test_a_failure_inside_a_good_answer_is_a_failure(failure: dict[str, object]) -> None:
    with pytest.raises(ContractBroken, match="PG05"):
        records_of({"users": [], **failure}, "users", "/users")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({**FAILED, **NESTED}, "unknownobject"),
        ({"imsx_StatusInfo": {**FAILED, **NESTED}}, "unknownobject"),
        ({"statusInfoSet": [{**FAILED, "imsx_codeMinor": "unknown object"}]}, "unknownobject"),
        ({"codeMajor": "failure", "codeMinor": "server_busy"}, "server_busy"),
        ({**FAILED, "imsx_codeMinor": "Ada (9) 555-1234"}, ""),
        ({"error": "nope"}, ""),
        ([], ""),
    ],
)
def test_the_minor_code_is_found_wherever_it_stands(answer: object, code: str) -> None:
    assert minor_code(orjson.dumps(answer)) == code


def test_a_web_page_has_no_minor_code() -> None:
    assert minor_code(b"<html>") == ""


@pytest.mark.parametrize(
    ("link", "more"),
    [
        (NEXT, True),
        (f"{LAST}, {NEXT},", True),
        (f"{LAST}, </users?offset=0>; rel=first", False),
        ('</users?a=b,c>; title="x"; rel="prev next"', True),
        ("", None),
        ("nonsense", None),
    ],
)
def test_a_link_header_tells_of_a_next_page(link: str, more: bool | None) -> None:
    assert more_told({"Link": link}) is more


@pytest.mark.parametrize(
    ("text", "total"), [("12", 12), (" 0 ", 0), ("", None), ("many", None), ("-1", None), ("²", None)]
)
def test_a_total_is_a_number_or_not_told(text: str, total: int | None) -> None:
    assert total_told({"X-Total-Count": text}) == total


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ({"result": {"sourcedId": "r"}}, True),
        ({"results": {"sourcedId": "r"}}, True),
        ({"sourcedId": "r"}, True),
        ({"result": {}}, False),
        ({}, False),
        (None, False),
    ],
)
def test_a_single_record_is_found_with_or_without_its_envelope(answer: object, found: bool) -> None:
    assert (record_of(answer, "results") is not None) is found
