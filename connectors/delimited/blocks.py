"""Text in blocks that end where lines end, and single lines with their true numbers."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np

from domain.errors import StopDistrict

LONGEST_LINE = 16 * 1024 * 1024
"""Bytes without a line end after which a file is no CSV file."""

_LF = ord("\n")
_TAIL = 64 * 1024
_AT_ONCE = 1024 * 1024
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")


def blocks(pieces: Iterable[bytes], file: str) -> Iterator[bytes]:
    """Yield the pieces cut anew so that each but the last ends with a whole line.

    Raises StopDistrict FL13 when there is no line end for LONGEST_LINE bytes.
    """
    rest = b""
    for piece in pieces:
        whole, rest = _cut(rest, piece)
        if len(rest) > LONGEST_LINE:
            raise StopDistrict(
                "FL13",
                f"{file} has a line of more than {LONGEST_LINE} bytes: it is not a CSV file",
                fix="Export the file again as CSV, one row a line.",
                place=file,
            )
        if whole:
            yield whole
    if rest:
        yield rest


def _cut(rest: bytes, piece: bytes) -> tuple[bytes, bytes]:
    """Return the whole lines and what follows; a last carriage return may be half of a line end."""
    end = piece.rfind(b"\n") + 1
    if end == len(piece) and not rest:
        return piece, rest
    if end:
        # Joined without a copy of its own for each part.
        return b"".join((rest, memoryview(piece)[:end])), piece[end:]
    data = rest + piece
    end = data.rfind(b"\r", 0, -1) + 1
    return data[:end], data[end:]


def count_lines(block: bytes) -> int:
    """Return how many lines a block has; line ends are LF, CRLF or CR, and the last may lack one."""
    # bytes.count looks at one byte after the other, NumPy at many. In parts that the processor's cache holds,
    # but large ones: after each, other threads may have Python for a while.
    parts = (np.frombuffer(block, np.uint8)[at : at + _AT_ONCE] for at in range(0, len(block), _AT_ONCE))
    ends = sum(int(np.count_nonzero(part == _LF)) for part in parts)
    if b"\r" in block:
        ends += block.count(b"\r") - block.count(b"\r\n")
    return ends + (not block.endswith((b"\n", b"\r")))


def has_blank_line(block: bytes) -> bool:
    """Return whether a line of a block is empty."""
    # Few files have a carriage return at all, and a search for one byte costs next to nothing.
    pairs = (b"\n\n", b"\n\r", b"\r\r") if b"\r" in block else (b"\n\n",)
    return block.startswith((b"\n", b"\r")) or any(pair in block for pair in pairs)


def last_line(block: bytes) -> bytes:
    """Return the last line of a block with its line end."""
    for tail in (block[-_TAIL:], block):
        body = tail.rstrip(b"\r\n")
        if start := max(body.rfind(b"\n"), body.rfind(b"\r")) + 1:
            return tail[start:]
    return block


class Lines:
    """The lines of the blocks in order, that can be given back, with the number of the next one."""

    def __init__(self, source: Iterable[bytes], first: int = 1) -> None:
        self._blocks = iter(source)
        self._block, self._at = b"", 0
        self._back: deque[bytes] = deque()
        self.number = first

    def take(self) -> bytes | None:
        """Return the next line with its line end, None at the end."""
        line = self._back.popleft() if self._back else self._next()
        if line is not None:
            self.number += 1
        return line

    def give_back(self, lines: list[bytes]) -> None:
        """Put lines just taken back in front, in their order."""
        self._back.extendleft(reversed(lines))
        self.number -= len(lines)

    def remainder(self) -> Iterator[bytes]:
        """Yield everything not taken yet as blocks of whole lines; no line is taken after this."""
        head = b"".join([*self._back, self._block[self._at :]])
        self._back.clear()
        if head:
            yield head
        yield from self._blocks

    def _next(self) -> bytes | None:
        while self._at == len(self._block):
            block = next(self._blocks, None)
            if block is None:
                return None
            self._block, self._at = block, 0
        found = _LINE.match(self._block, self._at)
        assert found is not None
        self._at = found.end()
        return found[0]
