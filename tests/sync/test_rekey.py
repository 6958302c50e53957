"""A SIS gives everybody new sourcedIds: nothing is removed, and nothing leaves twice."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from domain.errors import RetryLater, StopDistrict
from domain.grading import OutboxState
from domain.ids import DistrictCode, SourcedId
from domain.tables import RosterTable
from simulators.dataset import Dataset
from sisbridge.house import House
from sisbridge.store import outbox, people, regions, runs
from sisbridge.store import roster as roster_store
from sisbridge.store import seats as seat_store
from sisbridge.store.tables.region import audit
from sisbridge.sync import night
from sisbridge.sync.answers.cases import open_cases
from sisbridge.sync.answers.history import history
from sisbridge.sync.answers.waiting import standing_holds
from sisbridge.sync.answers.why import why
from sisbridge.sync.context import STAGES
from sisbridge.sync.grades.collect_grades import collect_from
from sisbridge.sync.grades.release import release
from sisbridge.sync.grades.writeback import deliver
from sisbridge.sync.holding import decisions
from sisbridge.sync.identity import rekey_desk
from sisbridge.sync.identity.people_desk import split
from sisbridge.sync.identity.rekey_desk import accept, proposal, refuse
from sisbridge.sync.night import sync_district
from sisbridge.sync.roster import apply as applying
from tests.support.rekeyed import EVERYTHING, rekeyed
from tests.support.small_region import FILES, NOW, REST, SmallRegion, roster
from tests.support.store_dump import dump


def rows(house: House, district: DistrictCode, table: RosterTable) -> list[str]:
    """Return the sourcedIds in force."""
    with house.store.read() as conn:
        found = roster_store.rows(conn, district, table, ["sourced_id"])
    ids: list[str] = found.column(0).to_pylist()
    return ids


def items(house: House, district: DistrictCode = REST) -> list[tuple[str, ...]]:
    """Return what we call each grade on its way: item, line item and result."""
    with house.store.read() as conn:
        found = outbox.items(conn, district)
    return [(one.item_id, one.line_item_id, one.result_id, one.state) for one in found]


@pytest.fixture
def everything(region: SmallRegion) -> Dataset:
    """The REST district's roster with all ids new but those of the gradebook."""
    return rekeyed(region.provider.dataset, *EVERYTHING)


def test_a_re_key_holds_removals_and_additions_alike(any_house: House, region: SmallRegion) -> None:
    sync_district(any_house, REST)
    before = rows(any_house, REST, RosterTable.USERS)
    region.provider.dataset = rekeyed(region.provider.dataset, "users")
    for days in range(3):
        region.load(any_house, NOW + timedelta(days=days))
        outcome = sync_district(any_house, REST)
        assert (outcome.state, outcome.code) == ("finished", "")
    assert rows(any_house, REST, RosterTable.USERS) == before
    assert "SZ30" in {case.rule for case in open_cases(any_house, REST)}
    found = proposal(any_house, REST)
    assert {(one.table, one.gone, one.paired, one.confidence) for one in found.tables} >= {
        ("users", 6, 6, 1.0)
    }


def test_an_accepted_re_key_carries_everything_and_the_same_night_again_changes_and_sends_nothing(
    any_house: House, region: SmallRegion, everything: Dataset
) -> None:
    sync_district(any_house, REST)
    collect_from(any_house, region.grade_file([f"{REST},u{n},{70 + n}" for n in range(5)]))
    release(any_house, REST, "tester")
    deliver(any_house, REST)
    sent = items(any_house)
    everything.collections["results"] = region.provider.dataset.collections["results"]
    everything.collections["lineItems"] = region.provider.dataset.collections["lineItems"]
    region.provider.dataset = everything
    sync_district(any_house, REST)
    carried = accept(any_house, REST, "director")
    assert (carried.people, carried.seats, carried.rows["users"]) == (6, 6, 6)
    assert carried.terms == ("t1",)
    assert standing_holds(any_house, REST) == []
    outcome = sync_district(any_house, REST)
    assert (outcome.state, outcome.counts["changes"]) == ("finished", 0)
    assert open_cases(any_house, REST) == []
    collect_from(any_house, region.grade_file([f"{REST},n-u{n},{70 + n}" for n in range(5)]))
    release(any_house, REST, "tester")
    writes = len(region.provider.dataset.records("results"))
    assert deliver(any_house, REST).sent == 0
    assert (items(any_house), len(region.provider.dataset.records("results"))) == (sent, writes)


def test_a_grade_that_waited_arrives_under_the_new_ids_and_its_own_old_ones(
    house: House, region: SmallRegion, everything: Dataset
) -> None:
    sync_district(house, REST)
    collect_from(house, region.grade_file([f"{REST},u0,91"]))
    release(house, REST, "tester")
    waiting = items(house)
    region.provider.dataset = everything
    sync_district(house, REST)
    assert accept(house, REST, "director").payloads == 1
    sync_district(house, REST)
    assert deliver(house, REST).confirmed == 1
    (stored,) = region.provider.dataset.records("results")
    assert (stored["student"]["sourcedId"], float(stored["score"])) == ("n-u0", 91.0)
    assert [one[:3] for one in items(house)] == [one[:3] for one in waiting]
    assert items(house)[0][3] == OutboxState.CONFIRMED


