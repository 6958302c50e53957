"""Whatever a server does to pages, every record is read exactly once, or the reading says why not."""

from __future__ import annotations

import random
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.paging import read_whole
from connectors.shelf import Mark, Slice, Whole
from domain.errors import ContractBroken, RetryLater


@dataclass
class Server:
    """A list of ids behind a page cap, with what it says of totals and further pages."""

    ids: list[str]
    cap: int
    total: str = "true"
    link: str = "none"
    asked: int = 0

    def fetch(self, offsets: Iterable[int]) -> Generator[Slice, None, None]:
        for offset in offsets:
            self.asked += 1
            yield self.slice(offset)

    def slice(self, offset: int) -> Slice:
        rows = self.ids[offset : offset + self.cap]
        total = {"true": len(self.ids), "page": len(rows), "none": None}[self.total]
        has_next = offset + len(rows) < (len(self.ids) if total is None else total)
        more = {"none": None, "true": has_next, "always": True}[self.link]
        return Slice(offset, rows, total, more, orjson.dumps(rows))


def ids_of(whole: Whole) -> list[str]:
    return [one for kept in whole.slices for one in orjson.loads(kept.body)]


def names(count: int) -> list[str]:
    return [f"u{number}" for number in range(count)]


@given(
    count=st.integers(0, 60),
    cap=st.integers(1, 25),
    total=st.sampled_from(["true", "page", "none"]),
    link=st.sampled_from(["none", "true", "always"]),
)
def test_every_id_comes_exactly_once(count: int, cap: int, total: str, link: str) -> None:
    server = Server(names(count), cap, total, link)
    assert ids_of(read_whole(server.fetch, "/users")) == names(count)


@given(sizes=st.lists(st.integers(1, 7), min_size=1, max_size=12), total=st.sampled_from(["true", "none"]))
def test_pages_of_any_length_join_on(sizes: list[int], total: str) -> None:
    server = Server(names(sum(sizes)), 1, total)

    def fetch(offsets: Iterable[int]) -> Generator[Slice, None, None]:
        for offset in offsets:
            server.cap = sizes[offset % len(sizes)]
            yield server.slice(offset)

    assert ids_of(read_whole(fetch, "/users")) == names(sum(sizes))


def test_a_total_saves_the_look_beyond_the_end() -> None:
    server = Server(names(25), 10)
    assert read_whole(server.fetch, "/users").total == 25
    assert server.asked == 3


def test_a_total_equal_to_its_page_is_not_believed_at_once() -> None:
    server = Server(names(25), 10, total="page")
    whole = read_whole(server.fetch, "/users")
    assert (ids_of(whole), whole.total) == (names(25), None)


def test_the_unfiltered_total_behind_a_filter_is_no_shortfall() -> None:
    def fetch(offsets: Iterable[int]) -> Generator[Slice, None, None]:
        for offset in offsets:
            rows = names(3)[offset:]
            yield Slice(offset, rows, 900, None, orjson.dumps(rows))

    assert ids_of(read_whole(fetch, "/users", exact=False)) == names(3)


def always(answer: Callable[[int], Slice]) -> Callable[[Iterable[int]], Generator[Slice, None, None]]:
    def fetch(offsets: Iterable[int]) -> Generator[Slice, None, None]:
        for offset in offsets:
            yield answer(offset)

    return fetch


def code_of(fetch: Callable[[Iterable[int]], Generator[Slice, None, None]]) -> str:
    with pytest.raises(ContractBroken) as caught:
        read_whole(fetch, "/users")
    return caught.value.code


def test_an_ignored_offset_is_a_loop() -> None:
    page = names(10)
    assert code_of(always(lambda offset: Slice(offset, page, None, True, b"same"))) == "PG01"


def test_an_id_on_two_pages_every_time_is_refused() -> None:
    server = Server([*names(10), "u3", *names(15)[10:]], 10, total="none")
    assert code_of(server.fetch) == "PG02"


