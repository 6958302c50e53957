"""Where the answers of a collection wait until it is proven whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa

from connectors.protocol import Cursor, PageProof

_CODEC = "zstd"


@dataclass(frozen=True, slots=True)
class Slice:
    """One answer: the records from an offset on.

    total: what the server says there are in all. more: true when a Link header names a next page,
    false when there is one that names other pages only, None when the server gives no Link.
    records: what the bytes say, for the shelf.
    """

    offset: int
    ids: Sequence[str | None]
    total: int | None
    more: bool | None
    body: bytes = field(repr=False)
    records: Sequence[object] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Mark:
    """What is known of one answer that lies on a shelf: where it begins, its rows, the total it told."""

    offset: int
    rows: int
    total: int | None


def mark_of(answer: Slice) -> Mark:
    """Return what is known of an answer."""
    return Mark(answer.offset, len(answer.ids), answer.total)


class Shelf(Protocol):
    """Where the answers of one collection wait until it is whole."""

    def marks(self) -> Sequence[Mark]:
        """Return what lies here from earlier tries by offset, with a gap where an answer never came."""

    def put(self, mark: Mark, body: bytes, records: Sequence[object]) -> None:
        """Put one answer here, its bytes and what they say; a second one of a mark replaces the first."""

    def body(self, mark: Mark) -> bytes:
        """Return the very bytes the server sent."""

    def drop(self, mark: Mark) -> None:
        """Forget one answer."""

    def clear(self) -> None:
        """Forget every answer."""


class MemoryShelf:
    """A shelf in memory, compressed to about a tenth: for lists that are known to be short."""

    def __init__(self) -> None:
        self._packed: dict[Mark, tuple[int, bytes]] = {}

    def marks(self) -> Sequence[Mark]:
        """Return nothing: memory knows of no earlier try."""
        return ()

    def put(self, mark: Mark, body: bytes, records: Sequence[object]) -> None:
        """Keep one answer compressed."""
        self._packed[mark] = len(body), pa.compress(body, codec=_CODEC, asbytes=True)

    def body(self, mark: Mark) -> bytes:
        """Return one answer's bytes."""
        size, packed = self._packed[mark]
        body: bytes = pa.decompress(packed, decompressed_size=size, codec=_CODEC, asbytes=True)
        return body

    def drop(self, mark: Mark) -> None:
        """Forget one answer."""
        self._packed.pop(mark, None)

    def clear(self) -> None:
        """Forget every answer."""
        self._packed.clear()


@dataclass(frozen=True, slots=True)
class KeptSlice:
    """One proven answer; its bytes stay on the shelf until they are asked for."""

    mark: Mark
    shelf: Shelf = field(repr=False)

    @property
    def offset(self) -> int:
        """Return how many records stand before it."""
        return self.mark.offset

    @property
    def rows(self) -> int:
        """Return how many records it holds."""
        return self.mark.rows

    @property
    def body(self) -> bytes:
        """Return the very bytes the server sent."""
        return self.shelf.body(self.mark)


@dataclass(frozen=True, slots=True)
class Whole:
    """A collection read whole: its answers in order, and the total the server stood by (None: none)."""

    slices: tuple[KeptSlice, ...]
    total: int | None

    def proof(self, number: int, total: int | None) -> PageProof:
        """Return why an answer can be believed. number: from 1; total: as its page shall tell it."""
        after = self.slices[number].offset if number < len(self.slices) else None
        following = None if after is None else Cursor(number + 1, after)
        return PageProof(number, self.slices[number - 1].rows, total, following)
