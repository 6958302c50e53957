"""The first row of a file: its delimiter and its column names, as the standard spells them."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from connectors.oneroster.csv_blocks import Lines, blocks
from connectors.oneroster.csv_encoding import Encoding
from connectors.oneroster.csv_records import records
from connectors.protocol import Notice
from domain.errors import StopDistrict
from domain.model import Severity

DELIMITERS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "pipe"}
"""The delimiters met in the field, by the likelihood of meaning one."""


@dataclass(frozen=True, slots=True)
class Header:
    """A file's columns in order and where its rows begin.

    names: "" for a column without a name, which is not read. line: number of the first line after it.
    """

    names: tuple[str, ...]
    delimiter: str
    line: int
    notices: tuple[Notice, ...] = field(default=())


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
        raise StopDistrict(
            "FL13",
            f"The first row of {file} cannot be read",
            fix="Export the file again as CSV.",
            place=f"{file}:1",
        )
    cleaned = [_clean(cell) for cell in first.cells]
    names = _spelled(cleaned, known)
    _refuse_missing(names, needed, file)
    _refuse_doubles(names, file)
    return Header(
        names, delimiter, lines.number, tuple(_remarks(file, first.cells, cleaned, names, delimiter))
    ), lines


def no_data(file: str) -> StopDistrict:
    """Return the error for a file that should have rows and has none."""
    return StopDistrict(
        "FL11",
        f"No data received: {file} has no rows",
        fix="Look whether the export finished, and send the files again; the last good roster stays.",
        place=file,
    )


def sniff(lines: Lines) -> str:
    """Return the delimiter that splits the first line that is not blank into the most cells."""
    taken: list[bytes] = []
    while (line := lines.take()) is not None:
        taken.append(line)
        if line.strip():
            break
    lines.give_back(taken)
    text = taken[-1].decode() if taken else ""
    return max(DELIMITERS, key=text.count)


def _clean(cell: str) -> str:
    """Return a column name without marks, control characters and blanks at its ends."""
    return "".join(c for c in cell if unicodedata.category(c) not in ("Cf", "Cc")).strip()


def _spelled(cleaned: list[str], known: Iterable[str]) -> tuple[str, ...]:
    spelling = {name.casefold(): name for name in known}
    return tuple(spelling.get(name.casefold(), name) for name in cleaned)


def _refuse_doubles(names: Iterable[str], file: str) -> None:
    doubles = sorted(name for name, times in Counter(names).items() if name and times > 1)
    if doubles:
        raise StopDistrict(
            "FL12",
            f"{file} has more than one column named {', '.join(doubles)}",
            fix="Keep one column of each name in the export.",
            place=f"{file}:1",
        )


def _refuse_missing(names: tuple[str, ...], needed: Iterable[str], file: str) -> None:
    missing = [name for name in needed if name not in names]
    if missing:
        raise StopDistrict(
            "FL10",
            f"{file} has no column {', '.join(missing)}",
            fix=f"Add {', '.join(missing)} to the export of {file}; its first row must name the columns.",
            place=f"{file}:1",
        )


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
    if "" in names:
        yield remark(
            "FL25",
            file,
            f"{names.count('')} columns of {file} have no name and were not read",
            "Remove the extra delimiters, or name the columns.",
        )


def remark(code: str, file: str, message: str, fix: str, column: str = "") -> Notice:
    """Return a notice about a file as a whole; it stops nothing and holds no row."""
    return Notice(code, Severity.DROP_VALUE, file.removesuffix(".csv"), file, message, fix, field=column)


def not_utf8(file: str, encoding: Encoding) -> Notice:
    """Return the notice for a file in another encoding than the standard's."""
    message = f"{file} is not UTF-8; it was read as {encoding.value}"
    return remark("FL20", file, message, "Choose UTF-8 as the encoding of the export.")
