"""A set of ids that grows by bytes, not by objects: half a million ids must not outweigh the pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

_Hashes: TypeAlias = npt.NDArray[np.int64]


class SeenIds:
    """Texts seen so far, as 64-bit hashes in sorted runs: 8 to 16 bytes each instead of over 100.

    Two texts are taken for one with a chance below one in a hundred million at half a million ids.
    """

    def __init__(self) -> None:
        self._runs: list[_Hashes] = []

    def __len__(self) -> int:
        """Return how many different texts were added."""
        return sum(map(len, self._runs))

    def add_all(self, texts: Sequence[str]) -> set[str]:
        """Add texts, each given once; return those that are not new."""
        hashes = np.fromiter(map(hash, texts), np.int64, len(texts))
        again = np.zeros(len(hashes), np.bool_)
        for run in self._runs:
            again |= run.take(run.searchsorted(hashes), mode="clip") == hashes
        self._keep(np.sort(hashes[~again]))
        return {texts[number] for number in np.flatnonzero(again).tolist()}

    def _keep(self, run: _Hashes) -> None:
        """Add a run, joined to those before it that are not twice as long: only a few are looked through."""
        while self._runs and len(self._runs[-1]) < 2 * len(run):
            run = np.concatenate((self._runs.pop(), run))
            run.sort(kind="stable")
        if len(run):
            self._runs.append(run)
