"""Limit and offset paging that believes rows, not promises.

The next page begins after the rows received, never after the limit asked for: servers clamp limits
silently, and a short page alone is no end. A collection is handed over only when it was read whole:
until then its answers wait compressed (about a tenth of their size), so that a roster that moved
while it was read can be read again from the start.
Source: OneRoster 1.1 and 1.2 REST bindings, paging; field behaviour of their servers.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from domain.errors import ContractBroken, SisbridgeError

RESTARTS = 3
"""How often a collection is read again from its start because it moved under us."""


@dataclass(frozen=True, slots=True)
class Slice:
    """One answer: the records from an offset on.

    total: what the server says there are in all. more: true when a Link header names a next page,
    false when there is one that names other pages only, None when the server gives no Link.
    """

    offset: int
    ids: Sequence[str | None]
    total: int | None
    more: bool | None
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeptSlice:
    """One proven answer, its bytes kept compressed."""

    offset: int
    rows: int
    packed: bytes = field(repr=False)

    @property
    def body(self) -> bytes:
        """Return the very bytes the server sent."""
        return zlib.decompress(self.packed)


@dataclass(frozen=True, slots=True)
class Whole:
    """A collection read whole: its answers in order, and the total the server stood by (None: none)."""

    slices: tuple[KeptSlice, ...]
    total: int | None


Fetch = Callable[[Iterable[int]], Generator[Slice, None, None]]
"""Given offsets, yields their answers in the same order; may ask for several at once; is closed early."""


class Moved(Exception):
    """The collection changed while it was read; `verdict` is what to raise when it will not hold still."""

    def __init__(self, verdict: SisbridgeError) -> None:
        super().__init__(str(verdict))
        self.verdict = verdict


def read_whole(
    fetch: Fetch, place: str, *, start: int = 0, exact: bool = True, trusting: bool = False
) -> Whole:
    """Read a collection from an offset to its end, from the start again when it moves (three times).

    place: how messages name it. exact: whether the server's total counts just these rows; false behind
    a filter, where some servers tell the unfiltered total. trusting: whether a total equal to the rows of
    its own page is believed without one more look, for lists that are known to be short.
    Raises ContractBroken when every try ends alike: PG01 a page brings nothing new, PG02 the same id on
    two pages, PG03 rows and total disagree; and whatever fetch raises.
    """
    verdict: SisbridgeError | None = None
    for _ in range(1 + RESTARTS):
        try:
            return _Reading(place, start, exact, trusting).run(fetch)
        except Moved as moved:
            verdict = moved.verdict
    assert verdict is not None
    raise verdict


class _Reading:
    """One attempt to read a collection."""

    def __init__(self, place: str, start: int, exact: bool, trusting: bool) -> None:
        self._place = place
        self._offset = start
        self._exact = exact
        self._trusting = trusting
        self._seen: set[str] = set()
        self._digests: set[bytes] = set()
        self._overlap: set[str] = set()
        self._slices: list[KeptSlice] = []
        self._total: int | None = None
        self._step = 0
        self._missed = False

    def run(self, fetch: Fetch) -> Whole:
        """Return the whole collection, or raise Moved or ContractBroken."""
        while not self._round(fetch):
            pass
        return Whole(tuple(self._slices), self._total)

    def _round(self, fetch: Fetch) -> bool:
        """Take answers as long as they join on; return whether the end was reached."""
        with closing(fetch(self._plan())) as answers:
            for answer in answers:
                if answer.offset != self._offset:
                    # The page before was not as long as we guessed: go on one by one from where it ended.
                    self._missed = True
                    break
                if self._take(answer):
                    return True
        return False

    def _plan(self) -> Iterable[int]:
        """Return the offsets to ask for at once: all that are left when the total is known, else one."""
        if self._total is None or not self._step or self._missed:
            return (self._offset,)
        # The look beyond the end, where a total still has to prove itself, is an offset too.
        return range(self._offset, max(self._total, self._offset + 1), self._step)

    def _take(self, answer: Slice) -> bool:
        ids = [one for one in answer.ids if one is not None]
        doubled = len(ids) - len(set(ids))
        rows = len(answer.ids) - doubled
        self._weigh_total(answer, rows)
        if rows == 0 or (self._overlap and set(ids) <= self._overlap and len(ids) == len(answer.ids)):
            self._end_short()
            return True
        self._guard_repeats(answer, set(ids))
        self._slices.append(KeptSlice(answer.offset, len(answer.ids), zlib.compress(answer.body, 1)))
        # A row doubled within a page may or may not count for the server: begin the next page so that
        # neither loses a row, and let that page repeat as many as were doubled.
        self._overlap = set(ids[-doubled:]) if doubled else set()
        self._offset += rows
        self._step = rows
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
        digest = hashlib.sha256(answer.body).digest()
        if not (ids - self._seen or (None in answer.ids and digest not in self._digests)):
            raise Moved(self._looping(answer))
        if (ids & self._seen) - self._overlap:
            raise Moved(self._repeated(answer))
        self._seen |= ids
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
