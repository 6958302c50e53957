"""Judging one value: what a text has to look like, by the kind of its field. Pure functions.

Source: OneRoster 1.1 and 1.2 information models, data types and enumerations; CSV binding, lists in a cell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from functools import lru_cache

from connectors.oneroster.conformance_words import CLOSED, GRADES, WORDS
from domain.oneroster import Version

_ID = re.compile(r"[0-9A-Za-z./@_-]{1,255}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(\.\d{1,9})?Z")
_YEAR = re.compile(r"\d{4}")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_EXTENSION = re.compile(r"ext:[a-zA-Z0-9.\-_]+")
_USER_IDS = re.compile(r"\{[^{}:]+:[^{}]+\}(,\{[^{}:]+:[^{}]+\})*")


@lru_cache(maxsize=65536)
def text_fault(kind: str, about: str, version: Version, text: str) -> str:
    """Return the code of what is wrong with a value that is not empty, or "".

    kind and about are those of `conformance_fields.Field`. Remembered, as most columns repeat themselves.
    """
    if kind in ("word", "words"):
        return _word_fault(about, version, text)
    judge = _JUDGES.get(kind)
    return judge(text) if judge else ""


def _word_fault(about: str, version: Version, text: str) -> str:
    if text in WORDS[about, version]:
        return ""
    if about == "status" and text == "inactive":
        return "OR-V25"
    if _EXTENSION.fullmatch(text):
        return "OR-V09" if version is Version.V1P1 or about in CLOSED else ""
    return "OR-V08"


def _date_fault(text: str) -> str:
    return "" if _DATE.fullmatch(text) and _is_day(text) else "OR-V05"


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _moment_fault(text: str) -> str:
    found = _MOMENT.fullmatch(text)
    if found is None:
        return "OR-V06"
    try:
        datetime.fromisoformat(found[1] + "+00:00")
    except ValueError:
        return "OR-V06"
    return ""


_JUDGES: dict[str, Callable[[str], str]] = {
    "id": lambda text: "" if _ID.fullmatch(text) else "OR-V10",
    "boolean": lambda text: "" if text in ("true", "false") else "OR-V04",
    "date": _date_fault,
    "dateTime": _moment_fault,
    "year": lambda text: "" if _YEAR.fullmatch(text) else "OR-V07",
    "number": lambda text: "" if _NUMBER.fullmatch(text) else "OR-V20",
    "grades": lambda text: "" if text in GRADES else "OR-V22",
    "userIds": lambda text: "" if _USER_IDS.fullmatch(text) else "OR-V19",
    "ref": lambda text: "" if _ID.fullmatch(text) else "OR-V10",
    "refs": lambda text: "" if _ID.fullmatch(text) else "OR-V10",
}
LISTS = frozenset({"texts", "grades", "words", "refs"})
"""Kinds that hold several values."""


def cell_items(cell: str) -> list[str]:
    """Return the items of a list in a cell, blanks around them and empty ones left out."""
    return [item for item in map(str.strip, cell.split(",")) if item]


def cell_faults(cell: str) -> Iterator[str]:
    """Yield the codes of what is wrong with a list's form: blanks around items, empty items."""
    items = cell.split(",")
    if any(item != item.strip() for item in items):
        yield "OR-V12"
    if any(not item.strip() for item in items):
        yield "OR-V13"
