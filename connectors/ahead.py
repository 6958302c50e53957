"""Work on the next few items in threads while one is used: for work that lets other threads run."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_Item = TypeVar("_Item")
_Made = TypeVar("_Made")

THREADS = 2
"""Items worked on at a time. More would hold more of a file in memory than the work gains."""


def ahead(items: Iterable[_Item], work: Callable[[_Item], _Made]) -> Iterator[tuple[_Item, _Made]]:
    """Yield every item and what the work makes of it, in order; THREADS items at most are ahead.

    Items are taken in the caller's own thread. What the work raises is raised when its item's turn comes;
    whoever stops in between waits for what is under way.
    """
    with ThreadPoolExecutor(THREADS) as pool:
        under_way: deque[tuple[_Item, Future[_Made]]] = deque()
        for item in items:
            under_way.append((item, pool.submit(work, item)))
            if len(under_way) > THREADS:
                first, made = under_way.popleft()
                yield first, made.result()
        for item, made in under_way:
            yield item, made.result()
