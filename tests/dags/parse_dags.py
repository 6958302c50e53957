"""Parse the Dags as Airflow does: `parse_dags.py ANSWER`; the answer says what they are and what it took."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import airflow.providers.standard.decorators.python  # noqa: F401 - loaded by every parse, not ours to count
from airflow.configuration import conf
from airflow.dag_processing.dagbag import DagBag
from airflow.providers_manager import ProvidersManager
from airflow.sdk import DAG

# What a parse must not pay for: the scheduler's Dag processor does it again and again.
HEAVY = (
    "aiohttp", "alembic", "asyncssh", "connectors", "great_expectations", "mappings", "numpy", "pandas",
    "paramiko", "pyarrow", "sisbridge.house", "sisbridge.settings", "sisbridge.store", "sisbridge.sync",
    "validation",
)  # fmt: skip
CODE = (".py", ".pyc", ".so")


class Watch:
    """Notes what is read and whom one speaks to, from `begin` on."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self._on = False
        sys.addaudithook(self._note)

    def _note(self, event: str, arguments: tuple[Any, ...]) -> None:
        # Python writes the bytecode of what it compiled: that is no reading.
        is_reading = event == "open" and not arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if self._on and is_reading and not str(arguments[0]).endswith(CODE):
            self.seen.append(f"open {arguments[0]}")
        if self._on and event in ("socket.connect", "sqlite3.connect", "subprocess.Popen", "os.putenv"):
            self.seen.append(event)

    def parse(self, folder: Path) -> set[str]:
        """Run every Dag file as a script would; return the modules that this brought in."""
        before = set(sys.modules)
        self._on = True
        for file in sorted(folder.glob("*.py")):
            exec(compile(file.read_text(), file, "exec"), {"__name__": file.stem, "__file__": str(file)})
        self._on = False
        return set(sys.modules) - before


def main(answer: str) -> None:
    """Write the facts to a JSON file."""
    folder = Path(conf.get("core", "dags_folder"))
    watch = Watch()
    brought = watch.parse(folder)
    bag = DagBag(folder)
    facts = {
        "heavy": sorted(name for name in brought if name.startswith(HEAVY)),
        "read": watch.seen,
        "import_errors": bag.import_errors,
        "dags": {dag_id: of_dag(dag) for dag_id, dag in bag.dags.items()},
        "provider": dict(ProvidersManager().providers["sisbridge"].data),
    }
    Path(answer).write_text(json.dumps(facts, default=str))


def of_dag(dag: DAG) -> dict[str, Any]:
    """Return what the house rules ask of a Dag."""
    return {
        "owner": dag.owner,
        "tags": sorted(dag.tags),
        "doc": dag.doc_md,
        "schedule": str(dag.schedule),
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "file": dag.fileloc,
        "tasks": {task.task_id: of_task(task) for task in dag.tasks},
    }


def of_task(task: Any) -> dict[str, Any]:
    """Return what the house rules ask of a task."""
    return {
        "retries": task.retries,
        "policy": type(task.retry_policy).__name__,
        "pool": task.pool,
        "timeout": task.execution_timeout and task.execution_timeout.total_seconds(),
        "label": task.map_index_template,
        "upstream": sorted(task.upstream_task_ids),
        "trigger_rule": task.trigger_rule.value,
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
