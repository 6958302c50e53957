"""What is held over whole nights, and what a person's decision makes of it."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from domain.errors import StopDistrict
from domain.tables import RosterTable
from simulators.dataset import Dataset
from sisbridge.house import House
from sisbridge.store import audit, runs, snapshots
from sisbridge.store import roster as roster_store
from sisbridge.store.tables.region import audit as audit_table
from sisbridge.store.tables.roster import change
from sisbridge.sync import night as night_steps
from sisbridge.sync.answers.cases import open_cases
from sisbridge.sync.answers.waiting import standing_holds
from sisbridge.sync.grades.collect_grades import collect_from
from sisbridge.sync.grades.release import release
from sisbridge.sync.grades.writeback import deliver
from sisbridge.sync.holding import decisions
from sisbridge.sync.holding.held_fields import FieldChange
from sisbridge.sync.night import NightOutcome, sync_district
from sisbridge.sync.region import load_entries
from sisbridge.sync.roster import window
from sisbridge.sync.roster.replay import replay
from tests.support.small_region import FILES, NOW, REST, SmallRegion, add_student, roster


def crowd() -> Dataset:
    """Return a district of 46 students."""
    dataset = roster()
    for number in range(40):
        add_student(dataset, f"x{number}", f"8000000{number:02d}")
    return dataset


def without(dataset: Dataset, *students: str) -> Dataset:
    """Return a data set without these students and their enrollments."""
    for student in students:
        dataset.drop("users", student)
        dataset.drop("enrollments", f"e-{student}")
    return dataset


GONE = tuple(f"x{number}" for number in range(15))


def night(
    house: House, region: SmallRegion, number: int, dataset: Dataset, **settings: object
) -> NightOutcome:
    """Run the file district's night of a day, over a bulk file."""
    region.posting_is_over = True
    region.load(house, NOW + timedelta(days=number), **settings)
    region.drop(dataset)
    return sync_district(house, FILES)


def users(house: House) -> int:
    """Return how many users are in force."""
    with house.store.read() as conn:
        return roster_store.count(conn, FILES)["users"]  # type: ignore[index]


def deciders(house: House) -> set[str]:
    """Return who is named in the history of removals."""
    with house.store.read() as conn:
        query = sa.select(change.c.decided_by).where(change.c.op.in_(["remove", "missing"]))
        return set(conn.scalars(query))


def test_a_half_file_removes_nobody_and_the_next_good_file_closes_the_hold(
    any_house: House, region: SmallRegion
) -> None:
    night(any_house, region, 0, crowd())
    assert night(any_house, region, 1, without(crowd(), *GONE)).counts["held"] == 45
    (hold,) = standing_holds(any_house, FILES)
    assert (hold.kind, hold.table, hold.school, hold.rows, hold.state) == (
        "removals",
        "users",
        "s",
        45,
        "open",
    )
    assert night(any_house, region, 2, crowd()).counts["changes"] == 0
    assert standing_holds(any_house, FILES) == []
    assert (users(any_house), open_cases(any_house, FILES)) == (46, [])


def test_a_released_removal_that_two_nights_have_seen_is_applied_at_once_in_the_persons_name(
    any_house: House, region: SmallRegion
) -> None:
    night(any_house, region, 0, crowd())
    night(any_house, region, 1, without(crowd(), *GONE))
    night(any_house, region, 2, without(crowd(), *GONE))
    done = decisions.release(any_house, FILES, "registrar", decisions.chosen(hold_id=1))
    assert (done.changes, done.applied) == (45, {"remove": 45})
    assert (users(any_house), deciders(any_house)) == (31, {"registrar"})
    assert (standing_holds(any_house, FILES), open_cases(any_house, FILES)) == ([], [])
    assert night(any_house, region, 3, without(crowd(), *GONE)).counts["changes"] == 0


