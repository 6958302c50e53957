"""A night again from its raw data: rehearsed, for real, and under edited settings."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from domain.errors import StopDistrict
from domain.model import Op
from domain.tables import RosterTable
from sisbridge.house import House
from sisbridge.store import audit, roster, runs, snapshots
from sisbridge.sync.answers.cases import open_cases
from sisbridge.sync.night import begin, sync_district
from sisbridge.sync.retain import retain
from sisbridge.sync.roster.changes import ChangedValue
from sisbridge.sync.roster.replay import merged, preview, rehearse, replay
from tests.support.small_region import FILES, NOW, REST, SmallRegion, add_student
from tests.support.small_region import roster as small_roster
from tests.support.store_dump import dump

ODD = {"mapping": {"codes": {"grade_levels": {"Sophomorish": "10"}}}}


def users(house: House) -> set[str]:
    """Return the users in force."""
    with house.store.read() as conn:
        return set(roster.rows(conn, REST, RosterTable.USERS, ["sourced_id"]).column(0).to_pylist())


def test_a_rehearsed_replay_shows_the_night_and_changes_nothing(
    any_house: House, region: SmallRegion
) -> None:
    sync_district(any_house, REST)
    region.load(any_house, NOW + timedelta(days=1))
    add_student(region.provider.dataset, "u9", "900000009")
    sync_district(any_house, REST)
    in_force = users(any_house)
    done = rehearse(any_house, REST, NOW.date())
    assert (done.night_on, done.counts["read"], done.counts["clean"]) == (NOW.date(), 24, 24)
    assert {(row.table, row.op) for row in done.changes} == {
        (RosterTable.USERS, Op.MISSING),
        (RosterTable.ROLES, Op.MISSING),
        (RosterTable.ENROLLMENTS, Op.MISSING),
    }
    assert users(any_house) == in_force
    assert open_cases(any_house, REST) == []
    assert rehearse(any_house, REST).counts["changes"] == 0


def test_a_replay_uses_todays_mapping_or_that_nights(house: House, region: SmallRegion) -> None:
    region.provider.dataset.records("users")[0]["grades"] = ["Sophomorish"]
    sync_district(house, REST)
    assert "u0" not in users(house)
    region.load(house, **ODD)
    assert rehearse(house, REST, as_then=True).counts["quarantined"] > 0
    done = rehearse(house, REST)
    assert done.counts["quarantined"] == 0
    assert [row.sourced_id for row in done.changes if row.table is RosterTable.USERS] == ["u0"]


def test_a_replay_for_real_applies_last_nights_data_under_the_mended_mapping(
    any_house: House, region: SmallRegion
) -> None:
    region.provider.dataset.records("users")[0]["grades"] = ["Sophomorish"]
    sync_district(any_house, REST)
    assert [case.rule for case in open_cases(any_house, REST)] == ["CD02"]
    region.load(any_house, **ODD)
    requests = len(region.provider.requests)
    done = replay(any_house, REST, "tester")
    assert done.counts["add"] > 0
    assert "u0" in users(any_house)
    assert open_cases(any_house, REST) == []
    assert len(region.provider.requests) == requests
    with any_house.store.read() as conn:
        assert audit.verify(conn, REST)


def test_the_same_night_again_proves_no_second_absence(house: House, region: SmallRegion) -> None:
    sync_district(house, REST)
    region.load(house, NOW + timedelta(days=1))
    region.provider.dataset = small_roster(5)
    assert sync_district(house, REST).counts["missing"] == 3
    region.load(house, NOW + timedelta(days=2))
    assert replay(house, REST, "tester").counts["changes"] == 0
    assert "u5" in users(house)


def test_a_rehearsed_replay_and_a_preview_say_what_would_wait_and_why(
    house: House, region: SmallRegion
) -> None:
    crowd = small_roster()
    for number in range(40):
        add_student(crowd, f"x{number}", f"8000000{number:02d}")
    region.provider.dataset = crowd
    sync_district(house, REST)
    region.load(house, NOW + timedelta(days=1))
    for number in range(40):
        crowd.change("users", f"x{number}", NOW, familyName="Other")
    add_student(crowd, "u9", "900000009")
    sync_district(house, REST)
    replayed = rehearse(house, REST, most=3)
    previewed = preview(house, REST, {"thresholds": {"updated": 1}}, most=3)
    for found, held, flowing in ((replayed.outlook, 40, {}), (previewed.outlook, 0, {"update": 40})):
        (users_then,) = (one for one in found.tables if one.table is RosterTable.USERS)
        assert (users_then.clean, users_then.in_force, users_then.would_be) == (47, 47, 47)
        assert (users_then.held, users_then.flowing) == (held, flowing)
    (why,) = replayed.outlook.withheld
    assert (why.rows, why.rule, why.table, why.school, why.direction) == (40, "SZ11", "users", "s", "update")
    assert [(row.sourced_id, row.op) for row in replayed.outlook.held_rows] == [
        ("x0", Op.UPDATE), ("x1", Op.UPDATE), ("x10", Op.UPDATE),
    ]  # fmt: skip
    assert "Other" not in str(replayed.outlook.held_rows)
    assert (previewed.outlook.withheld, previewed.outlook.held_rows) == ((), ())


def test_an_older_night_replaces_a_newer_roster_only_when_told_so(house: House, region: SmallRegion) -> None:
    sync_district(house, REST)
    region.load(house, NOW + timedelta(days=1))
    region.provider.dataset.records("classes")[0]["title"] = "Physics, renamed"
    sync_district(house, REST)
    with pytest.raises(StopDistrict, match="CF74"):
        replay(house, REST, "tester", NOW.date())
    assert replay(house, REST, "tester", NOW.date(), over_newer=True).counts["update"] == 1
    with house.store.read() as conn:
        assert roster.rows(conn, REST, RosterTable.CLASSES, ["title"]).column(0).to_pylist() == ["Physics 1"]


def test_a_rehearsal_interrupts_no_running_night_and_ends_no_right_to_go_on(
    house: House, region: SmallRegion
) -> None:
    sync_district(house, REST)
    tonight = begin(house, REST)
    rehearse(house, REST)
    with house.store.read() as conn:
        assert runs.get(conn, REST, tonight).state == "running"
        newest = runs.latest(conn, REST)
    assert newest is not None
    assert newest.run_id == tonight


def test_a_rehearsal_that_stops_opens_no_case(house: House, region: SmallRegion) -> None:
    sync_district(house, REST)
    region.load(house, mapping={"codes": {"grade_levels": {"10": "no such code"}}})
    before = dump(house.store)
    with pytest.raises(StopDistrict, match="CF31"):
        rehearse(house, REST)
    after = dump(house.store)
    assert open_cases(house, REST) == []
    assert {name for name in before if before[name] != after[name]} <= {
        "run",
        "run_stage",
        "snapshot",
        "snapshot_table",
    }


def test_a_night_that_was_not_pulled_or_whose_raw_data_is_gone_says_so(
    house: House, region: SmallRegion
) -> None:
    with pytest.raises(StopDistrict, match="CF72"):
        rehearse(house, REST)
    for days in (0, 20, 40):
        region.load(house, NOW + timedelta(days=days))
        sync_district(house, REST)
    retain(house, REST)
    with pytest.raises(StopDistrict, match=r"CF73: .*2026-03-01"):
        rehearse(house, REST, NOW.date())
    with pytest.raises(StopDistrict, match="CF72"):
        rehearse(house, REST, date(2020, 1, 1))


def test_a_preview_counts_before_and_after_and_masks_what_changes(house: House, region: SmallRegion) -> None:
    region.provider.dataset.records("users")[0]["grades"] = ["Sophomorish"]
    sync_district(house, REST)
    before = users(house)
    done = preview(house, REST, ODD)
    assert (done.before["quarantined"], done.after["quarantined"]) == (3, 0)
    (added,) = [row for row in done.changes if row.table is RosterTable.USERS]
    assert (added.sourced_id, added.op) == ("u0", Op.ADD)
    shown = {value.field: value for value in added.values}
    assert shown["grades"] == ChangedValue("grades", "", "10")
    assert shown["identifier"].after == "(hidden)"
    assert shown["family_name"].after == "(hidden)"
    assert users(house) == before
    with house.store.read() as conn:
        newest = snapshots.of_night(conn, REST)
    assert newest is not None
    assert rehearse(house, REST).counts["quarantined"] == 3


def test_a_preview_of_a_column_edit_shows_the_rows_that_would_differ(
    house: House, region: SmallRegion
) -> None:
    sync_district(house, REST)
    done = preview(house, REST, {"mapping": {"columns": {"classes": {"title": "sourcedId"}}}}, most=1)
    assert [(row.table, row.op, [v.field for v in row.values]) for row in done.changes] == [
        (RosterTable.CLASSES, Op.UPDATE, ["title"])
    ]


def test_a_preview_leaves_nothing_landed(house: House, region: SmallRegion) -> None:
    sync_district(house, FILES)
    folder = house.settings.home / "landing" / FILES
    before = sorted(path.name for path in folder.iterdir())
    preview(house, FILES, ODD)
    assert sorted(path.name for path in folder.iterdir()) == before


def test_an_edit_is_laid_over_the_settings_table_by_table() -> None:
    settings = {"mapping": {"codes": {"a": {"x": "1"}}}, "delta": True}
    edit = {"mapping": {"codes": {"a": {"y": "2"}}}, "delta": False}
    assert merged(settings, edit) == {"mapping": {"codes": {"a": {"x": "1", "y": "2"}}}, "delta": False}
    assert settings["delta"] is True
