"""Try the door's own code: `door_facts.py ANSWER`; the answer holds its decisions and what tasks raise."""

from __future__ import annotations

import json
import sys
import traceback
from pathlib import Path
from unittest.mock import patch

from airflow.sdk.exceptions import AirflowFailException
from structlog.tracebacks import ExceptionDictTransformer

from domain.errors import ContractBroken, RetryLater, RowRejected, StopDistrict
from sisbridge.airflow import tasks
from sisbridge.airflow.retries import RetryAsAsked
from sisbridge.house import House
from sisbridge.sync.context import STAGES

FAILURES = {
    "asked to wait": RetryLater("CN05", "Too many requests.", retry_after=90),
    "asked to wait for days": RetryLater("CN05", "Too many requests.", retry_after=1e6),
    "away": RetryLater("CN01", "No answer."),
    "stopped": StopDistrict("CN03", "The secret is wrong."),
    "broken": ContractBroken("PG02", "Paging goes in circles."),
    "rejected": RowRejected("GR01", "The percent is too high.", key="grade-1"),
    "given up": AirflowFailException("CN03: The secret is wrong."),
    "bug": ValueError("unforeseen"),
}


def decisions() -> dict[str, list[object]]:
    """Return what the retry policy decides for each failure: the action and the wait in seconds."""
    made = {name: RetryAsAsked().evaluate(error, 1, 3) for name, error in FAILURES.items()}
    return {
        name: [decision.action.value, decision.retry_delay and decision.retry_delay.total_seconds()]
        for name, decision in made.items()
    }


def raised_by_a_task(error: Exception) -> list[str]:
    """Return the type and the whole traceback of what a task raises when a use-case fails."""

    def fail(house: object) -> list[str]:
        try:
            raise ValueError("Ada Lovelace, 12345")
        except ValueError as cause:
            raise error from cause

    try:
        with patch.object(House, "districts", fail):
            tasks.due_districts()
    except (AirflowFailException, RetryLater) as seen:
        as_airflow_keeps_it = ExceptionDictTransformer(show_locals=False)(sys.exc_info())
        return [type(seen).__name__, f"{''.join(traceback.format_exception(seen))}{as_airflow_keeps_it}"]
    return ["nothing", ""]


def main(answer: str) -> None:
    """Write the facts to a JSON file."""
    stopped = StopDistrict("CN03", "The secret is wrong.", fix="Ask for a new one.")
    facts = {
        "decisions": decisions(),
        "stages": STAGES == tasks.STAGES,
        "StopDistrict": raised_by_a_task(stopped),
        "RetryLater": raised_by_a_task(FAILURES["asked to wait"]),
    }
    Path(answer).write_text(json.dumps(facts))


if __name__ == "__main__":
    main(*sys.argv[1:])
