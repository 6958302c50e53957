"""Delete raw data that was landed longer ago than its district wants it kept.

Moves: nothing. Each district's landings and quarantined rows past `retention_days` (30 unless set) are
deleted; counts, hashes and what is in force stay.

Runs for: now, once a day outside the hours of the nights.

Rerun: trigger it, or clear a district's task; deleting twice is harmless.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import dag, task

from sisbridge.airflow import tasks

DEFAULT_ARGS = {
    "owner": "sisbridge",
    "retries": 2,
    "retry_delay": timedelta(minutes=10),
    "execution_timeout": timedelta(hours=1),
}


@task
def districts() -> list[str]:
    """Return the codes of all districts."""
    return tasks.all_districts()


@task(map_index_template="{{ task.op_kwargs['district'] }}")
def retain(district: str) -> None:
    """Delete what one district need not keep."""
    tasks.retain(district)


@dag(
    dag_display_name="Retention",
    schedule="17 19 * * *",
    catchup=False,
    max_active_runs=1,
    tags=["sisbridge", "retention"],
    default_args=DEFAULT_ARGS,
    doc_md=__doc__,
)
def retention() -> None:
    """Wire one clearing."""
    retain.expand(district=districts())


retention()
