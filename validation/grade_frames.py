"""From collected grades to the pandas frame that their suite judges."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from domain.grading import Mark
from validation.arrow import column
from validation.context import GradeContext
from validation.rules.rule import Fact, Within
from validation.suites import VALUE, Binding

_MARKS = pa.array([mark.value for mark in Mark])
_COMPLETE = pa.array(["true", "yes", "y", "1", "complete", "final"])
_GRADE_COLUMN = ("offering", "term", "reporting_period", "kind")


def grade_frame(batch: pa.RecordBatch, bindings: Sequence[Binding], context: GradeContext) -> pd.DataFrame:
    """Return the columns that the bindings look at, rows in their order.

    Raises ContractBroken when the rows lack a column.
    """
    columns = {binding.column: _judged(batch, binding, context) for binding in bindings}
    frame: pd.DataFrame = pa.table(columns).to_pandas()
    for name in (binding.column for binding in bindings if isinstance(binding.rule.check, Within)):
        frame[name] = pd.to_numeric(frame[name], errors="coerce")
    return frame


def _judged(batch: pa.RecordBatch, binding: Binding, context: GradeContext) -> pa.Array:
    match binding.rule.check:
        case Fact(name):
            return _FACTS[name](batch, context)
        case _ if binding.field == VALUE:
            return _value(batch)
        case _:
            return column(batch, binding.field)


def _value(batch: pa.RecordBatch) -> pa.Array:
    """Return whatever a grade says: its percent, its letter, or a mark that stands by itself."""
    mark = column(batch, "mark")
    alone = pc.if_else(pc.equal(mark, Mark.GRADED), pa.scalar(None, pa.string()), mark)
    return pc.coalesce(column(batch, "percent"), column(batch, "text_score"), alone)


def _own_district(batch: pa.RecordBatch, context: GradeContext) -> pa.Array:
    here = pc.fill_null(pc.equal(column(batch, "district"), context.district), True)
    proven = pc.and_(here, _proven(batch, "_own_district"))
    return pc.or_(proven, pc.is_null(column(batch, "student_sourced_id")))


def _known_column(batch: pa.RecordBatch, context: GradeContext) -> pa.Array:
    """Return false for an unknown grade column; one that is not complete is GR01's."""
    blank = pa.repeat(False, batch.num_rows)
    for name in _GRADE_COLUMN:
        blank = pc.or_(blank, pc.is_null(column(batch, name)))
    return pc.or_(blank, _proven(batch, "_known_column"))


def _has_seat(batch: pa.RecordBatch, context: GradeContext) -> pa.Array:
    """Return false where only the seat is missing: no seat follows from a wrong district or column."""
    nobody = pc.is_null(column(batch, "student_sourced_id"))
    cause = pc.and_(_own_district(batch, context), _proven(batch, "_known_column"))
    return pc.or_(pc.or_(nobody, pc.invert(cause)), _proven(batch, "_has_seat"))


def _letter_agrees(batch: pa.RecordBatch, context: GradeContext) -> pa.Array:
    return pc.fill_null(_boolean(batch, "_letter_agrees"), True)


def _uncontested(batch: pa.RecordBatch, context: GradeContext) -> pa.Array:
    return pc.fill_null(pc.invert(_boolean(batch, "_contested")), False)


def _mark_fits(batch: pa.RecordBatch, context: GradeContext) -> pa.Array:
    mark, percent = column(batch, "mark"), column(batch, "percent")
    numbered = pc.or_(pc.is_null(mark), pc.fill_null(pc.equal(mark, Mark.GRADED), False))
    return pc.or_(numbered, pc.and_(pc.is_in(mark, value_set=_MARKS), pc.is_null(percent)))


def _is_complete(batch: pa.RecordBatch, context: GradeContext) -> pa.Array:
    """Return false for what is marked anything but complete; a source that does not say is not asked."""
    complete = pc.utf8_lower(column(batch, "complete"))
    return pc.or_(pc.is_null(complete), pc.is_in(complete, value_set=_COMPLETE))


def _proven(batch: pa.RecordBatch, name: str) -> pa.Array:
    return pc.fill_null(_boolean(batch, name), False)


def _boolean(batch: pa.RecordBatch, name: str) -> pa.Array:
    column(batch, name)
    return batch.column(name).cast(pa.bool_())


_FACTS: Mapping[str, Callable[[pa.RecordBatch, GradeContext], pa.Array]] = {
    "_own_district": _own_district,
    "_known_column": _known_column,
    "_has_seat": _has_seat,
    "_letter_agrees": _letter_agrees,
    "_contested": _uncontested,
    "mark_fits": _mark_fits,
    "is_complete": _is_complete,
}
"""How each fact of the grade rules is worked out."""
