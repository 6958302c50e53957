"""Runs one suite over one frame, and believes nothing it was not told.

Great Expectations cuts lists of failing values at 200, so rows are taken from the list of positions,
which is whole for a frame numbered 0 to n - 1, and checked against its own count. An expectation that
broke down reports `success: false` with no rows at all: its `exception_info` is looked at first.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import pandas as pd

from domain.errors import ContractBroken
from validation.rules.rule import CalendarDate, Fact, Known, Matches, Present, Unlike, Within
from validation.suites import Binding

# Before the import: afterwards it has already logged, and asked whether it may report home.
logging.getLogger("great_expectations").setLevel(logging.WARNING)
os.environ["GX_ANALYTICS_ENABLED"] = "false"

import great_expectations as gx  # noqa: E402
import great_expectations.expectations as gxe  # noqa: E402
from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: E402

# It asks for INFO by itself, to say where it would put pages that nobody builds.
logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)

from validation.engine.expectations import ExpectCalendarDates, ExpectKnownCodes  # noqa: E402

if TYPE_CHECKING:
    from great_expectations.core.batch_definition import BatchDefinition
    from great_expectations.core.expectation_validation_result import ExpectationValidationResult
    from great_expectations.expectations.expectation import Expectation

_PLACE = "binding"
"""The note on every expectation that says which binding it stands for: outcomes come in another order."""


def failing(frame: pd.DataFrame, bindings: Sequence[Binding]) -> list[list[int]]:
    """Return per binding the positions of the rows that fail it, in ascending order.

    Raises ContractBroken CF40 when a binding was not judged properly.
    """
    suite = gx.ExpectationSuite(
        name="judged", expectations=[_expectation(binding, place) for place, binding in enumerate(bindings)]
    )
    batch = _whole_frame().get_batch({"dataframe": frame})
    outcomes = batch.validate(suite, result_format={"result_format": "COMPLETE"}).results
    found = {_place(outcome): _positions(outcome, bindings[_place(outcome)]) for outcome in outcomes}
    if len(outcomes) != len(bindings) or len(found) != len(bindings):
        raise _broken("some rules were not judged")
    return [found[place] for place in range(len(bindings))]


@cache
def _whole_frame() -> BatchDefinition[None]:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("arrow").add_dataframe_asset("batch")
    return asset.add_batch_definition_whole_dataframe("all")


def _expectation(binding: Binding, place: int) -> Expectation:
    note = {_PLACE: place}
    match binding.rule.check:
        case Present():
            return gxe.ExpectColumnValuesToNotBeNull(column=binding.column, meta=note)
        case Matches(pattern):
            return gxe.ExpectColumnValuesToMatchRegex(column=binding.column, regex=pattern, meta=note)
        case Unlike(pattern):
            return gxe.ExpectColumnValuesToNotMatchRegex(column=binding.column, regex=pattern, meta=note)
        case CalendarDate():
            return ExpectCalendarDates(column=binding.column, moment=binding.moment, meta=note)
        case Known():
            return ExpectKnownCodes(
                column=binding.column, codes=sorted(binding.allowed), open_set=binding.open_set, meta=note
            )
        case Within():
            return gxe.ExpectColumnValuesToBeBetween(
                column=binding.column, min_value=0, max_value=float(binding.limit), meta=note
            )
        case Fact():
            return gxe.ExpectColumnValuesToBeInSet(column=binding.column, value_set=[True], meta=note)
        case _:
            raise _broken(f"rule {binding.rule.code} judges no rows")


def _place(outcome: ExpectationValidationResult) -> int:
    config = outcome.expectation_config
    if config is None:
        raise _broken("an outcome names no rule")
    return int(config.meta[_PLACE])


def _positions(outcome: ExpectationValidationResult, binding: Binding) -> list[int]:
    if _raised(outcome.exception_info):
        raise _broken(f"rule {binding.rule.code} on {binding.table}.{binding.field} broke down")
    positions = sorted(outcome.result.get("unexpected_index_list") or ())
    if outcome.result.get("unexpected_count") != len(positions) or outcome.success != (not positions):
        raise _broken(f"rule {binding.rule.code} on {binding.table}.{binding.field} lost rows")
    return positions


def _raised(exception_info: object) -> bool:
    """Return whether an expectation broke down; the note is flat when it did not, nested when it did."""
    return not (isinstance(exception_info, dict) and exception_info.get("raised_exception") is False)


def _broken(reason: str) -> ContractBroken:
    return ContractBroken(
        "CF40",
        f"The rows could not be judged: {reason}. Nothing was let through.",
        fix="This is a fault of ours: report it; the last good roster stays in force.",
    )
