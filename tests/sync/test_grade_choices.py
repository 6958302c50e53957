"""Grades that do not go on by themselves: windows, conflicts, posted transcripts, another route."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from domain.errors import RetryLater, StopDistrict
from domain.grading import OutboxItem, OutboxState
from domain.ids import ItemId
from domain.model import Case
from sisbridge.house import House
from sisbridge.store import outbox
from sisbridge.store.tables.region import audit
from sisbridge.sync.answers.cases import open_cases
from sisbridge.sync.answers.waiting import grades_on_their_way
from sisbridge.sync.grades.choose import keep_theirs, send_ours
from sisbridge.sync.grades.collect_grades import collect_from
from sisbridge.sync.grades.release import Released, release
from sisbridge.sync.grades.writeback import deliver, districts_with_items
from sisbridge.sync.night import sync_region
from sisbridge.sync.region import keep_secret, load_entries
from tests.support.small_region import FILES, GRADE_HEAD, NOW, REST, SmallRegion

EARLY = {"opens_on": date(2026, 2, 1), "closes_on": date(2026, 2, 10)}


def graded(house: House, region: SmallRegion, percent: str, comment: str = "") -> Released:
    """Collect and release one grade of the first student."""
    path = region.folder / f"grades-{percent}-{len(comment)}.csv"
    row = f"{REST},u0,PHYS,S1,Final,final,{percent},,,{comment},teacher,true\n"
    path.write_text(GRADE_HEAD + row, encoding="utf-8")
    collect_from(house, path)
    return release(house, REST, "tester")


def result(region: SmallRegion) -> dict[str, Any]:
    """Return the one result that the gradebook holds."""
    (found,) = region.provider.dataset.records("results")
    return found


def registrar(region: SmallRegion, **values: object) -> None:
    """Let a registrar change the one result in the gradebook."""
    region.provider.dataset.change("results", result(region)["sourcedId"], NOW + timedelta(hours=1), **values)


def items(house: House) -> list[OutboxItem]:
    """Return the district's items, the last revision last."""
    with house.store.read() as conn:
        return sorted(outbox.items(conn, REST), key=lambda item: item.revision)


def cases(house: House, rule: str) -> list[Case]:
    """Return the open cases of one rule."""
    return [case for case in open_cases(house, REST) if case.rule == rule]


def in_term(region: SmallRegion, house: House, now: timedelta = timedelta(), **values: object) -> None:
    """Load the region with other values in the first line of the district's term map."""
    entries = region.entries(NOW + now)
    entries["district"][0]["term"][0].update(values)
    load_entries(house, entries, "tester")


@pytest.fixture
def seated(house: House) -> House:
    """A house whose roster is in force."""
    sync_region(house, [REST, FILES])
    return house


@pytest.fixture
def conflict(seated: House, region: SmallRegion) -> House:
    """A house with a grade of ours that a registrar changed before our correction came."""
    graded(seated, region, "88.5")
    deliver(seated, REST)
    registrar(region, score=90.0)
    graded(seated, region, "89")
    assert deliver(seated, REST).conflict == 1
    return seated


def test_a_release_before_the_window_leaves_by_itself_once_it_opens(
    seated: House, region: SmallRegion
) -> None:
    in_term(region, seated, **EARLY)
    assert graded(seated, region, "88.5") == Released(waiting=1)
    assert (deliver(seated, REST).held, districts_with_items(seated)) == (1, [])
    (case,) = cases(seated, "WB20")
    assert "posting window is 2026-02-01 to 2026-02-10" in case.message
    in_term(region, seated, timedelta(days=12), **EARLY)
    assert districts_with_items(seated) == [REST]
    assert deliver(seated, REST).confirmed == 1
    assert (open_cases(seated, REST), result(region)["scoreDate"]) == ([], "2026-02-01")


def test_a_queued_grade_follows_a_student_into_another_section(seated: House, region: SmallRegion) -> None:
    graded(seated, region, "88.5")
    dataset = region.provider.dataset
    other = {**dataset.records("classes")[0], "sourcedId": "k2", "title": "Physics 2"}
    dataset.add("classes", other, NOW + timedelta(hours=1))
    moved = {"sourcedId": "k2", "type": "class"}
    dataset.change("enrollments", "e-u0", NOW + timedelta(hours=1), **{"class": moved})
    sync_region(seated, [REST])
    assert deliver(seated, REST).confirmed == 1
    (column,) = dataset.records("lineItems")
    assert column["class"]["sourcedId"] == "k2"


def test_what_was_not_sent_before_its_window_closed_waits_for_the_next(
    seated: House, region: SmallRegion
) -> None:
    graded(seated, region, "88.5")
    in_term(region, seated, timedelta(days=60))
    assert deliver(seated, REST).held == 1
    assert region.provider.dataset.records("results") == []
    (case,) = cases(seated, "WB20")
    assert case.message.endswith("is over.")
    in_term(region, seated, timedelta(days=60), closes_on=date(2026, 5, 1))
    assert deliver(seated, REST).confirmed == 1


