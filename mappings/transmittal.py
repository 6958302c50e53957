"""The gate's judgement: what may leave of a released grade, given what its route can carry. Pure.

A grade is sent whole or held, with one exception: its comment. A comment is made to fit, and whoever
released the grade is told so by the grade's own id; the comment itself stays whole in our store.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from domain.grading import GradePayload, GradeValue, Mark, RouteLimits
from domain.model import Finding, Severity
from mappings.scales import Scale, letter

_PLAIN = str.maketrans(
    {
        "\u2018": "'",
        "\u2019": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u2013": "-",
        "\u2014": "-",
        "\u2026": "...",
        "\u00a0": " ",
    }
)
"""What word processors put in place of plain characters, and the plain ones."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A payload as its route can carry it, or None when it is held; and what a person should know of it."""

    payload: GradePayload | None
    findings: tuple[Finding, ...] = ()


def fit(payload: GradePayload, limits: RouteLimits, scale: Scale) -> Fitted:
    """Return a payload that its route can carry, or hold it.

    Held: a mark the route cannot say (WB22), a grade without the percent or letter it needs (WB23), a
    percent and letter that contradict each other under the home scale, also once rounded (WB24), a mark that
    carries a number all the same (WB25). A comment that had to be shortened or rewritten is told (WB26).
    """
    held = _held(payload, limits, scale)
    if held is not None:
        return Fitted(None, (held,))
    comment, is_whole = fit_comment(payload.comment, limits)
    findings = () if is_whole else (_shortened(payload, limits),)
    return Fitted(replace(payload, comment=comment), findings)


def fit_comment(comment: str, limits: RouteLimits) -> tuple[str, bool]:
    """Return a comment as a route can carry it, and whether it still says all it said.

    Line breaks and tabs become one space where the route has none, typographic characters plain ones, and
    letters with accents plain letters, before anything is lost. What is too long is cut after a word and
    ends in an ellipsis.
    """
    text = "".join(one for one in unicodedata.normalize("NFC", comment) if _is_text(one))
    written = _laid_out(_writable(text, limits.characters), limits)
    is_whole = written.translate(_PLAIN) == _laid_out(text.translate(_PLAIN), limits)
    if limits.comment_length is None or len(written) <= limits.comment_length:
        return written, is_whole
    return _cut(written, limits.comment_length, _ellipsis(limits.characters)), False


def _held(payload: GradePayload, limits: RouteLimits, scale: Scale) -> Finding | None:
    value = payload.value
    if value.mark not in limits.marks:
        return _finding(
            payload,
            "WB22",
            f"The route cannot say the mark '{value.mark}', so such grades are held.",
            "Ask the registrar to enter this mark by hand, or choose a route that carries it.",
        )
    if value.mark is not Mark.GRADED:
        return _numbered(payload) if (value.percent, value.text_score) != (None, None) else None
    if _lacks(value, limits):
        return _finding(
            payload,
            "WB23",
            "The route needs a percent or a letter that these grades do not have, so they are held.",
            "Have the teacher give the percent, or choose a route that carries letters alone.",
        )
    if value.percent is not None and value.text_score not in (None, letter(scale, value.percent)):
        return _finding(
            payload,
            "WB24",
            "Percent and letter do not agree under the district's scale of today, so these grades are held.",
            "The scale changed since the grades were collected: have them sent again in a new file.",
        )
    return _rounded_apart(payload, limits, scale) if value.percent is not None and value.text_score else None


def _rounded_apart(payload: GradePayload, limits: RouteLimits, scale: Scale) -> Finding | None:
    """Return why a grade is held whose percent, as the route rounds it, has another letter."""
    value = payload.value
    shown = value.percent and value.percent.quantize(Decimal(1).scaleb(-limits.decimals), ROUND_HALF_UP)
    if not shown or letter(scale, shown) == value.text_score:
        return None
    return _finding(
        payload,
        "WB24",
        f"With {limits.decimals} decimals these percents have another letter than they were given.",
        "Let the route keep a decimal (decimals), or the district's scale round as the route does "
        "(rounding, places).",
    )


def _numbered(payload: GradePayload) -> Finding:
    return _finding(
        payload,
        "WB25",
        f"A grade marked '{payload.value.mark}' carries a number or letter besides, so it is held.",
        "Have the teacher give either the mark or the grade.",
    )


def _lacks(value: GradeValue, limits: RouteLimits) -> bool:
    """Return whether a route needs a percent or a letter that a graded grade has not; neither is no grade."""
    if value.percent is None and value.text_score is None:
        return True
    return (limits.needs_percent and value.percent is None) or (
        limits.needs_letter and value.text_score is None
    )


def _shortened(payload: GradePayload, limits: RouteLimits) -> Finding:
    if limits.comment_length == 0:
        message = "The route carries no comments, so these grades leave without theirs."
    else:
        message = "The comment was shortened or rewritten to what the route can carry."
    finding = _finding(payload, "WB26", message, "Give the registrar the whole comment where it matters.")
    return replace(finding, severity=Severity.DROP_VALUE, field="comment")


def _finding(payload: GradePayload, rule: str, message: str, fix: str) -> Finding:
    return Finding(
        rule=rule,
        severity=Severity.HOLD_ROW,
        table="grades",
        field="",
        place="",
        key=payload.item_id,
        masked="",
        message=message,
        fix=fix,
        group=payload.value.mark if rule == "WB22" else "",
        student=payload.student,
    )


def _laid_out(text: str, limits: RouteLimits) -> str:
    """Return a text with one space in place of each line break and tab that a route does not have."""
    lines = [_joined(line.split("\t"), "\t" if limits.comment_tabs else " ") for line in text.splitlines()]
    return _joined(lines, "\n" if limits.comment_lines else " ").strip()


def _is_text(character: str) -> bool:
    """Return whether a character may stand in a comment: all but control characters that break no line."""
    return (
        character == "\t"
        or unicodedata.category(character) != "Cc"
        or len(f"a{character}a".splitlines()) == 2
    )


def _joined(parts: Sequence[str], by: str) -> str:
    return by.join(parts) if by != " " else " ".join(part.strip() for part in parts if part.strip())


def _writable(text: str, codec: str) -> str:
    return "".join(_as_codec_has_it(one, codec) for one in text)


def _as_codec_has_it(character: str, codec: str) -> str:
    bare = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    for candidate in (character, character.translate(_PLAIN), bare):
        if candidate and _can_write(candidate, codec):
            return candidate
    return "?" if character.isprintable() else ""


def _can_write(text: str, codec: str) -> bool:
    try:
        text.encode(codec)
    except UnicodeEncodeError:
        return False
    return True


def _ellipsis(codec: str) -> str:
    return "\u2026" if _can_write("\u2026", codec) else "..."


def _cut(text: str, length: int, ellipsis: str) -> str:
    """Return the whole words that fit before an ellipsis, or the characters when not one word fits."""
    room = length - len(ellipsis)
    if room <= 0:
        return text[:length]
    words = text[: room + 1].rpartition(" ")[0].rstrip()
    return (words or text[:room]) + ellipsis
