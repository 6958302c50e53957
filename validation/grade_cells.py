"""The failing values of a binding on collected grades."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pyarrow as pa

from domain.ids import OfferingId, SourcedId, grade_column
from domain.masking import HIDDEN, mask, shown_code, shown_id
from domain.tables import PLACE
from validation.cells import Cell, at
from validation.rules.rule import Grouping
from validation.suites import VALUE, Binding

_HIDDEN = frozenset({"percent", "text_score", "comment", "entered_by"})
_COLUMN = ("offering", "term", "reporting_period", "kind")
"""What names a grade column."""


def grade_cells(
    batch: pa.RecordBatch, binding: Binding, positions: Sequence[int], words: Collection[str]
) -> list[Cell]:
    """Return the failing values of a binding, named by the student's sourcedId.

    words: what may be shown of grade columns as it is. A student of another district (GR09) is named by
    place alone: the finding belongs to this district.
    """
    named = binding.rule.grouping is not Grouping.RULE
    rows = zip(
        positions,
        at(batch, PLACE, positions),
        at(batch, "student_sourced_id", positions),
        _shown(batch, binding.field, positions, words),
        _groups(batch, binding, positions, words),
        strict=True,
    )
    return [
        Cell(
            position=position,
            place=place or "",
            key=shown_id(student) if named else "",
            student=SourcedId(student) if student and named and shown_id(student) else None,
            masked=masked,
            group=group,
        )
        for position, place, student, masked, group in rows
    ]


def _shown(batch: pa.RecordBatch, field: str, positions: Sequence[int], words: Collection[str]) -> list[str]:
    if field == VALUE:
        return [""] * len(positions)
    if field in _COLUMN:
        return [_word(value, words) for value in at(batch, field, positions)]
    show = _hide if field in _HIDDEN else mask
    return [show(value) for value in at(batch, field, positions)]


def _word(value: str | None, words: Collection[str]) -> str:
    return value if value in words and value else shown_code(value)


def _hide(value: str | None) -> str:
    return HIDDEN if value else ""


def _groups(
    batch: pa.RecordBatch, binding: Binding, positions: Sequence[int], words: Collection[str]
) -> list[str]:
    names = zip(*([value or "" for value in at(batch, name, positions)] for name in _COLUMN), strict=True)
    match binding.rule.grouping:
        case Grouping.CODE:
            shown = ([_word(name, words) for name in named] for named in names)
            return [grade_column(OfferingId(offering), *rest) for offering, *rest in shown]
        case Grouping.OFFERING:
            return [_word(offering, words) for offering, *_ in names]
        case _:
            return [""] * len(positions)
