"""House rules of the Dags, asked of what Airflow itself makes of the files."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.dags.airflow_home import DAGS_FOLDER, AirflowHome

pytestmark = [pytest.mark.airflow, pytest.mark.xdist_group("airflow")]

DAG_IDS = ("grade_writeback", "grades_released", "nightly_roster", "retention")
STAGES = ("pull", "normalize", "validate", "compare", "apply", "seats")
TALKS_TO_A_SIS = {"night.pull", "deliver"}


@pytest.fixture(scope="module")
def parsed(airflow_home: AirflowHome) -> dict[str, Any]:
    """What Airflow makes of the Dags folder."""
    return airflow_home.script("parse_dags")


def test_exactly_the_known_dags_are_found_and_none_is_broken(parsed: dict[str, Any]) -> None:
    assert parsed["import_errors"] == {}
    assert tuple(sorted(parsed["dags"])) == DAG_IDS


def test_each_dag_has_a_file_of_its_own_name(parsed: dict[str, Any]) -> None:
    assert {dag_id: Path(dag["file"]).stem for dag_id, dag in parsed["dags"].items()} == {
        dag_id: dag_id for dag_id in DAG_IDS
    }


@pytest.mark.parametrize("dag_id", DAG_IDS)
def test_a_dag_file_is_short(dag_id: str) -> None:
    assert len((DAGS_FOLDER / f"{dag_id}.py").read_text().splitlines()) <= 120


def test_parsing_brings_in_nothing_heavy(parsed: dict[str, Any]) -> None:
    assert parsed["heavy"] == []


def test_parsing_reads_nothing_and_speaks_to_nobody(parsed: dict[str, Any]) -> None:
    assert parsed["read"] == []


def test_a_file_that_reads_and_loads_at_parse_time_would_be_noticed(
    airflow_home: AirflowHome, tmp_path: Path
) -> None:
    note = tmp_path / "note.txt"
    note.write_text("tonight")
    (tmp_path / "greedy.py").write_text(f"import sisbridge.settings\nopen({str(note)!r}).close()\n")
    greedy = airflow_home.script("parse_dags", AIRFLOW__CORE__DAGS_FOLDER=str(tmp_path))
    assert greedy["heavy"] == ["sisbridge.settings"]
    assert greedy["read"][-1] == f"open {note}"


@pytest.mark.parametrize("dag_id", DAG_IDS)
def test_a_dag_has_owner_and_tags_and_runs_alone(parsed: dict[str, Any], dag_id: str) -> None:
    dag = parsed["dags"][dag_id]
    assert (dag["owner"], dag["catchup"], dag["max_active_runs"]) == ("sisbridge", False, 1)
    assert "sisbridge" in dag["tags"]
    assert len(dag["tags"]) == 2


@pytest.mark.parametrize("dag_id", DAG_IDS)
@pytest.mark.parametrize("paragraph", ["\nMoves:", "\nRuns for: now", "\nRerun:"])
def test_a_dag_says_what_it_moves_for_when_and_how_to_rerun_it(
    parsed: dict[str, Any], dag_id: str, paragraph: str
) -> None:
    assert paragraph in parsed["dags"][dag_id]["doc"]


@pytest.mark.parametrize("dag_id", ["nightly_roster", "grades_released", "retention"])
def test_no_schedule_falls_on_the_hour(parsed: dict[str, Any], dag_id: str) -> None:
    minute = parsed["dags"][dag_id]["schedule"].split()[0]
    assert minute in {"43", "8-53/15", "17"}


def test_the_write_back_waits_for_released_grades(parsed: dict[str, Any]) -> None:
    assert "sisbridge://grades/released" in parsed["dags"]["grade_writeback"]["schedule"]


@pytest.mark.parametrize("dag_id", DAG_IDS)
def test_every_task_gives_up_some_time(parsed: dict[str, Any], dag_id: str) -> None:
    timeouts = {name: task["timeout"] for name, task in parsed["dags"][dag_id]["tasks"].items()}
    assert timeouts
    assert all(timeouts.values()), timeouts


@pytest.mark.parametrize("dag_id", ["nightly_roster", "grade_writeback"])
def test_every_task_retries_only_what_passes_by_waiting(parsed: dict[str, Any], dag_id: str) -> None:
    tasks = parsed["dags"][dag_id]["tasks"].values()
    assert {(task["retries"], task["policy"]) for task in tasks} == {(3, "RetryAsAsked")}


def test_only_tasks_that_talk_to_a_sis_take_its_pool(parsed: dict[str, Any]) -> None:
    pools = {name: task["pool"] for dag in parsed["dags"].values() for name, task in dag["tasks"].items()}
    assert {name for name, pool in pools.items() if pool == "sis"} == TALKS_TO_A_SIS
    assert set(pools.values()) == {"sis", "default_pool"}


def test_the_stages_of_a_night_follow_one_another(parsed: dict[str, Any]) -> None:
    tasks = parsed["dags"]["nightly_roster"]["tasks"]
    chain = ["night.begin", *(f"night.{stage}" for stage in STAGES), "night.finish"]
    for earlier, later in pairwise(chain):
        assert earlier in tasks[later]["upstream"]
    assert tasks["count_outcomes"]["upstream"] == ["districts", "night.finish"]
    assert tasks["count_outcomes"]["trigger_rule"] == "all_done"


def test_every_mapped_task_is_labelled_with_its_district(parsed: dict[str, Any]) -> None:
    nightly, writeback = parsed["dags"]["nightly_roster"]["tasks"], parsed["dags"]["grade_writeback"]["tasks"]
    mapped = {name: task["label"] for name, task in nightly.items() if name.startswith("night.")}
    mapped["deliver"] = writeback["deliver"]["label"]
    assert len(mapped) == 9
    assert all(mapped.values()), mapped


def test_airflow_lists_us_among_its_providers(parsed: dict[str, Any]) -> None:
    assert parsed["provider"]["package-name"] == "sisbridge"
    assert parsed["provider"]["description"]
