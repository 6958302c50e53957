"""How what a SIS sends may be shown: values by their shape, what is surely a code, column or id in clear."""

from __future__ import annotations

import re
from unicodedata import category

_LONGEST = 24
_CODE = re.compile(r"[0-9A-Za-z:._+-]{1,16}")
_LONG_NUMBER = re.compile(r"[0-9]{6}")
_LETTERS = re.compile(r"[A-Za-z]{4,}")
_COLUMN = re.compile(r"[A-Za-z\[][0-9A-Za-z_./\[\]-]{0,95}")
_SOURCED_ID = re.compile(r"[0-9A-Za-z./@_:-]{1,255}")

_SCHOOL_WORDS = frozenset(
    [
        "a",
        "and",
        "or",
        "of",
        "not",
        "the",
        "half",
        "pre",
        "post",
        "early",
        "late",
        "other",
        "none",
        "unknown",
        "ungraded",
        "all",
        "grade",
        "grades",
        "level",
        "year",
        "years",
        "class",
        "school",
        "district",
        "high",
        "middle",
        "elementary",
        "primary",
        "secondary",
        "adult",
        "kindergarten",
        "prekindergarten",
        "preschool",
        "nursery",
        "infant",
        "toddler",
        "transitional",
        "freshman",
        "sophomore",
        "junior",
        "senior",
        "first",
        "second",
        "third",
        "fourth",
        "fifth",
        "sixth",
        "seventh",
        "eighth",
        "ninth",
        "tenth",
        "eleventh",
        "twelfth",
        "thirteenth",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "term",
        "semester",
        "trimester",
        "quarter",
        "summer",
        "fall",
        "spring",
        "winter",
        "grading",
        "period",
        "session",
        "student",
        "teacher",
        "aide",
        "staff",
        "administrator",
        "principal",
        "counselor",
        "parent",
        "guardian",
        "proctor",
        "relative",
        "active",
        "inactive",
        "deleted",
        "homeroom",
        "tobedeleted",
        "true",
        "false",
        "schoolyear",
        "gradingperiod",
        "department",
        "local",
        "state",
        "national",
        "frosh",
        "graduate",
        "postgraduate",
        "postsecondary",
        "final",
        "midterm",
        "progress",
        "report",
        "exam",
        "part",
        "full",
        "time",
        "scheduled",
        "1",
        "2",
        "3",
        "4",
        "5",
        "6",
        "7",
        "8",
        "9",
        "10",
        "11",
        "12",
        "13",
        "1st",
        "2nd",
        "3rd",
        "4th",
        "5th",
        "6th",
        "7th",
        "8th",
        "9th",
        "10th",
        "11th",
        "12th",
    ]
)
"""Words a code may be made of without being masked."""

_COLUMN_WORDS = frozenset((
    "address", "class", "code", "course", "date", "email", "flag", "grade", "id", "level", "name", "number",
    "phone", "room", "school", "status", "student", "teacher", "term", "type", "year",
))  # fmt: skip
"""Words that the name of a column is made with, and the name of a person is not."""

HIDDEN = "(hidden)"
"""What stands for a personal value, whose very length says too much."""


def mask(value: str | None, longest: int = _LONGEST) -> str:
    """Return a value's shape: letters x, digits 9, the rest as it stands, cut at `longest` characters."""
    return "".join(_hide(character) for character in (value or "")[:longest])


def shown_code(value: str | None) -> str:
    """Return a code in clear when it looks like one, else its shape: columns get swapped, and names slip in.

    What looks like one: a single short word without a long number, and without four letters in a row that
    are no word of school life, as a name has them; or words of school life only.
    """
    text = value or ""
    is_word = _CODE.fullmatch(text) is not None and _LONG_NUMBER.search(text) is None
    is_code = is_word and all(
        run.casefold() in _SCHOOL_WORDS for run in _LETTERS.findall(text.removeprefix("ext:"))
    )
    words = re.split(r"[\s/_-]+", text.casefold())
    return text[:_LONGEST] if is_code or all(word in _SCHOOL_WORDS for word in words) else mask(text)


def shown_column(name: str) -> str:
    """Return a column's name in clear when it looks like one, else its shape: a lost header may be a person.

    What looks like one: a single word that begins with a letter; or words of letters, one of them a column's.
    """
    words = name.casefold().split()
    is_words = name.isascii() and all(map(str.isalpha, words))
    is_column = is_words and not _COLUMN_WORDS.isdisjoint(words)
    return name if is_column or not name or _COLUMN.fullmatch(name) else mask(name, 40)


def shown_id(value: str | None) -> str:
    """Return a sourcedId that may name its row; "" for what is no sourcedId, which may be a name."""
    return value if value and _SOURCED_ID.fullmatch(value) else ""


def _hide(character: str) -> str:
    if character.isalpha() or category(character).startswith("M"):
        return "x"
    return "9" if character.isnumeric() else character
