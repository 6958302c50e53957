"""Run one stage of a run as its task would: `repeat_step.py DISTRICT RUN STAGE ANSWER`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from airflow.sdk.exceptions import AirflowFailException

from sisbridge.airflow import tasks


def main(district: str, run_id: str, stage: str, answer: str) -> None:
    """Write what the task raised, or "", to a JSON file."""
    raised = ""
    try:
        tasks.step(district, run_id, stage)
    except AirflowFailException as error:
        raised = str(error)
    Path(answer).write_text(json.dumps({"raised": raised}))


if __name__ == "__main__":
    main(*sys.argv[1:])
