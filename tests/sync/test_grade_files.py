"""Grade files that lie with a registrar: what waits for them, who settles them, what was changed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from domain.errors import StopDistrict
from domain.grading import OutboxState
from sisbridge.house import House
from sisbridge.store import files as file_store
from sisbridge.store import outbox
from sisbridge.store.tables.region import audit
from sisbridge.sync.answers.cases import open_cases
from sisbridge.sync.grades.choose import keep_theirs
from sisbridge.sync.grades.collect_grades import collect_from
from sisbridge.sync.grades.grade_files import loaded, not_loaded, waiting
from sisbridge.sync.grades.reconcile import reconcile
from sisbridge.sync.grades.release import release
from sisbridge.sync.grades.writeback import deliver, lock_of
from sisbridge.sync.night import sync_district
from sisbridge.sync.region import keep_secret, load_entries
from tests.support.small_region import FILES, NOW, REST, SmallRegion


@pytest.fixture
def house_by_file(any_house: House, region: SmallRegion) -> House:
    """A house whose first district gets its grades as files, with its roster in force."""
    sync_district(any_house, REST)
    by_file(any_house, region)
    return any_house


def by_file(house: House, region: SmallRegion, now: timedelta = timedelta()) -> None:
    """Give the REST district the other one's route by file."""
    entries = region.entries(NOW + now)
    entries["district"][0]["grades"] = entries["district"][1]["grades"]
    load_entries(house, entries, "tester")
    keep_secret(house, REST, "sis_password", "secret", "tester")


def released(house: House, region: SmallRegion, *rows: str) -> None:
    """Collect and release grades, each `student,percent`."""
    collect_from(house, region.grade_file([f"{REST},{row}" for row in rows]))
    release(house, REST, "tester")


def lie(region: SmallRegion) -> list[list[str]]:
    """Return the students and percents in each file of the registrar's folder, in order."""
    found = [file.read_text("utf-8-sig").splitlines()[1:] for file in region.sftp.inbox(FILES).glob("*.csv")]
    cells = [sorted(f"{line.split(',')[1]} {line.split(',')[7]}" for line in lines) for lines in found]
    return sorted(cells)


def only_file(region: SmallRegion) -> Path:
    """Return the one file in the registrar's folder."""
    (file,) = region.sftp.inbox(FILES).glob("*.csv")
    return file


def placed(house: House, region: SmallRegion, *rows: str) -> Path:
    """Release grades, each `student,percent`, deliver them and return their file."""
    released(house, region, *rows)
    deliver(house, REST)
    return only_file(region)


def states(house: House) -> list[tuple[int, str]]:
    """Return revision and state of the district's items."""
    with house.store.read() as conn:
        return sorted((one.revision, one.state.value) for one in outbox.items(conn, REST))


def rules(house: House) -> list[str]:
    """Return the rules of the open cases."""
    return [case.rule for case in open_cases(house, REST)]


def said(house: House) -> list[tuple[str, str]]:
    """Return who said what of a grade file."""
    wanted = sa.select(audit.c.actor, audit.c.action).where(audit.c.action.like("grade file said%"))
    with house.store.read() as conn:
        return [(row.actor, row.action) for row in conn.execute(wanted.order_by(audit.c.seq))]


def test_a_correction_waits_until_the_file_with_the_older_grade_is_acknowledged(
    house_by_file: House, region: SmallRegion
) -> None:
    first = placed(house_by_file, region, "u0,90", "u1,80")
    released(house_by_file, region, "u0,91", "u2,70")
    came = deliver(house_by_file, REST)
    assert (came.queued, came.delivered) == (1, 2)
    assert lie(region) == [["u0 90.0", "u1 80.0"], ["u2 70.0"]]
    (case,) = open_cases(house_by_file, REST)
    assert (case.rule, case.rows, case.first_place) == ("WB34", 1, first.name)
    first.with_name(f"{first.name}.ack").touch()
    assert deliver(house_by_file, REST).queued == 0
    assert lie(region) == [["u0 90.0", "u1 80.0"], ["u0 91.0"], ["u2 70.0"]]
    assert rules(house_by_file) == []


def test_a_file_taken_back_goes_anew_with_the_correction_and_without_the_older_grade(
    house_by_file: House, region: SmallRegion
) -> None:
    name = placed(house_by_file, region, "u0,90", "u1,80").name
    released(house_by_file, region, "u0,91")
    deliver(house_by_file, REST)
    assert not_loaded(house_by_file, REST, name, "a registrar") == 1
    assert (lie(region), rules(house_by_file)) == ([], [])
    assert deliver(house_by_file, REST).delivered == 2
    assert lie(region) == [["u0 91.0", "u1 80.0"]]
    assert said(house_by_file) == [("a registrar", "grade file said not to be loaded")]


def test_a_file_taken_back_alone_is_placed_once_more_under_its_name(
    house_by_file: House, region: SmallRegion
) -> None:
    name = placed(house_by_file, region, "u0,90").name
    assert not_loaded(house_by_file, REST, name, "a registrar") == 1
    assert deliver(house_by_file, REST).delivered == 1
    assert (only_file(region).name, lie(region)) == (name, [["u0 90.0"]])
    assert [one.state for one in waiting(house_by_file, REST)] == ["in place"]


