"""Two runs of one district at once: only the newest goes on, and the store is as if it had been alone."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from domain.errors import StopDistrict
from domain.ids import DistrictCode, RunId, SnapshotId
from sisbridge.house import House
from sisbridge.store import runs, snapshots
from sisbridge.store.runs import Run, RunMode
from sisbridge.sync import night
from sisbridge.sync.answers.cases import open_cases
from sisbridge.sync.context import STAGES, Stage
from sisbridge.sync.night import NightOutcome, sync_district
from sisbridge.sync.purge import purge
from sisbridge.sync.roster import apply as applying
from sisbridge.sync.roster.unfinished import snapshot_for
from tests.support.small_region import FILES, NOW, REST, SmallRegion, add_student
from tests.support.store_dump import dump


def run_of(house: House, run_id: RunId) -> Run:
    """Return a run as it stands."""
    with house.store.read() as conn:
        return runs.get(conn, REST, run_id)


def stage_of(house: House, run_id: RunId) -> Stage:
    """Return what the stages of a run that has pulled work with."""
    run = run_of(house, run_id)
    assert run.snapshot_id
    return Stage(house, house.district(REST), run_id, run.snapshot_id, run.night_on)


def at_once(house: House, *rehearse: bool) -> list[NightOutcome]:
    """Run nights side by side, each past its beginning before any goes on."""
    begun = threading.Barrier(len(rehearse), timeout=60)

    def progress(_: DistrictCode, stage: str) -> None:
        if stage == "pull":
            begun.wait()

    def one(is_rehearsal: bool) -> NightOutcome:
        return sync_district(house, REST, rehearse=is_rehearsal, progress=progress)

    with ThreadPoolExecutor(len(rehearse)) as threads:
        return list(threads.map(one, rehearse))


@pytest.fixture
def tonight(any_house: House, region: SmallRegion) -> House:
    """A house with a roster in force and a SIS that has another student since."""
    sync_district(any_house, REST)
    region.load(any_house, NOW + timedelta(days=1))
    add_student(region.provider.dataset, "u9", "900000009")
    return any_house


def test_an_overtaken_run_is_refused_at_every_stage_and_leaves_no_trace(tonight: House) -> None:
    older = night.begin(tonight, REST)
    for stage in night.REHEARSED:
        night.step(tonight, REST, older, stage)
    assert sync_district(tonight, REST).counts["add"] == 3
    before, run = dump(tonight.store), run_of(tonight, older)
    for stage in STAGES:
        with pytest.raises(StopDistrict, match="CF60: A newer run of district 9101 has begun"):
            night.step(tonight, REST, older, stage)
    with pytest.raises(StopDistrict, match="CF60"):
        night.finish(tonight, REST, older)
    assert (dump(tonight.store), run_of(tonight, older)) == (before, run)
    assert open_cases(tonight, REST) == []


def test_apply_itself_refuses_a_run_that_was_overtaken_after_its_stage_began(tonight: House) -> None:
    older = night.begin(tonight, REST)
    for name in night.REHEARSED:
        night.step(tonight, REST, older, name)
    stage = stage_of(tonight, older)
    night.begin(tonight, REST)
    with pytest.raises(StopDistrict, match="CF60"):
        applying.apply(stage)


def test_of_two_nights_at_once_the_newest_ends_as_if_it_had_been_alone(tonight: House) -> None:
    outcomes = at_once(tonight, False, False)
    assert sorted((one.state, one.code) for one in outcomes) == [("finished", ""), ("stopped", "CF60")]
    (ended,) = [one for one in outcomes if one.state == "finished"]
    with tonight.store.read() as conn:
        newest = runs.latest(conn, REST)
    assert newest is not None
    assert (newest.run_id, newest.state, ended.counts["add"]) == (ended.run_id, "finished", 3)
    assert open_cases(tonight, REST) == []
    assert sync_district(tonight, REST).counts["changes"] == 0


def test_a_rehearsal_beside_a_night_neither_refuses_nor_is_refused(tonight: House) -> None:
    rehearsed, done = at_once(tonight, True, False)
    assert (rehearsed.state, rehearsed.code, done.state, done.counts["add"]) == (
        "finished",
        "",
        "finished",
        3,
    )
    older = night.begin(tonight, REST, RunMode.REHEARSAL)
    night.begin(tonight, REST)
    for stage in night.REHEARSED:
        night.step(tonight, REST, older, stage)
    assert run_of(tonight, older).stage == "compare"


def test_a_night_that_begins_while_another_applies_waits_and_compares_with_what_that_one_applied(
    tonight: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    applied, may_end, link = threading.Event(), threading.Event(), applying.link_people

    def slowly(*given: Any) -> None:
        applied.set()
        assert may_end.wait(60)
        link(*given)

    with ThreadPoolExecutor(2) as threads, monkeypatch.context() as patch:
        patch.setattr(applying, "link_people", slowly)
        first = threads.submit(sync_district, tonight, REST)
        assert applied.wait(60)
        second = threads.submit(night.begin, tonight, REST)
        assert not second.done()
        may_end.set()
        newer = second.result(60)
    assert first.result().code in ("", "CF60")
    for stage in STAGES:
        night.step(tonight, REST, newer, stage)
    assert run_of(tonight, newer).counts["changes"] == 0


def test_a_pull_beside_another_neither_goes_on_with_its_snapshot_nor_lets_go_of_it(any_house: House) -> None:
    stages = [
        Stage(
            any_house,
            any_house.district(FILES),
            night.begin(any_house, FILES),
            SnapshotId(""),
            NOW.date(),
        )
        for _ in range(2)
    ]
    with snapshot_for(stages[0]) as first, snapshot_for(stages[1]) as second, any_house.store.read() as conn:
        left = [snapshot_id for snapshot_id, _ in snapshots.unfinished(conn, FILES)]
        assert left == [first, second]
    with snapshot_for(stages[1]) as third:
        assert third == second


def test_a_night_goes_no_further_in_a_district_that_was_purged_meanwhile(tonight: House) -> None:
    older = night.begin(tonight, REST)
    for name in night.REHEARSED:
        night.step(tonight, REST, older, name)
    stage = stage_of(tonight, older)
    purge(tonight, REST, "director")
    with pytest.raises(StopDistrict, match="CF60"):
        applying.apply(stage)
