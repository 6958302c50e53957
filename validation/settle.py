"""From failing values to what becomes of the rows: clean, quarantined, and what is said about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from domain.model import Finding, Severity
from validation.arrow import SEPARATOR
from validation.cells import Cell
from validation.suites import Binding

RULE = "_rule"
"""The column beside every quarantined row that names the first rule that holds it."""

Failure = tuple[Binding, Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class Judged:
    """One batch after judging: its clean rows and its quarantined rows, both in their order.

    clean: values that rules dropped are null (a list loses only its failing items).
    quarantined: untouched, with the column `_rule`. findings: by row, then by the suite's order.
    """

    clean: pa.RecordBatch = field(repr=False)
    quarantined: pa.RecordBatch = field(repr=False)
    findings: tuple[Finding, ...]


def settle(batch: pa.RecordBatch, failures: Sequence[Failure]) -> Judged:
    """Split a batch by its failures: any finding that holds wins over those that only drop a value."""
    held = _held(failures)
    is_held = pa.array([position in held for position in range(batch.num_rows)], pa.bool_())
    quarantined = batch.filter(is_held)
    rules = pa.array([held[position] for position in sorted(held)], pa.string())
    return Judged(
        clean=_without(batch, _dropped(failures)).filter(pc.invert(is_held)),
        quarantined=quarantined.append_column(RULE, rules),
        findings=_findings(failures),
    )


def _held(failures: Sequence[Failure]) -> dict[int, str]:
    """Return position → the first rule that holds the row there."""
    held: dict[int, str] = {}
    for binding, cells in failures:
        if binding.severity is not Severity.DROP_VALUE:
            for cell in cells:
                held.setdefault(cell.position, binding.rule.code)
    return held


def _dropped(failures: Sequence[Failure]) -> Mapping[str, Mapping[int, set[str | None]]]:
    """Return field → position → the items to drop there; the item None stands for the whole value."""
    dropped: dict[str, dict[int, set[str | None]]] = defaultdict(lambda: defaultdict(set))
    for binding, cells in failures:
        if binding.severity is Severity.DROP_VALUE:
            for cell in cells:
                dropped[binding.field][cell.position].add(cell.item)
    return dropped


def _without(batch: pa.RecordBatch, dropped: Mapping[str, Mapping[int, set[str | None]]]) -> pa.RecordBatch:
    for name, items in dropped.items():
        place = batch.schema.get_field_index(name)
        batch = batch.set_column(place, batch.schema.field(place), _thinned(batch.column(place), items))
    return batch


def _thinned(values: pa.Array, items: Mapping[int, set[str | None]]) -> pa.Array:
    positions = sorted(items)
    cells = values.take(pa.array(positions, pa.int64())).to_pylist()
    kept = [_remaining(cell, items[position]) for cell, position in zip(cells, positions, strict=True)]
    touched = pa.array([position in items for position in range(len(values))], pa.bool_())
    return pc.replace_with_mask(values, touched, pa.array(kept, values.type))


def _remaining(cell: str | None, items: set[str | None]) -> str | None:
    if cell is None or None in items:
        return None
    return SEPARATOR.join(item for item in cell.split(SEPARATOR) if item not in items) or None


def _findings(failures: Sequence[Failure]) -> tuple[Finding, ...]:
    placed = [(cell.position, _finding(binding, cell)) for binding, cells in failures for cell in cells]
    return tuple(finding for _, finding in sorted(placed, key=_by_position))


def _by_position(placed: tuple[int, Finding]) -> int:
    return placed[0]


def _finding(binding: Binding, cell: Cell) -> Finding:
    rule, names = binding.rule, {"table": binding.table, "field": binding.field}
    return Finding(
        rule=rule.code,
        severity=binding.severity,
        table=binding.table,
        field=binding.field,
        place=cell.place,
        key=cell.key,
        masked=cell.masked,
        message=rule.say(group=cell.group, place=cell.place, **names),
        fix=rule.mend(group=cell.group, place=cell.place, **names),
        group=cell.group,
        student=cell.student,
    )
