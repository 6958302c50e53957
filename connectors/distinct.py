"""How many different ids a table has, counted a column at a time, at eight bytes an id."""

from __future__ import annotations

import secrets
from functools import lru_cache
from hashlib import blake2b
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

_IDS_AT_ONCE = 32_768
"""As many as a large page has: after each call of NumPy, other threads may have Python for a while."""

_LANE = 4
"""Bytes of an id that are hashed as one number."""

_SPARE = 8
"""What part of the ids counted so far may come before the memory for them has to grow."""

_LONGEST = 256
"""Bytes of an id beyond which its digest stands for it; a sourcedId has at most 255 characters."""

_Words: TypeAlias = npt.NDArray[np.uint64]
_Bytes: TypeAlias = npt.NDArray[np.uint8]
_Ends: TypeAlias = npt.NDArray[np.int32]
_HALF = np.uint64(32)
_SEED = secrets.randbits(128)


class DistinctIds:
    """Counts the different ids of columns of text; an empty id and a null are the same id.

    Each id is kept as two sums of its length and its 32-bit lanes, each times a random 64-bit word, the
    upper half of either (multilinear hashing, Lemire and Kaser 2012): two different ids are taken for one
    with a chance of 2 ** -64.
    """

    def __init__(self) -> None:
        self._words: _Words = np.empty(0, np.uint64)
        self._count = 0

    def add(self, ids: pa.StringArray) -> None:
        """Count a column of ids."""
        ends, data = _ends_and_bytes(ids)
        for start in range(0, len(ids), _IDS_AT_ONCE):
            self._keep(self._hashes(data, ends[start : start + _IDS_AT_ONCE + 1]))

    def __len__(self) -> int:
        """Return how many different ids were added."""
        if not self._count:
            return 0
        words = self._words[: self._count]
        words.sort()
        return 1 + int(np.count_nonzero(words[1:] != words[:-1]))

    def _keep(self, hashes: _Words) -> None:
        held = self._count + len(hashes)
        if held > len(self._words):
            # Longer where it lies: pieces put together at the end would be held twice, millions of ids each.
            self._words.resize(held + held // _SPARE, refcheck=False)
        self._words[self._count : held] = hashes
        self._count = held

    def _hashes(self, data: _Bytes, ends: _Ends) -> _Words:
        starts, lengths = ends[:-1], np.diff(ends)
        widths = _LANE * -(-lengths // _LANE)
        if (widths == widths[0]).all():
            return _hashed(_rows(data, starts, lengths, widths[0]), lengths)
        hashes = np.empty(len(lengths), np.uint64)
        for width in np.unique(widths):
            alike = np.flatnonzero(widths == width)
            hashes[alike] = _hashed(_rows(data, starts[alike], lengths[alike], width), lengths[alike])
        return hashes


def joined(ids: pa.StringArray) -> memoryview:
    """Return the bytes of ids one after another, nothing between them and nothing for a null."""
    ends, data = _ends_and_bytes(ids)
    return data[ends[0] : ends[-1]].data


def _ends_and_bytes(ids: pa.StringArray) -> tuple[_Ends, _Bytes]:
    """Return where each id begins, and at last where the last one ends, and the bytes they stand in."""
    # A null may have bytes of its own behind it; an empty text has none.
    filled = ids.fill_null("") if ids.null_count else ids
    _, ends, data = filled.buffers()
    begun = np.frombuffer(ends, np.int32)[filled.offset :] if len(ids) else np.zeros(1, np.int32)
    return begun[: len(ids) + 1], np.frombuffer(data or b"", np.uint8)


def _rows(data: _Bytes, starts: _Ends, lengths: _Ends, width: int) -> _Bytes:
    """Return ids that need one width, a row each, zeros behind those that are shorter."""
    if width > _LONGEST:
        ids = (data[start : start + length].data for start, length in zip(starts, lengths, strict=True))
        digests = b"".join(blake2b(one).digest() for one in ids)
        return np.frombuffer(digests, np.uint8).reshape(len(starts), -1)
    if int(lengths.min()) == width and starts[-1] - starts[0] == width * (len(starts) - 1):
        return data[starts[0] : starts[-1] + width].reshape(len(starts), width)
    places = np.arange(width, dtype=np.int32)
    cells = data.take(starts[:, None] + places, mode="clip")
    cells *= places < lengths[:, None]
    return cells


def _hashed(ids: _Bytes, lengths: _Ends) -> _Words:
    """Return the hashes of ids, a row each, padded with zeros to whole lanes."""
    words = _random_words(ids.shape[1] // _LANE)
    # Both sums in one call: one for each lane would give other threads Python twenty times in between.
    sums: _Words = np.dot(ids.view(np.uint32), words[2:])
    sums += words[0]
    sums += words[1] * lengths.astype(np.uint64)[:, None]
    first, second = sums.T
    hashes: _Words = first >> _HALF << _HALF | second >> _HALF
    return hashes


@lru_cache
def _random_words(lanes: int) -> _Words:
    """Return two words a lane, after two to begin with and two for the length: the same for every count."""
    return np.random.default_rng(_SEED).integers(0, 1 << 64, size=(2 + lanes, 2), dtype=np.uint64)
