"""Where the answers of a collection wait until it is proven whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa

_CODEC = "zstd"


@dataclass(frozen=True, slots=True)
class Mark:
    """What is known of one proven answer: its number from 1, where it begins, its rows, the total told."""

    number: int
    offset: int
    rows: int
    total: int | None


class Shelf(Protocol):
    """Where the proven answers of one collection wait until it is whole."""

    def marks(self) -> Sequence[Mark]:
        """Return what lies here from earlier tries, from number 1 on without a gap."""

    def put(self, mark: Mark, body: bytes, records: Sequence[object]) -> None:
        """Put one proven answer here, its bytes and what they say; a second one replaces the first."""

    def body(self, mark: Mark) -> bytes:
        """Return the very bytes the server sent."""

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
