"""The door's own code: when to retry, and how our failures are said in Airflow's words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dags.airflow_home import AirflowHome

pytestmark = [pytest.mark.airflow, pytest.mark.xdist_group("airflow")]


@pytest.fixture(scope="module")
def door(airflow_home: AirflowHome) -> dict[str, Any]:
    """What the door decides and raises."""
    return airflow_home.script("door_facts", SISBRIDGE_HOME=str(airflow_home.folder), SISBRIDGE_DEMO="true")


@pytest.mark.parametrize(
    ("failure", "action", "wait"),
    [
        ("asked to wait", "retry", 90.0),
        ("asked to wait for days", "retry", 3600.0),
        ("away", "default", None),
        ("stopped", "fail", None),
        ("broken", "fail", None),
        ("rejected", "fail", None),
        ("given up", "fail", None),
        ("bug", "fail", None),
    ],
)
def test_only_what_passes_by_waiting_is_tried_again(
    door: dict[str, Any], failure: str, action: str, wait: float | None
) -> None:
    assert door["decisions"][failure] == [action, wait]


def test_the_dag_has_the_stages_of_the_night(door: dict[str, Any]) -> None:
    assert door["stages"] is True


def test_a_stopped_district_fails_its_task_for_good_and_says_the_fix(door: dict[str, Any]) -> None:
    kind, text = door["StopDistrict"]
    assert kind == "AirflowFailException"
    assert "CN03: The secret is wrong. Ask for a new one." in text


def test_a_busy_sis_reaches_airflow_as_what_it_is(door: dict[str, Any]) -> None:
    kind, text = door["RetryLater"]
    assert kind == "RetryLater"
    assert "CN05: Too many requests." in text


@pytest.mark.parametrize("failure", ["StopDistrict", "RetryLater"])
def test_no_task_shows_the_cause_of_a_failure(door: dict[str, Any], failure: str) -> None:
    assert "Traceback" in door[failure][1]
    assert "Lovelace" not in door[failure][1]
