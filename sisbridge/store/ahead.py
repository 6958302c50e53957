"""Make the next piece in a thread while one is used: for work that lets other threads run."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_T = TypeVar("_T")


def one_ahead(pieces: Iterator[_T]) -> Iterator[_T]:
    """Yield the pieces, none of them None, each made while the one before is used.

    What the making raises is raised when that piece's turn comes. It must not use the caller's connection.
    """
    # Not in a `with`: the garbage collector closes what was left half used, in any thread. In the maker's,
    # it would wait for its own end.
    maker = ThreadPoolExecutor(max_workers=1)
    made = maker.submit(next, pieces, None)
    while (piece := made.result()) is not None:
        made = maker.submit(next, pieces, None)
        yield piece
    maker.shutdown()
