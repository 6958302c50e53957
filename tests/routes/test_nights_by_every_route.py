"""A night by each route: grades released, delivered, proven; a registrar's change; the same night again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.registry import GRADE_ROUTES
from domain.grading import OutboxState
from sisbridge.house import House
from sisbridge.store import outbox
from sisbridge.store import seats as seat_store
from sisbridge.sync.answers.cases import open_cases
from sisbridge.sync.grades.choose import send_ours
from sisbridge.sync.grades.collect_grades import collect_from
from sisbridge.sync.grades.release import release
from sisbridge.sync.grades.writeback import DeliveryCounts, deliver
from sisbridge.sync.night import sync_district
from tests.routes.scenes import ROUTES, RouteScene

READ_BACK = [make for make in ROUTES if not make.__name__.endswith(("_file", "_import"))]
"""A SIS that takes files shows nobody what it holds, so that nobody there is contradicted."""


@pytest.fixture(params=ROUTES, ids=lambda make: make.__name__)
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RouteScene]:
    """A district's SIS with one class, and no grade in it."""
    with request.param(tmp_path / "sis") as made:
        yield made


@pytest.fixture
def house(scene: RouteScene, tmp_path: Path) -> Iterator[House]:
    """A house with the district's roster in force and its route loaded."""
    house = scene.region.open(f"sqlite:///{tmp_path / 'store.db'}", tmp_path / "home")
    scene.load(house)
    assert sync_district(house, scene.district).state == "finished"
    yield house
    house.close()


def test_a_progress_report_takes_the_same_way_under_its_own_name(house: House, scene: RouteScene) -> None:
    assert graded(house, scene, "88.5").queued == 0
    final = scene.state()
    counts = graded(house, scene, "71", column=("Mid", "progress"))
    assert (counts.delivered + counts.confirmed, scene.scores()) == (2, [71.0, 88.5])
    assert scene.state() != final


def graded(
    house: House, scene: RouteScene, *percents: str, column: tuple[str, str] = ("Final", "final")
) -> DeliveryCounts:
    """Collect, release and deliver a percent for each of the first students."""
    with house.store.read() as conn:
        students = sorted(seat.student for seat in seat_store.seats(conn, scene.district))
    rows = [f"{scene.district},{one},{percent}" for one, percent in zip(students, percents, strict=False)]
    path = scene.region.grade_file(rows)
    path.write_text(path.read_text().replace(",Final,final,", f",{','.join(column)},"))
    collect_from(house, path)
    release(house, scene.district, "tester")
    return deliver(house, scene.district)


def grade_cases(house: House, scene: RouteScene) -> list[str]:
    """Return the rules of the district's open cases about grades."""
    return [case.rule for case in open_cases(house, scene.district) if case.table == "grades"]


def test_grades_are_released_delivered_and_proven_and_the_same_night_again_sends_nothing(
    house: House, scene: RouteScene
) -> None:
    counts = graded(house, scene, "88.5", "77", "66.6")
    if scene.pick_up:
        assert (counts.delivered, counts.confirmed) == (3, 0)
        scene.pick_up()
        counts = deliver(house, scene.district)
    assert (counts.confirmed, scene.scores()) == (3, [66.6, 77.0, 88.5])
    before = scene.state()
    assert sync_district(house, scene.district).state == "finished"
    again = graded(house, scene, "88.5", "77", "66.6")
    assert (again.sent, again.confirmed, scene.state()) == (0, 3, before)
    assert grade_cases(house, scene) == []


@pytest.mark.parametrize("scene", READ_BACK, ids=lambda make: make.__name__, indirect=True)
def test_a_registrars_change_is_a_conflict_until_a_person_chooses(house: House, scene: RouteScene) -> None:
    assert scene.enter
    graded(house, scene, "88.5", "77")
    scene.enter(90.0)
    counts = graded(house, scene, "89", "78")
    assert (counts.conflict, counts.confirmed, scene.scores()) == (1, 1, [78.0, 90.0])
    assert grade_cases(house, scene) == ["WB10"]
    with house.store.read() as conn:
        (item,) = outbox.items(conn, scene.district, [OutboxState.CONFLICT])
    assert send_ours(house, scene.district, item.item_id, "tester") is OutboxState.CONFIRMED
    assert (scene.scores(), grade_cases(house, scene)) == ([78.0, 89.0], [])


def test_a_correction_goes_over_our_own_grade_or_into_a_file_after_ours(
    house: House, scene: RouteScene
) -> None:
    graded(house, scene, "88.5", "77")
    counts = graded(house, scene, "91", "77")
    if scene.pick_up:
        assert (counts.delivered, counts.queued, scene.scores()) == (1, 1, [77.0, 88.5])
        assert grade_cases(house, scene) == ["WB34"]
        scene.pick_up()
        counts = deliver(house, scene.district)
        assert (counts.delivered, counts.confirmed, scene.scores()) == (1, 1, [77.0, 88.5, 91.0])
        assert grade_cases(house, scene) == []
    else:
        assert (counts.confirmed, scene.scores()) == (2, [77.0, 91.0])


def test_every_route_has_its_night() -> None:
    assert {make.__name__.removesuffix("_xte") for make in ROUTES} == set(GRADE_ROUTES)
