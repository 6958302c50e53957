"""Work on what comes next in threads while one thing is used: for work that lets other threads run.

No generator here waits for a thread when it is left half used: the garbage collector ends it then, in any
thread and wherever that is. One that was just beginning, and waited here for another, waited for ever.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import TypeVar

_Item = TypeVar("_Item")
_Made = TypeVar("_Made")

THREADS = 2
"""Items worked on at a time. More would hold more of a file in memory than the work gains."""

WAITING = 2
"""Items that wait beside those, for a thread or to be used: the threads go on while the caller is busy."""


def ahead(
    items: Iterable[_Item],
    work: Callable[[_Item], _Made],
    pool: Executor | None = None,
    *,
    threads: int = THREADS,
) -> Iterator[tuple[_Item, _Made]]:
    """Yield every item and what the work makes of it, in order; as many as threads and WAITING are ahead.

    Items are taken in the caller's own thread. What the work raises is raised when its item's turn comes.
    pool: where the work is done, of so many threads. Whoever stops in between leaves what is under way to
    end by itself; to know that it has ended, bring a pool and shut it down.
    """
    pool = pool or ThreadPoolExecutor(threads)
    under_way: deque[tuple[_Item, Future[_Made]]] = deque()
    for item in items:
        under_way.append((item, pool.submit(work, item)))
        if len(under_way) > threads + WAITING:
            first, made = under_way.popleft()
            yield first, made.result()
    for item, made in under_way:
        yield item, made.result()


def one_ahead(pieces: Iterator[_Item]) -> Iterator[_Item]:
    """Yield the pieces, none of them None, each made in a thread while the one before is used.

    What the making raises is raised when that piece's turn comes. It must use nothing of the caller's thread,
    such as its database connection.
    """
    maker = ThreadPoolExecutor(max_workers=1)
    made = maker.submit(next, pieces, None)
    while (piece := made.result()) is not None:
        made = maker.submit(next, pieces, None)
        yield piece
