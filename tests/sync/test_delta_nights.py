"""Nights that ask for changes only: what they apply, and when they give way to a full one."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from domain.errors import RetryLater
from domain.ids import DistrictCode
from domain.model import Mode
from domain.oneroster import Version
from domain.tables import RosterTable
from simulators.dataset import Dataset, manifest, zip_of
from simulators.oneroster.faults import Fault, FaultKind
from sisbridge.house import House
from sisbridge.store import roster as roster_store
from sisbridge.store import snapshots
from sisbridge.sync.answers.cases import open_cases
from sisbridge.sync.answers.waiting import standing_holds
from sisbridge.sync.context import STAGES
from sisbridge.sync.holding import decisions
from sisbridge.sync.night import NightOutcome, begin, finish, step, sync_district
from sisbridge.sync.roster.drift import last_drift
from sisbridge.sync.roster.told import Told, last_told
from tests.support.small_region import FILES, NOW, REST, SmallRegion, add_student, roster

Change = Callable[[Dataset, datetime], None]


def day(number: int) -> datetime:
    """Return the start of a night; the roster's own records are a day older than night 1."""
    return NOW + timedelta(days=number)


def night(house: House, region: SmallRegion, number: int, **settings: object) -> NightOutcome:
    """Run the REST district's night of a day, with deltas asked for."""
    region.load(house, day(number), **{"delta": True, **settings})
    return sync_district(house, REST)


def mode(house: House) -> Mode:
    """Return how the last applied roster was read."""
    with house.store.read() as conn:
        snapshot = snapshots.last_applied(conn, REST)
    assert snapshot is not None
    return snapshot.mode


def in_force(house: House) -> dict[str, list[dict[str, str | None]]]:
    """Return the REST district's roster of record, row by row, but for when the SIS touched a row."""
    return rows_of(house, REST)


def rows_of(house: House, district: DistrictCode) -> dict[str, list[dict[str, str | None]]]:
    """Return a district's roster of record as `in_force` does."""
    with house.store.read() as conn:
        return {
            table: roster_store.rows(conn, district, table).drop_columns(["date_last_modified"]).to_pylist()
            for table in RosterTable
        }


def test_changes_additions_and_deletions_are_applied_from_a_delta(
    any_house: House, region: SmallRegion
) -> None:
    night(any_house, region, 1)
    dataset, at = region.provider.dataset, day(1) + timedelta(hours=9)
    dataset.change("users", "u0", at, familyName="Changed")
    add_student(dataset, "u9", "900000009")
    dataset.change("users", "u9", at)
    dataset.change("enrollments", "e-u9", at)
    dataset.withdraw("enrollments", "e-u5", at)
    outcome = night(any_house, region, 2)
    assert (mode(any_house), outcome.state, outcome.counts["read"]) == (Mode.DELTA, "finished", 6)
    assert (outcome.counts["add"], outcome.counts["update"], outcome.counts["remove"]) == (3, 1, 1)


def test_a_delta_without_changes_changes_nothing(house: House, region: SmallRegion) -> None:
    night(house, region, 1)
    outcome = night(house, region, 2)
    assert (mode(house), outcome.counts["read"], outcome.counts["changes"]) == (Mode.DELTA, 0, 0)


def test_without_the_setting_every_night_is_a_full(house: House, region: SmallRegion) -> None:
    night(house, region, 1, delta=False)
    night(house, region, 2, delta=False)
    assert mode(house) is Mode.BULK


def test_the_window_reaches_back_by_the_skew(house: House, region: SmallRegion) -> None:
    night(house, region, 1, delta_skew_hours=3)
    region.provider.dataset.change("users", "u0", day(1) - timedelta(hours=2, minutes=59), familyName="Late")
    assert night(house, region, 2).counts["update"] == 1


@pytest.mark.parametrize(
    "setting", [{"delta": "yes"}, {"full_every_days": "weekly"}, {"delta_skew_hours": -1}]
)
def test_a_setting_of_the_wrong_kind_is_named(
    house: House, region: SmallRegion, setting: dict[str, object]
) -> None:
    outcome = night(house, region, 1, **setting)
    assert (outcome.state, outcome.code) == ("stopped", "CF45")


