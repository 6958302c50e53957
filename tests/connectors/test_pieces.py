"""A file is read in pieces that end where lines end, so that no line has to be joined again."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.delimited import header
from connectors.delimited.header import pieces


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(header, "PIECE", 6)
    monkeypatch.setattr(header, "_LINE", 4)


@pytest.mark.parametrize(
    ("data", "read"),
    [
        (b"id,a\nU1,x\nU2,y\n", [b"id,a\nU1,x\n", b"U2,y\n"]),
        (b"id,a\r\nU1,x\r\n", [b"id,a\r\nU1,x", b"\r\n"]),
        (b"id,abcdefghijkl\nU1,x", [b"id,abcdefg", b"hijkl\nU1,x"]),
        (b"id\rU1\rU2\rU3\rU4", [b"id\rU1\rU2\rU", b"3\rU4"]),
        (b"", []),
    ],
)
def test_a_piece_goes_on_to_the_end_of_its_line_unless_that_is_far(
    tmp_path: Path, data: bytes, read: list[bytes]
) -> None:
    file = tmp_path / "users.csv"
    file.write_bytes(data)
    assert list(pieces(file)) == read


@given(st.binary(max_size=60))
def test_no_byte_is_lost_or_read_twice(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    file = tmp_path_factory.mktemp("drop") / "users.csv"
    file.write_bytes(data)
    assert b"".join(pieces(file)) == data
