"""The failing values of a roster binding."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from domain.ids import SourcedId
from domain.masking import HIDDEN, mask, shown_code, shown_id
from domain.tables import PLACE, ROSTER, Column, Kind, RosterTable
from validation.arrow import SEPARATOR, among
from validation.cells import Cell, at
from validation.codes import unknown_items
from validation.context import JudgeContext
from validation.rules.rule import Grouping, Known
from validation.suites import Binding

_STUDENT_COLUMN = {
    RosterTable.USERS: "sourced_id",
    RosterTable.ROLES: "user_sourced_id",
    RosterTable.ENROLLMENTS: "user_sourced_id",
}
"""Where a row says which user it is about, in the tables where it says so."""

_LISTS = (Kind.CODES, Kind.REFERENCES)


def roster_cells(
    batch: pa.RecordBatch, binding: Binding, positions: Sequence[int], context: JudgeContext
) -> list[Cell]:
    """Return the failing values of a roster binding, a list's failing items one by one."""
    table = RosterTable(binding.table)
    spec = ROSTER[table].column(binding.field)
    rows = zip(
        positions,
        at(batch, PLACE, positions),
        at(batch, "sourced_id", positions),
        _students(batch, table, positions, context),
        _failing_items(binding, spec, at(batch, binding.field, positions), context),
        strict=True,
    )
    return [
        Cell(
            position=position,
            place=place or "",
            key=shown_id(key),
            student=student,
            masked=shown(spec, item),
            group=_group(binding, spec, item),
            item=item if spec.kind in _LISTS else None,
        )
        for position, place, key, student, items in rows
        # A row the engine failed is never let go, even if no single item could be blamed.
        for item in items or [None]
    ]


def _students(
    batch: pa.RecordBatch, table: RosterTable, positions: Sequence[int], context: JudgeContext
) -> list[SourcedId | None]:
    if table not in _STUDENT_COLUMN:
        return [None] * len(positions)
    users = at(batch, _STUDENT_COLUMN[table], positions)
    is_student = among(pa.array(users, pa.string()), context.students).to_pylist()
    named = zip(users, is_student, strict=True)
    return [SourcedId(user) if known and user and shown_id(user) else None for user, known in named]


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


def shown(spec: Column, value: str | None) -> str:
    """Return a roster value as a person may see it: codes in clear, the rest by its shape, none of a name."""
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
