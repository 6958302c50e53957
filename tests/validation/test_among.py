"""Which values are keys is the same whichever of the two are more."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from validation.arrow import among

SOME = st.lists(st.none() | st.sampled_from("abcdefgh"), max_size=12)


@given(SOME, SOME)
def test_a_value_is_among_the_keys_if_it_is_one_of_them_and_a_null_never_is(
    values: list[str | None], keys: list[str | None]
) -> None:
    found = among(pa.array(values, pa.string()), pa.chunked_array([keys, keys], pa.string()))
    assert found.to_pylist() == [value is not None and value in keys for value in values]
