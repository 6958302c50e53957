"""Pull, normalize, validate, compare and apply every district's roster, and seat its students.

Moves: the rosters of the districts that are due, from their SIS into the store, one mapped task group
a district (its code is the label). Only the district's code and the id of its run pass between tasks.

Runs for: now. A night asks for what the SIS holds at this moment; there is no data interval, nothing to
backfill and nothing to catch up. The hour is early morning in every time zone of the United States.

When something fails: a district that is busy or away is tried again, as late as it asked for; any other
failure ends that district's night alone and its last good roster stays in force. The run as a whole
fails only when more districts stopped than the setting `stopped_share_that_fails` allows.

Rerun: clear the district's failed task with its downstream tasks (the other districts are left alone),
or trigger the Dag with `{"districts": ["CODE"]}`. Every stage may be repeated safely.
"""

from __future__ import annotations

from airflow.sdk import Param, TriggerRule, dag, get_current_context, task, task_group

from sisbridge.airflow import tasks
from sisbridge.airflow.retries import DEFAULT_ARGS

DISTRICT_LABEL = "{{ task.op_args[0] }}"


@task
def districts() -> list[str]:
    """Return the codes of the districts to sync tonight."""
    return tasks.due_districts(get_current_context()["params"]["districts"])


@task(map_index_template=DISTRICT_LABEL)
def begin(district: str) -> str:
    """Open the district's run and return its id."""
    return tasks.begin(district)


@task(map_index_template=DISTRICT_LABEL)
def step(district: str, run: str, stage: str) -> None:
    """Run one stage of the district's night. (Airflow keeps the name `run_id` for its own.)"""
    tasks.step(district, run, stage)


@task(map_index_template=DISTRICT_LABEL)
def finish(district: str, run: str) -> None:
    """Close the district's run."""
    tasks.finish(district, run)


@task(trigger_rule=TriggerRule.ALL_DONE)
def count_outcomes(codes: list[str] | None) -> None:
    """Count how the districts' nights ended; fail the run when too many stopped."""
    every = range(len(codes or []))
    run_ids = get_current_context()["ti"].xcom_pull(task_ids="night.begin", map_indexes=every)
    tasks.count_outcomes(codes, run_ids)


@task_group
def night(district: str) -> None:
    """One district's night, stage after stage."""
    # Where Dags are wired, a task's call stands for the value it will return: hence the ignores below.
    run = last = begin(district)
    for stage in tasks.STAGES:
        # Only the pull talks to a SIS: the pool bounds how many are asked at once.
        pool = tasks.SIS_POOL if stage == "pull" else tasks.OUR_POOL
        this = step.override(task_id=stage, pool=pool)(district, run, stage)  # type: ignore[arg-type]
        last >> this
        last = this
    last >> finish(district, run)  # type: ignore[arg-type]


@dag(
    dag_display_name="Nightly roster",
    schedule="43 7 * * *",
    catchup=False,
    max_active_runs=1,
    tags=["sisbridge", "roster"],
    default_args=DEFAULT_ARGS,
    params={"districts": Param([], type="array", items={"type": "string"}, title="Only these districts")},
    doc_md=__doc__,
)
def nightly_roster() -> None:
    """Wire one night."""
    codes = districts()
    night.expand(district=codes) >> count_outcomes(codes)  # type: ignore[arg-type]


nightly_roster()
