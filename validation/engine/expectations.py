"""Our own expectations, where the stock ones do not fit."""

from __future__ import annotations

from typing import ClassVar

import pandas as pd
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics import ColumnMapMetricProvider, column_condition_partial

from validation.codes import unknown_items

_DAY = r"\d{4}-\d{2}-\d{2}"
_MOMENT = _DAY + r"T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z"


class _CalendarDate(ColumnMapMetricProvider):
    condition_metric_name = "column_values.sisbridge_calendar_date"
    condition_value_keys = ("moment",)

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column: pd.Series[str], moment: bool, **kwargs: object) -> pd.Series[bool]:
        written = pd.Series(column.unique(), dtype="str")
        shaped = written[written.str.fullmatch(_MOMENT if moment else _DAY)]
        days = pd.to_datetime(shaped, format="ISO8601", errors="coerce", utc=True)
        return column.isin(shaped[days.notna()])


class ExpectCalendarDates(ColumnMapExpectation):
    """Expect days (YYYY-MM-DD) or moments (ending in Z) that exist in the calendar."""

    map_metric: ClassVar[str] = "column_values.sisbridge_calendar_date"
    success_keys: ClassVar[tuple[str, ...]] = ("moment", "mostly")
    moment: bool = False


class _KnownCodes(ColumnMapMetricProvider):
    condition_metric_name = "column_values.sisbridge_known_codes"
    condition_value_keys = ("codes", "open_set")

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(
        cls, column: pd.Series[str], codes: list[str], open_set: bool, **kwargs: object
    ) -> pd.Series[bool]:
        known = frozenset(codes)
        return column.isin([cell for cell in column.unique() if not unknown_items(cell, known, open_set)])


class ExpectKnownCodes(ColumnMapExpectation):
    """Expect known codes, each item of a list being one; extensions pass where the set is open."""

    map_metric: ClassVar[str] = "column_values.sisbridge_known_codes"
    success_keys: ClassVar[tuple[str, ...]] = ("codes", "open_set", "mostly")
    codes: list[str]
    open_set: bool = False
