"""A grade on its way out while the roster, the route or the grade itself changes beneath it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.grading import OutboxItem, OutboxState
from domain.ids import ItemId
from sisbridge.house import House
from sisbridge.store import files as file_store
from sisbridge.store import outbox
from sisbridge.sync.answers.cases import open_cases
from sisbridge.sync.grades import gate, posting
from sisbridge.sync.grades.choose import keep_theirs, send_ours
from sisbridge.sync.grades.collect_grades import collect_from
from sisbridge.sync.grades.reconcile import reconcile
from sisbridge.sync.grades.release import release
from sisbridge.sync.grades.waiting_files import COMMITTED
from sisbridge.sync.grades.writeback import deliver
from sisbridge.sync.night import sync_district
from sisbridge.sync.region import keep_secret, load_entries
from tests.support.small_region import FILES, NOW, REST, SmallRegion

ANOTHER = {"identifier": "911999999", "givenName": "Zoe", "familyName": "Other"}


def night(house: House, region: SmallRegion, number: int) -> None:
    """Run the REST district's night of a day."""
    region.load(house, NOW + timedelta(days=number))
    sync_district(house, REST)


def released(house: House, region: SmallRegion, *rows: str) -> None:
    """Collect and release grades, each `student,percent`."""
    collect_from(house, region.grade_file([f"{REST},{row}" for row in rows]))
    release(house, REST, "tester")


def results(region: SmallRegion) -> list[tuple[str, str, float]]:
    """Return class, student and score of each grade that the gradebook holds."""
    dataset = region.provider.dataset
    classes = {one["sourcedId"]: one["class"]["sourcedId"] for one in dataset.records("lineItems")}
    return sorted(
        (classes[one["lineItem"]["sourcedId"]], one["student"]["sourcedId"], one["score"])
        for one in dataset.records("results")
    )


def items(house: House) -> list[OutboxItem]:
    """Return the district's items, by route, grade and revision."""
    with house.store.read() as conn:
        return outbox.items(conn, REST)


def as_if(house: House, state: OutboxState) -> None:
    """Put the newest item into a state that an attempt left it in."""
    newest = max(items(house), key=lambda item: item.revision)
    with house.store.begin("x") as conn:
        outbox.set_state(conn, REST, [newest.item_id], state, attempts=1, at=NOW)


def move_to_another_section(region: SmallRegion) -> None:
    """Let the SIS move u0 into another section of the course."""
    dataset = region.provider.dataset
    dataset.add("classes", {**dataset.records("classes")[0], "sourcedId": "k2"}, NOW)
    dataset.change("enrollments", "e-u0", NOW, **{"class": {"sourcedId": "k2", "type": "class"}})


def test_a_grade_in_doubt_that_never_arrived_is_not_sent_to_the_one_who_got_the_id(
    any_house: House, region: SmallRegion
) -> None:
    night(any_house, region, 0)
    released(any_house, region, "u0,90")
    as_if(any_house, OutboxState.UNKNOWN)
    region.provider.dataset.change("users", "u0", NOW, **ANOTHER)
    night(any_house, region, 1)
    assert deliver(any_house, REST).held == 1
    assert results(region) == []
    assert [case.rule for case in open_cases(any_house, REST)] == ["ID25", "WB29"]


@pytest.mark.parametrize("state", [OutboxState.SENDING, OutboxState.NOT_TAKEN])
def test_a_grade_tried_once_follows_a_student_into_another_section(
    house: House, region: SmallRegion, state: OutboxState
) -> None:
    night(house, region, 0)
    released(house, region, "u0,90")
    as_if(house, state)
    move_to_another_section(region)
    night(house, region, 1)
    assert deliver(house, REST).confirmed == 1
    assert results(region) == [("k2", "u0", 90.0)]


def test_a_grade_in_doubt_that_never_arrived_is_not_sent_after_its_window(
    house: House, region: SmallRegion
) -> None:
    night(house, region, 0)
    released(house, region, "u0,90")
    as_if(house, OutboxState.UNKNOWN)
    region.load(house, NOW + timedelta(days=60))
    assert deliver(house, REST).held == 1
    assert (results(region), [case.rule for case in open_cases(house, REST)]) == ([], ["WB20"])


def change_the_one_result(region: SmallRegion, score: float) -> None:
    """Let a registrar change the one grade that the gradebook holds."""
    (one,) = region.provider.dataset.records("results")
    region.provider.dataset.change("results", one["sourcedId"], NOW + timedelta(hours=1), score=score)


def by_file(region: SmallRegion, house: House, days: int = 0) -> None:
    """Give the REST district the other one's route by file."""
    entries = region.entries(NOW + timedelta(days=days))
    entries["district"][0]["grades"] = entries["district"][1]["grades"]
    load_entries(house, entries, "tester")
    keep_secret(house, REST, "sis_password", "secret", "tester")