def test_keeping_theirs_withdraws_ours_and_closes_the_case(conflict: House, region: SmallRegion) -> None:
    (case,) = cases(conflict, "WB10")
    keep_theirs(conflict, REST, ItemId(case.first_key), "a registrar")
    assert [item.state for item in items(conflict)] == [OutboxState.CONFIRMED, OutboxState.WITHDRAWN]
    assert (cases(conflict, "WB10"), grades_on_their_way(conflict, REST)) == ([], [])
    assert (deliver(conflict, REST).sent, result(region)["score"]) == (0, 90.0)
    with conflict.store.read() as conn:
        last = conn.execute(sa.select(audit.c.actor, audit.c.action).order_by(audit.c.seq.desc())).first()
    assert last == ("a registrar", "grade of the SIS kept")


def test_sending_ours_writes_over_the_value_the_person_was_told_of(
    conflict: House, region: SmallRegion
) -> None:
    assert send_ours(conflict, REST, items(conflict)[-1].item_id, "tester") is OutboxState.CONFIRMED
    assert (result(region)["score"], cases(conflict, "WB10")) == (89.0, [])


def test_sending_ours_never_writes_over_a_value_the_person_did_not_see(
    conflict: House, region: SmallRegion
) -> None:
    registrar(region, score=95.0)
    assert send_ours(conflict, REST, items(conflict)[-1].item_id, "tester") is OutboxState.CONFLICT
    assert (result(region)["score"], len(cases(conflict, "WB10"))) == (95.0, 1)


def test_nothing_is_to_be_chosen_for_a_settled_grade_or_an_unknown_id(
    seated: House, region: SmallRegion
) -> None:
    graded(seated, region, "88.5")
    deliver(seated, REST)
    (item,) = items(seated)
    for choice in (keep_theirs, send_ours):
        with pytest.raises(StopDistrict, match="WB15"):
            choice(seated, REST, item.item_id, "tester")
        with pytest.raises(StopDistrict, match="WB17"):
            choice(seated, FILES, item.item_id, "tester")


def test_a_comment_alone_is_a_correction_that_is_sent(seated: House, region: SmallRegion) -> None:
    graded(seated, region, "88.5", "fine")
    deliver(seated, REST)
    graded(seated, region, "88.5", "very fine")
    assert (deliver(seated, REST).sent, result(region)["comment"]) == (1, "very fine")


def test_a_comment_that_a_registrar_changed_is_a_conflict(seated: House, region: SmallRegion) -> None:
    graded(seated, region, "88.5", "fine")
    deliver(seated, REST)
    registrar(region, comment="see me")
    graded(seated, region, "89", "very fine")
    assert deliver(seated, REST).conflict == 1
    assert (result(region)["comment"], result(region)["score"]) == ("see me", 88.5)
    assert send_ours(seated, REST, items(seated)[-1].item_id, "tester") is OutboxState.CONFIRMED
    assert result(region)["comment"] == "very fine"


def test_a_correction_after_the_transcripts_were_posted_is_a_persons(
    seated: House, region: SmallRegion
) -> None:
    in_term(region, seated, transcript_posted_on=NOW.date() + timedelta(days=3))
    graded(seated, region, "88.5")
    assert deliver(seated, REST).confirmed == 1
    in_term(region, seated, timedelta(days=3), transcript_posted_on=NOW.date() + timedelta(days=3))
    assert graded(seated, region, "89") == Released(by_hand=1)
    assert (deliver(seated, REST).by_hand, result(region)["score"]) == (1, 88.5)
    (case,) = cases(seated, "WB27")
    assert "to be entered by hand" in case.message
    keep_theirs(seated, REST, ItemId(case.first_key), "tester")
    assert open_cases(seated, REST) == []


def test_a_correction_of_a_posted_transcript_is_sent_when_a_person_says_so(
    seated: House, region: SmallRegion
) -> None:
    graded(seated, region, "88.5")
    deliver(seated, REST)
    in_term(region, seated, transcript_posted_on=NOW.date())
    graded(seated, region, "89")
    assert send_ours(seated, REST, items(seated)[-1].item_id, "tester") is OutboxState.QUEUED
    assert deliver(seated, REST).confirmed == 1
    assert result(region)["score"] == 89.0