def test_a_total_never_reached_is_refused() -> None:
    server = Server(names(15), 10)
    assert code_of(always(lambda o: Slice(o, server.slice(o).ids, 20, None, str(o).encode()))) == "PG03"


@pytest.mark.parametrize("total", ["true", "none"])
def test_a_roster_that_moved_once_is_read_again_whole(total: str) -> None:
    server = Server(names(20), 5, total)

    def fetch(offsets: Iterable[int]) -> Generator[Slice, None, None]:
        for offset in offsets:
            if server.asked == 2:
                server.ids = ["new", *server.ids]
            server.asked += 1
            yield server.slice(offset)

    assert ids_of(read_whole(fetch, "/users")) == ["new", *names(20)]


@pytest.mark.parametrize("counts_twice", [True, False])
@pytest.mark.parametrize("total", ["true", "none"])
def test_a_row_doubled_within_a_page_costs_no_other_row(total: str, counts_twice: bool) -> None:
    """Either the doubled row takes up an offset of its own, or the server adds it to the page."""
    held = names(12) if not counts_twice else [*names(3), "u2", *names(12)[3:]]
    server = Server(held, 5, total)

    def answer(offset: int) -> Slice:
        said = server.slice(offset)
        ids = [*said.ids, "u2"] if not counts_twice and "u2" in said.ids else list(said.ids)
        return Slice(offset, ids, said.total, None, orjson.dumps(ids))

    assert set(ids_of(read_whole(always(answer), "/users"))) == set(names(12))


def test_rows_without_an_id_do_not_look_like_a_loop() -> None:
    answers = {0: Slice(0, [None, None], None, None, b"one"), 2: Slice(2, [None], None, None, b"two")}
    fetch = always(lambda offset: answers.get(offset, Slice(offset, [], None, None, b"")))
    whole = read_whole(fetch, "/users")
    assert [kept.rows for kept in whole.slices] == [2, 1]


class Box:
    """A shelf that outlives a reading."""

    def __init__(self) -> None:
        self.held: dict[Mark, bytes] = {}

    def marks(self) -> list[Mark]:
        return sorted(self.held, key=lambda mark: mark.offset)

    def put(self, mark: Mark, body: bytes, records: Sequence[object]) -> None:
        self.held[mark] = body

    def body(self, mark: Mark) -> bytes:
        return self.held[mark]

    def drop(self, mark: Mark) -> None:
        del self.held[mark]

    def clear(self) -> None:
        self.held.clear()


def broken_off(server: Server, after: int) -> Callable[[Iterable[int]], Generator[Slice, None, None]]:
    """Return a fetch that fails once so many pages were given."""

    def fetch(offsets: Iterable[int]) -> Generator[Slice, None, None]:
        for offset in offsets:
            if server.asked == after:
                raise RetryLater("CN07", "away")
            server.asked += 1
            yield server.slice(offset)

    return fetch


def resumed(server: Server, shelf: Box) -> Whole:
    server.asked = 0
    return read_whole(server.fetch, "/users", shelf=shelf, recall=orjson.loads)


@pytest.mark.parametrize("total", ["true", "page", "none"])
def test_a_reading_broken_off_goes_on_for_the_price_of_one_page(total: str) -> None:
    server, shelf = Server(names(95), 10, total), Box()
    with pytest.raises(RetryLater):
        read_whole(broken_off(server, 7), "/users", shelf=shelf, recall=orjson.loads)
    whole = resumed(server, shelf)
    assert ids_of(whole) == names(95)
    assert server.asked == 10 - 7 + 1 + (total != "true")


@given(cap=st.integers(1, 9), after=st.integers(1, 8), total=st.sampled_from(["true", "page", "none"]))
def test_every_id_comes_once_wherever_a_reading_broke_off(cap: int, after: int, total: str) -> None:
    server, shelf = Server(names(60), cap, total), Box()
    with suppress(RetryLater):
        read_whole(broken_off(server, after), "/users", shelf=shelf, recall=orjson.loads)
    assert ids_of(resumed(server, shelf)) == names(60)


