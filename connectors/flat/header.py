"""The columns of one delimited file and where its rows begin, with or without a header row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from connectors.delimited.blocks import Lines, blocks
from connectors.delimited.header import (
    Header,
    no_data,
    refuse_doubles,
    refuse_missing,
    remark,
    sniff,
    unnamed,
    unreadable,
)
from connectors.delimited.records import Record, records
from connectors.flat.layout import FileLayout
from connectors.protocol import Notice
from domain.errors import StopDistrict

_ALIKE = 2
"""Cells of a first row that have to be column names before it is taken for a header that should not be."""


def read_flat_header(
    pieces: Callable[[], Iterable[bytes]],
    file: str,
    layout: FileLayout,
    header_name: Callable[[str], str],
) -> tuple[Header, Lines]:
    """Return the columns of UTF-8 text and the lines of its rows.

    Raises StopDistrict: FL10 a required column is missing, FL11 nothing is there, FL12 two columns share
    a name, FL13 the first row cannot be read, FL14 a row by position has another number of cells.
    """
    lines = Lines(blocks(pieces(), file))
    delimiter = sniff(lines) if layout.delimiter == "auto" else layout.delimiter
    first = next(records(lines, delimiter), None)
    if first is None:
        raise no_data(file)
    if not first.whole:
        raise unreadable(file)
    if layout.header:
        return _named(first, file, layout, header_name, Header((), delimiter, lines.number)), lines
    names = [header_name(cell).casefold() for cell in first.cells]
    if _is_header(names, layout):
        return Header(layout.columns, delimiter, lines.number, (_header_after_all(file),)), lines
    _refuse_other_width(first, file, layout)
    return Header(layout.columns, delimiter, 1), Lines(blocks(pieces(), file))


def _named(
    first: Record, file: str, layout: FileLayout, header_name: Callable[[str], str], header: Header
) -> Header:
    names = tuple(_spelled([header_name(cell) for cell in first.cells], layout))
    refuse_missing(names, layout.required, file)
    refuse_doubles(names, file, (*layout.columns, *layout.required, layout.key))
    return Header(names, header.delimiter, header.line, tuple(unnamed(file, names)))


def _spelled(names: Iterable[str], layout: FileLayout) -> Iterator[str]:
    """Yield the names as the layout spells those it knows."""
    spelling = {name.casefold(): name for name in (*layout.columns, *layout.required, layout.key)}
    return (spelling.get(name.casefold(), name) for name in names)


def _is_header(names: Sequence[str], layout: FileLayout) -> bool:
    known = {name.casefold() for name in layout.columns}
    return sum(name in known for name in names) >= min(_ALIKE, len(known))


def _header_after_all(file: str) -> Notice:
    message = f"{file} begins with a row of column names although none was expected; it was not read as data"
    return remark("FL25", file, message, "Set header to true, or switch the header row off in the export.")


def _refuse_other_width(first: Record, file: str, layout: FileLayout) -> None:
    if len(first.cells) != len(layout.columns):
        raise StopDistrict(
            "FL14",
            f"{file} has {len(first.cells)} columns where {len(layout.columns)} were agreed",
            fix="Compare the export's columns with the setting columns, in their order, and make them alike.",
            place=f"{file}:1",
        )
