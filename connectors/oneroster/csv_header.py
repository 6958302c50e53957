"""The first row of a file: its delimiter and its column names, as the standard spells them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from connectors.delimited.blocks import Lines, blocks
from connectors.delimited.header import (
    DELIMITERS,
    Header,
    no_data,
    refuse_doubles,
    refuse_missing,
    remark,
    sniff,
    unnamed,
    unreadable,
)
from connectors.delimited.records import records
from connectors.protocol import Notice


def read_header(
    pieces: Iterable[bytes], file: str, *, known: Iterable[str], needed: Iterable[str]
) -> tuple[Header, Lines]:
    """Return the header of UTF-8 text and the lines after it.

    known: the standard's spelling of columns; one that differs only in case is renamed to it.
    needed: columns without which the file is useless.
    Raises StopDistrict: FL10 a needed column is missing, FL11 nothing is there, FL12 two columns share
    a name, FL13 the first row cannot be read.
    """
    lines = Lines(blocks(pieces, file))
    delimiter = sniff(lines)
    first = next(records(lines, delimiter), None)
    if first is None:
        raise no_data(file)
    if not first.whole:
        raise unreadable(file)
    cleaned = [_clean(cell) for cell in first.cells]
    known = frozenset(known)
    names = _spelled(cleaned, known)
    refuse_missing(names, needed, file)
    refuse_doubles(names, file, known)
    return Header(
        names, delimiter, lines.number, tuple(_remarks(file, first.cells, cleaned, names, delimiter))
    ), lines


def _clean(cell: str) -> str:
    """Return a column name without marks, control characters and blanks at its ends."""
    return "".join(c for c in cell if unicodedata.category(c) not in ("Cf", "Cc")).strip()


def _spelled(cleaned: list[str], known: Iterable[str]) -> tuple[str, ...]:
    spelling = {name.casefold(): name for name in known}
    return tuple(spelling.get(name.casefold(), name) for name in cleaned)


def _remarks(
    file: str, raw: list[str], cleaned: list[str], names: tuple[str, ...], delimiter: str
) -> Iterable[Notice]:
    if delimiter != "," and len(names) > 1:
        yield remark(
            "FL21",
            file,
            f"{file} is separated by {DELIMITERS[delimiter]}, not by comma",
            "Choose comma as the delimiter of the export.",
        )
    for given, name in zip(cleaned, names, strict=True):
        if given != name:
            yield remark(
                "FL25",
                file,
                f"The column {name} of {file} is spelled {given}",
                f"Name the column {name}.",
                name,
            )
    if any(cell.strip() != name for cell, name in zip(raw, cleaned, strict=True)):
        yield remark(
            "FL25",
            file,
            f"Column names of {file} hold invisible characters, which were removed",
            "Export the column names as plain text.",
        )
    yield from unnamed(file, names)
