"""Whether a later export of PowerSchool's stored grades shows what a Quick Import file held.

A registrar's word, an acknowledgement, can be forgotten; a Quick Export of StoredGrades into a folder
cannot say that a grade is there when it is not.
Source: PowerSchool help, Quick Export; data dictionary, StoredGrades.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation

from connectors.flat.layout import vendor_name

Line = Mapping[str, str]

_COURSES = ("course_number", "course_name")
_VALUES = ("grade", "percent")
_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb": "utf-8-sig"}


def ours(content: bytes, codec: str, columns: Sequence[str], *, header: bool) -> list[Line]:
    """Return the lines of a file of ours by column, names in small letters."""
    rows = [line.split("\t") for line in content.decode(codec).split("\r\n") if line]
    names = [column.lower() for column in columns]
    return [dict(zip(names, row, strict=True)) for row in rows[1 if header else 0 :]]


def exported(content: bytes) -> list[Line]:
    """Return the lines of an export by column, names in small letters; what cannot be read is no line."""
    text = content.decode(_MARKS.get(content[:2], "utf-8"), errors="replace")
    head = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter="\t" if "\t" in head else ",")
    try:
        first, *rows = list(reader) or [[]]
    except csv.Error:
        return []
    names = [vendor_name(cell).lower() for cell in first]
    return [dict(zip(names, row, strict=True)) for row in rows if len(row) == len(names)]


def shows(export: Sequence[Line], lines: Sequence[Line], student: str) -> bool:
    """Return whether an export holds every line with the same grade and percent.

    student: the column by which students are named. An export without it, without store code or term (last
    year's grade may look the same) or without both columns of values shows nothing. Of the values it holds,
    each must agree, in every row of a grade: a grade that stands there twice is not well received.
    """
    found_by = [student.lower(), "storecode", "termid"]
    present = set(export[0]) if export else set()
    if not set(found_by) <= present or not set(_VALUES) & present:
        return False
    there: dict[tuple[str, ...], list[Line]] = {}
    for one in export:
        for key in _keys(one, found_by):
            there.setdefault(key, []).append(one)
    return all(any(_agree(there.get(key, ()), line) for key in _keys(line, found_by)) for line in lines)


def _keys(line: Line, found_by: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield what a line is found by: some columns, and the course by number or by name."""
    known = [line.get(name, "").strip() for name in found_by]
    for course in _COURSES:
        if line.get(course):
            yield (course, *known, line[course].strip().casefold())


def _agree(there: Sequence[Line], line: Line) -> bool:
    return bool(there) and all(_agrees(one, line) for one in there)


def _agrees(there: Line, line: Line) -> bool:
    compared = [name for name in _VALUES if name in there and name in line]
    return bool(compared) and all(_same(there[name], line[name]) for name in compared)


def _same(one: str, other: str) -> bool:
    try:
        return Decimal(one.strip()) == Decimal(other.strip())
    except InvalidOperation:
        return one.strip() == other.strip()
