"""Whole nights by `dag.test()` on real servers; how they ended is read from our own store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.ids import DistrictCode, RunId
from sisbridge.store import cases, runs, seats
from tests.dags.airflow_home import AirflowProcess
from tests.dags.region import BUSY, NORTH, SEATS, SOUTH, WEST, Region, running_region

pytestmark = [pytest.mark.airflow, pytest.mark.xdist_group("airflow"), pytest.mark.slow]

STAGES = ("pull", "normalize", "validate", "compare", "apply", "seats")
EVERY_TASK = {f"night.{name}" for name in ("begin", *STAGES, "finish")}


@pytest.fixture(scope="module")
def small_region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Region]:
    """A region of three districts, one of them with a wrong secret, in a store on SQLite."""
    folder = tmp_path_factory.mktemp("region")
    with running_region(folder, f"sqlite:///{folder / 'store.db'}") as region:
        yield region


@pytest.fixture(scope="module")
def night(small_region: Region, airflow_process: AirflowProcess) -> dict[str, Any]:
    """The first night: one district answers "busy" at first, one refuses our secret."""
    small_region.provider.faults.add(BUSY)
    return airflow_process.run_dag("nightly_roster", small_region.environment)


def states(night: dict[str, Any], label: str) -> dict[str, str]:
    """Return the state of each task of one district's night."""
    (index,) = {task["index"] for task in night["tasks"] if task["label"] == label}
    mapped = [task for task in night["tasks"] if task["task"] in EVERY_TASK and task["index"] == index]
    return {task["task"]: task["state"] for task in mapped}


def latest_run(region: Region, code: str) -> runs.Run:
    """Return the last run the store knows of a district."""
    with region.house.store.read() as conn:
        run = runs.latest(conn, DistrictCode(code))
    assert run is not None
    return run


@pytest.mark.parametrize("code", [NORTH, SOUTH])
def test_a_good_district_goes_through_every_stage_under_its_name(night: dict[str, Any], code: str) -> None:
    assert states(night, code) == dict.fromkeys(EVERY_TASK, "success")


@pytest.mark.parametrize("code", [NORTH, SOUTH])
def test_its_night_is_finished_in_the_store_and_its_students_have_seats(
    small_region: Region, night: dict[str, Any], code: str
) -> None:
    assert latest_run(small_region, code).state == "finished"
    with small_region.house.store.read() as conn:
        assert len(seats.seats(conn, DistrictCode(code))) == SEATS


def test_a_failing_district_stops_alone(small_region: Region, night: dict[str, Any]) -> None:
    ended = states(night, WEST)
    assert (ended["night.begin"], ended["night.pull"]) == ("success", "failed")
    assert {ended[task] for task in EVERY_TASK - {"night.begin", "night.pull"}} == {"upstream_failed"}
    assert night["state"] == "success"


def test_a_failing_district_leaves_its_reason_and_a_case(small_region: Region, night: dict[str, Any]) -> None:
    run = latest_run(small_region, WEST)
    assert (run.state, run.stage) == ("stopped", "pull")
    assert run.code in night["log"]
    assert run.fix
    with small_region.house.store.read() as conn:
        assert run.code in {case.rule for case in cases.open_cases(conn, DistrictCode(WEST))}


def test_only_the_busy_district_was_tried_again(night: dict[str, Any]) -> None:
    tries = {task["label"]: task["tries"] for task in night["tasks"] if task["task"] == "night.pull"}
    assert tries == {NORTH: 2, SOUTH: 1, WEST: 1}


def test_only_ids_pass_between_tasks(small_region: Region, night: dict[str, Any]) -> None:
    passed = {(x["task"], x["index"], x["key"]): x["value"] for x in night["xcoms"]}
    assert passed.pop(("districts", -1, "return_value")) == [NORTH, SOUTH, WEST]
    assert set(passed) == {("night.begin", index, "return_value") for index in range(3)}
    for (_, index, _), run_id in passed.items():
        with small_region.house.store.read() as conn:
            assert runs.get(conn, DistrictCode([NORTH, SOUTH, WEST][index]), RunId(run_id)).run_id == run_id


def test_nothing_personal_is_in_the_tasks_logs_or_in_airflows_database(
    small_region: Region, night: dict[str, Any]
) -> None:
    # However much is logged: the districts' SFTP and HTTP clients say a lot at this level.
    assert "[chan 0]" in night["log"]
    assert small_region.leaks(night) == []


def test_a_night_may_be_run_for_one_district_and_fails_when_too_many_stop(
    small_region: Region, night: dict[str, Any], airflow_process: AirflowProcess
) -> None:
    before = latest_run(small_region, NORTH).run_id
    again = airflow_process.run_dag("nightly_roster", small_region.environment, {"districts": [WEST]})
    assert again["state"] == "failed"
    assert "1 of 1 districts did not finish tonight: west" in again["log"]
    assert latest_run(small_region, NORTH).run_id == before
    assert latest_run(small_region, WEST).run_id != before


def test_a_task_of_an_old_night_does_nothing_once_a_newer_has_begun(
    small_region: Region, night: dict[str, Any], airflow_process: AirflowProcess
) -> None:
    old = latest_run(small_region, SOUTH)
    with small_region.house.store.begin("newer") as conn:
        runs.open_run(conn, DistrictCode(SOUTH), old.night_on, old.mode, old.started_at)
    repeated = airflow_process.repeat_step(small_region.environment, SOUTH, old.run_id, "apply")
    assert repeated["raised"].startswith("CF60: A newer run of district south has begun")
    with small_region.house.store.read() as conn:
        assert runs.get(conn, DistrictCode(SOUTH), old.run_id) == old


def test_a_night_without_a_key_fails_and_says_so(airflow_process: AirflowProcess, tmp_path: Path) -> None:
    night = airflow_process.run_dag("nightly_roster", {"SISBRIDGE_HOME": str(tmp_path)})
    assert night["state"] == "failed"
    assert "CF01: No master key is set." in night["log"]
    assert "The districts could not be listed" in night["log"]
