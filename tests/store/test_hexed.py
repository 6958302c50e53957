"""Bytes come back from the hexadecimal text that PostgreSQL shows, a column at a time."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sisbridge.store.hexed import from_hex

_FOUR = pa.binary(4)
_VALUES = st.lists(st.none() | st.binary(min_size=4, max_size=4))


def shown(value: bytes | None) -> str | None:
    """Bytes as PostgreSQL shows them."""
    return None if value is None else "\\x" + value.hex()


def test_hexadecimal_digits_are_bytes() -> None:
    assert from_hex(pa.array(["\\x00ff0a10", None]), _FOUR).to_pylist() == [b"\x00\xff\x0a\x10", None]


@given(_VALUES, st.integers(0, 3), st.sampled_from([_FOUR, pa.binary()]))
def test_they_come_back_whatever_part_is_asked_for(
    values: list[bytes | None], start: int, kind: pa.DataType
) -> None:
    column = pa.array(["before", *map(shown, values)], pa.string()).slice(1 + start)
    assert from_hex(column, kind).to_pylist() == values[start:]


@pytest.mark.parametrize("text", ["\\x00ff0a1", "\\x00ff0a1g", "\\377a"])
def test_what_is_no_hexadecimal_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"hexadecimal|length"):
        from_hex(pa.array([text]), _FOUR)
