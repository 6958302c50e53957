"""Runs one suite over one frame, and believes nothing it was not told.

Failing rows are taken from the positions of our own expectations, and every row that holds a value has to
have been looked at. An expectation that broke down reports `success: false` with no rows at all: its
`exception_info` is looked at first.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import pandas as pd

from domain.errors import ContractBroken
from validation.rules.rule import CalendarDate, Fact, Known, Matches, Present, Unlike, Within
from validation.suites import Binding

# Before the import: afterwards it has already logged, and asked whether it may report home.
logging.getLogger("great_expectations").setLevel(logging.WARNING)
os.environ["GX_ANALYTICS_ENABLED"] = "false"

import great_expectations as gx  # noqa: E402
from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: E402
from great_expectations.execution_engine import pandas_execution_engine  # noqa: E402

# It asks for INFO by itself, to say where it would put pages that nobody builds.
logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)

# It marks a frame of up to this many bytes with a hash of all its cells, which took a fifth of the judging
# and which nobody reads: there is no setting, only this number.
pandas_execution_engine.HASH_THRESHOLD = 0

from validation.engine import expectations as asked  # noqa: E402

if TYPE_CHECKING:
    from great_expectations.core.batch_definition import BatchDefinition
    from great_expectations.core.expectation_validation_result import ExpectationValidationResult
    from great_expectations.expectations.expectation import Expectation

_PLACE = "binding"
"""The note on every expectation that says which binding it stands for: outcomes come in another order."""

_ONE_AT_A_TIME = threading.Lock()
"""Great Expectations keeps what it works on in its context: two threads would judge each other's rows."""


@dataclass(frozen=True)
class _Stack:
    """Bindings that ask the same of several columns, judged as one long column.

    An expectation costs a millisecond whatever it judges, and a roster has a hundred bindings: asked
    column by column, a small district would spend half its night on that.
    """

    name: str
    bindings: tuple[Binding, ...]
    places: tuple[int, ...]

    def column(self, frame: pd.DataFrame) -> pd.Series[Any]:
        """Return the columns one below the other; ContractBroken CF40 when one was not prepared."""
        missing = [binding for binding in self.bindings if binding.column not in frame.columns]
        if missing:
            raise _broken(f"{missing[0].table}.{missing[0].field} has no column for {missing[0].rule.code}")
        return pd.concat([frame[binding.column] for binding in self.bindings], ignore_index=True)

    def unstacked(self, positions: Sequence[int], rows: int) -> dict[int, list[int]]:
        """Return place of binding → positions in its own column."""
        found: dict[int, list[int]] = {place: [] for place in self.places}
        for position in positions:
            found[self.places[position // rows]].append(position % rows)
        return found


def failing(frame: pd.DataFrame, bindings: Sequence[Binding]) -> list[list[int]]:
    """Return per binding the positions of the rows that fail it, in ascending order.

    Raises ContractBroken CF40 when a binding was not judged properly.
    """
    stacks = _stacks(bindings)
    suite = gx.ExpectationSuite(
        name="judged", expectations=[_expectation(stack, place) for place, stack in enumerate(stacks)]
    )
    long = _stacked(frame, stacks)
    with _ONE_AT_A_TIME:
        outcomes = _whole_frame().get_batch({"dataframe": long}).validate(suite).results
    judged = {(place := _place(outcome)): _positions(outcome, stacks[place], long) for outcome in outcomes}
    if len(outcomes) != len(stacks) or len(judged) != len(stacks):
        raise _broken("some rules were not judged")
    found: dict[int, list[int]] = {}
    for place, stack in enumerate(stacks):
        found |= stack.unstacked(judged[place], len(frame))
    return [found[place] for place in range(len(bindings))]


def _stacks(bindings: Sequence[Binding]) -> list[_Stack]:
    alike: dict[Hashable, list[int]] = {}
    for place, binding in enumerate(bindings):
        alike.setdefault(_question(binding), []).append(place)
    return [
        _Stack(f"stack{number}", tuple(bindings[place] for place in places), tuple(places))
        for number, places in enumerate(alike.values())
    ]


def _question(binding: Binding) -> Hashable:
    """Return what an expectation is told besides its column."""
    match binding.rule.check:
        case Fact():
            return Fact
        case Known():
            return Known, binding.allowed, binding.open_set
        case CalendarDate():
            return CalendarDate, binding.moment
        case Within():
            return Within, binding.limit
        case Matches(pattern):
            return Matches, pattern
        case Unlike(pattern):
            return Unlike, pattern
        case other:
            return other


def _stacked(frame: pd.DataFrame, stacks: Sequence[_Stack]) -> pd.DataFrame:
    """Return the long columns side by side, the shorter ones filled up with what passes."""
    columns = {stack.name: stack.column(frame) for stack in stacks}
    longest = range(max(map(len, columns.values())))
    return pd.DataFrame(
        {stack.name: columns[stack.name].reindex(longest, fill_value=_passing(stack)) for stack in stacks}
    )


def _passing(stack: _Stack) -> str | bool | None:
    match stack.bindings[0].rule.check:
        case Present():
            return "filled up"
        case Fact():
            return True
        case _:
            return None


@cache
def _whole_frame() -> BatchDefinition[None]:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("arrow").add_dataframe_asset("batch")
    return asset.add_batch_definition_whole_dataframe("all")


def _expectation(stack: _Stack, place: int) -> Expectation:
    note, binding = {_PLACE: place}, stack.bindings[0]
    match binding.rule.check:
        case Present():
            return asked.ExpectPresent(column=stack.name, meta=note)
        case Matches(pattern):
            return asked.ExpectMatch(column=stack.name, regex=pattern, meta=note)
        case Unlike(pattern):
            return asked.ExpectNoMatch(column=stack.name, regex=pattern, meta=note)
        case CalendarDate():
            return asked.ExpectCalendarDates(column=stack.name, moment=binding.moment, meta=note)
        case Known():
            codes = sorted(binding.allowed)
            return asked.ExpectKnownCodes(
                column=stack.name, codes=codes, open_set=binding.open_set, meta=note
            )
        case Within():
            return asked.ExpectWithin(
                column=stack.name, min_value=0, max_value=float(binding.limit), meta=note
            )
        case Fact():
            return asked.ExpectTrue(column=stack.name, meta=note)
        case _:
            raise _broken(f"rule {binding.rule.code} judges no rows")


def _place(outcome: ExpectationValidationResult) -> int:
    config = outcome.expectation_config
    if config is None:
        raise _broken("an outcome names no rule")
    return int(config.meta[_PLACE])


def _positions(outcome: ExpectationValidationResult, stack: _Stack, long: pd.DataFrame) -> list[int]:
    rule = stack.bindings[0].rule
    if _raised(outcome.exception_info):
        raise _broken(f"rule {rule.code} on {stack.bindings[0].table} broke down")
    positions: list[int] = outcome.result["unexpected_index_list"]
    values = len(long) if isinstance(rule.check, Present) else long[stack.name].count()
    if outcome.result["element_count"] != values or outcome.success != (not positions):
        raise _broken(f"rule {rule.code} on {stack.bindings[0].table} lost rows")
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
