"""What goes night by night, each time too little to be held: it is said when it adds up."""

from __future__ import annotations

from datetime import date, timedelta

import sqlalchemy as sa

from domain.ids import SnapshotId
from simulators.dataset import Dataset
from sisbridge.house import House
from sisbridge.store import drift, runs
from sisbridge.store.tables.roster import change
from sisbridge.sync.answers.cases import open_cases
from sisbridge.sync.context import Stage
from sisbridge.sync.night import sync_district
from sisbridge.sync.roster.apply import NIGHTLY
from sisbridge.sync.roster.bleed import bleeding
from tests.support.small_region import FILES, NOW, SmallRegion, add_student, roster

LEAVING = [f"x{number}" for number in range(6)]
FEW = {"thresholds": {"floor": 10}}


def remaining(gone: int, note: str) -> Dataset:
    """Return a district of 46 students less so many, in a file that no other night has."""
    dataset = roster()
    for number in range(40):
        add_student(dataset, f"x{number}", f"8000000{number:02d}")
    for student in LEAVING[:gone]:
        dataset.drop("users", student)
        dataset.drop("enrollments", f"e-{student}")
    dataset.change("orgs", "s", NOW, name=f"School {note}")
    return dataset


def bled(house: House, region: SmallRegion, day: int, gone: int, **settings: object) -> list[str]:
    """Run the night of a day and return of which tables too much is gone by now."""
    region.posting_is_over = True
    region.load(house, NOW + timedelta(days=day), **settings)
    region.drop(remaining(gone, str(day)))
    outcome = sync_district(house, FILES)
    assert (outcome.state, outcome.counts["held"]) == ("finished", 0)
    return [case.table for case in open_cases(house, FILES) if case.rule == "SZ17"]


def test_a_slow_bleed_that_no_night_holds_is_said_when_it_adds_up_and_forgotten_after_two_weeks(
    any_house: House, region: SmallRegion
) -> None:
    # Rows go in the second night without them: by the fifth six are gone, of fifty five may go.
    nights = [bled(any_house, region, day, gone, **FEW) for day, gone in enumerate([0, 2, 4, 6, 6])]
    assert nights == [[], [], [], [], ["enrollments", "roles", "users"]]
    assert bled(any_house, region, 18, 6, **FEW) == []


def test_what_a_rollover_announced_is_no_bleeding(house: House, region: SmallRegion) -> None:
    first, last = NOW.date(), NOW.date() + timedelta(days=9)
    entry = {"from": str(first), "to": str(last), "tables": ["enrollments", "roles"]}
    settings = {"rollovers": [entry], "thresholds": {"floor": 10, "users": {"bled": 0.2}}}
    nights = [bled(house, region, day, gone, **settings) for day, gone in enumerate([0, 2, 4, 6, 6])]
    assert nights == [[]] * 5


def test_a_school_that_bleeds_in_a_large_district_is_named_by_itself(
    any_house: House, region: SmallRegion
) -> None:
    assert bled(any_house, region, 0, 0) == []
    night_on = NOW.date()
    with any_house.store.begin("history") as conn:
        run = runs.latest(conn, FILES)
        assert run is not None
        tell = {("enrollments", "s", "in force"): 200, ("enrollments", "t", "in force"): 900}
        drift.save(conn, FILES, run.run_id, tell)
        conn.execute(sa.insert(change), [gone(run.run_id, number, night_on) for number in range(30)])
        stage = Stage(any_house, any_house.district(FILES), run.run_id, SnapshotId(""), night_on)
        (found,) = bleeding(conn, stage)
    assert (found.table, found.group) == ("enrollments", "s")
    assert found.message.startswith(
        "30 rows of enrollments of school s went in the last two weeks out of 230"
    )


def gone(run_id: str, number: int, night_on: date) -> dict[str, object]:
    """Return the history of an enrollment that a night took off."""
    return {
        "district_code": FILES, "change_id": 1_000_000 + number, "snapshot_id": "", "run_id": run_id,
        "night_on": night_on, "roster_table": "enrollments", "sourced_id": f"gone-{number}", "op": "remove",
        "fields": "", "before": '{"school_sourced_id":"s"}', "decision": "apply",
        "decided_by": NIGHTLY, "at": NOW,
    }  # fmt: skip
