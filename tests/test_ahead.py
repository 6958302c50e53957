"""Work ahead in threads keeps the order, the errors and the caller's own thread."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from domain.ahead import THREADS, WAITING, ahead, one_ahead
from domain.errors import ContractBroken


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
    assert taken == [threading.current_thread()] * (THREADS + WAITING + 1)


def test_who_stops_in_between_and_shuts_the_pool_leaves_no_work_behind() -> None:
    done: list[int] = []
    with ThreadPoolExecutor(THREADS) as pool:
        made = ahead(range(100), done.append, pool)
        next(made)
        made.close()
    assert sorted(done) == list(range(THREADS + WAITING + 1))


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


def test_the_next_piece_is_made_before_this_one_is_done_with() -> None:
    made = threading.Event()

    def pieces() -> Iterator[str]:
        yield "first"
        made.set()
        yield "second"

    making = one_ahead(pieces())
    assert next(making) == "first"
    assert made.wait(10)
    assert list(making) == ["second"]


def test_what_the_making_raises_comes_after_the_pieces_that_were_made() -> None:
    def pieces() -> Iterator[str]:
        yield "first"
        raise ContractBroken("CF08", "It is not there.", fix="Run again.")

    making = one_ahead(pieces())
    assert next(making) == "first"
    with pytest.raises(ContractBroken, match="It is not there"):
        next(making)


def test_nothing_to_make_is_nothing() -> None:
    assert list(one_ahead(iter(()))) == []


def test_the_garbage_collector_waits_for_no_piece() -> None:
    may_end, ended = threading.Event(), list[str]()

    def pieces() -> Iterator[str]:
        yield "first"
        may_end.wait(10)
        ended.append("second")
        yield "second"

    cycle: list[object] = [making := one_ahead(pieces())]
    cycle.append(cycle)
    next(making)
    del making, cycle
    gc.collect()
    assert ended == []
    may_end.set()
