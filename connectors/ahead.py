"""Work on the next few items in threads while one is used: for work that lets other threads run."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import TypeVar

_Item = TypeVar("_Item")
_Made = TypeVar("_Made")

THREADS = 2
"""Items worked on at a time. More would hold more of a file in memory than the work gains."""


def ahead(
    items: Iterable[_Item],
    work: Callable[[_Item], _Made],
    pool: Executor | None = None,
    *,
    threads: int = THREADS,
) -> Iterator[tuple[_Item, _Made]]:
    """Yield every item and what the work makes of it, in order; as many as there are threads are ahead.

    Items are taken in the caller's own thread. What the work raises is raised when its item's turn comes.
    pool: where the work is done, of so many threads. Whoever stops in between leaves what is under way to
    end by itself; to know that it has ended, bring a pool and shut it down.
    """
    # Not in a `with`: the garbage collector closes what was left half used, in any thread and wherever that
    # is. One that began just then, and waited here for another to end, waited for ever.
    pool = pool or ThreadPoolExecutor(threads)
    under_way: deque[tuple[_Item, Future[_Made]]] = deque()
    for item in items:
        under_way.append((item, pool.submit(work, item)))
        if len(under_way) > threads:
            first, made = under_way.popleft()
            yield first, made.result()
    for item, made in under_way:
        yield item, made.result()
