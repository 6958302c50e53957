"""Every night has its row, whatever became of it, and the last good snapshot is known."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from domain.errors import ContractBroken
from domain.ids import RunId, SnapshotId, SourcedId
from sisbridge.store import people, runs, snapshots
from sisbridge.store.database import Store
from sisbridge.store.runs import RunMode, RunState
from sisbridge.store.tables.grades import person
from sisbridge.store.tables.region import run_stage
from tests.store import examples
from tests.store.examples import AT, NIGHT, NORTH, SOUTH, YEAR


def test_a_run_is_told_from_beginning_to_end(region: Store) -> None:
    run_id = examples.run(region)
    with region.begin("x") as conn:
        runs.set_stage(conn, NORTH, run_id, "pull")
        runs.set_snapshot(conn, NORTH, run_id, SnapshotId("snap-1"))
        runs.add_counts(conn, NORTH, run_id, {"read": 10, "clean": 9})
        runs.close_run(conn, NORTH, run_id, "stopped", code="CN03", fix="Ask.", counts={"held": 1}, at=AT)
        run = runs.get(conn, NORTH, run_id)
    assert (run.mode, run.state) == (RunMode.NIGHTLY, RunState.STOPPED)
    assert (run.stage, run.night_on) == ("pull", NIGHT)
    assert (run.code, run.message, run.fix, run.finished_at) == ("CN03", "", "Ask.", AT)
    assert run.counts == {"read": 10, "clean": 9, "held": 1}
    assert run.snapshot_id == "snap-1"


def test_a_stopped_run_whose_stage_is_tried_again_runs_again(region: Store) -> None:
    run_id = examples.run(region)
    with region.begin("x") as conn:
        runs.close_run(conn, NORTH, run_id, "stopped", code="CN03", message="No.", fix="Ask.", at=AT)
        runs.set_stage(conn, NORTH, run_id, "pull")
        run = runs.get(conn, NORTH, run_id)
    assert (run.state, run.stage, run.finished_at) == (RunState.RUNNING, "pull", None)
    assert (run.code, run.message, run.fix) == ("", "", "")


def test_a_finished_run_stays_finished(region: Store) -> None:
    run_id = examples.run(region)
    with region.begin("x") as conn:
        runs.close_run(conn, NORTH, run_id, "finished", at=AT)
        runs.set_stage(conn, NORTH, run_id, "seats")
        assert runs.get(conn, NORTH, run_id).state is RunState.FINISHED


def test_a_run_that_never_ended_is_interrupted_by_the_next(region: Store) -> None:
    first, other, second = examples.run(region), examples.run(region, SOUTH), examples.run(region)
    with region.read() as conn:
        states = [runs.get(conn, NORTH, run_id).state for run_id in (first, second)]
        assert runs.get(conn, SOUTH, other).state is RunState.RUNNING
    assert states == [RunState.INTERRUPTED, RunState.RUNNING]


def test_the_latest_run_is_the_last_opened_though_the_clock_stands_still(region: Store) -> None:
    opened = [examples.run(region) for _ in range(5)]
    with region.read() as conn:
        latest = runs.latest(conn, NORTH)
        assert runs.latest(conn, SOUTH) is None
    assert latest is not None
    assert latest.run_id == opened[-1]


def test_a_run_of_another_district_is_not_found(region: Store) -> None:
    run_id = examples.run(region)
    with region.read() as conn, pytest.raises(ContractBroken, match="CF08"):
        runs.get(conn, SOUTH, run_id)


def test_a_repeated_stage_is_recorded_once(region: Store) -> None:
    run_id = examples.run(region)
    with region.begin("x") as conn:
        runs.record_stage(conn, NORTH, run_id, "pull", 1, 0.5)
        runs.record_stage(conn, NORTH, run_id, "pull", 2, 0.25)
        assert conn.execute(sa.select(run_stage.c.rows, run_stage.c.seconds)).all() == [(2, 0.25)]


def test_a_stage_of_no_run_is_refused(region: Store) -> None:
    with pytest.raises(ContractBroken, match="CF40"), region.begin("x") as conn:
        runs.record_stage(conn, NORTH, RunId("none"), "pull", 1, 0.5)


def test_a_snapshot_comes_back_as_it_was_saved(region: Store) -> None:
    saved = examples.snapshot(region)
    with region.begin("x") as conn:
        snapshots.save(conn, saved)
        assert snapshots.load(conn, NORTH, saved.snapshot_id) == saved
        with pytest.raises(ContractBroken, match="CF08"):
            snapshots.load(conn, SOUTH, saved.snapshot_id)


def test_the_last_good_snapshot_is_the_one_applied_last(region: Store) -> None:
    first, second = examples.snapshot(region, "b"), examples.snapshot(region, "a")
    with region.begin("x") as conn:
        assert snapshots.last_applied(conn, NORTH) is None
        snapshots.mark_applied(conn, NORTH, second.snapshot_id, AT)
        snapshots.mark_applied(conn, NORTH, first.snapshot_id, AT)
        assert snapshots.last_applied(conn, NORTH) == first


def test_bookmarks_move(region: Store) -> None:
    with region.begin("x") as conn:
        assert snapshots.bookmark(conn, NORTH, "users") is None
        snapshots.set_bookmark(conn, NORTH, "users", AT.replace(year=2025))
        snapshots.set_bookmark(conn, NORTH, "users", AT)
        assert snapshots.bookmark(conn, NORTH, "users") == AT


def test_links_are_added_once(region: Store) -> None:
    new = {SourcedId("u-1"): examples.record().person, SourcedId("u-2"): examples.record().person}
    with region.begin("x") as conn:
        assert people.add_links(conn, NORTH, YEAR, new, NIGHT) == 1
        assert people.add_links(conn, NORTH, YEAR, new, NIGHT) == 0
        assert people.links(conn, NORTH, YEAR) == new
        assert people.links(conn, SOUTH, YEAR) == {}
        assert conn.scalar(sa.select(sa.func.count()).select_from(person)) == 1


def test_a_number_given_to_somebody_else_is_for_a_person_to_decide(region: Store) -> None:
    other = {SourcedId("u-1"): people.PersonId("p-2")}
    with region.begin("x") as conn:
        with pytest.raises(ContractBroken, match="CF42"):
            people.add_links(conn, NORTH, YEAR, other, NIGHT)
        assert people.add_links(conn, NORTH, "2026-2027", other, NIGHT) == 1
