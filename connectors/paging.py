"""Limit and offset paging that believes rows, not promises.

The next page begins after the rows received, never after the limit asked for: servers clamp limits
silently, and a short page alone is no end. A collection is handed over only when it was read whole:
until then its answers wait on a shelf, each from the moment it came, where a later try finds them and asks
only for those that lack, once the last of them proves to be unchanged.
Source: OneRoster 1.1 and 1.2 REST bindings, paging; field behaviour of their servers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterable
from contextlib import closing

from connectors.early import EarlyAnswers, Recall
from connectors.seen import SeenIds
from connectors.shelf import KeptSlice, Mark, MemoryShelf, Shelf, Slice, Whole, mark_of
from domain.errors import ContractBroken, SisbridgeError

RESTARTS = 3
"""How often a collection is read again from its start because it moved under us."""

_MISSES = 3
"""How often pages may be of another length than guessed before they are asked for one by one."""


Fetch = Callable[[Iterable[int]], Generator[Slice, None, None]]
"""Given offsets, yields their answers as they come; may ask for several at once, or end early; is closed."""


class Moved(Exception):
    """The collection changed while it was read; `verdict` is what to raise when it will not hold still."""

    def __init__(self, verdict: SisbridgeError) -> None:
        super().__init__(str(verdict))
        self.verdict = verdict


def read_whole(
    fetch: Fetch,
    place: str,
    *,
    shelf: Shelf | None = None,
    recall: Recall | None = None,
    exact: bool = True,
    trusting: bool = False,
) -> Whole:
    """Read a collection to its end, from the start again when it moves (three times).

    place: how messages name it. shelf: where answers wait; what lies there from an earlier try is not asked
    for again once the last answer of it, asked for again, proves to be unchanged. recall: reads such answers.
    exact: whether the server's total counts just these rows; false behind a filter, where some servers
    tell the unfiltered total. trusting: whether a total equal to the rows of its own page is believed
    without one more look, for lists that are known to be short.
    Raises ContractBroken when every try ends alike: PG01 a page brings nothing new, PG02 the same id on
    two pages, PG03 rows and total disagree; and whatever fetch raises, the shelf left as it is then.
    """
    shelf = MemoryShelf() if shelf is None else shelf
    verdict: SisbridgeError | None = None
    for _ in range(1 + RESTARTS):
        try:
            return _Reading(place, shelf, EarlyAnswers(shelf, recall), exact, trusting).run(fetch)
        except Moved as moved:
            verdict = moved.verdict
            shelf.clear()
    assert verdict is not None
    raise verdict


class _Reading:
    """One attempt to read a collection."""

    def __init__(self, place: str, shelf: Shelf, early: EarlyAnswers, exact: bool, trusting: bool) -> None:
        self._place = place
        self._shelf = shelf
        self._early = early
        self._exact = exact
        self._trusting = trusting
        self._offset = 0
        self._seen = SeenIds()
        self._digests: set[bytes] = set()
        self._overlap: set[str] = set()
        self._slices: list[KeptSlice] = []
        self._total: int | None = None
        self._step = 0
        self._misses = 0

    def run(self, fetch: Fetch) -> Whole:
        """Return the whole collection, or raise Moved or ContractBroken."""
        self._look_again(fetch)
        while not self._round(fetch):
            pass
        self._early.let_go()
        return Whole(tuple(self._slices), self._total)

    def _look_again(self, fetch: Fetch) -> None:
        """Believe what an earlier try left only when the last answer of it comes again as it was."""
        last = self._early.last()
        if last is None:
            return
        answer = None
        while answer is None:
            with closing(fetch((last.offset,))) as answers:
                answer = next(answers, None)
        if not self._same(answer, last):
            raise Moved(self._totals_differ("it changed since an earlier try read a part of it"))

    def _same(self, answer: Slice, last: Mark) -> bool:
        """Return whether an answer is what it was; it may be shorter where fewer are given at once now."""
        told = self._exact and answer.total == last.total
        if self._exact and not told:
            return False
        before = self._early.ids(last)
        both = min(len(before), len(answer.ids))
        whole = both == len(before) or (told and answer.total is not None and both > 0)
        return whole and tuple(before[:both]) == tuple(answer.ids[:both])

    def _round(self, fetch: Fetch) -> bool:
        """Take answers as long as they join on; return whether the end was reached."""
        if self._join_on():
            return True
        before, plan = self._offset, self._plan()
        with closing(fetch(plan)) as answers:
            for answer in answers:
                if answer.offset == self._offset:
                    if self._take(answer) or self._join_on():
                        return True
                elif answer.offset > self._offset:
                    self._early.put(answer)
                if self._offset < plan.stop and self._offset not in plan:
                    # A page was not as long as we guessed: go on from where it ended.
                    self._misses += 1
                    self._step = 0
                    return False
        if self._offset == before:
            # Nothing came, so the server was asked for too much at once: find out what it gives now.
            self._step = 0
        return False

    def _join_on(self) -> bool:
        """Take what came before its turn as long as it joins on; return whether the end was reached."""
        while (answer := self._early.take(self._offset)) is not None:
            if self._take(answer, put=False):
                return True
        self._early.let_go(before=self._offset)
        return False

    def _plan(self) -> range:
        """Return the offsets to ask for at once: all up to a gap's end when the total is known, else one."""
        if self._total is None or not self._step or self._misses >= _MISSES:
            return range(self._offset, self._offset + 1)
        # The look beyond the end, where a total still has to prove itself, is an offset too.
        end = max(self._total, self._offset + 1)
        return range(self._offset, min(end, self._early.first(otherwise=end)), self._step)

    def _take(self, answer: Slice, *, put: bool = True) -> bool:
        ids = [one for one in answer.ids if one is not None]
        doubled = len(ids) - len(set(ids))
        rows = len(answer.ids) - doubled
        self._weigh_total(answer, rows)
        if rows == 0 or (self._overlap and set(ids) <= self._overlap and len(ids) == len(answer.ids)):
            self._end_short()
            if not put:
                self._shelf.drop(mark_of(answer))
            return True
        self._guard_repeats(answer, set(ids))
        mark = mark_of(answer)
        if put:
            self._shelf.put(mark, answer.body, answer.records)
            self._step = rows
        self._slices.append(KeptSlice(mark, self._shelf))
        # A row doubled within a page may or may not count for the server: begin the next page so that
        # neither loses a row, and let that page repeat as many as were doubled.
        self._overlap = set(ids[-doubled:]) if doubled else set()
        self._offset += rows
        return self._ended(answer, rows)

    def _weigh_total(self, answer: Slice, rows: int) -> None:
        """Believe a total as long as it is possible and stays the same."""
        first = not self._slices
        if first and self._exact:
            self._total = answer.total
        elif self._total is not None and answer.total != self._total:
            if answer.total is not None and answer.total >= answer.offset + rows:
                raise Moved(self._totals_differ("its total changed while it was read"))
            self._total = None
        if self._total is not None and self._total < answer.offset + rows:
            # A server that tells the size of the page instead of the total.
            self._total = None

    def _ended(self, answer: Slice, rows: int) -> bool:
        if self._total is not None:
            # A total that equals its own page may be just the page's size: one more look tells.
            return self._offset >= self._total and (self._trusting or self._total != rows)
        if self._trusting and answer.total == self._offset:
            return True
        # A Link is made from the total by most servers: where that is not believed, neither is "no next".
        return answer.more is False and answer.total is None

    def _end_short(self) -> None:
        if self._total is not None and self._offset < self._total:
            raise Moved(self._totals_differ(f"it says {self._total} and gave {self._offset}"))

    def _guard_repeats(self, answer: Slice, ids: set[str]) -> None:
        again = self._seen.add_all(tuple(ids))
        # Records without an id are told from earlier ones by the whole answer.
        digest = hashlib.sha256(answer.body).digest() if None in answer.ids else None
        if again == ids and (digest is None or digest in self._digests):
            raise Moved(self._looping(answer))
        if again - self._overlap:
            raise Moved(self._repeated(answer))
        if digest is not None:
            self._digests.add(digest)

    def _looping(self, answer: Slice) -> ContractBroken:
        return ContractBroken(
            "PG01",
            f"{self._place} gives the same records again instead of the next ones",
            fix="Tell the SIS's host that offset is ignored; raising page_size above the count may help",
            place=f"{self._place}?offset={answer.offset}",
        )

    def _repeated(self, answer: Slice) -> ContractBroken:
        return ContractBroken(
            "PG02",
            f"{self._place} gives the same sourcedId on different pages, again after {RESTARTS} restarts",
            fix="Pull at a quieter hour; if it stays, the SIS's host must make ids unique",
            place=f"{self._place}?offset={answer.offset}",
        )

    def _totals_differ(self, how: str) -> ContractBroken:
        return ContractBroken(
            "PG03",
            f"{self._place} does not agree with itself: {how}",
            fix="Pull at a quieter hour; if it stays, tell the SIS's host that its total is wrong",
            place=self._place,
        )
