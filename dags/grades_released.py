"""Notice released grades and say so, which starts the write-back.

Moves: nothing. It asks the store whether any released grade is undelivered and, if so, updates the asset
`sisbridge://grades/released`; `grade_writeback` waits for that asset.

Runs for: now, four times an hour. A look that finds nothing is shown as skipped.

Rerun: trigger it; looking twice is harmless. Whoever releases grades can also start the write-back at
once by posting an event for the asset to Airflow's REST API.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import dag, task

from sisbridge.airflow import tasks
from sisbridge.airflow.assets import RELEASED_GRADES

DEFAULT_ARGS = {
    "owner": "sisbridge",
    "retries": 1,
    "retry_delay": timedelta(minutes=1),
    "execution_timeout": timedelta(minutes=5),
}


@task(outlets=[RELEASED_GRADES])
def look() -> None:
    """Update the asset when released grades wait; skip otherwise."""
    tasks.skip_unless_grades_wait()


@dag(
    dag_display_name="Released grades",
    schedule="8-53/15 * * * *",
    catchup=False,
    max_active_runs=1,
    tags=["sisbridge", "grades"],
    default_args=DEFAULT_ARGS,
    doc_md=__doc__,
)
def grades_released() -> None:
    """Wire one look."""
    look()


grades_released()