def test_a_full_comes_every_week(house: House, region: SmallRegion) -> None:
    modes = []
    for number in (1, 2, 7, 8, 9):
        night(house, region, number)
        modes.append(mode(house).value)
    assert modes == ["bulk", "delta", "delta", "bulk", "delta"]


@pytest.mark.parametrize("ahead", [[9], [2, 9]], ids=["a full", "a delta"])
def test_a_full_follows_a_night_whose_clock_ran_ahead(
    house: House, region: SmallRegion, ahead: list[int]
) -> None:
    for number in ahead:
        night(house, region, number, full_every_days=30)
    add_student(region.provider.dataset, "u9", "900000009")
    assert night(house, region, 3, full_every_days=30).counts["add"] == 3
    assert mode(house) is Mode.BULK


def test_a_full_follows_a_stopped_night(house: House, region: SmallRegion) -> None:
    night(house, region, 1)
    region.provider.faults.add(Fault(FaultKind.STATUS, path="users", status=500, times=None))
    assert night(house, region, 2).state == "stopped"
    region.provider.faults.clear()
    night(house, region, 3)
    assert mode(house) is Mode.BULK


def test_a_stage_that_is_tried_again_in_the_same_night_goes_on_with_its_delta(
    house: House, region: SmallRegion
) -> None:
    night(house, region, 1)
    region.load(house, day(2), delta=True)
    run_id = begin(house, REST)
    region.provider.faults.add(Fault(FaultKind.STATUS, path="users", status=500, times=None))
    with pytest.raises(RetryLater):
        step(house, REST, run_id, "pull")
    region.provider.faults.clear()
    for stage in STAGES:
        step(house, REST, run_id, stage)
    finish(house, REST, run_id)
    assert mode(house) is Mode.DELTA
    night(house, region, 3)
    assert mode(house) is Mode.DELTA


def test_a_row_that_vanished_without_a_word_is_noticed_by_the_count_and_proven_by_two_fulls(
    house: House, region: SmallRegion
) -> None:
    night(house, region, 1)
    region.provider.dataset.drop("enrollments", "e-u5")
    modes, counts = [], []
    for number in (2, 3, 4, 5):
        outcome = night(house, region, number)
        modes.append(mode(house).value)
        counts.append({op: outcome.counts[op] for op in ("missing", "remove") if op in outcome.counts})
    assert modes == ["delta", "bulk", "bulk", "delta"]
    assert counts == [{}, {"missing": 1}, {"remove": 1}, {}]


def test_a_new_row_may_refer_to_rows_already_in_force(house: House, region: SmallRegion) -> None:
    night(house, region, 1)
    enrollment = {**region.provider.dataset.records("enrollments")[0], "sourcedId": "again"}
    region.provider.dataset.add("enrollments", enrollment, day(1) + timedelta(hours=1))
    outcome = night(house, region, 2)
    assert (outcome.counts["quarantined"], outcome.counts["add"]) == (0, 1)


def test_a_held_row_is_asked_for_again_until_it_can_be_kept(house: House, region: SmallRegion) -> None:
    night(house, region, 1)
    add_student(region.provider.dataset, "u9", "1.23E+08")
    for collection, key in (("users", "u9"), ("enrollments", "e-u9")):
        region.provider.dataset.change(collection, key, day(1) + timedelta(hours=1))
    assert night(house, region, 2).counts["quarantined"] > 0
    assert (night(house, region, 3).counts["quarantined"] > 0, mode(house)) == (True, Mode.DELTA)


def test_the_case_of_a_hold_ends_with_it_though_a_delta_is_silent_of_both(
    house: House, region: SmallRegion
) -> None:
    region.posting_is_over = True
    night(house, region, 1)
    dataset, at = region.provider.dataset, day(1) + timedelta(hours=9)
    for student in ("u0", "u1", "u2"):
        dataset.withdraw("enrollments", f"e-{student}", at)
        dataset.withdraw("users", student, at)
    night(house, region, 2)
    night(house, region, 3)
    assert [case.rule for case in open_cases(house, REST)] == ["SZ10"]
    decisions.release(house, REST, "registrar", decisions.chosen(hold_id=1))
    assert (standing_holds(house, REST), open_cases(house, REST)) == ([], [])


def test_a_changed_mapping_asks_for_everything_so_that_rows_already_read_are_judged_by_it(
    house: House, region: SmallRegion
) -> None:
    night(house, region, 1)
    night(house, region, 2, rules={"ID03": {"severity": "drop value"}})
    assert mode(house) is Mode.BULK


