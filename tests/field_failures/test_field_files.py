"""Files: failures 50 to 61."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from domain.oneroster import Version
from simulators.sftp import RunningSftp
from sisbridge.house import House
from sisbridge.store import roster as roster_store
from sisbridge.sync.answers.cases import open_cases
from sisbridge.sync.grades.collect_grades import collect_from
from sisbridge.sync.grades.release import release
from sisbridge.sync.night import sync_district
from tests.conformance.canaries import AT, roster, truth
from tests.conformance.roster_contract import whole_pull
from tests.field_failures.pulls import drop, failure, noticed, pulled, sftp
from tests.support.sftp import USER, sftp_server
from tests.support.small_region import FILES, SmallRegion
from tests.support.small_region import roster as small_roster

OLD = Version.V1P1
WHOLE = truth(roster(), OLD)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningSftp]:
    with sftp_server(tmp_path / "root") as running:
        yield running


def dropped(server: RunningSftp, name: str = "roster.zip", **changed: Callable[[bytes], bytes]) -> Path:
    """Drop the kit's package as a zip, with some files changed by their stem."""
    files = roster().csv_package(OLD)
    changes = {f"{stem}.csv": change(files[f"{stem}.csv"]) for stem, change in changed.items()}
    return drop(server.outgoing(USER), files | changes, name)


def test_field_failure_50_a_renamed_file_is_missed_by_its_expected_name(server: RunningSftp) -> None:
    dropped(server, "OneRoster_v2_final.zip")
    error = failure(sftp(server, zip_name="roster*.zip"))
    assert error.code == "FL04"
    assert "roster*.zip" in error.message
    assert "name" in error.fix


def test_field_failure_51_a_header_alone_is_no_data(server: RunningSftp) -> None:
    dropped(server, enrollments=lambda data: data.splitlines(keepends=True)[0])
    error = failure(sftp(server))
    assert (error.code, "enrollments.csv" in error.message) == ("FL11", True)


def test_field_failure_52_a_partial_file_never_removes_the_rest(house: House, region: SmallRegion) -> None:
    assert sync_district(house, FILES).state == "finished"
    path = region.sftp.outgoing(FILES) / "roster.zip"
    path.write_bytes(path.read_bytes()[:-300])
    cut = sync_district(house, FILES)
    lacking = small_roster().csv_package(OLD, dated=False)
    del lacking["enrollments.csv"]
    drop(path.parent, lacking)
    assert (cut.code, sync_district(house, FILES).code) == ("FL01", "FL06")
    with house.store.read() as conn:
        assert roster_store.count(conn, FILES)["enrollments"] == 6  # type: ignore[index]


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", "\u200b".encode(), "\u00a0".encode()])
def test_field_failure_53_invisible_characters_in_a_header_remove_nobody(
    server: RunningSftp, mark: bytes
) -> None:
    dropped(server, users=lambda data: mark + data)
    assert pulled(sftp(server)) == WHOLE


@pytest.mark.parametrize(("name", "encoding"), [("Ren\u00e9e", "cp1252"), ("Zo\u00eb", "utf-16")])
def test_field_failure_54_windows_bytes_and_utf_16_are_read_and_noticed(
    server: RunningSftp, name: str, encoding: str
) -> None:
    dropped(server, users=lambda data: data.decode().replace("Zanzibara", name, 1).encode(encoding))
    pages, pull = whole_pull(sftp(server))
    names = [row["givenName"] for p in pages if p.source_table == "users" for row in p.batch.to_pylist()]
    assert names[0] == name
    assert [one.fix for one in pull.notices() if one.source_table == "users" and "UTF-8" in one.fix]


def test_field_failure_55_line_breaks_and_tabs_inside_values_are_values(server: RunningSftp) -> None:
    def talkative(data: bytes) -> bytes:
        return data.replace(b"Quillfeather", b'"Quill\r\n\tfeather, ""Q"""')

    dropped(server, users=talkative)
    assert pulled(sftp(server)) == WHOLE
    assert "FL30" not in noticed(sftp(server))


def test_field_failure_56_without_a_header_nothing_is_guessed(server: RunningSftp) -> None:
    dropped(server, academicSessions=lambda data: data.split(b"\r\n", 1)[1])
    error = failure(sftp(server))
    assert error.code == "FL10"
    assert "first row" in error.fix


def test_field_failure_57_letter_and_percent_in_one_cell_are_taken_apart_and_judged_by_the_scale(
    house: House, region: SmallRegion
) -> None:
    sync_district(house, FILES)
    collect_from(house, region.grade_file([f"{FILES},u0,92 A", f"{FILES},u1,92 B"]))
    assert release(house, FILES, "tester").queued == 1
    assert [(case.rule, case.rows) for case in open_cases(house, FILES)] == [("GR05", 1)]


def test_field_failure_58_yesterdays_file_is_noticed_before_it_is_used(server: RunningSftp) -> None:
    path = dropped(server)
    then = (AT - timedelta(hours=25)).timestamp()
    os.utime(path, (then, then))
    notice = noticed(sftp(server, stale_after_hours=24))["FL05"]
    assert (notice.place, "export" in notice.fix) == ("roster.zip", True)


def test_field_failure_58_a_file_still_being_written_waits_for_the_next_try(server: RunningSftp) -> None:
    path = dropped(server)
    source = sftp(server, settle_seconds=1)
    source._pause = lambda seconds: path.write_bytes(path.read_bytes() + b"more") and None
    error = failure(source)
    assert error.code == "FL01"


def test_field_failure_59_a_zipped_folder_is_named_with_what_to_zip(server: RunningSftp) -> None:
    files = {f"export/{name}": data for name, data in roster().csv_package(OLD).items()}
    drop(server.outgoing(USER), files)
    error = failure(sftp(server))
    assert error.code == "FL02"
    assert "export" in error.fix


def test_field_failure_59_names_in_another_case_are_read_and_noticed(server: RunningSftp) -> None:
    files = {name.upper(): data for name, data in roster().csv_package(OLD).items()}
    drop(server.outgoing(USER), files, "ROSTER.ZIP")
    assert pulled(sftp(server, zip_name="roster.zip")) == WHOLE
    assert "FL22" in noticed(sftp(server, zip_name="roster.zip"))


def test_field_failure_60_stamps_shifted_by_four_hours_change_nothing(
    house: House, region: SmallRegion
) -> None:
    outgoing = region.sftp.outgoing(FILES)
    drop(outgoing, small_roster().csv_package(OLD))
    assert sync_district(house, FILES).state == "finished"
    shifted = {
        name: data.replace(b"T08:17:00.000Z", b"T04:17:00.000Z")
        for name, data in small_roster().csv_package(OLD).items()
    }
    assert shifted != small_roster().csv_package(OLD)
    drop(outgoing, shifted)
    assert sync_district(house, FILES).counts["changes"] == 0


def test_field_failure_61_only_the_one_folder_is_listed(server: RunningSftp) -> None:
    path = dropped(server)
    archive = server.outgoing(USER) / "archive" / "2019"
    archive.mkdir(parents=True)
    for number in range(50):
        (archive / f"roster{number}.zip").write_bytes(b"old")
    os.utime(path, (0, 0))
    assert pulled(sftp(server)) == WHOLE
    assert "holds 1 files" in next(s.message for s in sftp(server).check().steps if s.name == "folder")
