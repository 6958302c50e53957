"""What may leave of a released grade: as the route can carry it, or held and told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.grading import GradeKind, GradePayload, GradeValue, LineItemSpec, Mark, RouteLimits
from domain.ids import DistrictCode, ItemId, LineItemId, SourcedId
from domain.model import Severity
from mappings.scales import letter, scale_from
from mappings.transmittal import fit, fit_comment

SCALE = scale_from({"bands": {"A": 90, "B": 80, "F": 0}})
ANY = RouteLimits()
ONE_LINE = RouteLimits(comment_lines=False, comment_tabs=False)
CP1252 = RouteLimits(characters="cp1252")
DAY = date(2026, 1, 20)
COLUMN = LineItemSpec(LineItemId("l"), "Final", SourcedId("k"), SourcedId("s"), SourcedId("t"), DAY, DAY)


def payload(
    percent: str | None = "88.5", text: str | None = "B", mark: Mark = Mark.GRADED, comment: str = ""
) -> GradePayload:
    value = GradeValue(Decimal(percent) if percent else None, text, mark)
    return GradePayload(
        DistrictCode("9101"), ItemId("item-1"), COLUMN, SourcedId("u1"), "900000001", value, comment,
        GradeKind.FINAL, "Final", "PH", "Physics", "School", DAY,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("comment", "limits", "sent", "is_whole"),
    [
        ("Fine work", ANY, "Fine work", True),
        ("Fine\nwork\tindeed", ANY, "Fine\nwork\tindeed", True),
        ("Fine\r\n\r\nwork\t indeed ", ONE_LINE, "Fine work indeed", True),
        ("Fine\x00 work\x07", ANY, "Fine work", True),
        ("a “fine” start – José", CP1252, "a “fine” start – José", True),
        ("a “fine” start – Jose…", RouteLimits(characters="latin-1"), 'a "fine" start - Jose...', True),
        ("José", RouteLimits(characters="ascii"), "Jose", False),
        ("Fine 🎉 work", CP1252, "Fine ? work", False),
        ("Fine work all year", RouteLimits(comment_length=18), "Fine work all year", True),
        ("Fine work all year", RouteLimits(comment_length=17), "Fine work all…", False),
        ("Fine work all year", RouteLimits(comment_length=14, characters="ascii"), "Fine work...", False),
        ("Floccinaucinihil", RouteLimits(comment_length=6), "Flocc…", False),
        ("Fine work", RouteLimits(comment_length=0), "", False),
        ("", RouteLimits(comment_length=0), "", True),
    ],
)
def test_a_comment_is_made_to_fit(comment: str, limits: RouteLimits, sent: str, is_whole: bool) -> None:
    assert fit_comment(comment, limits) == (sent, is_whole)


@given(
    st.text(max_size=60),
    st.none() | st.integers(0, 30),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["utf-8", "cp1252", "ascii", "mac-roman", "utf-16"]),
)
def test_a_comment_always_fits_and_never_changes_a_second_time(
    comment: str, length: int | None, lines: bool, tabs: bool, codec: str
) -> None:
    limits = RouteLimits(length, lines, tabs, codec)
    sent, is_whole = fit_comment(comment, limits)
    assert length is None or len(sent) <= length
    assert lines or not set("\n\r\x0b\x0c\x85\u2028\u2029") & set(sent)
    assert tabs or "\t" not in sent
    sent.encode(codec)
    assert fit_comment(sent, limits) == (sent, True)
    if is_whole and not sent:
        assert not any(one.isprintable() and not one.isspace() for one in comment)


def test_a_shortened_comment_is_told_by_the_id_of_the_grade_alone() -> None:
    fitted = fit(payload(comment="Fine work all year"), RouteLimits(comment_length=9), SCALE)
    (finding,) = fitted.findings
    assert fitted.payload is not None
    assert fitted.payload.comment == "Fine…"
    assert (finding.rule, finding.severity, finding.key) == ("WB26", Severity.DROP_VALUE, "item-1")
    assert "Fine" not in finding.message + finding.fix + finding.masked


@pytest.mark.parametrize(
    ("given_payload", "limits", "rule"),
    [
        (payload(None, None, Mark.INCOMPLETE), replace(ANY, marks=frozenset({Mark.GRADED})), "WB22"),
        (payload(None, "B"), replace(ANY, needs_percent=True), "WB23"),
        (payload("88.5", None), replace(ANY, needs_letter=True), "WB23"),
        (payload(None, None), ANY, "WB23"),
        (payload("88.5", "A"), ANY, "WB24"),
        (payload("89.5", "B"), RouteLimits(decimals=0), "WB24"),
        (payload("0", None, Mark.INCOMPLETE), ANY, "WB25"),
        (payload(None, "F", Mark.PASS), ANY, "WB25"),
    ],
)
def test_what_a_route_cannot_say_is_held(given_payload: GradePayload, limits: RouteLimits, rule: str) -> None:
    fitted = fit(given_payload, limits, SCALE)
    assert fitted.payload is None
    assert [(one.rule, one.severity, one.key) for one in fitted.findings] == [
        (rule, Severity.HOLD_ROW, "item-1")
    ]


VALUES = st.builds(
    GradeValue,
    st.none() | st.decimals(0, 104, places=1),
    st.none() | st.sampled_from(["A", "B", "F"]),
    st.sampled_from(Mark),
)
LIMITS = st.builds(
    RouteLimits,
    marks=st.sets(st.sampled_from(Mark)).map(lambda marks: frozenset(marks | {Mark.GRADED})),
    needs_percent=st.booleans(),
    needs_letter=st.booleans(),
)


@given(VALUES, LIMITS)
def test_a_mark_never_leaves_as_a_number_and_letters_agree(value: GradeValue, limits: RouteLimits) -> None:
    fitted = fit(replace(payload(), value=value), limits, SCALE)
    if fitted.payload is None:
        assert fitted.findings
        return
    assert fitted.payload.value == value
    assert value.mark in limits.marks
    assert (value.percent, value.text_score) == (None, None) or value.mark is Mark.GRADED
    if value.percent is not None and value.text_score is not None:
        assert value.text_score == letter(SCALE, value.percent)
