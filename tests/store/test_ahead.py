"""Each piece is made while the one before is used."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

import pytest

from domain.errors import ContractBroken
from sisbridge.store.ahead import one_ahead

SECONDS = 10


def test_the_next_piece_is_made_before_this_one_is_done_with() -> None:
    made = Event()

    def pieces() -> Iterator[str]:
        yield "first"
        made.set()
        yield "second"

    ahead = one_ahead(pieces())
    assert next(ahead) == "first"
    assert made.wait(SECONDS)
    assert list(ahead) == ["second"]


def test_what_the_making_raises_comes_after_the_pieces_that_were_made() -> None:
    def pieces() -> Iterator[str]:
        yield "first"
        raise ContractBroken("CF08", "It is not there.", fix="Run again.")

    ahead = one_ahead(pieces())
    assert next(ahead) == "first"
    with pytest.raises(ContractBroken, match="It is not there"):
        next(ahead)


def test_nothing_to_make_is_nothing() -> None:
    assert list(one_ahead(iter(()))) == []
