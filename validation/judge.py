"""Judges rows, one batch at a time: every outcome comes out of a suite run by the engine."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from domain.tables import RosterTable
from validation import engine
from validation.arrow import column
from validation.context import GradeContext, JudgeContext
from validation.frames import roster_frame
from validation.grade_cells import grade_cells
from validation.grade_frames import grade_frame
from validation.roster_cells import roster_cells
from validation.settle import Failure, Judged, settle
from validation.suites import Binding, departing_suite, grade_suite, roster_suite


def judge(table: RosterTable, batch: pa.RecordBatch, context: JudgeContext) -> Judged:
    """Split one batch of a roster table into clean and quarantined rows, with findings.

    batch: the table's canonical columns as text, and `domain.tables.PLACE`. Rows marked `tobedeleted`
    are judged by their identity alone. One call costs about 15 ms besides its rows: hand over large batches.
    Raises StopDistrict for overrides that cannot be used, ContractBroken when judging itself fails.
    """
    departing = pc.fill_null(pc.equal(column(batch, "status"), "tobedeleted"), False)
    living = roster_suite(table, context.overrides, context.codes)
    leaving = departing_suite(table, context.overrides)
    failures = [
        *_failures(batch, pc.invert(departing), living, context),
        *_failures(batch, departing, leaving, context),
    ]
    return settle(batch, failures)


def _failures(
    batch: pa.RecordBatch, judged: pa.Array, suite: Sequence[Binding], context: JudgeContext
) -> list[Failure]:
    rows = pc.indices_nonzero(judged).to_pylist()
    part = batch.filter(judged)
    frame = roster_frame(part, suite, context)
    return [
        (binding, roster_cells(batch, binding, [rows[position] for position in positions], context))
        for binding, positions in _failing(frame, suite)
    ]


def judge_grades(rows: pa.Table, context: GradeContext) -> Judged:
    """Split collected grades of one district into clean and quarantined rows, with findings.

    rows: `domain.grading.GRADE_COLUMNS` as text, `domain.tables.PLACE`, and the booleans `_has_seat`,
    `_known_column`, `_letter_agrees`, `_own_district`, `_contested`. A null boolean proves nothing and
    holds the row, except `_letter_agrees`, which is null where there is nothing to compare.
    Raises as `judge` does.
    """
    batch = _one_batch(rows)
    suite = grade_suite(context.overrides, context.maximum_percent)
    frame = grade_frame(batch, suite, context)
    failures = [
        (binding, grade_cells(batch, binding, found, context.words))
        for binding, found in _failing(frame, suite)
    ]
    return settle(batch, failures)


def _failing(frame: pd.DataFrame, suite: Sequence[Binding]) -> list[tuple[Binding, list[int]]]:
    if frame.empty:
        return []
    found = zip(suite, engine.failing(frame, suite), strict=True)
    return [(binding, positions) for binding, positions in found if positions]


def _one_batch(rows: pa.Table) -> pa.RecordBatch:
    batches = rows.combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=rows.schema)
