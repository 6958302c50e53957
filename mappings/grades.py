"""Grades as a teacher's file gives them, read tolerantly, and the value that is sent of each.

A blank is never a zero, and a mark (incomplete, withdrawn, pass, no grade awarded) never a number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import pyarrow as pa

from domain.grading import GRADE_COLUMNS, GradeKind, GradeValue, Mark
from domain.tables import PLACE
from mappings.maps import code_set, fold
from mappings.scales import Scale, letter, one_decimal

_NUMBER = r"-?\d{1,6}(?:\.\d{1,6})?"
_PERCENT = re.compile(rf"({_NUMBER})\s*%?")
_PACKED = re.compile(rf"({_NUMBER})\s*%?\s+([A-Za-z][+-]?)")
_TRUE = ("true", "t", "1", "yes", "y", "x", "complete", "final")
_FALSE = ("false", "f", "0", "no", "n")


@dataclass(frozen=True, slots=True)
class ParsedGrade:
    """One line of a grade source: understood where it could be, and as it came in `raw`.

    student: sourcedId. kind: a GradeKind, or as it came when unknown. percent: None when blank or
    not understood. mark: None when unknown. Its repr shows neither the student nor the grade.
    """

    place: str
    district: str
    student: str = field(repr=False)
    offering: str
    term: str
    reporting_period: str
    kind: str
    percent: Decimal | None = field(repr=False)
    text_score: str | None = field(repr=False)
    mark: Mark | None = field(repr=False)
    comment: str = field(repr=False)
    entered_by: str = field(repr=False)
    complete: bool | None
    raw: Mapping[str, str | None] = field(repr=False)


def parse(place: str, values: Mapping[str, str | None]) -> ParsedGrade:
    """Return one line of a grade source as a typed record; never raises, as the rules judge what is odd.

    values: by the names of GRADE_COLUMNS (case and outer blanks do not matter; missing is blank).
    A blank `complete` means complete, a blank `kind` is not understood.
    """
    raw = _trimmed(values)
    text = {name: value or "" for name, value in raw.items()}
    percent, text_score = _score(raw["percent"], raw["text_score"])
    complete = True if raw["complete"] is None else _boolean(text["complete"])
    return ParsedGrade(
        place=place,
        district=text["district"],
        student=text["student_sourced_id"],
        offering=text["offering"],
        term=text["term"],
        reporting_period=text["reporting_period"],
        kind=_kind(text["kind"]),
        percent=percent,
        text_score=text_score,
        mark=_mark(raw["mark"]),
        comment=text["comment"],
        entered_by=text["entered_by"],
        complete=complete,
        raw=raw,
    )


def to_table(rows: Sequence[ParsedGrade]) -> pa.Table:
    """Return grades as canonical text columns (GRADE_COLUMNS, then PLACE), for validation.

    What was understood stands in its canonical form, the rest as it came; blanks are null.
    """
    lines = [_canonical(row) for row in rows]
    columns = {name: pa.array([line[name] for line in lines], pa.string()) for name in GRADE_COLUMNS}
    return pa.table({**columns, PLACE: pa.array([row.place for row in rows], pa.string())})


def value_of(parsed: ParsedGrade, scale: Scale) -> GradeValue:
    """Return what is sent of a grade: the percent with one decimal and the home district's letter.

    The letter is that of the percent as it is sent, so that number and letter never contradict
    each other in the SIS. A letter without a percent stays as given; a mark carries neither.
    """
    mark = parsed.mark or Mark.GRADED
    if mark is not Mark.GRADED:
        return GradeValue(percent=None, text_score=None, mark=mark)
    if parsed.percent is None:
        return GradeValue(percent=None, text_score=parsed.text_score, mark=mark)
    percent = one_decimal(parsed.percent)
    return GradeValue(percent=percent, text_score=letter(scale, percent), mark=mark)


def agrees(parsed: ParsedGrade, scale: Scale) -> bool:
    """Return whether the letter given is one of the scale and, beside a percent, the one it computes.

    True when no letter is given, and for a mark.
    """
    if parsed.text_score is None or parsed.mark is not Mark.GRADED:
        return True
    if parsed.percent is None:
        return parsed.text_score in scale.letters
    return value_of(parsed, scale).text_score == parsed.text_score


def contested(rows: Sequence[ParsedGrade]) -> frozenset[str]:
    """Return the places of rows that give one student different grades in one grade column."""
    contents: dict[tuple[str, ...], dict[tuple[object, ...], list[str]]] = {}
    for row in rows:
        column = (row.district, row.student, row.offering, row.term, row.reporting_period, row.kind)
        said = (row.percent, row.text_score, row.mark, row.comment, row.complete, row.raw["percent"])
        contents.setdefault(column, {}).setdefault(said, []).append(row.place)
    several = (places for found in contents.values() if len(found) > 1 for places in found.values())
    return frozenset(place for places in several for place in places)


def _trimmed(values: Mapping[str, str | None]) -> dict[str, str | None]:
    given = {fold(name): (value or "").strip() or None for name, value in values.items()}
    return {name: given.get(name) for name in GRADE_COLUMNS}


def _score(percent: str | None, text_score: str | None) -> tuple[Decimal | None, str | None]:
    """Return percent and letter, also out of one cell that holds both (`92 A-`)."""
    if percent is not None and (found := _PERCENT.fullmatch(percent)):
        return Decimal(found[1]), text_score
    for cell, other in ((percent, text_score), (text_score, percent)):
        if cell is not None and other is None and (found := _PACKED.fullmatch(cell)):
            return Decimal(found[1]), found[2].upper()
    return None, text_score


def _mark(text: str | None) -> Mark | None:
    known = "graded" if text is None else code_set("grade_marks").canonical(text)
    return None if known is None else Mark(known)


def _kind(text: str) -> str:
    return next((kind.value for kind in GradeKind if kind == fold(text)), text)


def _boolean(text: str) -> bool | None:
    folded = fold(text)
    return True if folded in _TRUE else False if folded in _FALSE else None


def _canonical(row: ParsedGrade) -> dict[str, str | None]:
    understood = {
        "kind": row.kind or None,
        "percent": None if row.percent is None else str(row.percent),
        "text_score": row.text_score,
        "mark": row.mark,
        "complete": None if row.complete is None else str(row.complete).lower(),
    }
    return {**row.raw, **{name: value for name, value in understood.items() if value is not None}}
