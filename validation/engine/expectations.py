"""Our own expectations: what a rule asks of a column, answered with the places of the rows that fail.

A stock expectation asks for five figures of every column and copies the whole frame for each of them; ours
ask for one, the condition itself, which Great Expectations works out as for its own.
"""

from __future__ import annotations

from typing import Any, ClassVar

import pandas as pd
from great_expectations.execution_engine import ExecutionEngine, PandasExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics import ColumnMapMetricProvider, column_condition_partial
from great_expectations.validator.metric_configuration import MetricConfiguration
from great_expectations.validator.validator import ValidationDependencies

from validation.codes import unknown_items

_DAY = r"\d{4}-\d{2}-\d{2}"
_MOMENT = _DAY + r"T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z"

_Named = dict[str, Any]


class _ExpectOfEachRow(ColumnMapExpectation):
    """Expect something of every row that holds a value.

    Its outcome holds `element_count`, the rows that were looked at, and `unexpected_index_list`, all those
    that fail, in ascending order.
    """

    def get_validation_dependencies(
        self,
        execution_engine: ExecutionEngine[Any] | None = None,
        runtime_configuration: _Named | None = None,
        **_: _Named,
    ) -> ValidationDependencies:
        """Return the one metric that is needed."""
        where = {"batch_id": self.batch_id, "column": self.column}
        asked = {name: getattr(self, name) for name in self.success_keys}
        metric = MetricConfiguration(self._condition, where, asked)
        return ValidationDependencies({self._condition: metric}, {"result_format": "COMPLETE"})

    @property
    def _condition(self) -> str:
        return f"{self.map_metric}.condition"

    def _validate(
        self,
        metrics: _Named,
        runtime_configuration: _Named | None = None,
        execution_engine: ExecutionEngine[Any] | None = None,
    ) -> _Named:
        fails = metrics[self._condition][0]
        positions = fails.index[fails].tolist()
        counted = {"element_count": len(fails), "unexpected_index_list": positions}
        return {"success": not positions, "result": counted}


class ExpectPresent(_ExpectOfEachRow):
    """Expect a value in every row."""

    map_metric: ClassVar[str] = "column_values.nonnull"
    success_keys: ClassVar[tuple[str, ...]] = ()


class ExpectTrue(_ExpectOfEachRow):
    """Expect a fact to be true."""

    map_metric: ClassVar[str] = "column_values.in_set"
    success_keys: ClassVar[tuple[str, ...]] = ("value_set",)
    value_set: list[bool] = [True]


class ExpectWithin(_ExpectOfEachRow):
    """Expect numbers between two others, both included."""

    map_metric: ClassVar[str] = "column_values.between"
    success_keys: ClassVar[tuple[str, ...]] = ("min_value", "max_value")
    min_value: float
    max_value: float


class ExpectMatch(_ExpectOfEachRow):
    """Expect text in which a regular expression is found."""

    map_metric: ClassVar[str] = "column_values.match_regex"
    success_keys: ClassVar[tuple[str, ...]] = ("regex",)
    regex: str


class ExpectNoMatch(_ExpectOfEachRow):
    """Expect text in which a regular expression is not found."""

    map_metric: ClassVar[str] = "column_values.not_match_regex"
    success_keys: ClassVar[tuple[str, ...]] = ("regex",)
    regex: str


class _CalendarDate(ColumnMapMetricProvider):
    condition_metric_name = "column_values.sisbridge_calendar_date"
    condition_value_keys = ("moment",)

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column: pd.Series[str], moment: bool, **kwargs: object) -> pd.Series[bool]:
        written = pd.Series(column.unique(), dtype="str")
        shaped = written[written.str.fullmatch(_MOMENT if moment else _DAY)]
        days = pd.to_datetime(shaped, format="ISO8601", errors="coerce", utc=True)
        return column.isin(shaped[days.notna()])


class ExpectCalendarDates(_ExpectOfEachRow):
    """Expect days (YYYY-MM-DD) or moments (ending in Z) that exist in the calendar."""

    map_metric: ClassVar[str] = "column_values.sisbridge_calendar_date"
    success_keys: ClassVar[tuple[str, ...]] = ("moment",)
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


class ExpectKnownCodes(_ExpectOfEachRow):
    """Expect known codes, each item of a list being one; extensions pass where the set is open."""

    map_metric: ClassVar[str] = "column_values.sisbridge_known_codes"
    success_keys: ClassVar[tuple[str, ...]] = ("codes", "open_set")
    codes: list[str]
    open_set: bool = False