def test_a_release_on_the_first_night_marks_and_the_second_night_removes_without_asking_again(
    house: House, region: SmallRegion
) -> None:
    night(house, region, 0, crowd())
    night(house, region, 1, without(crowd(), *GONE))
    assert decisions.release(house, FILES, "registrar", decisions.chosen(hold_id=1)).applied == {
        "missing": 45
    }
    assert users(house) == 46
    outcome = night(house, region, 2, without(crowd(), *GONE))
    assert (outcome.counts["remove"], outcome.counts["held"], deciders(house)) == (45, 0, {"registrar"})


def test_a_released_row_that_is_back_stays(house: House, region: SmallRegion) -> None:
    night(house, region, 0, crowd())
    night(house, region, 1, without(crowd(), *GONE))
    decisions.release(house, FILES, "registrar", decisions.chosen(hold_id=1))
    assert night(house, region, 2, without(crowd(), *GONE[1:])).counts["return"] == 3
    assert users(house) == 46 - 14


def test_a_discarded_hold_is_not_asked_again_and_its_case_says_who_keeps_it(
    any_house: House, region: SmallRegion
) -> None:
    night(any_house, region, 0, crowd())
    night(any_house, region, 1, without(crowd(), *GONE))
    assert decisions.discard(any_house, FILES, "registrar", decisions.chosen(hold_id=1)).changes == 45
    for number in (2, 3):
        outcome = night(any_house, region, number, without(crowd(), *GONE))
        assert (outcome.counts["held"], outcome.counts["refused"]) == (0, 45)
    (case,) = open_cases(any_house, FILES)
    assert (case.rule, "registrar" in case.message, users(any_house)) == ("SZ15", True, 46)
    assert night(any_house, region, 4, without(crowd(), *GONE, "x20")).counts["missing"] == 3


def test_who_lets_tonights_rows_go_does_not_let_go_of_what_was_refused(
    house: House, region: SmallRegion
) -> None:
    night(house, region, 0, crowd())
    night(house, region, 1, without(crowd(), *GONE))
    decisions.discard(house, FILES, "registrar", decisions.chosen(hold_id=1))
    more = tuple(f"x{number}" for number in range(20, 30))
    night(house, region, 2, without(crowd(), *GONE, *more))
    night(house, region, 3, without(crowd(), *GONE, *more))
    (hold,) = standing_holds(house, FILES)
    assert (hold.hold_id, hold.rows, hold.state) == (1, 75, "open")
    done = decisions.release(house, FILES, "director", decisions.chosen(hold_id=1))
    assert (done.changes, done.applied, users(house)) == (30, {"remove": 30}, 36)
    done = decisions.release(house, FILES, "director", decisions.chosen(hold_id=1))
    assert (done.changes, users(house)) == (45, 21)


def test_a_release_after_a_replay_is_dated_when_it_was_decided(house: House, region: SmallRegion) -> None:
    night(house, region, 0, crowd())
    night(house, region, 1, without(crowd(), *GONE))
    region.load(house, NOW + timedelta(days=5))
    replay(house, FILES, "director")
    assert decisions.release(house, FILES, "registrar", decisions.chosen(hold_id=1)).applied
    with house.store.read() as conn:
        dated = set(conn.scalars(sa.select(change.c.night_on).where(change.c.op == "missing")))
    assert dated == {(NOW + timedelta(days=5)).date()}


def test_updates_are_held_by_school_and_a_refusal_ends_when_the_row_asks_for_something_else(
    house: House, region: SmallRegion
) -> None:
    night(house, region, 0, crowd())
    assert night(house, region, 1, renamed("Typo")).counts["held"] == 40
    decisions.discard(house, FILES, "registrar", decisions.chosen(table="users", direction="update"))
    assert night(house, region, 2, renamed("Typo")).counts["refused"] == 40
    assert night(house, region, 3, renamed("Other")).counts["held"] == 40
    done = decisions.release(house, FILES, "registrar", decisions.chosen(school="s"))
    assert done.applied == {"update": 40}


