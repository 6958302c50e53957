"""A file's encoding is the same however its bytes are cut into pieces."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connectors.delimited.encoding import Encoding, EncodingScan
from domain.errors import StopDistrict


def verdict(pieces: list[bytes]) -> Encoding | str:
    """Return the encoding found, or the error's code."""
    scan = EncodingScan("users.csv")
    try:
        for piece in pieces:
            scan.feed(piece)
        return scan.finish()
    except StopDistrict as error:
        return error.code


@given(
    st.lists(st.sampled_from([b"a,b\n", "é".encode(), "\ufeff".encode(), b"\xff\xfe", b"\xe9", b"\0", b""])),
    st.lists(st.integers(3, 30)),
)
def test_it_does_not_matter_where_pieces_end(parts: list[bytes], cuts: list[int]) -> None:
    data = b"".join(parts)
    ends = sorted({3, *cuts, len(data)})
    pieces = [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    assert verdict([piece for piece in pieces if piece]) == verdict([data] if data else [])
