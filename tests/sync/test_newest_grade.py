"""Only the newest revision of a grade goes, and a grade sent again goes as the term map says today."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.grading import OutboxState
from sisbridge.house import House
from sisbridge.store import files as file_store
from sisbridge.store import outbox
from sisbridge.sync.answers.cases import open_cases
from sisbridge.sync.grades.choose import send_ours
from sisbridge.sync.grades.collect_grades import collect_from
from sisbridge.sync.grades.grade_files import loaded
from sisbridge.sync.grades.release import Released, release, release_again
from sisbridge.sync.grades.waiting_files import STAGED
from sisbridge.sync.grades.writeback import deliver
from sisbridge.sync.night import sync_region
from sisbridge.sync.region import keep_secret, load_entries
from tests.support.powerschool_grades import PowerSchoolGrades
from tests.support.small_region import FILES, GRADE_HEAD, NOW, REST, SmallRegion


@pytest.fixture
def seated(house: House) -> House:
    """A house whose roster is in force."""
    sync_region(house, [REST, FILES])
    return house


def graded(house: House, region: SmallRegion, percent: str) -> Released:
    """Collect and release one grade of the first student."""
    path = region.folder / f"grades-{percent}.csv"
    path.write_text(f"{GRADE_HEAD}{REST},u0,PHYS,S1,Final,final,{percent},,,,teacher,true\n")
    collect_from(house, path)
    return release(house, REST, "tester")


def by_file(region: SmallRegion, house: House, **settings: object) -> None:
    """Give the first district the route by file of the second."""
    entries = region.entries()
    entries["district"][0]["grades"] = entries["district"][1]["grades"]
    entries["district"][0]["grades"]["settings"] |= settings
    load_entries(house, entries, "tester")
    keep_secret(house, REST, "sis_password", "secret", "tester")


def items(house: House) -> list[tuple[str, int, str]]:
    """Return route, revision and state of the district's items."""
    with house.store.read() as conn:
        return [(one.route, one.revision, one.state.value) for one in outbox.items(conn, REST)]


def files(region: SmallRegion) -> list[str]:
    """Return the percents that lie in the registrar's folder."""
    texts = [file.read_text() for file in region.sftp.inbox(FILES).glob("*.csv")]
    return [line.split(",")[7] for text in texts for line in text.splitlines()[1:]]


def names(region: SmallRegion) -> list[str]:
    """Return the names of the files in the registrar's folder."""
    return [file.name for file in region.sftp.inbox(FILES).glob("*.csv")]


def test_a_grade_left_on_another_route_is_not_sent_beside_its_correction(
    seated: House, region: SmallRegion
) -> None:
    graded(seated, region, "88.5")
    by_file(region, seated)
    graded(seated, region, "91")
    deliver(seated, REST)
    assert files(region) == ["91.0"]
    assert ("oneroster_gradebook", 1, "superseded") in items(seated)


def test_an_older_grade_in_doubt_is_not_sent_after_its_correction(seated: House, region: SmallRegion) -> None:
    by_file(region, seated)
    graded(seated, region, "88.5")
    deliver(seated, REST)
    with seated.store.begin("x") as conn:
        (first,) = outbox.items(conn, REST)
        outbox.set_state(conn, REST, [first.item_id], OutboxState.UNKNOWN, at=NOW)
    graded(seated, region, "91")
    assert send_ours(seated, REST, first.item_id, "tester") is OutboxState.SUPERSEDED
    assert (deliver(seated, REST).queued, files(region)) == (1, ["88.5"])
    assert loaded(seated, REST, "".join(names(region)), "a registrar") == 1
    assert deliver(seated, REST).delivered == 1
    assert sorted(files(region)) == ["88.5", "91.0"]


def test_a_file_cut_off_is_not_placed_once_more_in_another_layout(seated: House, region: SmallRegion) -> None:
    by_file(region, seated)
    graded(seated, region, "88.5")
    deliver(seated, REST)
    with seated.store.begin("as if the process had died before the control file") as conn:
        (item,) = outbox.items(conn, REST)
        outbox.set_state(conn, REST, [item.item_id], OutboxState.SENDING, at=NOW)
        (batch,) = file_store.file_batches(conn, REST)
        file_store.set_file_batch_state(conn, REST, batch.batch_id, STAGED)
    for control in region.sftp.inbox(FILES).glob("*.ctl"):
        control.unlink()
    by_file(region, seated, columns=["student_identifier", "percent", "item"])
    assert deliver(seated, REST).unknown == 1
    assert files(region) == ["88.5"]
    assert [case.rule for case in open_cases(seated, REST)] == ["WB13"]


def test_a_refused_grade_released_again_takes_the_labels_of_today(tmp_path: Path) -> None:
    with PowerSchoolGrades(tmp_path / "sis", "powerschool_stored_grades") as region:
        house = region.open(f"sqlite:///{tmp_path / 'store.db'}", tmp_path / "home")
        sync_region(house, [REST])
        labelled(region, house, store_code="9")
        assert region.sent(house, "88.5,,,").rejected == 1
        labelled(region, house, store_code="S1")
        assert release_again(house, REST, "tester") == Released(queued=1)
        assert deliver(house, REST).confirmed == 1
        assert [row["storecode"] for row in region.stored()] == ["S1"]
        house.close()


def labelled(region: PowerSchoolGrades, house: House, **labels: str) -> None:
    """Load the region with other labels for the columns of the first district."""
    entries = region.entries()
    for term in entries["district"][0]["term"]:
        term["labels"] = term["labels"] | labels
    load_entries(house, entries, "tester")


def test_a_gradebook_column_that_a_teacher_deleted_comes_back_with_every_grade(tmp_path: Path) -> None:
    with PowerSchoolGrades(tmp_path / "sis", "powerschool_gradebook", by="xte") as region:
        house = region.open(f"sqlite:///{tmp_path / 'store.db'}", tmp_path / "home")
        sync_region(house, [REST])
        assert region.sent(house, "88.5,,,", "77,,,").confirmed == 2
        tables = region.sis.tables
        tables.clear("assignmentsection", "assignment", "assignmentscore")
        tables.add("assignmentsection", {"assignmentsectionid": 9050, "sectionsdcid": 0, "name": "Other"})
        assert region.sent(house, "91,,,", "77,,,").confirmed == 2
        assert sorted(row["scorepoints"] for row in tables.rows("assignmentscore")) == [77, 91]
        house.close()