def renamed(name: str) -> Dataset:
    """Return the crowd with 40 of 46 students renamed."""
    dataset = crowd()
    for number in range(40):
        dataset.change("users", f"x{number}", NOW, familyName=name)
    return dataset


def test_a_release_of_an_older_night_makes_no_stopped_night_good(house: House, region: SmallRegion) -> None:
    night(house, region, 0, crowd(), delta=True)
    night(house, region, 1, without(crowd(), *GONE), delta=True)
    (region.sftp.outgoing(FILES) / "roster.zip").write_bytes(b"torn")
    region.load(house, NOW + timedelta(days=2), delta=True)
    stopped = sync_district(house, FILES).code
    assert decisions.release(house, FILES, "registrar", decisions.chosen(hold_id=1)).applied
    assert stopped in {case.rule for case in open_cases(house, FILES)}
    with house.store.read() as conn:
        assert window.DOUBT in snapshots.bookmarks(conn, FILES)
    assert night(house, region, 3, without(crowd(), *GONE), delta=True).state == "finished"
    assert open_cases(house, FILES) == []
    with house.store.read() as conn:
        assert window.DOUBT not in snapshots.bookmarks(conn, FILES)


def test_a_hold_of_updates_says_which_field_changes_and_how_often_it_becomes_blank(
    house: House, region: SmallRegion
) -> None:
    night(house, region, 0, crowd())
    lost = crowd()
    for number, user in enumerate(lost.records("users")):
        lost.change("users", user["sourcedId"], NOW, grades=[] if number else ["11"])
    night(house, region, 1, lost)
    found = decisions.contents(house, FILES, 1)
    many = len(lost.records("users"))
    assert found.fields == (FieldChange("users", "grades", many, many - 1),)
    assert decisions.contents(house, FILES, 1).hold.rule == "SZ11"


def test_a_part_of_a_hold_can_be_released(house: House, region: SmallRegion) -> None:
    night(house, region, 0, crowd())
    for number in (1, 2):
        night(house, region, number, without(crowd(), *GONE))
    done = decisions.release(house, FILES, "registrar", decisions.chosen(table="enrollments"))
    assert (done.changes, done.applied) == (15, {"remove": 15})
    found = decisions.contents(house, FILES, 1)
    assert dict(found.tally) == {("roles", "s", "remove", "hold"): 15, ("users", "s", "remove", "hold"): 15}


def test_a_student_who_is_gone_waits_while_an_enrollment_stays_in_force(
    house: House, region: SmallRegion
) -> None:
    night(house, region, 0, crowd())
    left = crowd()
    left.drop("users", "x0")
    night(house, region, 1, left)
    outcome = night(house, region, 2, left)
    assert (outcome.counts["waiting"], outcome.counts["remove"], users(house)) == (1, 1, 46)
    assert {case.rule for case in open_cases(house, FILES)} == {"RF01", "RF11"}
    left.drop("enrollments", "e-x0")
    night(house, region, 3, left)
    outcome = night(house, region, 4, left)
    assert (outcome.counts["waiting"], outcome.counts["remove"]) == (0, 2)


def test_a_student_with_grades_in_flight_is_removed_by_a_person_only(
    house: House, region: SmallRegion
) -> None:
    sync_district(house, FILES)
    for number in (1, 2):
        region.drop(without(roster(), "u5"))
        region.load(house, NOW + timedelta(days=number))
        outcome = sync_district(house, FILES)
    assert (outcome.counts["held"], users(house)) == (3, 6)
    assert [(one.kind, one.rule) for one in standing_holds(house, FILES)] == [("in flight", "SZ13")]
    assert decisions.release(house, FILES, "registrar", decisions.chosen(hold_id=1)).applied == {"remove": 3}


