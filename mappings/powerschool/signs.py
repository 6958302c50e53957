"""What PowerSchool's signs, dates and logins mean, a column at a time.

Source: PowerSchool data dictionary (CC, Terms, Students) and practitioners' notes on it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import cast

import pyarrow as pa
import pyarrow.compute as pc

from mappings.arrow import Flags, Texts
from mappings.values import date_text

EMPTY_DATE = "0/0/0"
"""How exports write that there is no date."""

_DAY = r"^\d{4}-\d{2}-\d{2}$"
_MINUS = r"^\s*-\s*"
_DISABLED_LOGIN = r"^\s*(##|~~)"
_YEAR_OF_ID = 100
_ENDING_YEAR = 1991


def unsigned(ids: Texts) -> Texts:
    """Return section or term ids without the minus that marks a dropped enrollment."""
    return cast(Texts, pc.replace_substring_regex(ids, _MINUS, ""))


def is_dropped(section_ids: Texts) -> Flags:
    """Return which enrollments were dropped: their section id is negative."""
    return cast(Flags, pc.match_substring_regex(section_ids, _MINUS).fill_null(False))


def is_no_show(enrolled: Texts, left: Texts) -> Flags:
    """Return which enrollments never were: left on the day of enrolling or before.

    DATELEFT is the day after the last day of attendance, so nothing lies between the two days. A date
    that is not there or cannot be read makes no no-show.
    """
    begin, end = days(enrolled), days(left)
    told = pc.and_(_is_day(begin), _is_day(end))
    return cast(Flags, pc.and_(told, pc.less_equal(end, begin).fill_null(False)))


def days(values: Texts) -> Texts:
    """Return dates as YYYY-MM-DD, `0/0/0` as null, and what is no date as it came."""
    return over_distinct(values, lambda text: None if text == EMPTY_DATE else date_text(text, True))


def day_after(values: Texts) -> Texts:
    """Return the day after each date: TERMS.LASTDAY is the last day itself, our end dates are exclusive.

    CC.DATELEFT is the day after already and does not go through here.
    """
    return over_distinct(values, _day_after)


def enabled(enroll_status: Texts) -> Texts:
    """Return `true` for Enroll_Status 0 (active), `false` for any other, null for none."""
    return over_distinct(enroll_status, lambda text: "true" if text == "0" else "false")


def logins(values: Texts) -> Texts:
    """Return logins without those that begin with ## or ~~, which mark an account as disabled or special."""
    disabled = pc.match_substring_regex(values, _DISABLED_LOGIN)
    return cast(Texts, pc.if_else(disabled, pa.scalar(None, pa.string()), values))


def district_numbers(values: Texts) -> Texts:
    """Return district numbers, null where it is 0: nobody has filled it in."""
    return over_distinct(values, lambda text: None if text.strip("0") == "" else text)


def state_ids(numbers: Texts) -> Texts:
    """Return state student numbers as the further identifiers of a user, `{stateId:…}`."""
    return over_distinct(numbers, lambda text: f"{{stateId:{text}}}")


def session_types(is_year: Texts, portions: Texts, ids: Texts) -> Texts:
    """Return what kind of session each term is.

    IsYearRec marks the school year, where it is told; else its id, a multiple of 100. PORTION is the part
    of the year that a term is: 2 is half of it. Shorter ones are terms, whatever the district calls them.
    """
    found = zip(is_year.to_pylist(), portions.to_pylist(), ids.to_pylist(), strict=True)
    return pa.array([_session_type(*map(_bare, row)) for row in found], pa.string())


def year_ids(ids: Texts) -> Texts:
    """Return the id of the school year each term lies in, null for the year itself."""
    return over_distinct(ids, lambda text: _year_id(text) if _year_id(text) != text else None)


def ending_years(ids: Texts) -> Texts:
    """Return the year that each term's school year ends in: TERMS.ID 3501 is of 2025-26, so 2026."""
    return over_distinct(ids, _ending_year)


def over_distinct(values: Texts, convert: Callable[[str], str | None]) -> Texts:
    """Return values converted, each distinct one once and without outer blanks; blank is null."""
    encoded = values.dictionary_encode()
    distinct = [text.strip() for text in cast(list[str], encoded.dictionary.to_pylist())]
    converted = pa.array([convert(text) if text else None for text in distinct], pa.string())
    return converted.take(encoded.indices)


def _is_day(values: Texts) -> Flags:
    return cast(Flags, pc.match_substring_regex(values, _DAY).fill_null(False))


def _day_after(text: str) -> str | None:
    day = None if text == EMPTY_DATE else date_text(text, True)
    try:
        return day and (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    except (ValueError, OverflowError):
        return day


def _bare(text: str | None) -> str:
    return (text or "").strip()


def _session_type(is_year: str, portion: str, term_id: str) -> str:
    if is_year == "1" or (not is_year and _year_id(term_id) == term_id):
        return "schoolYear"
    return "semester" if portion == "2" else "term"


def _year_id(text: str) -> str | None:
    return str(int(text) // _YEAR_OF_ID * _YEAR_OF_ID) if text.isdecimal() else None


def _ending_year(text: str) -> str | None:
    return str(int(text) // _YEAR_OF_ID + _ENDING_YEAR) if text.isdecimal() else None
