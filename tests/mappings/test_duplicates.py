"""The same row twice is harmless; one id with two contents is contested."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings import duplicates
from mappings.duplicates import contested, first_of_each
from mappings.ranges import id_ranges
from tests.mappings.building import keys


def test_an_id_with_different_content_is_contested() -> None:
    rows = keys(("b", "1"), ("a", "1"), ("b", "2"), ("a", "1"), ("b", "1"), ("c", "1"))
    assert contested(rows).to_pylist() == ["b"]


def test_identical_repeats_stand_once_and_contested_rows_all_stay() -> None:
    rows = keys(("b", "1"), ("a", "1"), ("b", "2"), ("a", "1"), ("b", "1"))
    assert first_of_each(rows, contested(rows)).to_pylist() == [True, True, True, False, True]


def test_rows_without_an_id_are_nobodys_duplicate() -> None:
    rows = keys((None, "1"), (None, "2"), (None, "1"))
    assert contested(rows).to_pylist() == []
    assert first_of_each(rows, contested(rows)).to_pylist() == [True, True, True]


def test_no_rows_have_no_duplicates() -> None:
    assert contested(keys()).to_pylist() == []
    assert first_of_each(keys(), pa.array([], pa.string())).to_pylist() == []


ROWS = st.lists(st.tuples(st.none() | st.sampled_from("abcd"), st.sampled_from("12")), max_size=12)


@given(ROWS, st.integers(1, 5))
def test_what_is_kept_is_every_content_once(rows: list[tuple[str | None, str]], size: int) -> None:
    table = keys(*rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mappings.ranges.EVERY", 1)
        patch.setattr(duplicates, "id_ranges", lambda *tables: id_ranges(*tables, rows=size))
        torn = contested(table)
        kept = [row for row, keep in zip(rows, first_of_each(table, torn).to_pylist(), strict=True) if keep]
    contents = {one: {text for key, text in rows if key == one} for one, _ in rows if one}
    assert torn.to_pylist() == sorted(one for one, found in contents.items() if len(found) > 1)
    for one, found in contents.items():
        assert [text for key, text in kept if key == one] == (
            list(found) if len(found) == 1 else [text for key, text in rows if key == one]
        )