def test_a_decision_is_audited_and_the_chain_stays_whole(house: House, region: SmallRegion) -> None:
    night(house, region, 0, crowd())
    night(house, region, 1, without(crowd(), *GONE))
    decisions.discard(house, FILES, "registrar", decisions.chosen(school="s", direction="remove"))
    with house.store.read() as conn:
        actions = list(
            conn.execute(sa.select(audit_table.c.actor, audit_table.c.action, audit_table.c.subject))
        )
        assert audit.verify(conn, FILES)
    assert ("registrar", "held changes discarded", "school s; op missing,remove; 45 changes") in actions


def test_a_decision_on_nothing_is_refused(house: House, region: SmallRegion) -> None:
    night(house, region, 0, crowd())
    with pytest.raises(StopDistrict, match="CF80"):
        decisions.release(house, FILES, "registrar", decisions.chosen(hold_id=7))
    with pytest.raises(StopDistrict, match="CF81"):
        decisions.release(house, FILES, "registrar", decisions.chosen(school="z"))


@pytest.mark.parametrize("wrong", [{"table": "pupils"}, {"direction": "sideways"}])
def test_a_table_or_op_that_does_not_exist_is_named(wrong: dict[str, str]) -> None:
    with pytest.raises(StopDistrict, match="CF81"):
        decisions.chosen(**wrong)  # type: ignore[arg-type]


def test_a_rehearsal_opens_no_hold(house: House, region: SmallRegion) -> None:
    night(house, region, 0, crowd())
    region.load(house, NOW + timedelta(days=1))
    region.drop(without(crowd(), *GONE))
    assert sync_district(house, FILES, rehearse=True).counts["held"] == 45
    assert standing_holds(house, FILES) == []


def test_in_a_declared_rollover_thresholds_are_lifted_and_its_end_is_exclusive(
    house: House, region: SmallRegion
) -> None:
    days = {"from": (NOW + timedelta(days=1)).date(), "to": (NOW + timedelta(days=3)).date()}
    rollovers = [
        {key: day.isoformat() for key, day in days.items()} | {"reason": "new year", "tables": ["users"]}
    ]
    night(house, region, 0, crowd(), rollovers=rollovers)
    outcome = night(house, region, 1, without(crowd(), *GONE), rollovers=rollovers)
    assert (outcome.counts["held"], outcome.counts["missing"]) == (0, 45)
    assert night(house, region, 3, without(crowd(), *GONE), rollovers=rollovers).counts["held"] == 45


def test_a_rollover_may_only_widen_the_thresholds(house: House, region: SmallRegion) -> None:
    window = {"from": "2026-01-01", "to": "2026-02-01", "tables": ["users"], "removed": 0.3}
    night(house, region, 0, crowd())
    assert night(house, region, 1, without(crowd(), *GONE), rollovers=[window]).counts["held"] == 45
    assert night(house, region, 2, without(crowd(), *GONE[:13]), rollovers=[window]).counts["remove"] == 39


def test_a_rollover_of_classes_lets_no_students_go(house: House, region: SmallRegion) -> None:
    window = {"from": "2026-01-01", "to": "2026-02-01", "reason": "second term"}
    night(house, region, 0, crowd())
    for day in (1, 2):
        assert night(house, region, day, without(crowd(), *GONE), rollovers=[window]).counts["held"] == 45


def test_the_classes_of_a_school_that_vanished_wait_with_its_students_in_a_rollover_too(
    any_house: House, region: SmallRegion
) -> None:
    window = {"from": "2026-01-01", "to": "2026-02-01", "reason": "second term"}
    whole = crowd()
    whole.add("classes", {**whole.records("classes")[0], "sourcedId": "unused"}, NOW)
    night(any_house, region, 0, whole)
    for day in (1, 2):
        outcome = night(any_house, region, day, without(crowd(), *GONE), rollovers=[window])
        assert outcome.counts["held"] == 46
    with any_house.store.read() as conn:
        assert roster_store.count(conn, FILES)["classes"] == 2  # type: ignore[index]
    night(any_house, region, 3, whole, rollovers=[window])
    assert standing_holds(any_house, FILES) == []


