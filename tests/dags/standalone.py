"""A whole Airflow (`airflow standalone`: scheduler, Dag processor, API server, triggerer) for one test."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil

from tests.dags.airflow_home import AirflowHome

START_SECONDS = 180.0
STOP_SECONDS = 30.0
COMPONENTS = ("metadatabase", "scheduler", "triggerer", "dag_processor")
ENDED = ("success", "failed")
AUTH_MANAGER = "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"
T = TypeVar("T")


@dataclass
class Standalone:
    """A running Airflow and its REST API."""

    home: AirflowHome
    process: subprocess.Popen[bytes]
    log_file: Path
    api: httpx.Client

    def wait(self, what: str, look: Callable[[], T | None], seconds: float) -> T:
        """Return the first thing `look` finds; fail with the components' log when it takes too long."""
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            assert self.process.poll() is None, f"Airflow ended while waiting for {what}:\n{self.log()}"
            found = look()
            if found is not None:
                return found
            time.sleep(0.5)
        raise AssertionError(f"{what}: not within {seconds:.0f} s\n{self.log()}")

    def get(self, path: str) -> dict[str, Any]:
        """Return the JSON answer of a GET under /api/v2."""
        answer = self.api.get(f"/api/v2{path}")
        assert answer.is_success, f"GET {path}: {answer.status_code} {answer.text[:500]}\n{self.log()}"
        return dict(answer.json())

    def send(self, method: str, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """Return the JSON answer of a POST or PATCH under /api/v2."""
        answer = self.api.request(method, f"/api/v2{path}", json=body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:500]}\n{self.log()}"
        return dict(answer.json())

    def unpause(self, dag_id: str) -> None:
        """Let a Dag run, as soon as the Dag processor has found it."""
        self.wait(f"the Dag {dag_id}", lambda: self._known(dag_id), 120)
        self.send("PATCH", f"/dags/{dag_id}", {"is_paused": False})

    def trigger(self, dag_id: str) -> str:
        """Unpause a Dag, start one run of it and return the run's id."""
        self.unpause(dag_id)
        return str(self.send("POST", f"/dags/{dag_id}/dagRuns", {"logical_date": None})["dag_run_id"])

    def end_of(self, dag_id: str, run_id: str, seconds: float = 240) -> dict[str, Any]:
        """Wait for a run's end and return it as the REST API shows it."""

        def ended() -> dict[str, Any] | None:
            run = self.get(f"/dags/{dag_id}/dagRuns/{run_id}")
            return run if run["state"] in ENDED else None

        return self.wait(f"the end of {dag_id}", ended, seconds)

    def run_caused_by_asset(self, dag_id: str) -> str:
        """Wait for the run that an asset's update starts and return its id."""

        def caused() -> str | None:
            runs = self.get(f"/dags/{dag_id}/dagRuns")["dag_runs"]
            return next((run["dag_run_id"] for run in runs if run["run_type"] == "asset_triggered"), None)

        return self.wait(f"an asset-triggered run of {dag_id}", caused, 90)

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Return a run's task instances as the REST API shows them."""
        return list(self.get(f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances?limit=100")["task_instances"])

    def log(self) -> str:
        """Return the end of the components' log and of each failed task's own."""
        files = [self.log_file, *sorted(self.home.folder.glob("logs/dag_id=*/**/*.log"))]
        parts = [f"--- {file.name} of {file.parent.name}\n{_end_of(file)}" for file in files]
        return "\n".join(parts)[-30000:]

    def _known(self, dag_id: str) -> bool | None:
        return True if self.api.get(f"/api/v2/dags/{dag_id}").is_success else None

    def _healthy(self) -> bool | None:
        try:
            health = self.api.get("/api/v2/monitor/health").json()
        except (httpx.HTTPError, ValueError):
            return None
        states = {(health.get(name) or {}).get("status") for name in COMPONENTS}
        return True if states == {"healthy"} else None

    def start(self) -> None:
        """Wait until every component is healthy, then log in."""
        self.wait("a healthy Airflow", self._healthy, START_SECONDS)
        login = json.loads((self.home.folder / "passwords.json").read_text())
        answer = self.api.post("/auth/token", json={"username": "admin", "password": login["admin"]})
        self.api.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"


@contextmanager
def standalone(folder: Path, metadata_url: str, settings: Mapping[str, str]) -> Iterator[Standalone]:
    """Start an Airflow, yield it when it is healthy, and stop every process of it."""
    home = AirflowHome(folder, metadata_url, {**settings, **_own_ports(folder)})
    (folder / "passwords.json").write_text(json.dumps({"admin": secrets.token_urlsafe(16)}))
    log_file = folder / "standalone.log"
    address = home.settings["AIRFLOW__API__BASE_URL"]
    with log_file.open("wb") as log, httpx.Client(base_url=address, timeout=30) as api:
        process = subprocess.Popen(
            [Path(sys.executable).parent / "airflow", "standalone"],
            env=home.environment(), cwd=folder,
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        airflow = Standalone(home, process, log_file, api)
        try:
            airflow.start()
            yield airflow
        finally:
            # The API server would wait for an open connection to end.
            api.close()
            stop(process)


def _end_of(file: Path) -> str:
    return file.read_text(errors="replace")[-4000:]


def _own_ports(folder: Path) -> dict[str, str]:
    api, worker_log, trigger_log = free_ports(3)
    return {
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(api),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{api}",
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__SECRET_KEY": secrets.token_hex(32),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(64),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{api}/execution/",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "3",
        "AIRFLOW__CORE__AUTH_MANAGER": AUTH_MANAGER,
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(folder / "passwords.json"),
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(worker_log),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(trigger_log),
    }


def free_ports(count: int) -> list[int]:
    """Return different free ports of the loopback address."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()


def processes_of(session: int) -> list[psutil.Process]:
    """Return the live processes of a session: all that descend from the process it began with."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.Error, ProcessLookupError):
            continue
    return found


def stop(process: subprocess.Popen[bytes]) -> None:
    """Stop the components, then their parent, then by force what would not stop."""
    # A TERM to the parent alone would leave its components behind; dead ones stay zombies until it ends.
    components = psutil.Process(process.pid).children() if process.poll() is None else []
    for each in components:
        each.terminate()
    give_up = time.monotonic() + STOP_SECONDS
    while len(processes_of(process.pid)) > 1 and time.monotonic() < give_up:
        time.sleep(0.2)
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=10)
    for left in processes_of(process.pid):
        with suppress(psutil.NoSuchProcess):
            left.kill()
    process.wait(timeout=10)
