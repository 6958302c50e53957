"""Grades as Campus takes them on a grading task: the percent as score, the letter in its metadata. Pure.

Source: the vendor's OneRosterAssignmentSyncTester (2017), create or update a final grade.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from connectors.infinite_campus.settings import CampusGradebookSettings
from connectors.oneroster.flatten import text_of
from connectors.oneroster.results import GradebookForm, number_of
from domain.errors import RowRejected
from domain.grading import GradePayload, GradeValue, LineItemSpec, Mark

Record = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class CampusForm(GradebookForm):
    """How one district's Campus writes and reads grades; both versions of OneRoster carry the same."""

    settings: CampusGradebookSettings

    def canonical(self, value: GradeValue) -> GradeValue:
        """Return a value as Campus would show it: the percent rounded, the letter where results show it."""
        graded = value.mark is Mark.GRADED
        return self._read(value.percent if graded else None, self._letter(value))

    def _letter(self, value: GradeValue) -> str | None:
        return value.text_score if value.mark is Mark.GRADED else self._mark_text(value.mark)

    def _read(self, percent: Decimal | None, letter: str | None) -> GradeValue:
        if not self.settings.reads_letters:
            return GradeValue(self._rounded(percent), None)
        return self._valued(percent, letter)

    def value_of(self, record: Record, spec: LineItemSpec) -> GradeValue | None:
        """Return what a result of Campus says, in canonical form; None when it says nothing yet."""
        if record.get("scoreStatus") == "exempt":
            return GradeValue(None, "exempt")
        metadata = record.get("metadata")
        letter = text_of(metadata.get(self.settings.letter_key)) if isinstance(metadata, dict) else None
        percent = number_of(record.get("score"))
        return None if percent is None and letter is None else self._read(percent, letter)

    def _scores(self, payload: GradePayload) -> dict[str, object]:
        value, scores = payload.value, dict[str, object]()
        percent = self._rounded(value.percent) if value.mark is Mark.GRADED else None
        if percent is not None:
            scores["score"] = float(percent)
        letter = self._letter(value)
        if letter is not None:
            scores["metadata"] = {self.settings.letter_key: letter}
        if not scores or (percent is None and not self.settings.letter_alone):
            raise RowRejected(
                "WB40",
                "Campus takes grades with a percent only, and this mark has none: nothing was sent",
                key=payload.item_id,
                fix="Ask the registrar to enter this mark by hand, or set letter_alone if Campus takes it",
            )
        return scores
