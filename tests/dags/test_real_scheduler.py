"""Both Dags by a real scheduler and LocalExecutor on PostgreSQL; outcomes read from Airflow's REST API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dags.region import NORTH, SOUTH, WEST, Region, running_region
from tests.dags.standalone import processes_of, standalone
from tests.support.postgres import fresh_database

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.xdist_group("airflow"),
    pytest.mark.slow,
    pytest.mark.postgres,
    pytest.mark.timeout(600),
]


@pytest.fixture
def region_on_postgres(postgres_url: str, tmp_path: Path) -> Iterator[Region]:
    """A region in a store on PostgreSQL, as in production: many tasks write at once."""
    folder = tmp_path / "region"
    folder.mkdir()
    with running_region(folder, postgres_url) as region:
        yield region


def test_a_night_and_the_grades_after_it(
    region_on_postgres: Region, postgres_server: str, airflow_folder: Path, tmp_path: Path
) -> None:
    with fresh_database(postgres_server) as url:
        # Airflow's own database is driven by psycopg2.
        metadata_url = url.replace("+psycopg:", "+psycopg2:")
        with standalone(airflow_folder, metadata_url, region_on_postgres.environment) as airflow:
            airflow.send("POST", "/pools", {"name": "sis", "slots": 2, "description": "of the test"})
            run_id = airflow.trigger("nightly_roster")
            run = airflow.end_of("nightly_roster", run_id)
            night = airflow.tasks("nightly_roster", run_id)
            assert run["state"] == "success", airflow.log()
            assert ends(night, "night.finish") == {NORTH: "success", SOUTH: "success"}
            assert ends(night, "night.pull") == {NORTH: "success", SOUTH: "success", WEST: "failed"}
            assert {task["pool"] for task in night if task["task_id"] == "night.pull"} == {"sis"}

            region_on_postgres.release_finals(tmp_path)
            airflow.unpause("grade_writeback")
            airflow.end_of("grades_released", airflow.trigger("grades_released"))
            delivery = airflow.run_caused_by_asset("grade_writeback")
            run = airflow.end_of("grade_writeback", delivery)
            assert run["state"] == "success", airflow.log()
            delivered = ends(airflow.tasks("grade_writeback", delivery), "deliver")
            assert delivered == {NORTH: "success", SOUTH: "success"}
        assert processes_of(airflow.process.pid) == []
    logs = [path.read_text(errors="replace") for path in airflow_folder.rglob("*.log")]
    assert any("'confirmed': 3" in log for log in logs)
    assert region_on_postgres.leaks({"log": "\n".join(logs)}) == []


def ends(tasks: list[dict[str, object]], task_id: str) -> dict[object, object]:
    """Return how a mapped task that ran ended, by its label."""
    return {
        task["rendered_map_index"]: task["state"]
        for task in tasks
        if task["task_id"] == task_id and task["state"] != "upstream_failed"
    }
