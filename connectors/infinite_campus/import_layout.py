"""The layout of a grade file that a district and Infinite Campus agreed on, and a grade as its line. Pure.

Campus takes grades by file only through a custom module of its Data Import Wizard, built for the district:
there is no standard layout. Source: Infinite Campus knowledge base, data import wizard; School Loop's grade
export (the precedent of a column bound to a task for every marking period).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from domain.errors import RowRejected
from domain.grading import GradePayload, Mark

Cell = Callable[[GradePayload], str]

VALUES: dict[str, Cell] = {
    "student_identifier": lambda grade: grade.student_identifier,
    "state_identifier": lambda grade: grade.state_identifier,
    "student_sourced_id": lambda grade: grade.student,
    "course_code": lambda grade: grade.course_code,
    "class_code": lambda grade: grade.class_code,
    "school_identifier": lambda grade: grade.school_identifier,
    "school": lambda grade: grade.school_name,
    "end_year": lambda grade: grade.school_year,
    "grading_task": lambda grade: grade.label("grading_task"),
    "term": lambda grade: grade.labels.get("term_name", ""),
    "percent": lambda grade: "" if grade.value.percent is None else str(grade.value.percent),
    "letter": lambda grade: grade.value.text_score or "",
    "comment": lambda grade: grade.comment,
    "score_date": lambda grade: grade.score_date.isoformat(),
    "teacher": lambda grade: grade.teacher,
    "grade_level": lambda grade: grade.grade_level,
    "item": lambda grade: grade.item_id,
}
"""What a column may hold, by its name in the settings."""

KEYS = (
    "student_identifier", "state_identifier", "student_sourced_id", "course_code", "class_code",
    "school_identifier", "end_year", "grading_task", "term",
)  # fmt: skip
"""Values by which Campus finds where a grade belongs: a blank one would put it nowhere, or elsewhere."""

_STUDENT, _COURSE, _GRADE = (
    ("student_identifier", "state_identifier", "student_sourced_id"),
    ("course_code", "class_code"),
    ("percent", "letter"),
)


class ImportColumn(BaseModel):
    """One column of the file: its header, and what it holds.

    value: one of VALUES. fixed: the same text in every line. task: the grading task the district bound
    the column to in Campus; only grades of that task go into the file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    value: str = ""
    fixed: str | None = None
    task: str = ""

    @model_validator(mode="after")
    def _holds_one_thing(self) -> ImportColumn:
        if bool(self.value) == (self.fixed is not None):
            raise ValueError(f"column {self.name} holds either a value or a fixed text")
        if self.value and self.value not in VALUES:
            raise ValueError(f"column {self.name} holds an unknown value; choose among {', '.join(VALUES)}")
        if self.task and self.value not in (*_GRADE, "comment"):
            raise ValueError(f"column {self.name} is bound to a task, so it holds percent, letter or comment")
        return self


class ImportLayout(BaseModel):
    """The columns of the file, in order, and how they are written.

    bound_terms: the terms for which somebody looked, in Campus, that the bound columns lead to this term's
    task; grades of other terms wait for that. mark_texts: what a letter column says of a mark.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: tuple[ImportColumn, ...] = Field(min_length=3)
    bound_terms: tuple[str, ...] = ()
    mark_texts: dict[Mark, str] = {
        Mark.INCOMPLETE: "I",
        Mark.WITHDRAWN: "W",
        Mark.PASS: "P",
        Mark.NO_GRADE: "NG",
    }

    @field_validator("columns")
    @classmethod
    def _complete(cls, columns: tuple[ImportColumn, ...]) -> tuple[ImportColumn, ...]:
        names = [column.name.casefold() for column in columns]
        if len(set(names)) < len(names):
            raise ValueError("two columns have the same name")
        held = {column.value for column in columns}
        for group in (_STUDENT, _COURSE, ("end_year",), _GRADE):
            if not held.intersection(group):
                raise ValueError(f"a column has to hold {' or '.join(group)}")
        return columns

    @model_validator(mode="after")
    def _one_task(self) -> ImportLayout:
        tasks = self.tasks
        if len(tasks) > 1:
            # Every line would leave the other task's column blank, and a blank may wipe what stands there.
            raise ValueError("bind columns to one task only; for more, hold grading_task in a column")
        if not tasks and not self.holds("grading_task"):
            raise ValueError("say the task: a column bound to it, or one that holds grading_task")
        if tasks and not self.bound_terms and not self.holds("term"):
            raise ValueError("bound columns need bound_terms, or a column that holds the term")
        return self

    @property
    def tasks(self) -> frozenset[str]:
        """Return the tasks that columns are bound to."""
        return frozenset(column.task for column in self.columns if column.task)

    def holds(self, value: str) -> bool:
        """Return whether some column holds a value."""
        return any(column.value == value for column in self.columns)

    def line(self, grade: GradePayload) -> list[str]:
        """Return a grade as the cells of its line, each on one line."""
        cells = (column.fixed if column.value == "" else self._cell(column, grade) for column in self.columns)
        return [" ".join((cell or "").split()) for cell in cells]

    def _cell(self, column: ImportColumn, grade: GradePayload) -> str:
        if column.value == "letter" and grade.value.mark is not Mark.GRADED:
            return self.mark_texts.get(grade.value.mark, grade.value.mark.value)
        return VALUES[column.value](grade)

    def unfit(self, grade: GradePayload) -> RowRejected | None:
        """Return why a grade has no place in this file, None when it has one."""
        task, term = grade.label("grading_task"), grade.labels.get("term_name") or grade.label("label")
        if self.tasks and task not in self.tasks:
            bound = ", ".join(repr(name) for name in sorted(self.tasks))
            return RowRejected(
                "WB53",
                f"The file's columns are bound to {bound}, and this grade is for {task!r}",
                key=grade.item_id,
                fix="Correct the label grading_task of the term map, or agree on another layout",
            )
        if self.tasks and self.bound_terms and term not in self.bound_terms:
            return RowRejected(
                "WB54",
                f"Nobody has said that the file's columns are bound to {task!r} in the term {term!r}",
                key=grade.item_id,
                fix="Have them bound to this term's task in Campus, then add the term to bound_terms",
            )
        return self._unplaced(grade)

    def _unplaced(self, grade: GradePayload) -> RowRejected | None:
        keys = (column for column in self.columns if column.value in KEYS)
        blank = next((column.name for column in keys if not VALUES[column.value](grade).strip()), "")
        if not blank:
            return None
        return RowRejected(
            "WB55",
            f"The column {blank} would be blank, and Campus could not say where the grade belongs",
            key=grade.item_id,
            fix=f"Have the SIS send what {blank} is made of, or leave the column out of the layout",
        )


def written(
    layout: ImportLayout, grades: Iterable[GradePayload], form: Mapping[str, str], *, header: bool
) -> bytes:
    """Return the grades as the file's bytes, lines by school, course, student and item.

    form: `delimiter` and `encoding`. Raises UnicodeEncodeError for a character the encoding lacks.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=form["delimiter"])
    if header:
        writer.writerow(column.name for column in layout.columns)
    for grade in sorted(grades, key=_order):
        writer.writerow(layout.line(grade))
    return text.getvalue().encode(form["encoding"])


def _order(grade: GradePayload) -> tuple[str, ...]:
    return (grade.school_identifier, grade.course_code, grade.student_identifier, grade.item_id)
