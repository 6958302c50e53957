"""A grade as PowerSchool's StoredGrades holds it: from a payload to a row, and from a row to a value.

A row is always sent whole, with what stood in it before: an update that leaves a field out wipes it.
Source: PowerSchool developer pages, /ws/schema/table/storedgrades; the vendor's layout for updating them.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

import orjson

from connectors.powerschool.class_lists import Place
from connectors.powerschool.grade_settings import StoredGradeSettings
from connectors.powerschool.identifiers import Place as Where
from connectors.powerschool.identifiers import Row, Thing, number
from domain.errors import RowRejected
from domain.grading import GradeKind, GradePayload, GradeValue, Mark, RemoteGrade

Field = str | int | float | bool | None
Fields = dict[str, Field]

FLAGS = ("gpa", "classrank", "honorroll", "transcripts", "graduation", "gradesuppression")
EXCLUDED = tuple(f"excludefrom{flag}" for flag in FLAGS)

_HELD = {
    "grade": "grade",
    "percent": "percent",
    "comment_value": "comment_value",
    "schoolname": "schoolname",
    "grade_level": "stored_grade_level",
    "teacher_name": "stored_teacher",
    "course_name": "stored_course_name",
    **{name: name for name in ("credit_type", "earnedcrhrs", "potentialcrhrs", "gpa_points")},
    **{name: name for name in ("gpa_addedvalue", "behavior", "gradereplacementpolicy_id", *EXCLUDED)},
}
"""Field of StoredGrades → the column of our query that holds what stands in it."""

_NUMBERS = {"percent", "grade_level", "earnedcrhrs", "potentialcrhrs", "gpa_points", "gpa_addedvalue"}


class StoredForm:
    """How one district's StoredGrades say a grade."""

    def __init__(self, settings: StoredGradeSettings) -> None:
        self._settings = settings
        self._marks = {code.casefold(): mark for mark, code in settings.mark_codes.items()}

    @property
    def marks(self) -> frozenset[Mark]:
        """Return the marks that can be said."""
        return frozenset({Mark.GRADED, *self._settings.mark_codes})

    def canonical(self, value: GradeValue) -> GradeValue:
        """Return a value as it is held here: rounded, without what is not sent.

        PowerSchool shows 0 where there is no percent, so that beside a letter 0 says nothing.
        """
        if value.mark is not Mark.GRADED:
            return GradeValue(None, None, value.mark)
        letter = value.text_score if self._settings.send_letter else None
        percent = self._percent(value)
        return GradeValue(percent if percent or not letter else None, letter)

    def _percent(self, value: GradeValue) -> Decimal | None:
        """Return the percent that is sent, None for none."""
        sent = self._settings.send_percent and value.percent is not None and value.mark is Mark.GRADED
        return self._rounded(value.percent) if sent and value.percent is not None else None

    def remote(self, row: Row) -> RemoteGrade:
        """Return what a stored grade's row says."""
        comment = (row.get("comment_value") or "") if self._settings.send_comment else None
        return RemoteGrade(self._value(row), row.get("stored_dcid") or "", comment)

    def _value(self, row: Row) -> GradeValue:
        text, percent = (row.get("grade") or "").strip(), _decimal(row.get("percent"))
        mark = self._marks.get(text.casefold())
        shown = text if mark is None and self._settings.send_letter else ""
        rounded = None if percent is None else self._rounded(percent)
        return GradeValue(
            rounded if percent or not (mark or shown) else None, shown or None, mark or Mark.GRADED
        )

    def _rounded(self, percent: Decimal) -> Decimal:
        return percent.quantize(Decimal(1).scaleb(-self._settings.decimals), ROUND_HALF_UP)

    def body(self, payload: GradePayload, place: Place, standing: Row | None) -> bytes:
        """Return the body that stores a grade anew, or over the row that stands; always a full row.

        Raises RowRejected when it would carry credit that may not go: WB68 not whole, WB69 none.
        """
        fields = self._named(payload, place.row)
        fields |= self._kept(standing) if standing else self._begun(payload, place.row)
        fields |= self._recounted(payload, place.row, standing) if standing else {}
        fields |= self._graded(payload)
        return orjson.dumps({"tables": {"storedgrades": fields}})

    def _begun(self, payload: GradePayload, row: Row) -> Fields:
        """Return what only a grade that is stored anew gets from us: credit, and what it is kept out of."""
        excluded = payload.kind is GradeKind.PROGRESS and self._settings.exclude_progress
        return self._credit(payload, row) | (dict.fromkeys(EXCLUDED, True) if excluded else {})

    def _kept(self, row: Row) -> Fields:
        """Return what stands in a row, of all the fields that an update would wipe, the grade emptied.

        What is printed (level when earned, names) stays as it was stored, and so does a letter where the
        district lets us send none: somebody else entered it.
        """
        held = {name: row.get(column) for name, column in _HELD.items()}
        kept: Fields = {name: _typed(name, value) for name, value in held.items() if value is not None}
        letter = self._settings.send_letter or str(kept.get("grade", "")).casefold() in self._marks
        named = {"grade": letter, "percent": True, "comment_value": self._settings.send_comment}
        return kept | dict.fromkeys((name for name, is_ours in named.items() if is_ours), None)

    def _named(self, payload: GradePayload, row: Row) -> Fields:
        first = int(payload.school_year) - 1
        found: Fields = {
            "studentid": number(row, Where.TABLES, Thing.STUDENT),
            "schoolid": number(row, Where.TABLES, Thing.SCHOOL),
            "schoolyear": first if self._settings.school_year_is == "start" else first + 1,
            "storecode": payload.label(self._settings.store_code),
            "course_number": payload.course_code,
            "section_number": str(row["section_number"]),
            "course_name": str(row["course_name"]),
            "schoolname": str(row["school_name"]),
        }
        level = _decimal(row.get("grade_level"))
        teacher = {"section": row.get("teacher_name"), "offering": payload.teacher}
        name = teacher.get(self._settings.teacher)
        found |= {} if level is None else {"grade_level": int(level)}
        return found | ({"teacher_name": name} if name else {})

    def _graded(self, payload: GradePayload) -> Fields:
        settings, value, percent = self._settings, self.canonical(payload.value), self._percent(payload.value)
        found: Fields = {}
        if value.mark is not Mark.GRADED:
            found["grade"] = settings.mark_codes[value.mark]
        if percent is not None:
            found["percent"] = float(percent)
        if value.text_score:
            found["grade"] = value.text_score
        if settings.send_comment and payload.comment:
            found["comment_value"] = payload.comment
        return found

    def _credit(self, payload: GradePayload, row: Row) -> Fields:
        """Return the credit fields the district wants filled, from its own course."""
        wanted, hours = self._settings.credit_fields, _decimal(row.get("credit_hours")) or Decimal(0)
        counted = {"earnedcrhrs", "potentialcrhrs"} & set(wanted)
        if counted and hours % 1 and not self._settings.half_credits:
            raise _half(payload)
        if counted and not hours and not self._settings.zero_credits:
            raise _none(payload)
        return self._counted(str(self._graded(payload).get("grade", "")), row)

    def _counted(self, letter: str, row: Row) -> Fields:
        """Return the credit fields the district wants filled, as they are for a letter."""
        hours = _decimal(row.get("credit_hours")) or Decimal(0)
        known: Mapping[str, Field] = {
            "potentialcrhrs": float(hours),
            "earnedcrhrs": 0.0 if letter in self._settings.no_credit else float(hours),
            "credit_type": row.get("course_credit_type"),
            "gpa_points": self._settings.gpa_points.get(letter),
        }
        return {name: value for name in self._settings.credit_fields if (value := known[name]) is not None}

    def _recounted(self, payload: GradePayload, row: Row, standing: Row) -> Fields:
        """Return the credit fields that depend on the letter, where they still are as for the one standing.

        A failing grade corrected to a passing one earns its credit; credit that somebody changed stays.
        """
        before = self._counted((standing.get("grade") or "").strip(), row)
        after = self._counted(str(self._graded(payload).get("grade", "")), row)
        held = {name: _decimal(standing.get(name)) for name in ("earnedcrhrs", "gpa_points")}
        return {
            name: after.get(name)
            for name, value in held.items()
            if name in self._settings.credit_fields and value == _number_of(before.get(name))
        }


def offered() -> Fields:
    """Return every field that is carried over by a correction, with a value that says nothing."""
    blank: Fields = dict.fromkeys(_HELD, "")
    return blank | dict.fromkeys(_NUMBERS, 0) | dict.fromkeys(EXCLUDED, False)


def _typed(name: str, value: str) -> Field:
    if name in EXCLUDED:
        return value not in ("0", "false", "False")
    return float(value) if name in _NUMBERS else value


def _number_of(value: Field) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _decimal(text: str | None) -> Decimal | None:
    try:
        return None if text is None else Decimal(text)
    except InvalidOperation:
        return None


def _half(payload: GradePayload) -> RowRejected:
    return RowRejected(
        "WB68",
        "The course carries credit that is not whole, which the state does not take",
        key=payload.item_id,
        fix="Mend Credit Hours of the course in PowerSchool, or set half_credits, or take the credit fields "
        "out of credit_fields",
    )


def _none(payload: GradePayload) -> RowRejected:
    return RowRejected(
        "WB69",
        "The course carries no credit in PowerSchool, so every grade of it would earn none",
        key=payload.item_id,
        fix="Fill in Credit Hours of the course in PowerSchool, or set zero_credits where that is meant",
    )
