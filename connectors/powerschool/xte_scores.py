"""Scores of the PowerTeacher Pro API: from a grade to what is sent, and from what stands to a grade. Pure.

Source: PowerSchool developer pages, PUT /ws/xte/score.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from connectors.powerschool.identifiers import Row
from domain.grading import GradeValue, Mark, RemoteGrade

POINTS = 100
"""Points of every column: whole, so that a score is the percent."""


@dataclass(frozen=True, slots=True)
class Score:
    """A score that stands. Its repr hides what was scored."""

    score_id: int
    value: GradeValue | None

    @property
    def remote(self) -> RemoteGrade | None:
        """Return it as what the SIS holds, None when nothing was scored."""
        return RemoteGrade(self.value, str(self.score_id)) if self.value else None


@dataclass(frozen=True, slots=True)
class Entry:
    """One student's score to send, over the one that stands if there is one."""

    assignment_section: int
    students_dcid: int
    value: GradeValue
    score_id: int | None = None


def canonical(value: GradeValue, decimals: int) -> GradeValue:
    """Return a value as points show it: a rounded percent, or incomplete."""
    if value.mark is not Mark.GRADED or value.percent is None:
        return GradeValue(None, None, value.mark)
    return GradeValue(value.percent.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP), None)


def score_of(row: Row, decimals: int) -> Score:
    """Return a score from a row of our query; an exemption is shown as what somebody decided there."""
    number = int(str(row["score_id"]))
    if row.get("is_exempt") == "1":
        return Score(number, GradeValue(None, "exempt"))
    points = _decimal(row.get("points"))
    if points is not None:
        return Score(number, canonical(GradeValue(points * 100 / POINTS, None), decimals))
    incomplete = row.get("is_incomplete") == "1"
    return Score(number, GradeValue(None, None, Mark.INCOMPLETE) if incomplete else None)


def body_of(entries: Iterable[Entry]) -> dict[str, object]:
    """Return the body that saves scores."""
    return {"assignment_scores": [_entry(one) for one in entries]}


def _entry(one: Entry) -> dict[str, object]:
    percent = one.value.percent
    scored: dict[str, object] = {"actualscoreentered": None, "isincomplete": True}
    if percent is not None:
        points = percent * POINTS / 100
        scored = {"actualscoreentered": str(points), "scorepoints": float(points), "isincomplete": False}
    known = {"assignmentscoreid": one.score_id} if one.score_id else {}
    return {
        "_assignmentsection": {"assignmentsectionid": one.assignment_section},
        "studentsdcid": one.students_dcid,
        "actualscorekind": "REAL_SCORE",
        "scoretype": "POINTS",
        **scored,
        **known,
    }


def _decimal(text: str | None) -> Decimal | None:
    try:
        return None if text is None else Decimal(text)
    except InvalidOperation:
        return None