def overtaking(
    server: Server, seed: int, after: int
) -> Callable[[Iterable[int]], Generator[Slice, None, None]]:
    """Return a fetch whose answers overtake one another, five under way; it fails once so many were given."""
    chance = random.Random(seed)

    def fetch(offsets: Iterable[int]) -> Generator[Slice, None, None]:
        feed = iter(offsets)
        under_way = list(islice(feed, 5))
        while under_way:
            if server.asked == after:
                raise RetryLater("CN07", "away")
            server.asked += 1
            yield server.slice(under_way.pop(chance.randrange(len(under_way))))
            under_way += islice(feed, 1)

    return fetch


@given(
    cap=st.integers(1, 9), after=st.integers(1, 30), seed=st.integers(0, 99), later=st.sampled_from([0, 1, 3])
)
def test_every_id_comes_once_in_its_order_however_answers_overtake_one_another(
    cap: int, after: int, seed: int, later: int
) -> None:
    server, shelf = Server(names(60), cap), Box()
    with suppress(RetryLater):
        read_whole(overtaking(server, seed, after), "/users", shelf=shelf, recall=orjson.loads)
    server.cap, server.asked = cap + later, 0
    whole = read_whole(overtaking(server, seed, -1), "/users", shelf=shelf, recall=orjson.loads)
    assert ids_of(whole) == names(60)
    assert sorted(kept.mark.offset for kept in whole.slices) == [mark.offset for mark in shelf.marks()]


@given(after=st.integers(1, 20), seed=st.integers(0, 99))
def test_what_came_before_a_reading_broke_off_is_never_asked_for_again(after: int, seed: int) -> None:
    server, shelf = Server(names(60), 3), Box()
    with suppress(RetryLater):
        read_whole(overtaking(server, seed, after), "/users", shelf=shelf, recall=orjson.loads)
    landed = len(shelf.held)
    resumed(server, shelf)
    assert (landed, server.asked) == (after, 20 - after + 1)


@pytest.mark.parametrize("change", ["added in front", "replaced", "added behind"])
def test_what_moved_between_two_tries_is_read_from_the_start(change: str) -> None:
    server, shelf = Server(names(50), 10), Box()
    with pytest.raises(RetryLater):
        read_whole(broken_off(server, 3), "/users", shelf=shelf, recall=orjson.loads)
    server.ids = {
        "added in front": ["new", *names(50)],
        "replaced": [*names(25), "new", *names(50)[26:]],
        "added behind": [*names(50), "new"],
    }[change]
    whole = resumed(server, shelf)
    assert ids_of(whole) == server.ids
    assert server.asked > 5


def test_pages_that_shrink_on_the_way_are_asked_for_at_their_new_size_again() -> None:
    server, plans = Server(names(100), 10), []

    def fetch(offsets: Iterable[int]) -> Generator[Slice, None, None]:
        plans.append(list(offsets))
        for offset in plans[-1]:
            server.cap = 10 if offset < 30 else 5
            yield server.slice(offset)

    assert ids_of(read_whole(fetch, "/users")) == names(100)
    assert [len(plan) for plan in plans] == [1, 9, 1, 12]


def test_a_page_too_large_is_filled_in_by_halves_before_those_that_overtook_it() -> None:
    server, plans = Server(names(60), 10), []

    def fetch(offsets: Iterable[int]) -> Generator[Slice, None, None]:
        plans.append(list(offsets))
        if len(plans) == 2:
            yield from (server.slice(offset) for offset in plans[-1][1:])
            server.cap = 5
            return
        yield from (server.slice(offset) for offset in plans[-1])

    whole = read_whole(fetch, "/users", recall=orjson.loads)
    assert ids_of(whole) == names(60)
    assert plans == [[0], [10, 20, 30, 40, 50], [10], [15]]
