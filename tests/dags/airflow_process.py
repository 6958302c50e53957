"""Serve the tests from one process that has Airflow loaded: one JSON order a line, one answer file each.

Loading Airflow and its in-process API takes longer than a whole small night: it is paid for once.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from airflow.dag_processing.dagbag import DagBag
from airflow.models.asset import AssetEvent, AssetModel
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from airflow.sdk.exceptions import AirflowFailException
from airflow.utils.session import create_session
from sqlalchemy import label, select
from sqlalchemy.orm import Session

from sisbridge.airflow import tasks

Facts = dict[str, Any]


def run_dag(dag_id: str, conf: Facts) -> Facts:
    """Run a Dag once with `dag.test()`; return its state and what Airflow's own database holds of it."""
    run = DagBag().dags[dag_id].test(run_conf=conf)
    with create_session() as session:
        return {"state": run.state, **remembered(session, run.run_id)}


def repeat_step(district: str, run_id: str, stage: str) -> Facts:
    """Run one stage of a run as its task would; return what it raised, or ""."""
    try:
        tasks.step(district, run_id, stage)
    except AirflowFailException as error:
        return {"raised": str(error)}
    return {"raised": ""}


def remembered(session: Session, run_id: str) -> dict[str, list[Facts]]:
    """Return the tasks, XComs and asset events of a run."""
    task, xcom, asset, event = TaskInstance, XComModel, AssetModel, AssetEvent
    queries = {
        "tasks": select(
            task.task_id.label("task"), task.map_index.label("index"), task.state,
            label("label", task.rendered_map_index), task.try_number.label("tries"),
        ).where(task.run_id == run_id),
        "xcoms": select(xcom.task_id.label("task"), xcom.map_index.label("index"), xcom.key, xcom.value)
        .where(xcom.run_id == run_id),
        "events": select(asset.uri, event.extra)
        .join(event, event.asset_id == asset.id).where(event.source_run_id == run_id),
    }  # fmt: skip
    return {name: [dict(row) for row in session.execute(query).mappings()] for name, query in queries.items()}


@contextmanager
def environment(wanted: Mapping[str, str]) -> Iterator[None]:
    """Hold these variables while an order is served."""
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name in wanted:
            del os.environ[name]


ORDERS: dict[str, Callable[..., Facts]] = {"run_dag": run_dag, "repeat_step": repeat_step}


def main() -> None:
    """Serve orders until there are no more."""
    for line in sys.stdin:
        order = json.loads(line)
        with environment(order["environment"]):
            facts = ORDERS[order["name"]](*order["arguments"])
        unfinished = Path(order["answer"] + ".part")
        unfinished.write_text(json.dumps(facts))
        unfinished.rename(order["answer"])


if __name__ == "__main__":
    main()
