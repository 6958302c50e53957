"""The read-back table, in full, and the promise behind it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.grading import GradeValue, Mark, Outcome, RemoteGrade
from mappings.readback import BeforeDecision, Comments, after_writing, before_writing, comment_kept

A, B, C = (GradeValue(Decimal(percent), None) for percent in ("91.0", "85.0", "70.0"))
EMPTY = GradeValue(None, None)
ADOPT, SEND, CONFLICT = BeforeDecision
VALUES = {"A": A, "B": B, "C": C, "empty": EMPTY}


def held(name: str | None) -> RemoteGrade | None:
    return None if name is None else RemoteGrade(VALUES[name], "remote-1")


@pytest.mark.parametrize(
    ("there", "wanted", "last_written", "decision"),
    [
        (None, A, None, SEND),
        (None, A, A, CONFLICT),
        (None, A, B, CONFLICT),
        ("empty", A, None, SEND),
        ("empty", A, A, CONFLICT),
        ("empty", A, B, CONFLICT),
        ("A", A, None, ADOPT),
        ("A", A, A, ADOPT),
        ("A", A, B, ADOPT),
        ("B", A, None, CONFLICT),
        ("B", A, A, CONFLICT),
        ("B", A, B, SEND),
        ("C", A, B, CONFLICT),
    ],
)
def test_before_writing(
    there: str | None, wanted: GradeValue, last_written: GradeValue | None, decision: BeforeDecision
) -> None:
    assert before_writing(held(there), wanted, last_written) is decision


@pytest.mark.parametrize(
    ("before", "now", "answered", "outcome"),
    [
        (None, "A", True, Outcome.CONFIRMED),
        (None, "A", False, Outcome.CONFIRMED),
        (None, None, True, Outcome.NOT_TAKEN),
        (None, "empty", True, Outcome.NOT_TAKEN),
        ("empty", None, True, Outcome.NOT_TAKEN),
        (None, None, False, Outcome.UNKNOWN),
        (None, "C", True, Outcome.CONFLICT),
        (None, "C", False, Outcome.CONFLICT),
        ("B", "A", True, Outcome.CONFIRMED),
        ("B", "B", True, Outcome.NOT_TAKEN),
        ("B", "B", False, Outcome.UNKNOWN),
        ("B", None, True, Outcome.CONFLICT),
        ("B", "empty", True, Outcome.CONFLICT),
        ("B", None, False, Outcome.UNKNOWN),
        ("B", "C", True, Outcome.CONFLICT),
        ("B", "C", False, Outcome.CONFLICT),
    ],
)
def test_after_writing(before: str | None, now: str | None, answered: bool, outcome: Outcome) -> None:
    assert after_writing(held(before), A, held(now), answered) is outcome


def test_a_percent_is_compared_as_a_number_and_a_mark_counts() -> None:
    same, other = GradeValue(Decimal("91"), None), GradeValue(Decimal("91"), None, Mark.INCOMPLETE)
    assert before_writing(RemoteGrade(same), A, None) is ADOPT
    assert before_writing(RemoteGrade(other), A, None) is CONFLICT


GRADES = st.builds(
    GradeValue, st.none() | st.sampled_from([Decimal(90), Decimal(80)]), st.sampled_from([None, "A"]),
    st.sampled_from([Mark.GRADED, Mark.PASS]),
)  # fmt: skip
WANTED = GRADES.filter(lambda value: value != EMPTY)


@given(st.none() | GRADES, WANTED, st.none() | WANTED)
def test_we_never_overwrite_what_we_neither_wrote_last_nor_want(
    there: GradeValue | None, wanted: GradeValue, last_written: GradeValue | None
) -> None:
    decision = before_writing(RemoteGrade(there) if there else None, wanted, last_written)
    if decision is SEND:
        assert there == last_written or (there in (None, EMPTY) and last_written is None)
    assert (decision is ADOPT) == (there == wanted)


@given(st.none() | GRADES, WANTED, st.none() | GRADES, st.booleans())
def test_only_the_value_itself_confirms_and_only_silence_leaves_it_open(
    before: GradeValue | None, sent: GradeValue, now: GradeValue | None, answered: bool
) -> None:
    outcome = after_writing(
        RemoteGrade(before) if before else None, sent, RemoteGrade(now) if now else None, answered
    )
    assert (outcome is Outcome.CONFIRMED) == (now == sent)
    assert not (answered and outcome is Outcome.UNKNOWN)
    assert answered or outcome is not Outcome.NOT_TAKEN


@pytest.mark.parametrize(
    ("shown", "wanted", "last", "decision"),
    [
        ("fine", "fine", None, ADOPT),
        ("fine", "fine", "fine", ADOPT),
        ("a &amp; b", "a & b", "a & b", ADOPT),
        ("", "fine", None, SEND),
        ("", "fine", "fine", SEND),
        ("fine", "very fine", "fine", SEND),
        ("fi", "fine", "fine", ADOPT),
        ("fi", "very fine", "fine", SEND),
        ("fine", "", "fine", SEND),
        ("see me", "fine", "fine", CONFLICT),
        ("see me", "fine", None, CONFLICT),
        ("see me", "", None, ADOPT),
        (None, "fine", None, ADOPT),
        (None, "fine", "fine", ADOPT),
        (None, "very fine", "fine", SEND),
    ],
)
def test_a_comment_beside_the_value_we_want(
    shown: str | None, wanted: str, last: str | None, decision: BeforeDecision
) -> None:
    there = RemoteGrade(A, comment=shown)
    assert before_writing(there, A, None if last is None else A, Comments(wanted, last)) is decision


def test_a_registrars_comment_keeps_even_our_own_value_from_being_corrected() -> None:
    there = RemoteGrade(B, comment="see me")
    assert before_writing(there, A, B, Comments("", "")) is CONFLICT
    assert before_writing(there, A, B, Comments("", "see me")) is SEND


COMMENTS = st.sampled_from(["", "fine", "very fine", "see me"])


@given(GRADES, st.none() | COMMENTS, WANTED, st.none() | WANTED, COMMENTS, COMMENTS)
def test_we_never_overwrite_a_comment_that_is_neither_ours_nor_wanted(
    there: GradeValue,
    shown: str | None,
    wanted: GradeValue,
    last: GradeValue | None,
    comment: str,
    last_comment: str,
) -> None:
    comments = Comments(comment, None if last is None else last_comment)
    decision = before_writing(RemoteGrade(there, comment=shown), wanted, last, comments)
    if decision is SEND and there != EMPTY:
        assert not shown or shown == comment or (last is not None and shown == last_comment)


@pytest.mark.parametrize(
    ("shown", "kept"), [("fine", True), (" fine\n", True), (None, True), ("fi", False), ("", False)]
)
def test_whether_a_comment_was_kept(shown: str | None, kept: bool) -> None:
    assert comment_kept("fine", RemoteGrade(A, comment=shown)) is kept
