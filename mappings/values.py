"""One source column at a time into canonical text, by kind; what is not understood stays as it came.

Every function takes and returns text columns of one length. Conversions run over the distinct
values that need them, never over rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import cast

import pyarrow as pa
import pyarrow.compute as pc

from domain.clock import utc_text
from domain.tables import Column, Kind
from mappings.arrow import Flags, Texts
from mappings.maps import CodeSet, RosterMaps, fold

_EMPTY = pa.array(["", "NULL", "N/A"])
_EMPTY_DATES = pa.array(["0/0/0", "0000-00-00"])
_NUL = b"\x00"
_DATE_KINDS = (Kind.DATE, Kind.MOMENT)
_LIST_KINDS = (Kind.LIST, Kind.CODES, Kind.REFERENCES)

_BOOLEANS = dict.fromkeys(("true", "t", "1", "yes", "y"), "true") | dict.fromkeys(
    ("false", "f", "0", "no", "n"), "false"
)
_TIME = r"(?:[T ]\d.*)?"
_YEAR_FIRST = re.compile(rf"(\d{{4}})([-/])(\d{{1,2}})\2(\d{{1,2}}){_TIME}")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_MONTH_FIRST = re.compile(rf"(\d{{1,2}})/(\d{{1,2}})/(\d{{4}}){_TIME}")
_SCHOOL_YEAR = re.compile(r"(\d{4})\s*[-/\u2013]\s*(\d{2}|\d{4})")
_OLDEST_YEAR = 1900

_CANONICAL_MOMENT = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$"


def trimmed(values: Texts, column: Column) -> Texts:
    """Return values without outer blanks, and what stands for nothing as null.

    `NULL` and `N/A` stand for nothing, except in a required text: there are people called Null.
    """
    bare = pc.utf8_trim_whitespace(_without_nul(values))
    is_name = column.kind is Kind.TEXT and column.required
    empty = pc.is_in(bare, value_set=_EMPTY.slice(0, 1) if is_name else _EMPTY)
    if column.kind in _DATE_KINDS:
        empty = pc.or_(empty, pc.is_in(bare, value_set=_EMPTY_DATES))
    return cast(Texts, pc.if_else(empty, pa.scalar(None, pa.string()), bare))


def _without_nul(values: Texts) -> Texts:
    """Return values without NUL: PostgreSQL takes none, and the digests mark an absent value with one."""
    content = values.buffers()[2]
    # To look for one in all the text at once takes a twentieth of the time that to take it out of each does.
    if content is None or _NUL not in content.to_pybytes():
        return values
    return cast(Texts, pc.replace_substring(values, "\x00", ""))


def canonical(values: Texts, column: Column, maps: RosterMaps) -> Texts:
    """Return trimmed values in the canonical form of their column (domain.tables)."""
    if column.name == "school_year":
        return _over_distinct(values, ending_year)
    if column.kind in _DATE_KINDS:
        return _dates(values, column, maps)
    if column.kind is Kind.BOOLEAN:
        return _over_distinct(values, lambda text: _BOOLEANS.get(fold(text), text))
    if column.kind is Kind.CODE:
        return _over_distinct(values, lambda text: _code(text, maps.codes[column.code_set]))
    if column.kind in _LIST_KINDS:
        return _lists(values, column, maps)
    return values


def ending_year(text: str) -> str:
    """Return the year a school year ends in, of `2025-2026` or `2025-26`; anything else as it came.

    A year alone is the ending year already (OneRoster schoolYear).
    """
    found = _SCHOOL_YEAR.fullmatch(text)
    if found is None:
        return text
    ending = str(int(found[1]) + 1)
    return ending if ending.endswith(found[2]) else text


def date_text(text: str, month_first: bool = False) -> str:
    """Return a date as YYYY-MM-DD, its time part dropped; what is no unambiguous date as it came."""
    parts = _date_parts(text, month_first)
    if parts is None or parts[0] < _OLDEST_YEAR:
        return text
    try:
        return date(*parts).isoformat()
    except ValueError:
        return text


def moment_text(text: str, month_first: bool = False) -> str:
    """Return a moment as UTC with milliseconds and Z; one without a zone is taken as UTC."""
    day = date_text(text, month_first) if month_first and "/" in text else text
    try:
        moment = datetime.fromisoformat(day)
        return utc_text(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return text


def _date_parts(text: str, month_first: bool) -> tuple[int, int, int] | None:
    if found := _YEAR_FIRST.fullmatch(text):
        return int(found[1]), int(found[3]), int(found[4])
    if found := _COMPACT.fullmatch(text):
        return int(found[1]), int(found[2]), int(found[3])
    if month_first and (found := _MONTH_FIRST.fullmatch(text)):
        return int(found[3]), int(found[1]), int(found[2])
    return None


def _dates(values: Texts, column: Column, maps: RosterMaps) -> Texts:
    first = maps.month_first_dates
    if column.kind is Kind.MOMENT:
        odd = _unlike(values, _CANONICAL_MOMENT)
        return _where(values, odd, lambda text: moment_text(text, first))
    dates = _over_distinct(values, lambda text: date_text(text, first))
    if column.name == "end_date" and maps.end_dates_inclusive:
        return _over_distinct(dates, _day_after)
    return dates


def _day_after(text: str) -> str:
    try:
        return (date.fromisoformat(text) + timedelta(days=1)).isoformat()
    except (ValueError, OverflowError):
        return text


def _lists(values: Texts, column: Column, maps: RosterMaps) -> Texts:
    if column.kind is Kind.CODES:
        codes = maps.codes[column.code_set]
        return _over_distinct(values, lambda text: _list(text, lambda item: _code(item, codes)))
    several = pc.match_substring(values, ",")
    return _where(values, several, lambda text: _list(text, str))


def _list(text: str, convert: Callable[[str], str]) -> str | None:
    items = {convert(item.strip()) for item in text.split(",") if item.strip()}
    return ",".join(sorted(items)) or None


def _code(text: str, codes: CodeSet) -> str:
    known = codes.canonical(text)
    return text if known is None else known


def _unlike(values: Texts, pattern: str) -> Flags:
    return pc.invert(pc.match_substring_regex(values, pattern))


def _over_distinct(values: Texts, convert: Callable[[str], str | None]) -> Texts:
    encoded = values.dictionary_encode()
    distinct = cast(list[str], encoded.dictionary.to_pylist())
    converted = pa.array(map(convert, distinct), pa.string())
    return converted.take(encoded.indices)


def _where(values: Texts, mask: Flags, convert: Callable[[str], str | None]) -> Texts:
    if not pc.any(mask).as_py():
        return values
    chosen = cast(Flags, mask.fill_null(False))
    return cast(Texts, pc.replace_with_mask(values, chosen, _over_distinct(values.filter(chosen), convert)))
