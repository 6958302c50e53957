"""The columns of StoredGrades as a file for Quick Import carries them, and how a line is written.

Source: PowerSchool data dictionary (StoredGrades) and help, importing historical grades; the Virginia
importer's list of required columns.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date

from domain.grading import GradeKind, GradePayload, Mark

Cell = Callable[[GradePayload], str]

EXCLUDES = (
    "ExcludeFromGPA",
    "ExcludeFromClassRank",
    "ExcludeFromHonorRoll",
    "ExcludeFromTranscripts",
    "ExcludeFromGraduation",
)
"""Flags: 1 for a progress report, which is no grade of record, 0 for a final grade."""

OF_THE_DISTRICT = (
    "EarnedCrHrs", "PotentialCrHrs", "Credit_Type", "GradeScale_Name", "GPA_Points", "GPA_AddedValue",
    "Behavior", "Absences", "Tardies",
)  # fmt: skip
"""Columns that only the home district can know: empty unless its settings give one value for all."""

REQUIRED = ("Student_Number", "Course_Name", "Grade_Level", "TermID", "StoreCode")
"""Columns that a stored grade is not imported without."""

_BELOW_FIRST = {"KG": "0", "TK": "0", "PK": "-1", "PR": "-2"}


def grade_level(canonical: str) -> str:
    """Return a grade level as PowerSchool numbers it: KG is 0, PK is -1; "" where it has no number."""
    bare = canonical.partition(",")[0].strip()
    return _BELOW_FIRST.get(bare) or (str(int(bare)) if bare.isdecimal() else "")


def _percent(payload: GradePayload) -> str:
    return "" if payload.value.percent is None else str(payload.value.percent)


def _excluded(payload: GradePayload) -> str:
    return "1" if payload.kind is GradeKind.PROGRESS else "0"


def _day(day: date) -> str:
    return f"{day.month}/{day.day}/{day.year}"


COLUMNS: Mapping[str, Cell] = {
    "Student_Number": lambda payload: payload.student_identifier,
    "State_StudentNumber": lambda payload: payload.state_identifier,
    "Course_Name": lambda payload: payload.course_title,
    "Grade_Level": lambda payload: grade_level(payload.grade_level),
    "TermID": lambda payload: payload.labels.get("term_id", ""),
    "StoreCode": lambda payload: payload.label("store_code"),
    "Course_Number": lambda payload: payload.course_code,
    "Section_Number": lambda payload: payload.class_code,
    "Percent": _percent,
    "SchoolID": lambda payload: payload.school_identifier,
    "SchoolName": lambda payload: payload.school_name,
    "Teacher_Name": lambda payload: payload.teacher,
    "Comment_Value": lambda payload: payload.comment,
    "DateStored": lambda payload: _day(payload.score_date),
    **dict.fromkeys(EXCLUDES, _excluded),
}
"""What a column holds, by PowerSchool's name; Grade and SectionID depend on the district's settings."""


def letter(payload: GradePayload, mark_codes: Mapping[Mark, str]) -> str:
    """Return what stands in Grade: the letter, or the district's code of a mark that is no number."""
    if payload.value.mark is Mark.GRADED:
        return payload.value.text_score or ""
    return mark_codes.get(payload.value.mark, "")


def written(rows: Sequence[Sequence[str]], charset: str) -> bytes:
    """Return rows as tab-delimited lines in a character set; UTF-16 has its mark at the front.

    Quick Import knows no quotes, so a tab or line break in a cell becomes a blank.
    """
    lines = ("\t".join(" ".join(cell.split()) for cell in row) + "\r\n" for row in rows)
    return _in_charset("".join(lines), charset)


def _in_charset(text: str, charset: str) -> bytes:
    """Return a text's bytes; a letter that the set lacks is written without its accent, or as a ?.

    Comments are made to fit before; this is for names of courses, schools and teachers.
    """
    try:
        return text.encode(charset)
    except UnicodeEncodeError:
        bare = (one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))
        return "".join(bare).encode(charset, errors="replace")
