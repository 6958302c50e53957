"""Fewer looks for garbage while pages are read: their records are many objects, and never in cycles."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_SELDOM = 100_000
"""New containers between two looks; the usual 700 are those of a hundred users."""

_lock = Lock()
_inside = 0
_usual = gc.get_threshold()


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Have Python look for garbage in cycles seldom for as long as this, or another like it, is open.

    Each look goes through all that is new, now and then through the whole process: at a thousand users
    a page that took four times as long as to decode them. What has no cycles is freed as ever.
    """
    _step(1)
    try:
        yield
    finally:
        _step(-1)


def _step(by: int) -> None:
    global _inside, _usual
    with _lock:
        if not _inside:
            _usual = gc.get_threshold()
        _inside += by
        gc.set_threshold(_SELDOM if _inside else _usual[0], *_usual[1:])
