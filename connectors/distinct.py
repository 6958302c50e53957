"""How many different ids a table has, counted a column at a time, at eight bytes an id."""

from __future__ import annotations

from functools import cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

_LONGEST = 256
"""Bytes of an id that are told apart place by place; a sourcedId has at most 255 characters."""

_IDS_AT_ONCE = 8_192

_Words: TypeAlias = npt.NDArray[np.uint64]


class DistinctIds:
    """Counts the different ids of columns of text; an empty id and a null are the same id.

    Each id is kept as the sum of one random 64-bit word per byte and place (tabulation hashing): two
    different ids are taken for one with a chance of 2 ** -64.
    """

    def __init__(self) -> None:
        self._words = _random_words()
        self._parts: list[_Words] = []

    def add(self, ids: pa.StringArray) -> None:
        """Count a column of ids."""
        # A null may have bytes of its own behind it; an empty text has none.
        filled = ids.fill_null("") if ids.null_count else ids
        ends, data = np.frombuffer(filled.buffers()[1] or b"", np.int32), filled.buffers()[2] or b""
        for start in range(filled.offset, filled.offset + len(filled), _IDS_AT_ONCE):
            last = min(start + _IDS_AT_ONCE, filled.offset + len(filled))
            self._parts.append(self._hashes(np.frombuffer(data, np.uint8), ends[start : last + 1]))

    def __len__(self) -> int:
        """Return how many different ids were added."""
        if not self._parts:
            return 0
        words = np.sort(np.concatenate(self._parts))
        return 1 + int(np.count_nonzero(words[1:] != words[:-1]))

    def _hashes(self, data: npt.NDArray[np.uint8], ends: npt.NDArray[np.int32]) -> _Words:
        own = data[ends[0] : ends[-1]]
        starts, lengths = ends[:-1].astype(np.int64) - ends[0], np.diff(ends)
        place = np.arange(len(own)) - np.repeat(starts, lengths)
        words = self._words.take((place % _LONGEST << 8) | own)
        if len(own) and int(lengths.max()) > _LONGEST:
            # Places that share their words are kept apart by a multiplier.
            words *= (place // _LONGEST * 2 + 1).astype(np.uint64)
        hashes = np.zeros(len(starts), dtype=np.uint64)
        there = np.flatnonzero(lengths)
        if len(there):
            hashes[there] = np.add.reduceat(words, starts[there])
        return hashes


@cache
def _random_words() -> _Words:
    return np.random.default_rng().integers(0, 1 << 64, size=(_LONGEST, 256), dtype=np.uint64)