def states(house: House) -> list[tuple[int, str]]:
    """Return revision and state of the district's items."""
    return sorted((one.revision, one.state.value) for one in items(house))


def test_a_grade_not_kept_is_not_sent_beside_the_one_released_while_it_was_under_way(
    any_house: House, region: SmallRegion
) -> None:
    night(any_house, region, 0)
    released(any_house, region, "u0,90")
    (old,) = items(any_house)
    as_if(any_house, OutboxState.SENDING)
    released(any_house, region, "u0,91")
    with any_house.store.begin("as the delivery ends") as conn:
        outbox.set_state(conn, REST, [old.item_id], OutboxState.NOT_TAKEN, at=NOW)
    region.provider.forget_requests()
    assert deliver(any_house, REST).confirmed == 1
    assert states(any_house) == [(1, "superseded"), (2, "confirmed")]
    assert region.provider.requests["PUT results/*"] == 1


def test_of_a_grade_in_doubt_and_its_correction_only_the_newer_is_a_conflict(
    house: House, region: SmallRegion
) -> None:
    night(house, region, 0)
    released(house, region, "u0,90")
    deliver(house, REST)
    released(house, region, "u0,91")
    as_if(house, OutboxState.UNKNOWN)
    released(house, region, "u0,92")
    change_the_one_result(region, 70.0)
    assert deliver(house, REST).conflict == 1
    assert states(house) == [(1, "confirmed"), (2, "superseded"), (3, "conflict")]


def test_a_grade_in_doubt_does_not_go_once_its_correction_went_by_another_route(
    house: House, region: SmallRegion
) -> None:
    night(house, region, 0)
    released(house, region, "u0,90")
    as_if(house, OutboxState.UNKNOWN)
    by_file(region, house)
    released(house, region, "u0,91")
    assert deliver(house, REST).delivered == 1
    region.load(house)
    deliver(house, REST)
    assert (results(region), states(house)) == ([], [(1, "superseded"), (2, "delivered")])


def test_a_district_that_returns_to_its_route_sends_what_the_roster_says_by_now(
    house: House, region: SmallRegion
) -> None:
    night(house, region, 0)
    released(house, region, "u0,90")
    by_file(region, house)
    known = house.district(REST)
    posting.tend(house, known, gate.opened(house, known)[0])
    move_to_another_section(region)
    night(house, region, 1)
    assert deliver(house, REST).confirmed == 1
    assert results(region) == [("k2", "u0", 90.0)]


def test_a_persons_choice_writes_over_no_grade_of_the_one_who_got_the_id(
    any_house: House, region: SmallRegion
) -> None:
    night(any_house, region, 0)
    released(any_house, region, "u0,90")
    deliver(any_house, REST)
    change_the_one_result(region, 70.0)
    released(any_house, region, "u0,91")
    assert deliver(any_house, REST).conflict == 1
    region.provider.dataset.change("users", "u0", NOW, **ANOTHER)
    night(any_house, region, 1)
    newest = max(items(any_house), key=lambda item: item.revision)
    assert send_ours(any_house, REST, newest.item_id, "tester") is OutboxState.HELD
    assert (deliver(any_house, REST).held, results(region)) == (1, [("k", "u0", 70.0)])
    assert [case.rule for case in open_cases(any_house, REST)] == ["ID25", "WB29"]


def delete_the_column(region: SmallRegion) -> None:
    """Let a teacher delete the one grade column with all its grades."""
    dataset = region.provider.dataset
    for collection in ("results", "lineItems"):
        for one in list(dataset.records(collection)):
            dataset.drop(collection, one["sourcedId"])


def test_a_column_made_anew_gets_no_grade_of_a_student_whose_id_another_has(
    house: House, region: SmallRegion
) -> None:
    night(house, region, 0)
    released(house, region, "u0,90", "u1,80", "u2,70")
    deliver(house, REST)
    region.provider.dataset.change("users", "u0", NOW, **ANOTHER)
    night(house, region, 1)
    delete_the_column(region)
    released(house, region, "u1,81")
    deliver(house, REST)
    assert results(region) == [("k", "u1", 81.0), ("k", "u2", 70.0)]


def test_a_column_made_anew_gets_no_grade_in_whose_place_a_person_let_theirs_stand(
    house: House, region: SmallRegion
) -> None:
    night(house, region, 0)
    released(house, region, "u0,90")
    deliver(house, REST)
    change_the_one_result(region, 70.0)
    released(house, region, "u0,91", "u1,80")
    assert deliver(house, REST).conflict == 1
    (conflict,) = [item for item in items(house) if item.state is OutboxState.CONFLICT]
    keep_theirs(house, REST, conflict.item_id, "tester")
    delete_the_column(region)
    released(house, region, "u1,81")
    deliver(house, REST)
    assert results(region) == [("k", "u1", 81.0)]


def transcripts_posted(region: SmallRegion, house: House) -> None:
    """Let the transcripts of the first column be posted today."""
    entries = region.entries()
    entries["district"][0]["term"][0]["transcript_posted_on"] = NOW.date()
    load_entries(house, entries, "tester")


