"""Grades released in the store reach the SISs by way of the asset, one mapped delivery a district."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from domain.ids import DistrictCode
from sisbridge.store import outbox
from sisbridge.sync import night
from tests.dags.airflow_home import AirflowProcess
from tests.dags.region import NORTH, SEATS, SOUTH, Region, running_region
from tests.support.leaks import PERCENT

pytestmark = [pytest.mark.airflow, pytest.mark.xdist_group("airflow"), pytest.mark.slow]

Looks = tuple[dict[str, Any], dict[str, Any]]


@pytest.fixture(scope="module")
def seated_region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Region]:
    """A region whose first two districts have been through a night."""
    folder = tmp_path_factory.mktemp("seated")
    with running_region(folder, f"sqlite:///{folder / 'store.db'}") as region:
        ended = night.sync_region(region.house, [DistrictCode(NORTH), DistrictCode(SOUTH)])
        assert [each.state for each in ended] == ["finished", "finished"]
        yield region


@pytest.fixture(scope="module")
def looks(
    seated_region: Region, airflow_process: AirflowProcess, tmp_path_factory: pytest.TempPathFactory
) -> Looks:
    """A look for released grades before, and one after, two districts' grades are released."""
    before = airflow_process.run_dag("grades_released", seated_region.environment)
    seated_region.release_finals(tmp_path_factory.mktemp("grades"))
    return before, airflow_process.run_dag("grades_released", seated_region.environment)


@pytest.fixture(scope="module")
def delivery(seated_region: Region, looks: Looks, airflow_process: AirflowProcess) -> dict[str, Any]:
    """A delivery while the second district's host key is not the one pinned."""
    seated_region.sftp.change_host_key()
    return airflow_process.run_dag("grade_writeback", seated_region.environment)


def outbox_states(region: Region, code: str) -> list[str]:
    """Return the states of a district's grades on their way."""
    with region.house.store.read() as conn:
        return [item.state.value for item in outbox.items(conn, DistrictCode(code))]


def test_nothing_released_is_a_skipped_look_and_no_update(looks: Looks) -> None:
    before, _ = looks
    assert [task["state"] for task in before["tasks"]] == ["skipped"]
    assert before["events"] == []


def test_released_grades_update_the_asset_and_carry_no_data(looks: Looks) -> None:
    _, after = looks
    assert [task["state"] for task in after["tasks"]] == ["success"]
    assert [event["uri"] for event in after["events"]] == ["sisbridge://grades/released"]
    assert not after["events"][0]["extra"]


def test_the_districts_with_grades_are_delivered_to_under_their_names(delivery: dict[str, Any]) -> None:
    ended = {task["label"]: task["state"] for task in delivery["tasks"] if task["task"] == "deliver"}
    assert ended == {NORTH: "success", SOUTH: "failed"}


def test_one_districts_failure_keeps_its_grades_and_leaves_the_others_alone(
    seated_region: Region, delivery: dict[str, Any]
) -> None:
    assert outbox_states(seated_region, NORTH) == ["confirmed"] * SEATS
    # Marked before the first byte is written: looked for before anything is sent again.
    assert outbox_states(seated_region, SOUTH) == ["sending"] * SEATS
    assert list(seated_region.sftp.inbox(SOUTH).iterdir()) == []
    assert delivery["state"] == "failed"


def test_the_grades_are_in_the_sis(seated_region: Region, delivery: dict[str, Any]) -> None:
    scores = [str(result["score"]) for result in seated_region.provider.gradebook()["results"]]
    assert [float(score) for score in scores] == [float(PERCENT)] * SEATS


def test_only_district_codes_pass_between_tasks(delivery: dict[str, Any]) -> None:
    assert [(x["task"], x["key"], x["value"]) for x in delivery["xcoms"]] == [
        ("districts", "return_value", [NORTH, SOUTH])
    ]


def test_no_grade_is_in_the_tasks_logs_or_in_airflows_database(
    seated_region: Region, delivery: dict[str, Any]
) -> None:
    assert seated_region.leaks(delivery) == []
    assert "'confirmed': 3" in delivery["log"]
