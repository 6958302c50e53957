"""The write test of a check by each route: a test student's grade lands, is read back and is gone again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sisbridge.house import House
from sisbridge.store import seats as seat_store
from sisbridge.sync.check import check
from sisbridge.sync.night import sync_district
from sisbridge.sync.region import load_entries
from tests.routes.scenes import ROUTES, RouteScene

WRITTEN = ("test record", "nothing there", "write", "read back", "take back")
RENDERED = ("test record", "test file")


@pytest.fixture(params=ROUTES, ids=lambda make: make.__name__)
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RouteScene]:
    """A district's SIS with one class, and no grade in it."""
    with request.param(tmp_path / "sis") as made:
        yield made


def test_a_test_grade_passes_every_step_and_leaves_no_grade(scene: RouteScene, tmp_path: Path) -> None:
    house = scene.region.open(f"sqlite:///{tmp_path / 'store.db'}", tmp_path / "home")
    try:
        scene.load(house)
        assert sync_district(house, scene.district).state == "finished"
        student = mark_one(house, scene)
        reports = check(house, scene.district, student)
    finally:
        house.close()
    outcomes = {step.name: step.outcome for step in reports["write test"].steps}
    expected = WRITTEN if scene.enter else RENDERED
    assert outcomes == dict.fromkeys(expected, "passed"), reports
    assert scene.scores() == []


def mark_one(house: House, scene: RouteScene) -> str:
    """Mark the first student who has a seat as a test student, and return who it is."""
    with house.store.read() as conn:
        student = min(seat.student for seat in seat_store.seats(conn, scene.district))
    entries = scene.entries()
    for district in entries["district"]:
        district["settings"] = {**district["settings"], "test_students": [str(student)]}
    load_entries(house, entries, "tester")
    return str(student)
