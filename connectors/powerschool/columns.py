"""What PowerSchool's gradebook wants of a column of grades: a short title of its own, a date inside. Pure.

Source: Canvas, Otus and Schoology guides to PowerSchool passback (30 or 50 characters, unique in the
section, due date required and inside the section's term).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from domain.grading import LineItemSpec

_MARK = 4


@dataclass(frozen=True, slots=True)
class Days:
    """The days of a term, both included."""

    first: date
    last: date

    def within(self, other: Days) -> Days | None:
        """Return the days that two terms share, None when they share none."""
        both = Days(max(self.first, other.first), min(self.last, other.last))
        return both if both.first <= both.last else None

    def nearest(self, day: date) -> date:
        """Return a day if it is inside, else the nearest one that is."""
        return min(max(day, self.first), self.last)


def title_for(spec: LineItemSpec, limit: int, taken: Collection[str] = ()) -> str:
    """Return a column's title: whole if it is short enough and free, else cut and marked with its own id."""
    if len(spec.title) <= limit and spec.title not in taken:
        return spec.title
    return f"{spec.title[: limit - _MARK - 1].rstrip()} {spec.line_item_id[:_MARK]}"