def test_a_choice_closes_no_case_of_what_the_route_cannot_carry(seated: House, region: SmallRegion) -> None:
    in_term(region, seated, **EARLY)
    collect_from(seated, region.grade_file([f"{REST},u{n},88.5" for n in range(2)]))
    assert release(seated, REST, "tester") == Released(waiting=2)
    entries = region.entries(NOW + timedelta(days=12))
    entries["district"][0]["term"][0].update(EARLY)
    entries["district"][0]["settings"]["scale"] = {"rounding": "half_up", "bands": {"A": 85, "F": 0}}
    load_entries(seated, entries, "tester")
    assert deliver(seated, REST).held == 2
    assert [case.rule for case in open_cases(seated, REST)] == ["WB24"]
    keep_theirs(seated, REST, items(seated)[0].item_id, "a registrar")
    assert [case.rule for case in open_cases(seated, REST)] == ["WB24"]
    deliver(seated, REST)
    assert [(case.rule, case.rows) for case in open_cases(seated, REST)] == [("WB24", 1)]


def other_route(region: SmallRegion, house: House) -> None:
    """Give the first district the route by file of the second."""
    entries = region.entries()
    entries["district"][0]["grades"] = entries["district"][1]["grades"]
    load_entries(house, entries, "tester")
    keep_secret(house, REST, "sis_password", "secret", "tester")


def test_what_is_queued_when_the_route_changes_leaves_by_the_new_one(
    seated: House, region: SmallRegion
) -> None:
    graded(seated, region, "88.5")
    other_route(region, seated)
    assert deliver(seated, REST).delivered == 1
    assert [(item.route, item.state.value) for item in items(seated)] == [
        ("oneroster_gradebook", "superseded"),
        ("registrar_file", "delivered"),
    ]
    assert [file.name[:12] for file in region.sftp.inbox(FILES).glob("*.csv")] == ["grades_9101_"]


def test_what_is_in_doubt_by_a_route_that_was_left_is_a_case_of_its_own(
    seated: House, region: SmallRegion
) -> None:
    graded(seated, region, "88.5")
    with seated.store.begin("x") as conn:
        outbox.set_state(conn, REST, [items(seated)[0].item_id], OutboxState.UNKNOWN, at=NOW)
    other_route(region, seated)
    deliver(seated, REST)
    (case,) = cases(seated, "WB28")
    assert "went by oneroster_gradebook" in case.message
    keep_theirs(seated, REST, ItemId(case.first_key), "tester")
    assert cases(seated, "WB28") == []


def test_grades_queued_in_a_district_without_any_route_are_not_silently_stuck(
    seated: House, region: SmallRegion, monkeypatch: pytest.MonkeyPatch
) -> None:
    graded(seated, region, "88.5")
    monkeypatch.setattr("sisbridge.store.regions.connector", lambda *_: None)
    with pytest.raises(StopDistrict, match="CF12"):
        deliver(seated, REST)
    assert len(cases(seated, "CF12")) == 1


def test_of_two_deliveries_at_once_one_sends_and_the_other_is_told(
    any_house: House, region: SmallRegion
) -> None:
    sync_region(any_house, [REST])
    graded(any_house, region, "88.5")
    with any_house.store.alone(f"deliver-{REST}") as first:
        assert first
        with pytest.raises(RetryLater, match="WB14"):
            deliver(any_house, REST)
    assert deliver(any_house, REST).confirmed == 1


def test_an_item_that_another_took_is_left_to_it(any_house: House, region: SmallRegion) -> None:
    sync_region(any_house, [REST])
    graded(any_house, region, "88.5")
    (item,) = items(any_house)
    with any_house.store.begin("x") as conn:
        assert outbox.claim(conn, REST, [item], NOW) == {item.item_id}
        assert outbox.claim(conn, REST, [item], NOW) == set()
    (taken,) = items(any_house)
    assert taken == replace(item, state=OutboxState.SENDING, attempts=1)


def _deliver_elsewhere(url: str, home: str, said: Any) -> None:
    """Deliver in a process of its own and tell how many were sent."""
    from sisbridge.settings import Settings

    house = House.open(Settings(home=Path(home), database_url=url, demo=True, actor="other"))
    try:
        said.put(deliver(house, REST).sent)
    except RetryLater as error:
        said.put(error.code)
    house.close()


def test_two_processes_at_once_send_each_grade_once(any_house: House, region: SmallRegion) -> None:
    sync_region(any_house, [REST])
    collect_from(any_house, region.grade_file([f"{REST},u{n},{80 + n}" for n in range(6)]))
    release(any_house, REST, "tester")
    region.provider.forget_requests()
    context = get_context("spawn")
    said = context.Queue()
    settings = any_house.settings
    given = (settings.database_url, str(settings.home), said)
    both = [context.Process(target=_deliver_elsewhere, args=given) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
    told = [said.get(timeout=5) for _ in both]
    assert sorted(one for one in told if isinstance(one, int) and one) == [6]
    assert region.provider.requests["PUT results/*"] == 6
