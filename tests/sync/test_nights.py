"""What whole nights do to the store and to the SISs."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from domain.errors import RetryLater, SisbridgeError
from domain.grading import OutboxState
from simulators.dataset import Dataset
from simulators.oneroster.dialect import Dialect
from simulators.oneroster.faults import Fault, FaultKind
from sisbridge.house import House
from sisbridge.store import outbox
from sisbridge.store import roster as roster_store
from sisbridge.store import seats as seat_store
from sisbridge.sync.answers.cases import open_cases
from sisbridge.sync.answers.why import why
from sisbridge.sync.grades.collect_grades import collect_from
from sisbridge.sync.grades.deliver import MAXIMUM_ATTEMPTS
from sisbridge.sync.grades.release import release, release_again
from sisbridge.sync.grades.writeback import DeliveryCounts, deliver, districts_with_items
from sisbridge.sync.night import sync_district, sync_region
from sisbridge.sync.region import load_entries
from sisbridge.sync.roster.replay import replay
from tests.support.small_region import FILES, NOW, REST, SmallRegion, add_student, roster

TEN = [f"{district},u{number},{70 + number}.5" for district in (REST, FILES) for number in range(5)]


def results(region: SmallRegion) -> dict[str, float]:
    """Return the scores the provider holds, by student."""
    return {r["student"]["sourcedId"]: float(r["score"]) for r in region.provider.dataset.records("results")}


def graded(house: House, region: SmallRegion, rows: list[str]) -> dict[str, DeliveryCounts]:
    """Collect, release and deliver grades in both districts."""
    collect_from(house, region.grade_file(rows))
    for code in (REST, FILES):
        release(house, code, "tester")
    return {str(code): deliver(house, code) for code in (REST, FILES)}


def test_a_first_night_applies_everything_and_seats_the_students(any_house: House) -> None:
    outcomes = sync_region(any_house, [REST, FILES])
    assert [(o.state, o.counts["quarantined"], o.counts["seats"]) for o in outcomes] == [
        ("finished", 0, 6)
    ] * 2
    with any_house.store.read() as conn:
        assert len(seat_store.seats(conn, REST)) == 6
        assert roster_store.count(conn, FILES)["users"] == 6


def test_the_same_roster_again_changes_nothing(any_house: House) -> None:
    sync_region(any_house, [REST, FILES])
    outcomes = sync_region(any_house, [REST, FILES])
    assert [o.counts["changes"] for o in outcomes] == [0, 0]


def test_grades_land_once_and_are_proven(any_house: House, region: SmallRegion) -> None:
    sync_region(any_house, [REST, FILES])
    counts = graded(any_house, region, TEN)
    assert (counts[REST].confirmed, counts[REST].sent) == (5, 5)
    assert (counts[FILES].delivered, counts[FILES].sent) == (5, 5)
    assert results(region) == {f"u{n}": 70.5 + n for n in range(5)}
    again = graded(any_house, region, TEN)
    assert [again[code].sent for code in (REST, FILES)] == [0, 0]
    assert len(list(region.sftp.inbox(FILES).glob("*.csv"))) == 1


def test_a_correction_overwrites_only_what_we_wrote(any_house: House, region: SmallRegion) -> None:
    sync_region(any_house, [REST, FILES])
    graded(any_house, region, TEN)
    _registrar_enters(region, "u1", 55.0)
    corrected = [row.replace("70.5", "90.5").replace("71.5", "91.5") for row in TEN]
    counts = graded(any_house, region, corrected)
    assert (counts[REST].confirmed, counts[REST].conflict) == (4, 1)
    assert (results(region)["u0"], results(region)["u1"]) == (90.5, 55.0)
    assert [case.rule for case in open_cases(any_house, REST)] == ["WB10"]


def _registrar_enters(region: SmallRegion, student: str, score: float) -> None:
    dataset = region.provider.dataset
    record = next(r for r in dataset.records("results") if r["student"]["sourcedId"] == student)
    dataset.change("results", record["sourcedId"], NOW, score=score)


def test_a_bad_grade_is_held_and_the_others_leave(house: House, region: SmallRegion) -> None:
    sync_region(house, [REST, FILES])
    counts = graded(house, region, [f"{REST},u0,104", f"{REST},stranger,80", f"{REST},u1,80"])
    assert counts[REST].confirmed == 1
    assert sorted(case.rule for case in open_cases(house, REST)) == ["GR02", "GR03"]


def test_two_students_with_one_number_never_get_each_others_grade(house: House, region: SmallRegion) -> None:
    add_student(region.provider.dataset, "u9", "900000000")
    sync_district(house, REST)
    collect_from(house, region.grade_file([f"{REST},u0,90", f"{REST},u9,55"]))
    release(house, REST, "tester")
    deliver(house, REST)
    assert 90.0 not in {score for student, score in results(region).items() if student != "u0"}
    assert 55.0 not in {score for student, score in results(region).items() if student != "u9"}
    assert len(results(region)) + sum(case.rows for case in open_cases(house, REST)) >= 2


def test_grades_that_were_lost_on_the_way_leave_when_the_sis_is_well_again(
    house: House, region: SmallRegion
) -> None:
    sync_district(house, REST)
    collect_from(house, region.grade_file([f"{REST},u0,90"]))
    release(house, REST, "tester")
    region.provider.faults.add(Fault(FaultKind.CLOSED, path="results/*", method="PUT", times=None))
    for _ in range(4):
        with suppress(SisbridgeError):
            deliver(house, REST)
    region.provider.faults.clear()
    assert deliver(house, REST).confirmed == 1
    assert results(region) == {"u0": 90.0}


def test_a_refused_grade_leaves_again_when_a_person_says_so(house: House, region: SmallRegion) -> None:
    sync_district(house, REST)
    collect_from(house, region.grade_file([f"{REST},u0,90"]))
    release(house, REST, "tester")
    fault = Fault(FaultKind.STATUS, path="results/*", method="PUT", status=422, times=None)
    region.provider.faults.add(fault)
    assert deliver(house, REST).rejected == 1
    region.provider.faults.clear()
    assert deliver(house, REST).confirmed == 0
    assert release_again(house, REST, "tester").queued == 1
    assert deliver(house, REST).confirmed == 1
    assert open_cases(house, REST) == []


def test_a_file_read_again_does_not_speak_against_what_came_after_it(
    house: House, region: SmallRegion
) -> None:
    sync_district(house, REST)
    collect_from(house, region.grade_file([f"{REST},u0,90"]))
    collect_from(house, region.grade_file([f"{REST},u0,95"]))
    collect_from(house, region.grade_file([f"{REST},u0,90"]))
    release(house, REST, "tester")
    deliver(house, REST)
    assert results(region) == {"u0": 95.0}


def test_an_exemption_in_the_sis_is_not_written_over(house: House, region: SmallRegion) -> None:
    sync_region(house, [REST, FILES])
    graded(house, region, [f"{REST},u0,90"])
    dataset = region.provider.dataset
    record = dataset.records("results")[0]
    dataset.change("results", record["sourcedId"], NOW, scoreStatus="exempt")
    assert graded(house, region, [f"{REST},u0,95"])[REST].conflict == 1
    assert dataset.records("results")[0]["scoreStatus"] == "exempt"


def test_a_district_without_a_scale_does_not_keep_the_others_grades_back(
    house: House, region: SmallRegion
) -> None:
    sync_region(house, [REST, FILES])
    entries = region.entries()
    del entries["district"][0]["settings"]["scale"]
    load_entries(house, entries, "tester")
    collected = collect_from(house, region.grade_file(TEN))
    assert (collected.by_district[REST]["held"], collected.by_district[FILES]["kept"]) == (5, 5)
    assert [case.rule for case in open_cases(house, REST)] == ["CF32"]


def test_a_student_number_in_the_id_column_is_not_repeated_anywhere(
    house: House, region: SmallRegion
) -> None:
    sync_district(house, REST)
    collect_from(house, region.grade_file([f"{REST},900000003,80"]))
    (case,) = open_cases(house, REST)
    assert (case.rule, case.first_key) == ("GR03", "")
    assert "900000003" not in case.message + case.fix + case.group


def test_grades_that_come_after_their_posting_window_stay_until_it_is_changed(
    house: House, region: SmallRegion
) -> None:
    sync_region(house, [REST, FILES])
    collect_from(house, region.grade_file(TEN))
    region.load(house, NOW + timedelta(days=60))
    assert release(house, REST, "tester").held == 5
    with house.store.read() as conn:
        assert outbox.items(conn, REST) == []


def test_an_acknowledged_file_confirms_its_grades(house: House, region: SmallRegion) -> None:
    sync_region(house, [REST, FILES])
    graded(house, region, TEN)
    placed = next(region.sftp.inbox(FILES).glob("*.csv"))
    placed.with_name(placed.name + ".ack").write_bytes(b"")
    assert deliver(house, FILES).confirmed == 5


def posting(house: House, region: SmallRegion) -> None:
    """Have the REST district's gradebook choose the ids of what we write."""
    entries = region.entries()
    rest = entries["district"][0]["grades"]
    rest["settings"] = {**rest["settings"], "write_by": "post"}
    load_entries(house, entries, "tester")


