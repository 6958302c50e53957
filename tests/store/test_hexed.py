"""Bytes go to hexadecimal text and come back, a column at a time."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sisbridge.store.hexed import from_hex, to_hex

_FOUR = pa.binary(4)
_VALUES = st.lists(st.none() | st.binary(min_size=4, max_size=4))


def test_bytes_are_shown_as_postgresql_shows_them() -> None:
    assert to_hex(pa.array([b"\x00\xff\x0a\x10", None], _FOUR)).to_pylist() == ["\\x00ff0a10", None]


@given(_VALUES, st.integers(0, 3), st.sampled_from([_FOUR, pa.binary()]))
def test_they_come_back_whatever_part_is_asked_for(
    values: list[bytes | None], start: int, kind: pa.DataType
) -> None:
    column = pa.array(values, kind).slice(start)
    shown = pa.concat_arrays([pa.array(["before"]), to_hex(column)]).slice(1)
    assert from_hex(shown, kind).to_pylist() == values[start:]


@pytest.mark.parametrize("text", ["\\x00ff0a1", "\\x00ff0a1g", "\\377a"])
def test_what_is_no_hexadecimal_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"hexadecimal|length"):
        from_hex(pa.array([text]), _FOUR)
