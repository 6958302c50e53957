"""From an Arrow batch to the pandas frame that a suite judges.

What one row cannot tell about itself (does the reference exist, is the id contested, how wide are
identifiers usually) is worked out here, once and by Arrow, and handed over as boolean columns:
given the key sets themselves, Great Expectations takes forty times as long. Rows are known by their
position, 0 to n - 1, because a sourcedId may be missing or shared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from domain.tables import ROSTER, Column, Kind, RosterTable
from validation.arrow import among, column, every_item
from validation.context import JudgeContext, Keys, KeySet
from validation.rules.rule import Fact
from validation.suites import Binding

_ISO_DAY = r"^\d{4}-\d{2}-\d{2}$"
_USUAL_SHARE = 0.99
_FEWEST_FOR_WIDTH = 100
"""Below this, one odd identifier is more than one in a hundred: nothing can be called usual."""


def roster_frame(batch: pa.RecordBatch, bindings: Sequence[Binding], context: JudgeContext) -> pd.DataFrame:
    """Return the columns that the bindings look at, facts worked out, rows in their order.

    Raises ContractBroken when the batch lacks a column or the context a table's keys.
    """
    columns: dict[str, pa.Array] = {}
    for binding in bindings:
        if binding.column not in columns:
            columns[binding.column] = _judged(batch, binding, context)
    frame: pd.DataFrame = pa.table(columns).to_pandas()
    return frame


def usual_width(identifiers: Keys) -> int | None:
    """Return the length that at least 99 % of the identifiers share; None when there is none.

    None too for fewer than 100 identifiers, where 99 % would mean all of them.
    """
    widths = Counter(pc.utf8_length(pc.drop_null(identifiers)).to_pylist())
    if widths.total() < _FEWEST_FOR_WIDTH:
        return None
    width, rows = widths.most_common(1)[0]
    return width if rows >= _USUAL_SHARE * widths.total() else None


def _judged(batch: pa.RecordBatch, binding: Binding, context: JudgeContext) -> pa.Array:
    spec = ROSTER[RosterTable(binding.table)].column(binding.field)
    if isinstance(binding.rule.check, Fact):
        return pc.fill_null(_FACTS[binding.rule.check.name](batch, spec, context), True)
    values = column(batch, binding.field)
    return values if binding.column == binding.field else pc.fill_null(values, "")


def _in_feed(batch: pa.RecordBatch, spec: Column, context: JudgeContext) -> pa.Array:
    seen = _parent_keys(spec, context).seen
    return _where_it_points(batch, spec, lambda ids: among(ids, seen))


def _parent_clean(batch: pa.RecordBatch, spec: Column, context: JudgeContext) -> pa.Array:
    """Return false only where the parent is in the feed but held: a missing one is RF01's or RF02's."""
    held = _parent_keys(spec, context).held
    return _where_it_points(batch, spec, lambda ids: pc.invert(among(ids, held)))


def _parent_keys(spec: Column, context: JudgeContext) -> KeySet:
    assert spec.refers_to is not None
    return context.keys(spec.refers_to)


def _where_it_points(batch: pa.RecordBatch, spec: Column, holds: Callable[[pa.Array], pa.Array]) -> pa.Array:
    values = column(batch, spec.name)
    if spec.kind is Kind.REFERENCES:
        return every_item(values, holds)
    return pc.or_(pc.is_null(values), holds(values))


def _uncontested(batch: pa.RecordBatch, spec: Column, context: JudgeContext) -> pa.Array:
    return pc.invert(among(column(batch, spec.name), context.contested))


def _full_width(batch: pa.RecordBatch, spec: Column, context: JudgeContext) -> pa.Array:
    """Return false for students whose all-digit identifier is shorter than the district's usual one."""
    values, student = column(batch, spec.name), among(column(batch, "sourced_id"), context.students)
    width = context.identifier_width or usual_width(pc.filter(values, student))
    if width is None:
        return pa.repeat(True, len(values))
    short = pc.and_(pc.less(pc.utf8_length(values), width), pc.match_substring_regex(values, r"^\d+$"))
    return pc.invert(pc.and_(student, pc.fill_null(short, False)))


def _in_order(batch: pa.RecordBatch, spec: Column, context: JudgeContext) -> pa.Array:
    """Return false where both days can be read and the row ends before it starts."""
    start, end = column(batch, "start_date"), column(batch, spec.name)
    readable = pc.and_(pc.match_substring_regex(start, _ISO_DAY), pc.match_substring_regex(end, _ISO_DAY))
    return pc.or_(pc.invert(readable), pc.greater_equal(end, start))


_FACTS: Mapping[str, Callable[[pa.RecordBatch, Column, JudgeContext], pa.Array]] = {
    "in_feed": _in_feed,
    "parent_clean": _parent_clean,
    "uncontested": _uncontested,
    "full_width": _full_width,
    "in_order": _in_order,
}
"""How each fact of the roster's rules is worked out."""
