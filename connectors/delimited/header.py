"""What the first row of a delimited file says, and how a file as a whole is remarked on."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from connectors.delimited.blocks import Lines
from connectors.delimited.encoding import PIECE, Encoding
from connectors.protocol import Notice
from domain.errors import StopDistrict
from domain.model import Severity
from domain.tables import PLACE

DELIMITERS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "pipe"}
"""The delimiters met in the field, by the likelihood of meaning one."""

_LINE = 64 * 1024
"""Bytes that are looked through for the end of a piece's last line, so that it need not be joined later."""


@dataclass(frozen=True, slots=True)
class Header:
    """A file's columns in order and where its rows begin.

    names: "" for a column without a name, which is not read. line: number of the first line after it.
    """

    names: tuple[str, ...]
    delimiter: str
    line: int
    notices: tuple[Notice, ...] = field(default=())


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


def refuse_doubles(names: Sequence[str], file: str, known: Collection[str]) -> None:
    """Raise StopDistrict FL12 when two columns share a name.

    known: names that may be repeated in a message; the others are told by their number, as the first row of
    a file that has no header holds a person's data.
    """
    doubles = sorted(name for name, times in Counter(names).items() if name and times > 1)
    if doubles:
        told = [_told(name if name in known else "", name, names) for name in doubles]
        raise StopDistrict(
            "FL12",
            f"{file} has columns of the same name: {'; '.join(told)}",
            fix="Keep one column of each name in the export, below a row of column names.",
            place=f"{file}:1",
        )


def _told(shown: str, name: str, names: Sequence[str]) -> str:
    numbers = " and ".join(str(number) for number, one in enumerate(names, 1) if one == name)
    return f"{shown} (columns {numbers})".strip()


def refuse_missing(names: Sequence[str], needed: Iterable[str], file: str) -> None:
    """Raise StopDistrict FL10 when a needed column is not there."""
    missing = [name for name in needed if name not in names]
    if missing:
        raise StopDistrict(
            "FL10",
            f"{file} has no column {', '.join(missing)}",
            fix=f"Add {', '.join(missing)} to the export of {file}; its first row must name the columns.",
            place=f"{file}:1",
        )


def remark(code: str, file: str, message: str, fix: str, column: str = "") -> Notice:
    """Return a notice about a file as a whole; it stops nothing and holds no row."""
    return Notice(code, Severity.DROP_VALUE, file.removesuffix(".csv"), file, message, fix, field=column)


def not_utf8(file: str, encoding: Encoding) -> Notice:
    """Return the notice for a file in another encoding than the standard's."""
    message = f"{file} is not UTF-8; it was read as {encoding.value}"
    return remark("FL20", file, message, "Choose UTF-8 as the encoding of the export.")


def unreadable(file: str) -> StopDistrict:
    """Return the error for a first row that cannot be read."""
    return StopDistrict(
        "FL13",
        f"The first row of {file} cannot be read",
        fix="Export the file again as CSV.",
        place=f"{file}:1",
    )


def unnamed(file: str, names: Sequence[str]) -> Iterator[Notice]:
    """Yield a notice when there are columns without a name, which are not read."""
    if "" in names:
        yield remark(
            "FL25",
            file,
            f"{names.count('')} columns of {file} have no name and were not read",
            "Remove the extra delimiters, or name the columns.",
        )


def has_row(lines: Lines) -> bool:
    """Return whether a line that is not blank follows."""
    while (line := lines.take()) is not None:
        if line.strip():
            return True
    return False


def pieces(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file piece by piece, each of PIECE bytes and what is left of the line begun."""
    with path.open("rb") as file:
        while piece := file.read(_to_line_end(file)):
            yield piece


def _to_line_end(file: BinaryIO) -> int:
    """Return how long the next piece is; a file is searched for a line end no farther than _LINE bytes."""
    begin = file.tell()
    file.seek(PIECE, os.SEEK_CUR)
    file.readline(_LINE)
    length = file.tell() - begin
    file.seek(begin)
    return length


def without_rows(header: Header) -> pa.RecordBatch:
    """Return the batch of a file that has columns and no rows."""
    names = [*filter(None, header.names), PLACE]
    return pa.record_batch({name: pa.array([], pa.string()) for name in names})
