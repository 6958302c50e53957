"""Rows with too few or too many cells, as notices that hold the row and name it by place and key only."""

from __future__ import annotations

import re

from connectors.delimited.blocks import Lines
from connectors.delimited.records import Record, records
from connectors.protocol import Notice
from domain.model import Severity

_NAMELESS = "; which row it is cannot be told, so no row of the file is taken for gone"
"""Whoever is missing from the file might be the one that could not be read."""

_SOURCED_ID = re.compile(r"[0-9A-Za-z./@_-]{1,255}")


class RaggedRows:
    """Explains the ragged rows of one file; feed them in the order of their lines.

    A short row is often the front of one that a bare line break cut in two: the line after it then
    begins in the middle, and what stands in the key's place there may be a name. Such a line has no key.
    """

    def __init__(self, file: str, width: int, key: int | None) -> None:
        self._file, self._width, self._key = file, width, key
        self._line, self._cells = 0, 0

    def from_text(self, line: int, cells: int, text: str, delimiter: str) -> Notice:
        """Return the notice for a row given as its text."""
        found = next(records(Lines([text.encode()]), delimiter), None)
        return self._notice(line, cells, found.cells if found else [])

    def from_record(self, record: Record) -> Notice:
        """Return the notice for a row given as its cells; one that is not whole has an open quote."""
        if record.whole:
            return self._notice(record.line, len(record.cells), record.cells)
        why = "has a quote that never closes, or a line break inside quotes and the wrong number of cells"
        return self._held(record.line, why, self._find_key(record.line, record.cells))

    def _notice(self, line: int, count: int, cells: list[str]) -> Notice:
        return self._held(
            line, f"has {count} cells where the header has {self._width}", self._find_key(line, cells)
        )

    def _find_key(self, line: int, cells: list[str]) -> str:
        joined = self._cells + len(cells) - 1
        continues = line == self._line + 1 and 0 < self._cells < self._width and joined <= self._width
        self._line, self._cells = line, joined if continues else len(cells)
        # In a row of another width only the first cell surely stands below its header.
        if continues or self._key != 0 or not cells:
            return ""
        return cells[self._key] if _SOURCED_ID.fullmatch(cells[self._key]) else ""

    def _held(self, line: int, why: str, key: str) -> Notice:
        return Notice(
            "FL30",
            Severity.HOLD_ROW,
            self._file.removesuffix(".csv"),
            f"{self._file}:{line}",
            f"A row of {self._file} {why}" + ("" if key else _NAMELESS),
            "Look for line breaks, delimiters or quotes inside the values of this row and export it again.",
            key=key,
        )
