"""The table a registrar keys or loads: one line a grade, the same bytes for the same grades."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence

from domain.grading import GradePayload

_RISKY = ("=", "+", "-", "@")

COLUMNS: dict[str, Callable[[GradePayload], str]] = {
    "student_identifier": lambda payload: payload.student_identifier,
    "student_sourced_id": lambda payload: payload.student,
    "course_code": lambda payload: payload.course_code,
    "course_title": lambda payload: payload.course_title,
    "school": lambda payload: payload.school_name,
    "reporting_period": lambda payload: payload.reporting_period,
    "kind": lambda payload: payload.kind.value,
    "percent": lambda payload: "" if payload.value.percent is None else str(payload.value.percent),
    "letter": lambda payload: payload.value.text_score or "",
    "mark": lambda payload: payload.value.mark.value,
    "comment": lambda payload: payload.comment,
    "score_date": lambda payload: payload.score_date.isoformat(),
    "item": lambda payload: payload.item_id,
}
"""What a column can hold, by its name; the default table has them all in this order."""


def render_table(payloads: Iterable[GradePayload], columns: Sequence[str]) -> bytes:
    """Return the grades as CSV in UTF-8 with CRLF, by school, course, period, student, then item.

    Cells hold no line break or tab, and none that a spreadsheet would take for a formula.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    for payload in sorted(payloads, key=_order):
        writer.writerow(_plain(COLUMNS[column](payload)) for column in columns)
    return text.getvalue().encode()


def _order(payload: GradePayload) -> tuple[str, ...]:
    return (
        payload.school_name,
        payload.course_code,
        payload.reporting_period,
        payload.kind.value,
        payload.student_identifier,
        payload.item_id,
    )


def _plain(cell: str) -> str:
    """Return a cell as one line, behind an apostrophe when it begins as a formula does."""
    line = " ".join(cell.split())
    return f"'{line}" if line.startswith(_RISKY) else line
