"""Grades as OneRoster line items and results, and back. Pure.

Source: OneRoster 1.1 and 1.2 gradebook bindings, lineItem and result. 1.1 needs a number for every
result and has no letters; 1.2 carries both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from connectors.oneroster.flatten import text_of
from connectors.oneroster.settings import OneRosterGradebookSettings, address
from domain.clock import utc_text
from domain.errors import RowRejected
from domain.grading import GradeKind, GradePayload, GradeValue, LineItemSpec, Mark
from domain.oneroster import Service, Version

Record = Mapping[str, object]

_SCORE_STATUS = {GradeKind.FINAL: "fully graded", GradeKind.PROGRESS: "partially graded"}
_SUFFIX = 4


@dataclass(frozen=True, slots=True)
class GradebookForm:
    """How one district's gradebook writes and reads grades."""

    settings: OneRosterGradebookSettings

    def canonical(self, value: GradeValue) -> GradeValue:
        """Return a value as this gradebook would hold it; a mark that is no number never has one."""
        percent = value.percent if value.mark is Mark.GRADED else None
        if self.settings.version is Version.V1P1:
            return GradeValue(self._rounded(percent), None, value.mark)
        text = value.text_score if value.mark is Mark.GRADED else self._mark_text(value.mark)
        return self._valued(percent, text)

    def _valued(self, percent: Decimal | None, text: str | None) -> GradeValue:
        marks = {said: mark for mark, said in self.settings.mark_texts.items()}
        if percent is None and text in marks:
            return GradeValue(None, text, marks[text])
        return GradeValue(self._rounded(percent), text if self.settings.send_text else None)

    def _mark_text(self, mark: Mark) -> str:
        return self.settings.mark_texts.get(mark, mark.value)

    def _rounded(self, percent: Decimal | None) -> Decimal | None:
        step = Decimal(1).scaleb(-self.settings.decimals)
        return None if percent is None else percent.quantize(step, ROUND_HALF_UP)

    def value_of(self, record: Record, spec: LineItemSpec) -> GradeValue | None:
        """Return what a result of the SIS says, in canonical form; None when it says nothing yet."""
        if record.get("scoreStatus") == "exempt":
            # An exemption is a decision somebody took in the SIS: not to be written over unseen.
            return GradeValue(None, "exempt")
        percent = _percent(record.get("score"), spec)
        old = self.settings.version is Version.V1P1
        text = None if old else text_of(record.get("textScore"))
        if percent is None and text is None:
            return None
        return self._valued(percent, text)

    def result(self, payload: GradePayload, sourced_id: str, now: datetime) -> dict[str, object]:
        """Return the result that shows a grade; RowRejected WB40 when this gradebook cannot say the value."""
        spec = payload.line_item
        record: dict[str, object] = {
            "sourcedId": sourced_id,
            "status": "active",
            "dateLastModified": utc_text(now),
            "lineItem": self._ref("lineItems", spec.line_item_id, "lineItem"),
            "student": self._ref("users", payload.student, "user"),
            "scoreStatus": _SCORE_STATUS[payload.kind],
            "scoreDate": payload.score_date.isoformat(),
            **self._scores(payload),
        }
        if payload.comment and self.settings.send_comment:
            record["comment"] = payload.comment
        if self.settings.version is Version.V1P2:
            record["class"] = self._ref("classes", spec.class_sourced_id, "class")
        return record

    def _scores(self, payload: GradePayload) -> dict[str, object]:
        value, scores = self.canonical(payload.value), dict[str, object]()
        if value.percent is not None:
            scores["score"] = float(value.percent * payload.line_item.maximum / 100)
        if value.text_score is not None:
            scores["textScore"] = value.text_score
        if value.mark is Mark.INCOMPLETE and scores:
            scores["incomplete"] = "true"
        if not scores:
            raise RowRejected(
                "WB40",
                "This gradebook takes numbers only, and this mark is none: nothing was sent",
                key=payload.item_id,
                fix="Ask the registrar to enter this mark by hand, or choose the registrar's file as route",
            )
        return scores

    def line_item(
        self, spec: LineItemSpec, category: str, now: datetime, score_scale: str = ""
    ) -> dict[str, object]:
        """Return the line item that shows a grade column in one class. score_scale: 1.2 only, "" for none."""
        record: dict[str, object] = {
            "sourcedId": spec.line_item_id,
            "status": "active",
            "dateLastModified": utc_text(now),
            "title": self.title(spec),
            "assignDate": _midnight(spec.assign_date),
            "dueDate": _midnight(spec.due_date),
            "class": self._ref("classes", spec.class_sourced_id, "class"),
            "category": self._ref("categories", category, "category"),
            "gradingPeriod": self._ref("academicSessions", spec.session_sourced_id, "academicSession"),
            "resultValueMin": float(spec.minimum),
            "resultValueMax": float(spec.maximum),
        }
        if self.settings.version is Version.V1P2:
            record["school"] = self._ref("orgs", spec.school_sourced_id, "org")
            record["academicSession"] = record["gradingPeriod"]
        if score_scale:
            record["scoreScale"] = self._ref("scoreScales", score_scale, "scoreScale")
        return record

    def score_scale(self, class_sourced_id: str, sourced_id: str, now: datetime) -> dict[str, object]:
        """Return the score scale of the settings for one class; 1.2 only."""
        values = self.settings.score_scale_values.items()
        return {
            "sourcedId": sourced_id,
            "status": "active",
            "dateLastModified": utc_text(now),
            "title": self.settings.score_scale_title,
            "type": "final grades",
            "class": self._ref("classes", class_sourced_id, "class"),
            "scoreScaleValue": [{"itemValueLHS": left, "itemValueRHS": right} for left, right in values],
        }

    def title(self, spec: LineItemSpec) -> str:
        """Return the title within the SIS's limit; one cut short ends in its own id, to stay unique."""
        if len(spec.title) <= self.settings.title_limit:
            return spec.title
        kept = spec.title[: self.settings.title_limit - _SUFFIX - 1].rstrip()
        return f"{kept} {spec.line_item_id[:_SUFFIX]}"

    def _ref(self, collection: str, sourced_id: str, kind: str) -> dict[str, str]:
        own = collection in ("lineItems", "categories", "scoreScales")
        root = self.settings.root(Service.GRADEBOOK if own else Service.ROSTERING)
        return {"href": address(root, collection, sourced_id), "sourcedId": sourced_id, "type": kind}


def same_line_item(wanted: Record, there: Record) -> bool:
    """Return whether a SIS's line item is ours as we want it.

    A title the SIS cut short counts as ours, and the category is the teacher's to change.
    """
    cut = str(there.get("title") or "").rstrip()
    return (
        there.get("status", "active") == "active"
        and bool(cut)
        and str(wanted["title"]).startswith(cut)
        and text_of(wanted["class"]) == text_of(there.get("class"))
        and all(str(wanted[name])[:10] == str(there.get(name))[:10] for name in ("assignDate", "dueDate"))
        and number_of(wanted["resultValueMax"]) == number_of(there.get("resultValueMax"))
    )


def _midnight(day: date) -> str:
    return f"{day.isoformat()}T00:00:00.000Z"


def _percent(score: object, spec: LineItemSpec) -> Decimal | None:
    number = number_of(score)
    return None if number is None else number * 100 / spec.maximum


def number_of(value: object) -> Decimal | None:
    """Return a JSON number, or a text that is one, as a decimal."""
    if value is None or isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
