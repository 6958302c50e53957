"""Shapes, never values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validation import mask
from validation.masking import shown_code


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


def test_a_code_is_shown_in_clear_but_not_at_any_length() -> None:
    assert shown_code("9th") == "9th"
    assert shown_code("k" * 40) == "k" * 24