def test_posted_grades_land_once_and_corrections_find_them_though_the_column_was_renamed(
    any_house: House, region: SmallRegion
) -> None:
    posting(any_house, region)
    sync_district(any_house, REST)
    assert graded(any_house, region, TEN[:5])[REST].confirmed == 5
    dataset = region.provider.dataset
    column = dataset.records("lineItems")[0]["sourcedId"]
    dataset.change("lineItems", column, NOW, title="Renamed by the teacher")
    assert graded(any_house, region, [f"{REST},u0,91"])[REST].confirmed == 5
    assert [one["sourcedId"] for one in dataset.records("lineItems")] == [column]
    assert results(region) == {"u0": 91.0} | {f"u{n}": 70.5 + n for n in range(1, 5)}
    assert len(dataset.records("results")) == 5


def test_a_post_whose_answer_was_lost_is_looked_up_before_anything_is_sent_again(
    any_house: House, region: SmallRegion
) -> None:
    posting(any_house, region)
    sync_district(any_house, REST)
    for path in ("classes/*/lineItems", "lineItems/*/results"):
        region.provider.faults.add(Fault(FaultKind.LOST_ANSWER, path=path, method="POST"))
    collect_from(any_house, region.grade_file(TEN[:5]))
    release(any_house, REST, "tester")
    with pytest.raises(RetryLater):
        deliver(any_house, REST)
    deliver(any_house, REST)
    assert deliver(any_house, REST).confirmed == 5
    dataset = region.provider.dataset
    assert (len(dataset.records("lineItems")), len(dataset.records("results"))) == (1, 5)