def with_school(dataset: Dataset, school: str, *students: str) -> Dataset:
    """Return a data set with one school more that has one class with these students."""
    record = {"sourcedId": school, "name": school, "type": "school"}
    dataset.add("orgs", {**record, "parent": {"sourcedId": "d", "type": "org"}}, NOW)
    of_school, section = {"sourcedId": school, "type": "org"}, {"sourcedId": f"k-{school}", "type": "class"}
    taught = dataset.get("classes", "k") | {"sourcedId": f"k-{school}", "school": of_school}  # type: ignore[operator]
    dataset.add("classes", taught, NOW)
    for number, student in enumerate(students):
        add_student(dataset, student, f"7000000{number:02d}")
        role = {"roleType": "primary", "role": "student", "org": of_school}
        dataset.change("users", student, NOW, roles=[role])
        dataset.change("enrollments", f"e-{student}", NOW, **{"school": of_school, "class": section})
    return dataset


def test_a_school_with_two_students_that_vanishes_is_held_until_a_person_says_it_closed(
    any_house: House, region: SmallRegion
) -> None:
    night(any_house, region, 0, with_school(crowd(), "tiny", "y0", "y1"))
    outcomes = [night(any_house, region, number, crowd()) for number in (1, 2)]
    assert [(one.counts["held"], one.counts.get("remove", 0)) for one in outcomes] == [(7, 0), (7, 0)]
    (hold, *_) = standing_holds(any_house, FILES)
    assert (hold.rule, hold.school, hold.rows) == ("SZ16", "tiny", 7)
    done = decisions.release(any_house, FILES, "registrar", decisions.chosen(school="tiny"))
    assert (done.applied, users(any_house)) == ({"remove": 8}, 46)


def test_a_school_whose_only_class_vanishes_keeps_its_enrollments(house: House, region: SmallRegion) -> None:
    students = [f"y{number}" for number in range(9)]
    night(house, region, 0, with_school(crowd(), "small", *students))
    cut = with_school(crowd(), "small", *students)
    cut.drop("classes", "k-small")
    for student in students:
        cut.drop("enrollments", f"e-{student}")
    assert [night(house, region, number, cut).counts["held"] for number in (1, 2)] == [9, 9]
    (hold, *_) = standing_holds(house, FILES)
    assert (hold.table, hold.school, hold.rows) == ("enrollments", "small", 9)


def test_in_a_blackout_pulls_pause_and_grades_still_leave(house: House, region: SmallRegion) -> None:
    sync_district(house, FILES)
    blackouts = [{"from": "2026-01-21", "to": "2026-01-23", "reason": "the SIS moves"}]
    region.drop(without(roster(), "u5"))
    region.load(house, NOW + timedelta(days=1), blackouts=blackouts)
    outcome = sync_district(house, FILES)
    assert (outcome.state, outcome.code, "the SIS moves" in outcome.message) == ("paused", "CF48", True)
    with house.store.read() as conn:
        run = runs.latest(conn, FILES)
    assert run is not None
    assert (run.state, run.message) == ("paused", outcome.message)
    collect_from(house, region.grade_file([f"{FILES},u0,88"]))
    release(house, FILES, "tester")
    assert deliver(house, FILES).delivered == 1
    region.load(house, NOW + timedelta(days=3), blackouts=blackouts)
    assert sync_district(house, FILES).state == "finished"


@pytest.mark.parametrize(
    "wrong",
    [
        "summer",
        [{"from": "2026-01-01"}],
        [{"from": "x", "to": "y"}],
        [{"from": "2026-01-01", "to": "2026-02-01", "tables": ["pupils"]}],
        [{"from": "2026-01-01", "to": "2026-02-01", "tables": "users"}],
    ],
)
def test_a_window_that_is_no_window_stops_the_district(
    house: House, region: SmallRegion, wrong: object
) -> None:
    assert night(house, region, 0, crowd(), blackouts=wrong).code == "CF82"


