"""Which number means which thing in PowerSchool, and what a refusal says without naming a child."""

from __future__ import annotations

import pytest

from connectors.powerschool.identifiers import (
    MEANS,
    Place,
    Thing,
    number,
    plain_number,
    year_id,
    year_of_term,
)
from connectors.powerschool.refusals import fields_named, refused, said, waits

ROW = {
    "students_id": "501",
    "students_dcid": "4100",
    "sections_id": "2201",
    "sections_dcid": "700",
    "school_number": "100",
    "terms_id": "3501",
    "terms_dcid": "20101",
    "users_dcid": "6100",
}


@pytest.mark.parametrize(
    ("place", "thing", "expected"),
    [
        (Place.TABLES, Thing.STUDENT, 501),
        (Place.XTE, Thing.STUDENT, 4100),
        (Place.V1, Thing.STUDENT, 4100),
        (Place.TABLES, Thing.SECTION, 2201),
        (Place.XTE, Thing.SECTION, 700),
        (Place.TABLES, Thing.SCHOOL, 100),
        (Place.XTE, Thing.TERM, 3501),
        (Place.V1, Thing.TERM, 20101),
        (Place.XTE, Thing.TEACHER, 6100),
    ],
)
def test_a_number_is_of_the_kind_its_place_wants(place: Place, thing: Thing, expected: int) -> None:
    assert number(ROW, place, thing) == expected


def test_the_gradebook_has_no_number_for_a_school() -> None:
    assert (Place.XTE, Thing.SCHOOL) not in MEANS


def test_a_school_years_number_is_told_from_the_year_it_ends() -> None:
    assert year_id("2026") == 35


@pytest.mark.parametrize(
    ("term", "expected"), [("3501", 35), ("-3503", 35), ("3500", 35), ("0", -1), (None, -1), ("", -1)]
)
def test_a_terms_number_tells_the_year_and_nothing_below_it(term: str | None, expected: int) -> None:
    assert year_of_term(term) == expected


def test_leading_zeros_do_not_tell_student_numbers_apart() -> None:
    texts = ("001234", "1234 ", "T1234", "12340", "")
    assert [plain_number(text) for text in texts] == ["1234", "1234", "T1234", "12340", ""]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            b"Quillfeather, Zanzibara is not enrolled in the section",
            "the student is not enrolled in the section",
        ),
        (b"Category Final Grade is inactive for this teacher", "the category is not active for the teacher"),
        (b"Name must be unique in the section", "one of this name or code is there already"),
        (b"Term is locked", "the term is locked"),
        (b"Zanzibara had 91.2 before", ""),
    ],
)
def test_a_refusal_is_said_in_our_words_only(text: bytes, words: str) -> None:
    assert said(text) == words
    error = refused(409, text, "item-1")
    assert "Zanzibara" not in f"{error!r} {error}"
    assert "91.2" not in f"{error!r} {error}"


def test_only_fields_that_we_know_are_named() -> None:
    body = (
        b'{"errors": [{"field": "storedgrades.percent"}, {"field": "quillfeather"}, {"field": "schoolyear"}]}'
    )
    assert fields_named(body) == ["SCHOOLYEAR", "STOREDGRADES.PERCENT"]


def test_a_closed_window_is_told_from_other_refusals() -> None:
    assert waits(b"The store window is closed")
    assert waits(b"The term is locked")
    assert not waits(b"Validation Failed")