def test_a_file_in_place_is_no_work_and_its_acknowledgement_is_noticed_by_the_next_night(
    any_house: House, region: SmallRegion
) -> None:
    sync_region(any_house, [REST, FILES])
    collect_from(any_house, region.grade_file(TEN))
    release(any_house, FILES, "tester")
    assert districts_with_items(any_house) == [FILES]
    assert deliver(any_house, FILES).delivered == 5
    assert districts_with_items(any_house) == []
    placed = next(region.sftp.inbox(FILES).glob("*.csv"))
    placed.with_name(placed.name + ".ack").write_bytes(b"")
    sync_district(any_house, FILES)
    with any_house.store.read() as conn:
        assert {item.state for item in outbox.items(conn, FILES)} == {OutboxState.CONFIRMED}


def test_a_grade_the_sis_never_took_is_no_work_for_ever(tmp_path: Path) -> None:
    with SmallRegion(tmp_path) as region:
        house = region.open(f"sqlite:///{tmp_path / 'store.db'}", tmp_path / "home")
        sync_district(house, REST)
        graded(house, region, [f"{REST},u1,90"])
        region.provider.dialect = Dialect(drop_writes=True)
        collect_from(house, region.grade_file([f"{REST},u0,90"]))
        release(house, REST, "tester")
        tries = 0
        while districts_with_items(house) == [REST]:
            deliver(house, REST)
            tries += 1
        assert tries == MAXIMUM_ATTEMPTS
        assert [case.rule for case in open_cases(house, REST)] == ["WB11"]
        house.close()


def test_a_student_whom_only_another_district_knows_is_an_incident(
    any_house: House, region: SmallRegion
) -> None:
    crowd = roster()
    add_student(crowd, "u9", "900000009")
    region.drop(crowd)
    sync_region(any_house, [REST, FILES])
    collected = collect_from(any_house, region.grade_file([f"{REST},u9,80", f"{REST},u0,80"]))
    assert (collected.kept, collected.held) == (1, 1)
    case = next(case for case in open_cases(any_house, REST) if case.rule == "GR09")
    assert "Incident" in case.message
    assert "u9" not in case.message + case.first_key