def test_a_district_whose_blackout_is_no_window_keeps_no_other_from_its_night(
    house: House, region: SmallRegion
) -> None:
    entries = region.entries(NOW)
    (wrong,) = (one for one in entries["district"] if one["code"] == FILES)
    wrong["settings"]["blackouts"] = "summer"
    load_entries(house, entries, "tester")
    assert night_steps.due(house, [FILES, REST]) == [REST]
    with house.store.read() as conn:
        run = runs.latest(conn, FILES)
    assert run is not None
    assert (run.state, run.code) == ("stopped", "CF82")
    assert [case.rule for case in open_cases(house, FILES)] == ["CF82"]


def test_a_frozen_contract_holds_a_feed_with_a_new_column(house: House, region: SmallRegion) -> None:
    night(house, region, 0, crowd())
    with_mascots(region.sftp.outgoing(FILES) / "roster.zip")
    for number, (word, code) in enumerate({"sometimes": "CF83", "freeze": "CD03", "evolve": ""}.items(), 1):
        region.load(house, NOW + timedelta(days=number), schema_drift={"new_column": word})
        assert sync_district(house, FILES).code == code


def test_under_a_contract_that_keeps_values_a_lost_column_changes_nobody_and_is_told_with_its_rows(
    any_house: House, region: SmallRegion
) -> None:
    night(any_house, region, 0, crowd())
    for number in (1, 2):
        add_student(whole := crowd(), "u9", "900000009")
        region.load(any_house, NOW + timedelta(days=number), schema_drift={"lost_column": "drop value"})
        region.drop(whole)
        without_columns(region.sftp.outgoing(FILES) / "roster.zip", "identifier", "grades", "familyName")
        counts = sync_district(any_house, FILES).counts
        assert (counts["changes"], counts["held"], counts["quarantined"]) == (0, 0, 3)
    with any_house.store.read() as conn:
        rows = roster_store.rows(conn, FILES, RosterTable.USERS, ["identifier", "grades", "family_name"])
    assert (rows.num_rows, rows.column(0).null_count, rows.column(2).null_count) == (46, 0, 0)
    told = {case.field: case.message for case in open_cases(any_house, FILES) if case.rule == "CD06"}
    assert told["grades"] == "users has no column grades: 46 rows keep the value they have in force."
    assert told.keys() == {"identifier", "grades", "familyName"}


def test_a_column_that_held_nothing_and_is_gone_is_told_once(house: House, region: SmallRegion) -> None:
    night(house, region, 0, crowd())
    told = []
    for number in (1, 2):
        region.drop(crowd())
        without_columns(region.sftp.outgoing(FILES) / "roster.zip", "middleName")
        region.load(house, NOW + timedelta(days=number))
        assert sync_district(house, FILES).counts["changes"] == 0
        told.append([(case.rule, case.field) for case in open_cases(house, FILES)])
    assert told == [[("CD07", "middleName")], []]


def without_columns(package: Path, *names: str) -> None:
    """Take columns out of a package's users."""
    with zipfile.ZipFile(package) as read:
        files = {name: read.read(name).decode() for name in read.namelist()}
    rows = list(csv.DictReader(io.StringIO(files["users.csv"])))
    text = io.StringIO()
    writer = csv.DictWriter(text, [one for one in rows[0] if one not in names], extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    files["users.csv"] = text.getvalue()
    with zipfile.ZipFile(package, "w") as written:
        for name, content in files.items():
            written.writestr(name, content)


def with_mascots(package: Path) -> None:
    """Give every org of a package a column that nobody knows."""
    with zipfile.ZipFile(package) as read:
        files = {name: read.read(name).decode() for name in read.namelist()}
    head, *rows = files["orgs.csv"].splitlines()
    files["orgs.csv"] = "\n".join([f"{head},mascot", *(f"{row},owl" for row in rows), ""])
    with zipfile.ZipFile(package, "w") as written:
        for name, content in files.items():
            written.writestr(name, content)
