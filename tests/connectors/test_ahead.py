"""Work ahead in threads keeps the order, the errors and the caller's own thread."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from connectors.ahead import THREADS, ahead


def test_every_item_comes_in_order_with_what_was_made_of_it() -> None:
    assert list(ahead(range(9), str)) == [(number, str(number)) for number in range(9)]
    assert list(ahead([], str)) == []


def test_a_failure_is_raised_in_its_turn() -> None:
    made = ahead([4, 2, 0, 1], lambda number: 4 // number)
    assert [next(made), next(made)] == [(4, 1), (2, 2)]
    with pytest.raises(ZeroDivisionError):
        next(made)


def test_items_are_taken_here_and_only_a_few_ahead() -> None:
    taken: list[threading.Thread] = []

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(threading.current_thread())
            yield number

    made = ahead(items(), str)
    next(made)
    made.close()
    assert taken == [threading.current_thread()] * (THREADS + 1)


def test_who_stops_in_between_and_shuts_the_pool_leaves_no_work_behind() -> None:
    done: list[int] = []
    with ThreadPoolExecutor(THREADS) as pool:
        made = ahead(range(100), done.append, pool)
        next(made)
        made.close()
    assert sorted(done) == list(range(THREADS + 1))


def test_the_garbage_collector_waits_for_no_work() -> None:
    may_end, ended = threading.Event(), list[int]()

    def work(number: int) -> None:
        if number:
            may_end.wait(10)
        ended.append(number)

    cycle: list[object] = [made := ahead(range(9), work)]
    cycle.append(cycle)
    next(made)
    del made, cycle
    gc.collect()
    assert ended == [0]
    may_end.set()
