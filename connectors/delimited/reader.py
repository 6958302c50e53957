"""Delimited text as Arrow batches of text columns, every row with its true line number.

A block is read by Arrow at once, in threads a few blocks ahead. Where its rows and its lines do not match
one to one (a line break inside quotes, a blank line, a quote that never closes) the rest of the file is
read record by record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv

from connectors.delimited.blocks import Lines, count_lines, has_blank_line, last_line
from connectors.delimited.header import Header
from connectors.delimited.ragged import RaggedRows
from connectors.delimited.records import Record, is_open, records
from connectors.protocol import Notice
from domain.ahead import ahead
from domain.tables import PLACE

ROWS = 50_000
"""Rows of one batch when records are read one by one."""

_AT_ONCE = 1024 * 1024
"""Bytes of a block that Arrow parses at once, as many as a processor's cache holds."""

_MARK = "\ufeff".encode()


@dataclass
class TableReader:
    """Reads one file's rows once; `notices` fills while `batches` runs.

    file: name in places. header: from `csv_header.read_header`, which gave `lines` too.
    note: called with each notice as it arises. key: the column that names a held row.
    """

    file: str
    header: Header
    lines: Lines
    note: Callable[[Notice], None]
    key: str = "sourcedId"
    _ragged: RaggedRows = field(init=False)
    _gave_up: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        """Make ready to explain rows of the wrong length."""
        names = self.header.names
        self._ragged = RaggedRows(
            self.file, len(names), names.index(self.key) if self.key and self.key in names else None
        )

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows: named columns and PLACE, empty cells as null; no batch for a block without rows."""
        parsed = ahead(self._blocks(), self._at_once)
        for block, rows in parsed:
            if rows is None:
                self._gave_up = True
                rest = (after.data for after, _ in parsed)
                yield from self._one_by_one(Lines(chain([block.data], rest), block.line))
                return
            for row in rows.bad:
                line, delimiter = block.line + row.offset, self.header.delimiter
                self.note(self._ragged.from_text(line, row.cells, row.text, delimiter))
            if rows.batch.num_rows:
                yield rows.batch

    def _blocks(self) -> Iterator[_Block]:
        line = self.header.line
        for data, lines in ahead(self.lines.remainder(), count_lines, threads=1):
            yield _Block(data, line, lines)
            line += lines

    def _at_once(self, block: _Block) -> _Rows | None:
        """Return a block's rows, or None when Arrow could not number them truly."""
        if self._gave_up or len(self.header.names) == 1 or block.data.startswith(_MARK):
            return None
        if is_open(last_line(block.data), self.header.delimiter):
            return None
        bad: list[_BadRow] = []
        try:
            table = _parse(block.data, self.header, bad)
        except pa.ArrowInvalid:
            return None
        # A blank line is a row without a single value; looking at each line takes far longer.
        is_suspect = all(column.null_count for column in table.columns)
        if table.num_rows + len(bad) != block.lines or (is_suspect and has_blank_line(block.data)):
            return None
        lines = np.delete(np.arange(block.lines), [row.offset for row in bad]) + block.line
        return _Rows(self._placed([_whole(column) for column in table.columns], lines), bad)

    def _one_by_one(self, lines: Lines) -> Iterator[pa.RecordBatch]:
        good = self._good(records(lines, self.header.delimiter, len(self.header.names)))
        while some := list(islice(good, ROWS)):
            columns = zip(*(record.cells for record in some), strict=True)
            arrays = [pa.array((cell or None for cell in cells), pa.string()) for cells in columns]
            yield self._placed(arrays, np.array([record.line for record in some]))

    def _good(self, found: Iterator[Record]) -> Iterator[Record]:
        width = len(self.header.names)
        for record in found:
            if record.whole and len(record.cells) == width:
                yield record
            else:
                self.note(self._ragged.from_record(record))

    def _placed(
        self, columns: Sequence[pa.Array[pa.StringScalar]], lines: NDArray[np.int64]
    ) -> pa.RecordBatch:
        """Return the named columns and, beside them, the place of each row."""
        numbers = pa.array(lines, pa.int64()).cast(pa.string())
        places = pc.binary_join_element_wise(
            pa.repeat(self.file, len(numbers)), numbers, pa.repeat(":", len(numbers))
        )
        named = [(name, array) for name, array in zip(self.header.names, columns, strict=True) if name]
        return pa.record_batch(dict([*named, (PLACE, places)]))


@dataclass(frozen=True, slots=True)
class _Block:
    """Whole lines of the file. line: number of the first; lines: how many."""

    data: bytes = field(repr=False)
    line: int
    lines: int


@dataclass(frozen=True, slots=True)
class _BadRow:
    """A row of the wrong length: lines after the block's first, cells it has, its text."""

    offset: int
    cells: int
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Rows:
    """What Arrow made of a block: the rows that fit the header, with their places, and those that do not."""

    batch: pa.RecordBatch = field(repr=False)
    bad: list[_BadRow]


def _whole(column: pa.ChunkedArray) -> pa.Array[pa.StringScalar]:
    # To combine the single chunk that a small block becomes would copy it.
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _parse(block: bytes, header: Header, bad: list[_BadRow]) -> pa.Table:
    """Parse one block as text columns named by position; rows of the wrong length go to `bad`."""
    names = [str(position) for position in range(len(header.names))]

    def set_aside(row: arrow_csv.InvalidRow) -> Literal["skip"]:
        # Arrow numbers rows from 1, and always when it reads with one thread.
        bad.append(_BadRow((row.number or 0) - 1, row.actual_columns, row.text))
        return "skip"

    return arrow_csv.read_csv(
        pa.BufferReader(block),
        read_options=arrow_csv.ReadOptions(use_threads=False, column_names=names, block_size=_AT_ONCE),
        parse_options=arrow_csv.ParseOptions(
            delimiter=header.delimiter,
            # Else Arrow parts the block inside a quoted value: two broken rows, which count as two lines.
            newlines_in_values=True,
            ignore_empty_lines=False,
            invalid_row_handler=set_aside,
        ),
        # That it is UTF-8 is known: the bytes were scanned, and what was not has been made it.
        convert_options=arrow_csv.ConvertOptions(
            check_utf8=False,
            column_types=dict.fromkeys(names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
        ),
    )
