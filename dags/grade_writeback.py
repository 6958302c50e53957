"""Write released grades back into each home district's SIS, with a receipt for each.

Moves: every released, undelivered grade from the outbox to its district, one mapped delivery task a
district (its code is the label). Only the district's code passes between tasks.

Runs for: now, whenever the asset `sisbridge://grades/released` is updated. It sends what the outbox
holds at that moment, so one run serves any number of updates.

When something fails: a SIS that is busy or away is tried again, as late as it asked for; any other
failure ends that district's delivery alone, and what was not sent stays in the outbox.

Rerun: clear the district's failed delivery, or trigger the Dag. A grade that arrived is not sent again,
and one without an answer is looked up first.
"""

from __future__ import annotations

from airflow.sdk import dag, task

from sisbridge.airflow import tasks
from sisbridge.airflow.assets import RELEASED_GRADES
from sisbridge.airflow.retries import DEFAULT_ARGS


@task
def districts() -> list[str]:
    """Return the codes of the districts with grades to deliver."""
    return tasks.districts_with_grades()


@task(pool=tasks.SIS_POOL, map_index_template="{{ task.op_kwargs['district'] }}")
def deliver(district: str) -> None:
    """Deliver one district's grades."""
    tasks.deliver(district)


@dag(
    dag_display_name="Grade write-back",
    schedule=[RELEASED_GRADES],
    catchup=False,
    max_active_runs=1,
    tags=["sisbridge", "grades"],
    default_args=DEFAULT_ARGS,
    doc_md=__doc__,
)
def grade_writeback() -> None:
    """Wire one delivery a district."""
    deliver.expand(district=districts())


grade_writeback()
