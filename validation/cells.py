"""The failing values of a binding: where each stands, whose it is, and how it may be shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat

import pyarrow as pa
import pyarrow.compute as pc

from domain.ids import OfferingId, SourcedId, grade_column
from domain.tables import PLACE, ROSTER, Column, Kind, RosterTable
from validation.arrow import SEPARATOR, among, column
from validation.codes import unknown_items
from validation.context import JudgeContext
from validation.masking import HIDDEN, mask, shown_code
from validation.rules.rule import Grouping, Known
from validation.suites import Binding

_STUDENT_COLUMN = {
    RosterTable.USERS: "sourced_id",
    RosterTable.ROLES: "user_sourced_id",
    RosterTable.ENROLLMENTS: "user_sourced_id",
}
"""Where a row says which user it is about, in the tables where it says so."""

_GRADE_HIDDEN = frozenset({"percent", "text_score", "value", "comment", "entered_by"})
_GRADE_CODES = frozenset({"offering", "term", "reporting_period", "kind"})
_LISTS = (Kind.CODES, Kind.REFERENCES)


@dataclass(frozen=True, slots=True)
class Cell:
    """One failing value, or one failing item of a list.

    position: the row in its batch. item: the failing item where the value is a list, else None.
    """

    position: int
    place: str
    key: str
    student: SourcedId | None
    masked: str
    group: str
    item: str | None = None


def roster_cells(
    batch: pa.RecordBatch, binding: Binding, positions: Sequence[int], context: JudgeContext
) -> list[Cell]:
    """Return the failing values of a roster binding, a list's failing items one by one."""
    spec = ROSTER[RosterTable(binding.table)].column(binding.field)
    values = _at(batch, binding.field, positions)
    owners = zip(
        positions,
        _at(batch, PLACE, positions),
        _at(batch, "sourced_id", positions),
        _students(batch, RosterTable(binding.table), positions, context),
        strict=True,
    )
    return [
        Cell(
            position,
            place or "",
            key or "",
            student,
            _shown(spec, item),
            _group(binding, spec, item),
            item if spec.kind in _LISTS else None,
        )
        for (position, place, key, student), items in zip(
            owners, _failing_items(binding, spec, values, context), strict=True
        )
        for item in items
    ]


def grade_cells(batch: pa.RecordBatch, binding: Binding, positions: Sequence[int]) -> list[Cell]:
    """Return the failing values of a binding on collected grades.

    A student of another district (GR09) is named by place alone: the finding belongs to this district.
    """
    stranger = binding.rule.grouping is Grouping.RULE
    values = repeat(None) if binding.field == "value" else _at(batch, binding.field, positions)
    return [
        Cell(
            position,
            place or "",
            "" if stranger or student is None else student,
            None if stranger or student is None else SourcedId(student),
            _shown_grade(binding.field, value),
            _grade_group(binding, names),
        )
        for position, place, student, value, names in zip(
            positions,
            _at(batch, PLACE, positions),
            _at(batch, "student_sourced_id", positions),
            values,
            _grade_columns(batch, positions),
            strict=False,
        )
    ]


def _at(batch: pa.RecordBatch, name: str, positions: Sequence[int]) -> list[str | None]:
    values: list[str | None] = column(batch, name).take(pa.array(positions, pa.int64())).to_pylist()
    return values


def _students(
    batch: pa.RecordBatch, table: RosterTable, positions: Sequence[int], context: JudgeContext
) -> list[SourcedId | None]:
    if table not in _STUDENT_COLUMN:
        return [None] * len(positions)
    users = _at(batch, _STUDENT_COLUMN[table], positions)
    is_student = among(pa.array(users, pa.string()), context.students).to_pylist()
    named = zip(users, is_student, strict=True)
    return [SourcedId(user) if known and user else None for user, known in named]


def _failing_items(
    binding: Binding, spec: Column, values: Sequence[str | None], context: JudgeContext
) -> list[list[str | None]]:
    """Return per failing value the items that fail: those of a list, else the value itself."""
    if isinstance(binding.rule.check, Known):
        return [list(unknown_items(value or "", binding.allowed, binding.open_set)) for value in values]
    if spec.kind is Kind.REFERENCES and spec.refers_to is not None:
        return _failing_references(binding, values, context, spec.refers_to)
    return [[value] for value in values]


def _failing_references(
    binding: Binding, values: Sequence[str | None], context: JudgeContext, parent: RosterTable
) -> list[list[str | None]]:
    keys = context.keys(parent)
    lists = [(value or "").split(SEPARATOR) for value in values]
    flat = pa.array([item for items in lists for item in items], pa.string())
    to_held = binding.rule.grouping is Grouping.PARENT
    fails = among(flat, keys.held) if to_held else pc.invert(among(flat, keys.seen))
    failing = frozenset(pc.filter(flat, fails).to_pylist())
    return [[item for item in items if item in failing] for items in lists]


def _shown(spec: Column, value: str | None) -> str:
    if value is None:
        return ""
    if spec.personal:
        return HIDDEN
    return shown_code(value) if spec.kind in (Kind.CODE, Kind.CODES) else mask(value)


def _group(binding: Binding, spec: Column, value: str | None) -> str:
    match binding.rule.grouping:
        case Grouping.CODE:
            return shown_code(value)
        case Grouping.PARENT:
            return str(spec.refers_to)
        case _:
            return ""


def _shown_grade(field: str, value: str | None) -> str:
    if value is None:
        return ""
    if field in _GRADE_HIDDEN:
        return HIDDEN
    return shown_code(value) if field in _GRADE_CODES else mask(value)


def _grade_columns(batch: pa.RecordBatch, positions: Sequence[int]) -> list[tuple[str, ...]]:
    names = ("offering", "term", "reporting_period", "kind")
    cells = [[value or "" for value in _at(batch, name, positions)] for name in names]
    return list(zip(*cells, strict=True))


def _grade_group(binding: Binding, names: tuple[str, ...]) -> str:
    match binding.rule.grouping:
        case Grouping.CODE:
            return grade_column(OfferingId(names[0]), *names[1:])
        case Grouping.OFFERING:
            return names[0]
        case _:
            return ""
