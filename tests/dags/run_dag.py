"""Run one Dag with `dag.test()`: `run_dag.py DAG_ID CONF ANSWER`; the answer is what Airflow remembers."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from airflow.dag_processing.dagbag import DagBag
from airflow.models.asset import AssetEvent, AssetModel
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
from sqlalchemy import select
from sqlalchemy.orm import Session


def main(dag_id: str, conf: str, answer: str) -> None:
    """Run the Dag and write its state, its tasks, its XComs and the asset events to a JSON file."""
    run = DagBag().dags[dag_id].test(run_conf=json.loads(conf))
    with create_session() as session:
        facts = {"state": run.state, **remembered(session, run.run_id)}
    Path(answer).write_text(json.dumps(facts))


def remembered(session: Session, run_id: str) -> dict[str, list[dict[str, Any]]]:
    """Return what Airflow's own database holds of a run."""
    task, xcom, asset, event = TaskInstance, XComModel, AssetModel, AssetEvent
    queries = {
        "tasks": select(
            task.task_id.label("task"), task.map_index.label("index"), task.state,
            task.rendered_map_index.label("label"), task.try_number.label("tries"),
        ).where(task.run_id == run_id),
        "xcoms": select(xcom.task_id.label("task"), xcom.map_index.label("index"), xcom.key, xcom.value)
        .where(xcom.run_id == run_id),
        "events": select(asset.uri, event.extra)
        .join(event, event.asset_id == asset.id).where(event.source_run_id == run_id),
    }  # fmt: skip
    return {name: [dict(row) for row in session.execute(query).mappings()] for name, query in queries.items()}


if __name__ == "__main__":
    main(*sys.argv[1:])
