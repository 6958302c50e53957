"""Counting different ids without keeping them."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from connectors.distinct import DistinctIds

_IDS = st.one_of(st.none(), st.text(max_size=3), st.text("ab", min_size=250, max_size=520))


@given(st.lists(st.lists(_IDS, max_size=8)))
def test_it_counts_as_a_set_does(columns: list[list[str | None]]) -> None:
    ids, plain = DistinctIds(), set[str]()
    for column in columns:
        ids.add(pa.array(column, pa.string()))
        plain.update(one or "" for one in column)
    assert len(ids) == len(plain)


def test_a_part_of_a_column_is_counted_alone() -> None:
    ids = DistinctIds()
    ids.add(pa.array(["a", None, "b", "b", "", "c"]).slice(1, 4))
    assert len(ids) == 2


def test_what_stands_behind_a_null_is_not_counted() -> None:
    hidden = pa.StringArray.from_buffers(
        3, pa.py_buffer(b"\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0"), pa.py_buffer(b"xyz"), pa.py_buffer(b"\x05")
    )
    ids = DistinctIds()
    ids.add(hidden)
    assert (hidden.to_pylist(), len(ids)) == (["x", None, "z"], 3)


def test_many_ids_stay_apart() -> None:
    ids = DistinctIds()
    ids.add(pa.array([f"{number:036d}" for number in range(100_000)]))
    ids.add(pa.array([f"{number:036d}" for number in range(50_000, 150_000)]))
    assert len(ids) == 150_000
