"""Records of delimited text one by one with Python's own reader, for what the fast reader cannot number.

A record that does not end, or that spans lines and has the wrong number of cells, is taken for one
bad line: reading goes on at the line after it, so a stray quote costs one row and not the rest.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field

from connectors.delimited.blocks import Lines

MOST_LINES = 200
"""Lines one quoted cell may span before its quote counts as one that never closes."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record and the line it begins on. whole: False when a quote in it never closes."""

    line: int
    cells: list[str] = field(repr=False)
    whole: bool


class _Feed:
    """Hands lines to the csv reader and remembers them, and whether more were asked for than there are."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self.taken: list[bytes] = []
        self.ran_out = False

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        line = self._lines.take() if len(self.taken) < MOST_LINES else None
        if line is None:
            self.ran_out = True
            raise StopIteration
        self.taken.append(line)
        return line.decode()


def records(lines: Lines, delimiter: str, width: int | None = None) -> Iterator[Record]:
    """Yield the records in order, blank lines left out.

    width: cells a record should have; one that spans lines and has not is cut to its first line.
    """
    while True:
        feed = _Feed(lines)
        first = lines.number
        cells = _parse(feed, delimiter)
        if not feed.taken:
            return
        whole = cells is not None and not feed.ran_out
        if len(feed.taken) > 1 and (not whole or (width is not None and len(cells or ()) != width)):
            lines.give_back(feed.taken[1:])
            cells, whole = _first_line(feed.taken[0], delimiter), False
        if cells is None or cells or not whole:
            yield Record(first, cells or [], whole)


def is_open(line: bytes, delimiter: str) -> bool:
    """Return whether a quote opened in this line does not close in it."""
    feed = _Feed(Lines([line]))
    return _parse(feed, delimiter) is None or feed.ran_out


def _parse(feed: _Feed, delimiter: str) -> list[str] | None:
    """Return the next record's cells ([] for a blank line or the end), None when it is beyond reading."""
    try:
        return next(csv.reader(feed, delimiter=delimiter), [])
    except csv.Error:
        return None


def _first_line(line: bytes, delimiter: str) -> list[str] | None:
    return _parse(_Feed(Lines([line])), delimiter)
