"""What an inspection finds: deviations from the standard, counted and named by place, never by value.

Memory is bounded by the kinds of deviations, not by the rows that show them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from connectors.oneroster.conformance_codes import CODES, Level
from connectors.oneroster.conformance_words import KNOWN_WORDS
from domain.masking import mask, shown_column
from domain.oneroster import Version

MOST_PLACES = 3
MOST_NAMED = 20
"""How many places are kept that are told in words: endpoints, of which there are few."""
MOST_SORTS = 2000
_LONGEST_SAMPLE = 40


@dataclass(frozen=True, slots=True)
class Deviation:
    """One kind of deviation at one file or endpoint and field.

    rows: how often. places: the first three, of endpoints told in words all. sample: the first value,
    masked unless it is a known word.
    rule: what the standard says, section: where it says so.
    """

    code: str
    level: Level
    where: str
    field: str
    rows: int
    places: tuple[str, ...]
    sample: str
    message: str
    rule: str
    section: str


@dataclass(slots=True)
class _Tally:
    rows: int = 0
    places: list[str] = field(default_factory=list)
    sample: str = ""


class Deviations:
    """Counts what deviates; the same code at the same place and field is one entry."""

    def __init__(self, version: Version) -> None:
        """Begin with nothing found; version decides how severe some codes are."""
        self.version = version
        self._found: dict[tuple[str, str, str], _Tally] = {}

    def add(
        self,
        code: str,
        where: str,
        number: int = 0,
        *,
        column: str = "",
        sample: str = "",
        rows: int = 1,
        at: str = "",
    ) -> None:
        """Count one deviation.

        number: the line of a file, or the place of a record from 1; 0 for the whole. at: a place in words.
        """
        key = (code, where, shown_column(column))
        tally = self._found.get(key)
        if tally is None:
            if len(self._found) >= MOST_SORTS:
                return
            # Whether somebody's race flag is true is nobody's business, though "true" names nobody.
            shown = veiled(sample) if where.strip("/").startswith("demographics") else masked(sample)
            tally = self._found[key] = _Tally(sample=shown)
        tally.rows += rows
        spot = at or place(where, number) if len(tally.places) < (MOST_NAMED if at else MOST_PLACES) else ""
        if spot and spot not in tally.places:
            tally.places.append(spot)

    def all(self) -> tuple[Deviation, ...]:
        """Return what was found, the most severe first, then by code, place and field."""
        found = [self._deviation(key, tally) for key, tally in self._found.items()]
        order = list(Level)
        return tuple(sorted(found, key=lambda one: (order.index(one.level), one.code, one.where, one.field)))

    def _deviation(self, key: tuple[str, str, str], tally: _Tally) -> Deviation:
        code, where, column = key
        known = CODES[code]
        return Deviation(
            code=code, level=known.level(self.version), where=where, field=column, rows=tally.rows,
            places=tuple(tally.places), sample=tally.sample, message=known.message, rule=known.rule,
            section=known.section,
        )  # fmt: skip


def place(where: str, number: int) -> str:
    """Return how a row or record is named: file and line, a question that fetches it, or the whole."""
    if number < 1:
        return where
    if where.startswith("/"):
        return f"{where}?limit=1&offset={number - 1}"
    return f"{where}:{number}" if where.endswith(".csv") else f"{where}, record {number}"


def masked(value: str) -> str:
    """Return a value veiled, unless it is a word of the standard's vocabularies."""
    return value if value.casefold() in KNOWN_WORDS else veiled(value)


def veiled(value: str) -> str:
    """Return a value with letters as x and digits as 9, cut at 40 characters."""
    return mask(value, _LONGEST_SAMPLE) + ("…" if len(value) > _LONGEST_SAMPLE else "")


@dataclass(frozen=True, slots=True)
class Inspection:
    """What an inspection of one source came to.

    facts: what it is, as pairs of a name and a text. counts: records per collection or file.
    """

    source: str
    version: Version
    facts: Sequence[tuple[str, str]]
    counts: dict[str, int]
    deviations: tuple[Deviation, ...]

    def by_level(self) -> dict[str, int]:
        """Return how many kinds of deviations there are of each severity, errors first."""
        return {level.value: sum(one.level is level for one in self.deviations) for level in Level}

    @property
    def has_errors(self) -> bool:
        """Return whether anything is an error."""
        return any(one.level is Level.ERROR for one in self.deviations)
