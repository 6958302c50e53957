"""What a rule is: data, never code. The checks name what is judged; the engine knows how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from domain.model import Severity


class Audience(StrEnum):
    """Who can mend what a rule finds."""

    DISTRICT = "district technology"
    REGISTRAR = "registrar"
    TEACHER = "teacher of record"
    ESC = "service center"


class Grouping(StrEnum):
    """What one case of a rule is opened per, besides table and field."""

    RULE = "the rule"
    CODE = "the code"
    PARENT = "the table of the held parent"
    OFFERING = "the offering"


@dataclass(frozen=True, slots=True)
class Present:
    """The value is there."""


@dataclass(frozen=True, slots=True)
class Matches:
    """The value, where there is one, matches a regular expression."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Unlike:
    """Nothing in the value matches a regular expression; an absent one passes, unless it counts as empty."""

    pattern: str
    absent_is_empty: bool = False


@dataclass(frozen=True, slots=True)
class CalendarDate:
    """The value, where there is one, is a day of the calendar written YYYY-MM-DD."""


@dataclass(frozen=True, slots=True)
class Known:
    """The value, or every item of a list, is a code of the column's code set."""


@dataclass(frozen=True, slots=True)
class Within:
    """The number lies between nothing and the limit the caller's context names."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A statement about the row that was worked out before (a join, a count) and must be true.

    name: what the statement is called in `validation.frames` (or the caller's own column, for grades).
    """

    name: str


@dataclass(frozen=True, slots=True)
class Counted:
    """No row is judged: `validation.guards` or `validation.sizes` counts, and opens the finding."""


Check: TypeAlias = Present | Matches | Unlike | CalendarDate | Known | Within | Fact | Counted


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: what is checked, what a failure does, and what is said about it.

    code: family and number, never renumbered. sentence, fix: templates of `say` and `mend`.
    essential: a district may neither turn it off nor soften it, because the row would be unusable or unsafe.
    """

    code: str
    title: str
    severity: Severity
    audience: Audience
    sentence: str
    fix: str
    check: Check
    grouping: Grouping = Grouping.RULE
    essential: bool = False

    def say(self, rows: int = 1, /, **words: str) -> str:
        """Return the rule's sentence for a number of rows, as a technology director would say it.

        words: table, always; field, group and place where there is one; the numbers a guard tells.
        """
        said = self.sentence.format_map(self._words(rows, words))
        return said[:1].upper() + said[1:]

    def mend(self, rows: int = 1, /, **words: str) -> str:
        """Return the sentence that says how to mend it; takes the words that `say` takes."""
        return self.fix.format_map(self._words(rows, words))

    def _words(self, rows: int, words: Mapping[str, str]) -> dict[str, str]:
        group = words.get("group", "")
        shown = plain(group) if self.grouping is Grouping.PARENT else group
        return {
            **words,
            "rows": counted(rows),
            "table": plain(words["table"]),
            "field": plain(words.get("field", "")),
            "group": shown or "(blank)",
            "place": words.get("place") or "place unknown",
        }


def plain(name: str) -> str:
    """Return a table's or column's name as words: `primary_org_sourced_id` is `primary org`."""
    return name.removesuffix("_sourced_ids").removesuffix("_sourced_id").replace("_", " ") or name


def counted(rows: int) -> str:
    """Return a number of rows as words: `1 row`, `2,888 rows`."""
    return f"{rows:,} row" if rows == 1 else f"{rows:,} rows"
