"""Writes that are not proven: no second POST beside one that may have arrived, and one more look."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.oneroster.gradebook_reads import GradebookReads
from domain.grading import OutboxState
from domain.ids import ItemId
from simulators.oneroster.faults import Fault, FaultKind
from sisbridge.house import House
from sisbridge.store import outbox
from sisbridge.sync.answers.cases import open_cases
from sisbridge.sync.grades.choose import send_ours
from sisbridge.sync.grades.collect_grades import collect_from
from sisbridge.sync.grades.release import Released, release, release_again
from sisbridge.sync.grades.writeback import deliver, districts_with_items
from sisbridge.sync.night import sync_district
from sisbridge.sync.region import load_entries
from tests.support.small_region import NOW, REST, SmallRegion

POST = "POST lineItems/*/results"


def at(house: House, region: SmallRegion, hours: float, write_by: str = "post") -> None:
    """Let it be so many hours after the beginning, with a gradebook that is written by POST or PUT."""
    entries = region.entries(NOW + timedelta(hours=hours))
    grades = entries["district"][0]["grades"]
    grades["settings"] = grades["settings"] | {"write_by": write_by}
    load_entries(house, entries, "tester")


def graded(house: House, region: SmallRegion, percent: int) -> None:
    """Collect and release one grade of u0."""
    collect_from(house, region.grade_file([f"{REST},u0,{percent}"]))
    release(house, REST, "tester")


def answer_lost(region: SmallRegion) -> None:
    """Let the next write of a result land without an answer."""
    region.provider.faults.add(
        Fault(FaultKind.LOST_ANSWER, path="lineItems/*/results", method="POST", times=2)
    )


def scores(region: SmallRegion) -> list[float]:
    """Return the scores that the gradebook holds."""
    return sorted(one["score"] for one in region.provider.dataset.records("results"))


def rules(house: House) -> list[str]:
    """Return the rules of the open cases."""
    return [case.rule for case in open_cases(house, REST)]


@pytest.fixture
def posted(any_house: House, region: SmallRegion, monkeypatch: pytest.MonkeyPatch) -> House:
    """A house whose one grade was posted and arrived, was never answered and is not shown yet."""
    sync_district(any_house, REST)
    at(any_house, region, 0)
    graded(any_house, region, 90)
    region.provider.forget_requests()
    answer_lost(region)
    with monkeypatch.context() as patched:
        stale(patched)
        assert deliver(any_house, REST).unknown == 1
    assert (region.provider.requests[POST], scores(region)) == (1, [90.0])
    return any_house


def put_lost(region: SmallRegion) -> None:
    """Let the next PUT of a result not arrive and have no answer."""
    region.provider.faults.add(Fault(FaultKind.RESET, path="results/*", method="PUT", times=4))


def late(region: SmallRegion, score: float) -> None:
    """Let a write of an older value arrive after all."""
    (one,) = region.provider.dataset.records("results")
    region.provider.dataset.change("results", one["sourcedId"], NOW, score=score)


@pytest.fixture
def corrected(any_house: House, region: SmallRegion) -> House:
    """A house whose one grade was sent without an answer, and whose correction was proven."""
    sync_district(any_house, REST)
    at(any_house, region, 0, "put")
    graded(any_house, region, 90)
    put_lost(region)
    assert deliver(any_house, REST).unknown == 1
    region.provider.faults.clear()
    graded(any_house, region, 91)
    assert (deliver(any_house, REST).confirmed, scores(region)) == (1, [91.0])
    return any_house


def test_a_late_write_that_undoes_its_correction_is_a_conflict_at_the_next_delivery(
    corrected: House, region: SmallRegion
) -> None:
    late(region, 90.0)
    at(corrected, region, 0.5, "put")
    assert districts_with_items(corrected) == []
    assert (deliver(corrected, REST).confirmed, rules(corrected)) == (1, [])
    at(corrected, region, 1, "put")
    assert districts_with_items(corrected) == [REST]
    assert (deliver(corrected, REST).conflict, rules(corrected)) == (1, ["WB10"])
    (case,) = open_cases(corrected, REST)
    assert send_ours(corrected, REST, ItemId(case.first_key), "tester") is OutboxState.CONFIRMED
    assert (scores(region), rules(corrected)) == ([91.0], [])


def test_a_grade_that_still_stands_is_looked_at_once_more_and_never_again(
    corrected: House, region: SmallRegion
) -> None:
    at(corrected, region, 1, "put")
    region.provider.forget_requests()
    assert deliver(corrected, REST).confirmed == 1
    asked = sum(region.provider.requests.values())
    assert asked > 0
    deliver(corrected, REST)
    assert (sum(region.provider.requests.values()), districts_with_items(corrected)) == (asked, [])


def stale(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the gradebook show nothing of what it holds."""
    monkeypatch.setattr(GradebookReads, "current", lambda *_: {})


def test_a_post_that_is_not_shown_yet_is_not_sent_again_and_proven_later(
    posted: House, region: SmallRegion, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        stale(patched)
        for hours in (0.5, 2, 5.9):
            at(posted, region, hours)
            assert deliver(posted, REST).queued == 1
    assert (region.provider.requests[POST], rules(posted)) == (1, [])
    assert deliver(posted, REST).confirmed == 1
    assert scores(region) == [90.0]


def test_a_correction_is_not_posted_beside_a_grade_that_is_not_shown_yet(
    posted: House, region: SmallRegion, monkeypatch: pytest.MonkeyPatch
) -> None:
    graded(posted, region, 91)
    with monkeypatch.context() as patched:
        stale(patched)
        assert deliver(posted, REST).queued == 1
    assert region.provider.requests[POST] == 1
    deliver(posted, REST)
    assert scores(region) in ([91.0], [90.0])
    assert len(scores(region)) == 1


def test_after_its_time_a_post_that_is_never_shown_is_a_case_until_a_person_sends_it_again(
    posted: House, region: SmallRegion, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale(monkeypatch)
    for hours in (1, 6, 30):
        at(posted, region, hours)
        deliver(posted, REST)
    assert (region.provider.requests[POST], rules(posted)) == (1, ["WB11"])
    (case,) = open_cases(posted, REST)
    assert "`sisbridge grades release DISTRICT --again`" in case.fix
    region.provider.dataset.drop("results", region.provider.dataset.records("results")[0]["sourcedId"])
    assert release_again(posted, REST, "tester") == Released(queued=1)
    deliver(posted, REST)
    assert (region.provider.requests[POST], scores(region)) == (2, [90.0])


def test_a_post_cut_off_with_its_process_is_looked_for_before_another_is_sent(
    any_house: House, region: SmallRegion, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync_district(any_house, REST)
    at(any_house, region, 0)
    graded(any_house, region, 90)
    with any_house.store.begin("as if the process had died") as conn:
        assert outbox.claim(conn, REST, outbox.items(conn, REST), NOW)
    region.provider.forget_requests()
    assert deliver(any_house, REST).queued == 1
    at(any_house, region, 6)
    assert deliver(any_house, REST).not_taken == 1
    assert (region.provider.requests[POST], rules(any_house)) == (0, ["WB11"])


def test_what_was_given_up_unsent_is_sent_at_the_next_delivery(any_house: House, region: SmallRegion) -> None:
    sync_district(any_house, REST)
    at(any_house, region, 0)
    graded(any_house, region, 90)
    region.provider.faults.add(Fault(FaultKind.STATUS, status=401, path="lineItems/*/results", times=4))
    with pytest.raises(Exception, match=r"CN\d\d"):
        deliver(any_house, REST)
    region.provider.faults.clear()
    assert deliver(any_house, REST).confirmed == 1