@pytest.mark.parametrize("version", list(Version))
def test_a_user_who_changes_schools_loses_the_role_that_is_no_longer_listed(
    tmp_path: Path, version: Version
) -> None:
    with SmallRegion(tmp_path, version=version) as region:
        region.provider.dataset = two_schools()
        house = region.open(f"sqlite:///{tmp_path / 'store.db'}", tmp_path / "home")
        night(house, region, 1)
        moved = [{"roleType": "primary", "role": "student", "org": {"sourcedId": "s2", "type": "org"}}]
        region.provider.dataset.change("users", "u0", day(1) + timedelta(hours=1), roles=moved)
        counts = night(house, region, 2).counts
        assert (mode(house), counts["add"], counts["remove"]) == (Mode.DELTA, 1, 1)
        roles = [row for row in in_force(house)["roles"] if row["user_sourced_id"] == "u0"]
        house.close()
    assert [row["org_sourced_id"] for row in roles] == ["s2"]


def two_schools() -> Dataset:
    """Return the small roster with a second school."""
    dataset = roster()
    parent = {"sourcedId": "d", "type": "org"}
    dataset.add("orgs", {"sourcedId": "s2", "name": "Other", "type": "school", "parent": parent}, NOW)
    return dataset


def random_changes(dice: random.Random, dataset: Dataset, at: datetime) -> None:
    """Change a district as a day may: names, new students, departures, moves between schools."""
    live = [one["sourcedId"] for one in dataset.records("users") if one["status"] == "active"]
    for _ in range(dice.randint(0, 4)):
        match dice.choice(("rename", "join", "leave", "drop out", "move")):
            case "rename":
                dataset.change("users", dice.choice(live), at, familyName=f"Name{dice.random()}")
            case "join":
                new = f"n{dice.randrange(10**6)}"
                add_student(dataset, new, f"9{dice.randrange(10**8):08}")
                dataset.change("users", new, at)
                dataset.change("enrollments", f"e-{new}", at)
            case "leave" if len(live) > 3:
                gone = live.pop(dice.randrange(len(live)))
                dataset.withdraw("users", gone, at)
                dataset.withdraw("enrollments", f"e-{gone}", at)
            case "drop out":
                dataset.withdraw("enrollments", f"e-{dice.choice(live)}", at)
            case "move":
                org = {"sourcedId": dice.choice(("s", "s2")), "type": "org"}
                roles = [{"roleType": "primary", "role": "student", "org": org}]
                dataset.change("users", dice.choice(live), at, roles=roles)


@pytest.mark.parametrize("seed", range(3))
def test_any_changes_by_deltas_and_a_final_full_end_where_a_single_full_does(
    region: SmallRegion, tmp_path: Path, seed: int
) -> None:
    region.provider.dataset, dice = two_schools(), random.Random(seed)
    region.posting_is_over = True
    by_deltas = region.open(f"sqlite:///{tmp_path / 'deltas.db'}", tmp_path / "deltas")
    limits = {"thresholds": {"removed": 1, "updated": 1}}
    night(by_deltas, region, 1, **limits)
    for number in (2, 3, 4):
        random_changes(dice, region.provider.dataset, day(number) - timedelta(hours=8))
        night(by_deltas, region, number, **limits)
        assert mode(by_deltas) is Mode.DELTA
    before_the_full = in_force(by_deltas)
    night(by_deltas, region, 9, **limits)
    at_once = region.open(f"sqlite:///{tmp_path / 'once.db'}", tmp_path / "once")
    night(at_once, region, 9, **limits)
    assert mode(by_deltas) is mode(at_once) is Mode.BULK
    assert in_force(by_deltas) == in_force(at_once) == before_the_full
    by_deltas.close()
    at_once.close()


def drop_delta(region: SmallRegion) -> None:
    """Put a package with one changed user where the second district's SIS drops it."""
    changed = Dataset({"users": roster().collections["users"]})
    for number in range(1, 6):
        changed.drop("users", f"u{number}")
    changed.change("users", "u0", day(2), familyName="Changed")
    files = {"users.csv": changed.to_csv("users", Version.V1P1)}
    package = zip_of({"manifest.csv": manifest(Version.V1P1, ["users"], "delta"), **files})
    (region.sftp.outgoing(FILES) / "roster.zip").write_bytes(package)


