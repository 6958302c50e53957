"""What it means that a SIS holds this grade: before we write it, and after.

Values are compared in the route's canonical form (its rounding, its scale): the caller sees to that.
The rule behind the table: we never overwrite a value that neither we wrote last nor want.
"""

from __future__ import annotations

from enum import StrEnum

from domain.grading import GradeValue, Mark, Outcome, RemoteGrade

_NOTHING = GradeValue(percent=None, text_score=None, mark=Mark.GRADED)


class BeforeDecision(StrEnum):
    """What to do about a grade, seeing what the SIS holds before we write."""

    ADOPT = "adopt"
    SEND = "send"
    CONFLICT = "conflict"


def before_writing(
    held: RemoteGrade | None, wanted: GradeValue, last_written: GradeValue | None
) -> BeforeDecision:
    """Return what to do: adopt what is there already, send, or leave it to a person.

    last_written: the value our last delivered revision wrote, None when we never wrote this grade.
    Our own earlier value that was cleared since is a conflict, and so is anything foreign.
    """
    there = _value(held)
    if there == wanted:
        return BeforeDecision.ADOPT
    return BeforeDecision.SEND if there == last_written else BeforeDecision.CONFLICT


def after_writing(
    before: RemoteGrade | None, sent: GradeValue, held: RemoteGrade | None, answered: bool
) -> Outcome:
    """Return what one attempt came to, from what the SIS held before and holds now.

    answered: whether the SIS answered both the write and the read-back. Without an answer a value
    still unchanged proves nothing, because the write may yet arrive: UNKNOWN, to be looked up again.
    """
    there = _value(held)
    if there == sent:
        return Outcome.CONFIRMED
    unchanged = there == _value(before)
    if not answered and (unchanged or there is None):
        return Outcome.UNKNOWN
    return Outcome.NOT_TAKEN if unchanged else Outcome.CONFLICT


def _value(grade: RemoteGrade | None) -> GradeValue | None:
    """Return the value held, None for no grade or a grade without any value."""
    return None if grade is None or grade.value == _NOTHING else grade.value
