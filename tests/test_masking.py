"""Shapes, never values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.masking import mask, shown_code, shown_column, shown_id


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ("Zoë O'Neil-2", "xxx x'xxxx-9"),
        ("Zoe\u0308", "xxxx"),
        ("２０２６/٣", "9999/9"),
        ("a" * 40, "x" * 24),
        (None, ""),
    ],
)
def test_a_mask_shows_the_shape_alone(value: str | None, shape: str) -> None:
    assert mask(value) == shape


@given(st.text())
def test_a_mask_keeps_no_letter_and_no_digit(value: str) -> None:
    assert {character for character in mask(value) if character.isalnum()} <= {"x", "9"}


@pytest.mark.parametrize(
    "code", ["9th", "KG", "-1", "STU", "Grade Nine and a Half", "Fourth grade", "schoolYear"]
)
def test_what_looks_like_a_code_is_shown_in_clear(code: str) -> None:
    assert shown_code(code) == code


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("Smith Jane", "xxxxx xxxx"),
        ("Quillfeather", "xxxxxxxxxxxx"),
        ("ext:Quill2", "xxx:xxxxx9"),
        ("ROLE, Jane", "xxxx, xxxx"),
        ("910000123", "999999999"),
        ("k" * 40, "x" * 24),
    ],
)
def test_a_value_that_slipped_into_a_code_column_shows_its_shape_only(value: str, shown: str) -> None:
    assert shown_code(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [("u-1/a@b", "u-1/a@b"), ("Smith, Jane", ""), ("", ""), (None, "")]
)
def test_only_a_sourced_id_may_name_a_row(value: str | None, shown: str) -> None:
    assert shown_id(value) == shown


@pytest.mark.parametrize("name", ["homeRoom", "student.lunch_code", "[01]Grade", "Home Room"])
def test_a_name_of_a_column_is_shown_in_clear(name: str) -> None:
    assert shown_column(name) == name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Zanzibara Quillfeather", "xxxxxxxxx xxxxxxxxxxxx"),
        ("Room 4, Zoë", "xxxx 9, xxx"),
        ("2012-05-01", "9999-99-99"),
    ],
)
def test_a_header_that_may_be_a_person_is_shown_by_its_shape(name: str, shown: str) -> None:
    assert shown_column(name) == shown
