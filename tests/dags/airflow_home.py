"""An Airflow of its own for the tests: its folder, its environment, and ways to run things in it.

Nothing here imports Airflow: importing it reconfigures logging for the whole process, so everything
that does runs in a process of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
DAGS_FOLDER = REPOSITORY / "dags"
HERE = Path(__file__).resolve().parent
ANSWER_SECONDS = 240.0


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


class AirflowProcess:
    """A process that has this Airflow loaded and serves orders one after another (`airflow_process.py`)."""

    def __init__(self, home: AirflowHome) -> None:
        self._home = home
        self._log = home.folder / "process.log"
        self._served = 0
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, HERE / "airflow_process.py"],
                # Unbuffered: an order's log must be whole when its answer is there.
                env=home.environment(PYTHONUNBUFFERED="1", AIRFLOW__LOGGING__LOGGING_LEVEL="DEBUG"),
                cwd=home.folder, text=True,
                stdin=subprocess.PIPE, stdout=log, stderr=log,
            )  # fmt: skip

    def run_dag(
        self, dag_id: str, environment: Mapping[str, str], conf: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        """Run a Dag once with `dag.test()` and return what Airflow remembers of it, and its log."""
        return self._order("run_dag", [dag_id, dict(conf or {})], environment)

    def repeat_step(self, environment: Mapping[str, str], *arguments: str) -> dict[str, Any]:
        """Run one stage (district, run, stage) as its task would and return what it `raised`."""
        return self._order("repeat_step", list(arguments), environment)

    def stop(self) -> None:
        """Let the process end."""
        self._process.communicate(timeout=30)

    def _order(self, name: str, arguments: list[object], environment: Mapping[str, str]) -> dict[str, Any]:
        answer, begin = self._home.folder / f"answer-{self._served}", self._log.stat().st_size
        self._served += 1
        order = {"name": name, "arguments": arguments, "environment": environment, "answer": str(answer)}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        give_up = time.monotonic() + ANSWER_SECONDS
        while not answer.exists():
            no_answer = self._process.poll() is not None or time.monotonic() > give_up
            assert not no_answer, f"{name} {arguments}: no answer\n{self._read_log(begin)[-6000:]}"
            time.sleep(0.1)
        return {**json.loads(answer.read_text()), "log": self._read_log(begin)}

    def _read_log(self, begin: int) -> str:
        return self._log.read_bytes()[begin:].decode(errors="replace")
