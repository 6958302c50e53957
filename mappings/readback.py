"""What it means that a SIS holds this grade: before we write it, and after.

Values are compared in the route's canonical form (its rounding, its scale): the caller sees to that.
The rule behind the table: we never overwrite a value or a comment that neither we wrote last nor want.

Comments differ from values in three ways. A SIS that shows none is asked for none: there a corrected
comment is sent when our last one was another. An empty comment is nobody's decision, so writing over it
is no conflict. And a comment that a SIS cut short or dropped does not make a grade unproven.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from html import unescape

from domain.grading import GradeValue, Mark, Outcome, RemoteGrade

_NOTHING = GradeValue(percent=None, text_score=None, mark=Mark.GRADED)


class BeforeDecision(StrEnum):
    """What to do about a grade, seeing what the SIS holds before we write."""

    ADOPT = "adopt"
    SEND = "send"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Comments:
    """The comment a grade is to have, and the one we wrote last (None when we never wrote this grade)."""

    wanted: str = field(default="", repr=False)
    last: str | None = field(default=None, repr=False)


_NO_COMMENTS = Comments()


def before_writing(
    held: RemoteGrade | None,
    wanted: GradeValue,
    last_written: GradeValue | None,
    comments: Comments = _NO_COMMENTS,
) -> BeforeDecision:
    """Return what to do: adopt what is there already, send, or leave it to a person.

    last_written: the value our last delivered revision wrote, None when we never wrote this grade.
    Our own earlier value that was cleared since is a conflict, and so is anything foreign.
    """
    there = _value(held)
    shown = held.comment if held is not None and there is not None else None
    if there == wanted and not _lacks_comment(shown, comments):
        return BeforeDecision.ADOPT
    if _is_foreign(shown, comments):
        return BeforeDecision.CONFLICT
    return BeforeDecision.SEND if there in (wanted, last_written) else BeforeDecision.CONFLICT


def comment_kept(sent: str, held: RemoteGrade | None) -> bool:
    """Return whether a SIS holds the comment we sent; True where it shows no comments."""
    return held is None or held.comment is None or _plain(held.comment) == _plain(sent)


def _lacks_comment(shown: str | None, comments: Comments) -> bool:
    """Return whether our comment is still to be written over what the SIS shows (None: it shows none)."""
    wanted, last = _plain(comments.wanted), comments.last
    if shown is None:
        return last is not None and wanted != _plain(last)
    if _plain(shown) == wanted or (last is not None and _is_ours(shown, last) and _plain(last) == wanted):
        return False
    return wanted != "" or (last is not None and _is_ours(shown, last))


def _is_foreign(shown: str | None, comments: Comments) -> bool:
    """Return whether the SIS shows a comment that is neither the wanted one nor our last."""
    if not shown or not _plain(shown) or _plain(shown) == _plain(comments.wanted):
        return False
    return comments.last is None or not _is_ours(shown, comments.last)


def _is_ours(shown: str, ours: str) -> bool:
    """Return whether a comment shown is the one we wrote, whole or as the SIS cut it short."""
    return _plain(shown) == _plain(ours) or (_plain(shown) != "" and _plain(ours).startswith(_plain(shown)))


def _plain(comment: str) -> str:
    """Return a comment without what SISs change by themselves: white space and escaped characters."""
    return " ".join(unescape(comment).split())


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