def test_a_row_left_out_of_a_bulk_file_is_missing_first_and_removed_by_the_second_night(
    house: House, region: SmallRegion
) -> None:
    region.posting_is_over = True
    region.load(house)
    sync_district(house, FILES)
    shrunk = without(roster(), "u5")
    region.drop(shrunk)
    assert sync_district(house, FILES).counts["missing"] == 3
    assert sync_district(house, FILES).counts["changes"] == 0
    with house.store.read() as conn:
        assert roster_store.count(conn, FILES)["users"] == 6
    region.load(house, NOW + timedelta(days=1))
    region.drop(shrunk)
    assert sync_district(house, FILES).counts["remove"] == 3
    region.drop(roster())
    assert sync_district(house, FILES).counts["add"] == 3


def test_field_failure_58_the_very_same_file_proves_no_second_absence_however_often_it_is_read(
    any_house: House, region: SmallRegion
) -> None:
    region.posting_is_over = True
    region.load(any_house)
    sync_district(any_house, FILES)
    region.drop(without(roster(), "u5"))
    moved = []
    for days in range(1, 4):
        region.load(any_house, NOW + timedelta(days=days))
        moved.append(sync_district(any_house, FILES).counts["changes"])
    assert moved == [3, 0, 0]
    replay(any_house, FILES, "tester")
    assert sync_district(any_house, FILES).counts["changes"] == 0
    region.drop(without(roster(), "u5"))
    assert sync_district(any_house, FILES).counts["remove"] == 3


def without(dataset: Dataset, student: str) -> Dataset:
    """Return a data set without a student and the student's enrollment."""
    dataset.drop("users", student)
    dataset.drop("enrollments", f"e-{student}")
    return dataset


def test_a_district_without_an_mou_is_tried_but_not_applied(house: House, region: SmallRegion) -> None:
    entries = region.entries()
    del entries["district"][0]["mou_approved_on"]
    load_entries(house, entries, "tester")
    outcome = sync_district(house, REST)
    assert (outcome.state, outcome.code) == ("stopped", "CF11")
    with house.store.read() as conn:
        assert sum(roster_store.count(conn, REST).values()) == 0


def test_a_rehearsal_applies_nothing(house: House) -> None:
    outcome = sync_district(house, REST, rehearse=True)
    assert (outcome.state, outcome.counts["changes"] > 0) == ("finished", True)
    with house.store.read() as conn:
        assert sum(roster_store.count(conn, REST).values()) == 0


def test_a_mass_removal_is_held_and_the_rest_of_the_night_goes_on(house: House, region: SmallRegion) -> None:
    crowd = roster()
    for number in range(40):
        add_student(crowd, f"x{number}", f"8000000{number:02d}")
    region.drop(crowd)
    assert sync_district(house, FILES).state == "finished"
    for number in range(15):
        without(crowd, f"x{number}")
    add_student(crowd, "new", "123456789")
    region.drop(crowd)
    region.load(house, NOW + timedelta(days=1))
    outcome = sync_district(house, FILES)
    assert (outcome.state, outcome.counts["held"], outcome.counts["add"]) == ("finished", 45, 3)
    assert [case.rule for case in open_cases(house, FILES)] == ["SZ10"]
    with house.store.read() as conn:
        assert roster_store.count(conn, FILES)["users"] == 47


@pytest.mark.parametrize(
    ("student", "words"),
    [("u0", "is on the roster"), ("u9", "is held back"), ("nobody", "was ever seen")],
)
def test_why_answers_in_one_sentence(house: House, region: SmallRegion, student: str, words: str) -> None:
    add_student(region.provider.dataset, "u9", "1.23E+08")
    sync_district(house, REST)
    answers = why(house, student)
    assert len(answers) == 1
    assert words in answers[0].sentence


def test_grades_of_one_district_never_reach_another(
    house: House, region: SmallRegion, tmp_path: Path
) -> None:
    sync_region(house, [REST, FILES])
    graded(house, region, [f"{FILES},u0,88"])
    assert results(region) == {}
    with house.store.read() as conn:
        assert [item.state for item in outbox.items(conn, FILES)] == [OutboxState.DELIVERED]