def test_seats_and_people_go_on_dated_and_with_what_was_decided(
    house: House, region: SmallRegion, everything: Dataset
) -> None:
    dataset = region.provider.dataset
    dataset.change("users", "u1", NOW, identifier="900000000")
    everything.collections["users"]["n-u1"]["identifier"] = "900000000"
    sync_district(house, REST)
    split(house, REST, SourcedId("u0"), SourcedId("u1"), "tester")
    sync_district(house, REST)
    with house.store.read() as conn:
        links, seats = people.links(conn, REST, "2026"), seat_store.seats(conn, REST)
        classes = seat_store.home_classes(conn, REST)
    region.provider.dataset = everything
    region.load(house, NOW + timedelta(days=1))
    sync_district(house, REST)
    accept(house, REST, "director")
    assert sync_district(house, REST).counts["changes"] <= 2
    with house.store.read() as conn:
        after, moved = people.links(conn, REST, "2026"), seat_store.seats(conn, REST)
        assert set(seat_store.home_classes(conn, REST).values()) == set(classes.values())
        told = conn.execute(sa.select(audit.c.actor, audit.c.action)).tuples().all()
        terms = {term.session_sourced_id for term in regions.term_map(conn, REST).values()}
    assert {user: after[SourcedId(f"n-{user}")] for user in links} == links
    assert [
        replace(
            s, student=SourcedId(f"n-{s.student}"), home_class=SourcedId("n-k"), home_school=SourcedId("n-s")
        )
        for s in seats
    ] == moved
    assert ("director", "re-key accepted") in told
    assert terms <= {"n-t1", "t1"}
    assert {case.rule for case in open_cases(house, REST)} <= {"SZ30"}


def test_a_refused_re_key_is_not_proposed_again_and_nobody_is_joined(
    house: House, region: SmallRegion
) -> None:
    sync_district(house, FILES)
    region.drop(rekeyed(roster(), "users"))
    region.load(house, NOW + timedelta(days=1))
    sync_district(house, FILES)
    assert refuse(house, FILES, "director") >= 6
    with pytest.raises(StopDistrict, match="CF86"):
        proposal(house, FILES)
    region.load(house, NOW + timedelta(days=2))
    sync_district(house, FILES)
    assert "SZ30" not in {case.rule for case in open_cases(house, FILES)}


def test_what_breaks_off_before_its_end_has_moved_nothing(
    any_house: House, region: SmallRegion, everything: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync_district(any_house, REST)
    collect_from(any_house, region.grade_file([f"{REST},u0,91"]))
    release(any_house, REST, "tester")
    region.provider.dataset = everything
    sync_district(any_house, REST)
    before = dump(any_house.store)
    with monkeypatch.context() as patch:
        patch.setattr(rekey_desk.audit, "append", _broken)
        with pytest.raises(StopDistrict, match="CF99"):
            accept(any_house, REST, "director")
    assert dump(any_house.store) == before
    assert accept(any_house, REST, "director").people == 6


def _broken(*_: object) -> int:
    """Stand for a process that ends in the middle."""
    raise StopDistrict("CF99", "Broken off.")


def test_there_is_nothing_to_accept_on_an_ordinary_night(house: House) -> None:
    sync_district(house, REST)
    with pytest.raises(StopDistrict, match="CF86"):
        accept(house, REST, "director")


def test_a_re_key_that_the_sis_takes_back_is_carried_back(house: House, region: SmallRegion) -> None:
    old = region.provider.dataset
    sync_district(house, REST)
    before = rows(house, REST, RosterTable.USERS)
    for days, dataset in ((1, rekeyed(old, "users")), (2, old)):
        region.provider.dataset = dataset
        region.load(house, NOW + timedelta(days=days))
        sync_district(house, REST)
        accept(house, REST, "director")
    with house.store.read() as conn:
        links = people.links(conn, REST, "2026")
    assert rows(house, REST, RosterTable.USERS) == before
    assert all(links[SourcedId(user)] == links[SourcedId(f"n-{user}")] for user in before)
    assert [step.what for step in history(house, REST, SourcedId("u0")) if step.table == "users"] == [
        "came", "was removed", "came", "was removed", "came",
    ]  # fmt: skip
    assert sync_district(house, REST).counts["changes"] == 0
    (answer,) = why(house, "n-u0", REST)
    assert f"What was n-u0 in district {REST} is u0 since" in answer.sentence


def test_a_re_key_accepted_between_a_nights_compare_and_its_apply_is_compared_with_again(
    any_house: House, region: SmallRegion, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync_district(any_house, REST)
    region.provider.dataset = rekeyed(region.provider.dataset, "users")
    for days, stages in ((1, STAGES), (2, night.REHEARSED)):
        region.load(any_house, NOW + timedelta(days=days))
        run_id = night.begin(any_house, REST)
        for stage in stages:
            night.step(any_house, REST, run_id, stage)
    assert accept(any_house, REST, "director").people == 6
    with monkeypatch.context() as patch:
        # As if accepted in the very moment between the look and the transaction that applies.
        patch.setattr(applying, "_is_moved", lambda _: False)
        with pytest.raises(RetryLater, match="CF62"):
            night.step(any_house, REST, run_id, "apply")
    for stage in ("apply", "seats"):
        night.step(any_house, REST, run_id, stage)
    night.finish(any_house, REST, run_id)
    with any_house.store.read() as conn:
        assert runs.get(conn, REST, run_id).counts["changes"] == 0
    assert rows(any_house, REST, RosterTable.USERS) == [f"n-u{number}" for number in range(6)]
    assert (standing_holds(any_house, REST), open_cases(any_house, REST)) == ([], [])


def test_a_re_key_of_which_a_part_was_let_go_is_decided_once(house: House, region: SmallRegion) -> None:
    sync_district(house, REST)
    region.provider.dataset = rekeyed(region.provider.dataset, "users")
    sync_district(house, REST)
    decisions.release(house, REST, "registrar", decisions.chosen(table="users", direction="add"))
    with suppress(StopDistrict):
        accept(house, REST, "director")
    with pytest.raises(StopDistrict, match="No re-key"):
        accept(house, REST, "director")