def file_night(house: House, region: SmallRegion, number: int, **settings: object) -> NightOutcome:
    """Run the file district's night of a day, with deltas taken."""
    region.load(house, day(number), **{"delta": True, **settings})
    return sync_district(house, FILES)


def test_a_delta_package_is_applied_after_a_bulk_one(any_house: House, region: SmallRegion) -> None:
    file_night(any_house, region, 1)
    drop_delta(region)
    outcome = file_night(any_house, region, 2)
    assert (outcome.state, outcome.counts["update"], outcome.counts["changes"]) == ("finished", 1, 1)


def test_a_package_whose_files_are_all_absent_says_that_nothing_changed(
    any_house: House, region: SmallRegion
) -> None:
    file_night(any_house, region, 1)
    before = rows_of(any_house, FILES)
    quiet = zip_of({"manifest.csv": manifest(Version.V1P1, [], "delta")})
    (region.sftp.outgoing(FILES) / "roster.zip").write_bytes(quiet)
    outcome = file_night(any_house, region, 2)
    assert (outcome.state, outcome.counts["changes"], rows_of(any_house, FILES)) == ("finished", 0, before)
    drop_delta(region)
    assert file_night(any_house, region, 3).counts["update"] == 1
    (region.sftp.outgoing(FILES) / "roster.zip").write_bytes(quiet)
    assert file_night(any_house, region, 4, delta=False).code == "CF46"


def test_a_delta_package_is_refused_unless_the_district_takes_deltas(
    house: House, region: SmallRegion
) -> None:
    file_night(house, region, 1)
    drop_delta(region)
    assert file_night(house, region, 2, delta=False).code == "CF46"


def test_a_delta_package_is_refused_before_the_first_bulk_and_after_a_stopped_night(
    house: House, region: SmallRegion
) -> None:
    drop_delta(region)
    assert file_night(house, region, 1).code == "CF47"
    region.drop(roster())
    assert file_night(house, region, 2).state == "finished"
    (region.sftp.outgoing(FILES) / "roster.zip").write_bytes(b"torn")
    assert file_night(house, region, 3).state == "stopped"
    drop_delta(region)
    assert file_night(house, region, 4).code == "CF47"


def sides(house: House, table: str) -> list[tuple[str, int, int]]:
    """Return school, rows in the SIS and rows in force of a table, as counted last."""
    return [
        (line.school, line.in_the_sis, line.in_force)
        for line in last_drift(house, REST)[1]
        if line.table == table
    ]


def told_of_users(house: House) -> Told:
    """Return what the SIS tells of its users in all."""
    return next(one for one in last_told(house, REST) if one.table == "users")


def test_a_delta_night_shows_both_sides_and_what_the_sis_tells_in_all(
    any_house: House, region: SmallRegion
) -> None:
    night(any_house, region, 1)
    whole = last_drift(any_house, REST)[0]
    users = told_of_users(any_house)
    assert (users.told, users.left_out, users.beyond) == (users.in_the_sis, 0, 0)
    dataset, at = region.provider.dataset, day(1) + timedelta(hours=9)
    add_student(dataset, "u9", "900000009")
    dataset.change("users", "u9", at)
    dataset.change("enrollments", "e-u9", at)
    night(any_house, region, 2)
    assert mode(any_house) is Mode.DELTA
    assert last_drift(any_house, REST)[0] != whole
    ((_, in_the_sis, in_force),) = sides(any_house, "users")
    assert (in_the_sis, in_force) == (users.told + 1, users.told + 1)
    assert told_of_users(any_house) == Told("users", users.told + 1, 0, users.told + 1, 0)


def test_a_row_that_went_without_a_delta_telling_is_left_over_of_what_the_sis_tells(
    house: House, region: SmallRegion
) -> None:
    night(house, region, 1)
    users = told_of_users(house).told
    region.provider.dataset.drop("enrollments", "e-u0")
    region.provider.dataset.drop("users", "u0")
    night(house, region, 2)
    assert mode(house) is Mode.DELTA
    assert told_of_users(house) == Told("users", users - 1, 0, users, -1)
    night(house, region, 3)
    assert mode(house) is Mode.BULK