def test_a_correction_that_waited_while_transcripts_were_posted_is_a_persons(
    any_house: House, region: SmallRegion
) -> None:
    night(any_house, region, 0)
    released(any_house, region, "u0,90")
    deliver(any_house, REST)
    released(any_house, region, "u0,91", "u1,80")
    transcripts_posted(region, any_house)
    assert deliver(any_house, REST).by_hand == 1
    assert results(region) == [("k", "u0", 90.0), ("k", "u1", 80.0)]
    (case,) = open_cases(any_house, REST)
    assert case.rule == "WB27"
    send_ours(any_house, REST, ItemId(case.first_key), "tester")
    assert deliver(any_house, REST).by_hand == 0
    assert results(region) == [("k", "u0", 91.0), ("k", "u1", 80.0)]


def test_a_correction_of_a_grade_in_doubt_is_a_persons_too_once_transcripts_are_posted(
    house: House, region: SmallRegion
) -> None:
    night(house, region, 0)
    released(house, region, "u0,90")
    as_if(house, OutboxState.UNKNOWN)
    transcripts_posted(region, house)
    released(house, region, "u0,91")
    assert deliver(house, REST).by_hand == 1
    assert states(house) == [(1, "superseded"), (2, "by_hand")]


def test_grades_in_a_file_that_nobody_acknowledges_are_a_case_after_a_week(
    any_house: House, region: SmallRegion
) -> None:
    night(any_house, region, 0)
    by_file(region, any_house)
    released(any_house, region, "u0,90", "u1,80")
    deliver(any_house, REST)
    by_file(region, any_house, days=7)
    reconcile(any_house, REST)
    assert open_cases(any_house, REST) == []
    by_file(region, any_house, days=8)
    reconcile(any_house, REST)
    (case,) = open_cases(any_house, REST)
    (file,) = region.sftp.inbox(FILES).glob("*.csv")
    assert (case.rule, case.rows, case.first_place) == ("WB32", 2, file.name)
    file.with_name(f"{file.name}.ack").touch()
    reconcile(any_house, REST)
    assert open_cases(any_house, REST) == []


def test_an_acknowledged_file_does_not_speak_for_a_grade_that_a_person_withdrew(
    any_house: House, region: SmallRegion
) -> None:
    night(any_house, region, 0)
    by_file(region, any_house)
    released(any_house, region, "u0,90", "u1,80")
    deliver(any_house, REST)
    refused_by_the_import, taken = items(any_house)
    keep_theirs(any_house, REST, refused_by_the_import.item_id, "a registrar")
    (file,) = region.sftp.inbox(FILES).glob("*.csv")
    file.with_name(f"{file.name}.ack").touch()
    reconcile(any_house, REST)
    assert {one.item_id: one.state for one in items(any_house)} == {
        refused_by_the_import.item_id: OutboxState.WITHDRAWN,
        taken.item_id: OutboxState.CONFIRMED,
    }


def died_before_the_file_was_staged(house: House, region: SmallRegion) -> None:
    """Put the one file back to where only its name and fingerprint are committed."""
    for file in region.sftp.inbox(FILES).iterdir():
        file.unlink()
    with house.store.begin("x") as conn:
        (batch,) = file_store.file_batches(conn, REST)
        file_store.set_file_batch_state(conn, REST, batch.batch_id, COMMITTED)
        numbers = [item.item_id for item in outbox.items(conn, REST)]
        outbox.set_state(conn, REST, numbers, OutboxState.SENDING, at=NOW)


def test_a_file_cut_off_is_not_placed_with_a_grade_of_a_student_whose_id_another_has(
    house: House, region: SmallRegion
) -> None:
    night(house, region, 0)
    by_file(region, house)
    released(house, region, "u0,90")
    deliver(house, REST)
    died_before_the_file_was_staged(house, region)
    region.provider.dataset.change("users", "u0", NOW, **ANOTHER)
    sync_district(house, REST)
    assert (deliver(house, REST).unknown, [*region.sftp.inbox(FILES).iterdir()]) == (1, [])
    (item,) = items(house)
    assert send_ours(house, REST, item.item_id, "tester") is OutboxState.QUEUED
    assert (deliver(house, REST).held, [*region.sftp.inbox(FILES).iterdir()]) == (1, [])


def test_a_file_cut_off_is_not_placed_with_a_grade_that_a_person_withdrew_since(
    house: House, region: SmallRegion
) -> None:
    night(house, region, 0)
    by_file(region, house)
    released(house, region, "u0,90")
    deliver(house, REST)
    died_before_the_file_was_staged(house, region)
    keep_theirs(house, REST, items(house)[0].item_id, "a registrar")
    deliver(house, REST)
    assert (states(house), [*region.sftp.inbox(FILES).iterdir()]) == ([(1, "withdrawn")], [])
