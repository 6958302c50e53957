"""The engine that the tests share asks the real one once, and again when rows or rules differ."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from domain.tables import RosterTable
from tests.support.judged_once import remembering
from validation.suites import Binding, roster_suite

PRESENT, OTHER = roster_suite(RosterTable.ORGS, {})[:2]


def test_the_same_rows_are_judged_once_and_others_anew() -> None:
    asked: list[tuple[str, ...]] = []

    def real(frame: pd.DataFrame, bindings: Sequence[Binding]) -> list[list[int]]:
        asked.append((*frame["x"], *(binding.column for binding in bindings)))
        return [[0]]

    ask = remembering(real)
    ask(pd.DataFrame({"x": ["a"]}), [PRESENT])[0].clear()
    assert ask(pd.DataFrame({"x": ["a"]}), [PRESENT]) == [[0]]
    ask(pd.DataFrame({"x": ["b"]}), [PRESENT])
    ask(pd.DataFrame({"x": ["a"]}), [OTHER])
    assert asked == [("a", PRESENT.column), ("b", PRESENT.column), ("a", OTHER.column)]
