"""The only place that knows Great Expectations, imported when something is to be judged.

The import takes about four seconds, once per process. Without Great Expectations nothing passes:
judging fails loudly.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from domain.errors import ContractBroken
from validation.suites import Binding


def failing(frame: pd.DataFrame, bindings: Sequence[Binding]) -> list[list[int]]:
    """Return per binding the positions of every row that fails it, in ascending order.

    Raises ContractBroken when Great Expectations is missing (CF39), or when it could not judge a
    binding or accounts for rows wrongly (CF40).
    """
    try:
        from validation.engine import runner
    except ImportError as error:
        raise ContractBroken(
            "CF39",
            "Great Expectations is not installed, so nothing can be validated and nothing was let through.",
            fix="Install sisbridge with its `quality` extra.",
        ) from error
    found: list[list[int]] = runner.failing(frame, bindings)
    return found
