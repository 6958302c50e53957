"""An Airflow of its own for the tests: its folder, its environment, and ways to run things in it.

Nothing here imports Airflow: importing it reconfigures logging for the whole process, so everything
that does runs in a process of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
DAGS_FOLDER = REPOSITORY / "dags"
HERE = Path(__file__).resolve().parent
POOL_SLOTS = 4


@dataclass(frozen=True)
class AirflowHome:
    """A folder for one Airflow and the settings it runs with.

    metadata_url: SQLAlchemy address of Airflow's own database; SQLite in the folder when empty.
    """

    folder: Path
    metadata_url: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)

    def environment(self, **more: str) -> dict[str, str]:
        """Return the environment of a process of this Airflow; nothing of a person's own setup is in it."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "SISBRIDGE_"))}
        return {
            **kept,
            "AIRFLOW_HOME": str(self.folder),
            "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS_FOLDER),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": self.metadata_url or f"sqlite:///{self.folder}/airflow.db",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "PYTHONWARNINGS": "ignore",
            **self.settings,
            **more,
        }

    def airflow(self, *arguments: str) -> None:
        """Run one `airflow` command and wait for it."""
        done = subprocess.run(
            [Path(sys.executable).parent / "airflow", *arguments],
            env=self.environment(), cwd=self.folder, capture_output=True, text=True, timeout=180, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"airflow {' '.join(arguments)}: {(done.stdout + done.stderr)[-6000:]}"

    def script(self, name: str, *arguments: str, timeout: float = 240, **more: str) -> dict[str, Any]:
        """Run a script beside this file; return the JSON object it wrote to the file named last."""
        answer = self.folder / f"{name}-{len(list(self.folder.glob('*.json')))}.json"
        done = subprocess.run(
            [sys.executable, HERE / f"{name}.py", *arguments, answer],
            env=self.environment(**more), cwd=self.folder,
            capture_output=True, text=True, timeout=timeout, check=False,
        )  # fmt: skip
        log = done.stdout + done.stderr
        assert done.returncode == 0, f"{name} {' '.join(arguments)}: {log[-6000:]}"
        return {**json.loads(answer.read_text()), "log": log}

    def run_dag(self, dag_id: str, conf: Mapping[str, object] | None = None, **more: str) -> dict[str, Any]:
        """Run a Dag once with `dag.test()` and return what Airflow remembers of the run."""
        return self.script("run_dag", dag_id, json.dumps(conf or {}), **more)
