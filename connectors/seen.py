"""A set of ids that grows by bytes, not by objects: half a million ids must not outweigh the pages."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

_LEAST_SLOTS = 1024
_WORD = (1 << 64) - 1


class SeenIds:
    """Texts seen so far, as 64-bit hashes in open addressing: 12 to 24 bytes each instead of over 100.

    Two texts are taken for one with a chance below one in a hundred million at half a million ids.
    """

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 * _LEAST_SLOTS))
        self._count = 0

    def __len__(self) -> int:
        """Return how many different texts were added."""
        return self._count

    def __contains__(self, text: str) -> bool:
        """Return whether a text was added."""
        return self._slots[self._slot(_hash(text))] != 0

    def add(self, text: str) -> bool:
        """Add a text; return whether it is new."""
        value = _hash(text)
        slot = self._slot(value)
        if self._slots[slot]:
            return False
        self._slots[slot] = value
        self._count += 1
        if self._count * 3 > len(self._slots) * 2:
            self._grow()
        return True

    def add_all(self, texts: Sequence[str]) -> set[str]:
        """Add texts; return those that are not new."""
        while (self._count + len(texts)) * 3 > len(self._slots) * 2:
            self._grow()
        slots, mask, again = self._slots, len(self._slots) - 1, set()
        for text in texts:
            # As `_slot` does, without a call for each of a million ids.
            value = hash(text) & _WORD or 1
            slot = value & mask
            while (found := slots[slot]) and found != value:
                slot = (slot + 1) & mask
            if found:
                again.add(text)
            else:
                slots[slot] = value
                self._count += 1
        return again

    def _slot(self, value: int) -> int:
        slots, mask = self._slots, len(self._slots) - 1
        slot = value & mask
        while (found := slots[slot]) and found != value:
            slot = (slot + 1) & mask
        return slot

    def _grow(self) -> None:
        held = self._slots
        self._slots = array("Q", bytes(16 * len(held)))
        for value in held:
            if value:
                self._slots[self._slot(value)] = value


def _hash(text: str) -> int:
    # Zero marks a free slot.
    return hash(text) & _WORD or 1