def test_a_correction_by_another_route_waits_for_the_file_too(
    house_by_file: House, region: SmallRegion
) -> None:
    name = placed(house_by_file, region, "u0,90").name
    region.load(house_by_file)
    released(house_by_file, region, "u0,91")
    assert deliver(house_by_file, REST).queued == 1
    assert region.provider.dataset.records("results") == []
    with pytest.raises(StopDistrict, match="WB16"):
        not_loaded(house_by_file, REST, name, "a registrar")
    assert loaded(house_by_file, REST, name, "a registrar") == 1
    deliver(house_by_file, REST)
    assert [one["score"] for one in region.provider.dataset.records("results")] == [91.0]


def test_a_file_saved_in_a_spreadsheet_stops_no_other_and_is_a_case(
    house_by_file: House, region: SmallRegion
) -> None:
    file = placed(house_by_file, region, "u0,90")
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"90.0", b"90"))
    file.with_name(f"{file.name}.ack").touch()
    released(house_by_file, region, "u1,80")
    assert deliver(house_by_file, REST).delivered == 2
    assert lie(region) == [["u0 90"], ["u1 80.0"]]
    (case,) = open_cases(house_by_file, REST)
    assert (case.rule, case.first_place) == ("WB33", file.name)
    assert "grades file 9101" in case.fix
    reconcile(house_by_file, REST)
    assert rules(house_by_file) == ["WB33"]
    assert loaded(house_by_file, REST, file.name, "a registrar") == 1
    assert (rules(house_by_file), states(house_by_file)) == ([], [(1, "confirmed"), (1, "delivered")])
    assert said(house_by_file) == [("a registrar", "grade file said to be loaded")]


def test_a_changed_file_that_was_not_loaded_is_taken_back_and_sent_as_it_was(
    house_by_file: House, region: SmallRegion
) -> None:
    file = placed(house_by_file, region, "u0,90")
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"90.0", b"90"))
    deliver(house_by_file, REST)
    assert not_loaded(house_by_file, REST, file.name, "a registrar") == 1
    assert deliver(house_by_file, REST).delivered == 1
    assert (lie(region), rules(house_by_file)) == ([["u0 90.0"]], [])


def test_a_file_in_doubt_is_settled_by_what_a_person_says(house_by_file: House, region: SmallRegion) -> None:
    name = placed(house_by_file, region, "u0,90", "u1,80").name
    for file in region.sftp.inbox(FILES).iterdir():
        file.unlink()
    with house_by_file.store.begin("as if it had died before the rename was known") as conn:
        (batch,) = file_store.file_batches(conn, REST)
        file_store.set_file_batch_state(conn, REST, batch.batch_id, "staged")
        numbers = [item.item_id for item in outbox.items(conn, REST)]
        outbox.set_state(conn, REST, numbers, OutboxState.SENDING, at=NOW)
    assert deliver(house_by_file, REST).unknown == 2
    keep_theirs(house_by_file, REST, numbers[0], "a registrar")
    assert loaded(house_by_file, REST, name, "a registrar") == 1
    assert states(house_by_file) == [(1, "confirmed"), (1, "withdrawn")]
    assert rules(house_by_file) == []


def test_a_file_that_was_taken_away_already_is_queued_anew_when_a_person_says_so(
    house_by_file: House, region: SmallRegion
) -> None:
    name = placed(house_by_file, region, "u0,90").name
    for file in region.sftp.inbox(FILES).iterdir():
        file.unlink()
    deliver(house_by_file, REST)
    assert [one.state for one in waiting(house_by_file, REST)] == ["in place"]
    assert not_loaded(house_by_file, REST, name, "a registrar") == 1
    assert deliver(house_by_file, REST).delivered == 1
    assert lie(region) == [["u0 90.0"]]


def test_the_nightly_look_leaves_files_to_a_delivery_that_is_at_them(
    house_by_file: House, region: SmallRegion
) -> None:
    file = placed(house_by_file, region, "u0,90")
    file.with_name(f"{file.name}.ack").touch()
    with house_by_file.store.alone(lock_of(REST)) as is_alone:
        assert is_alone
        reconcile(house_by_file, REST)
        assert states(house_by_file) == [(1, "delivered")]
    reconcile(house_by_file, REST)
    assert states(house_by_file) == [(1, "confirmed")]


def test_an_acknowledged_file_is_not_taken_back_and_another_name_is_not_known(
    house_by_file: House, region: SmallRegion
) -> None:
    file = placed(house_by_file, region, "u0,90")
    file.with_name(f"{file.name}.ack").touch()
    with pytest.raises(StopDistrict, match="WB19"):
        not_loaded(house_by_file, REST, file.name, "a registrar")
    reconcile(house_by_file, REST)
    for say in (loaded, not_loaded):
        with pytest.raises(StopDistrict, match="WB18"):
            say(house_by_file, REST, file.name, "a registrar")
