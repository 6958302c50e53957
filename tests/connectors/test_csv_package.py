"""What a package may be, and what each thing it may not be is called."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.oneroster.csv_package import CsvLimits, unpack
from domain.errors import RetryLater, SisbridgeError, StopDistrict
from tests.support.roster_csv import ROSTER, manifest, pull, rows, source, write_folder, write_zip

PART = {name: data for name, data in ROSTER.items() if name != "enrollments.csv"}
WHOLE = {**ROSTER, "manifest.csv": manifest()}


def codes(path: Path) -> list[str]:
    return [notice.code for notice in pull(path).notices()]


def stopped(path: Path, **limits: int) -> StopDistrict:
    with pytest.raises(StopDistrict) as caught:
        pull(path, **limits)
    return caught.value


def test_a_whole_zip_is_read_without_a_notice(tmp_path: Path) -> None:
    made = pull(write_zip(tmp_path / "a.zip", WHOLE))
    assert [row["sourcedId"] for row in rows(made, "users")] == ["U1", "U2"]
    assert made.notices() == ()


def test_a_half_written_zip_is_tried_again_later(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", WHOLE)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(RetryLater, match="FL01"):
        pull(path)


def test_a_zip_with_a_flipped_byte_is_tried_again_later(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {**WHOLE, "users.csv": b"sourcedId,b\n" + b"U1,x\n" * 99})
    data = bytearray(path.read_bytes())
    data[data.index(b"users.csv") + 20] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(RetryLater, match="FL01"):
        pull(path)


def test_a_zip_of_a_folder_is_refused_with_the_fix(tmp_path: Path) -> None:
    nested = {f"roster/{name}": data for name, data in WHOLE.items()}
    error = stopped(write_zip(tmp_path / "a.zip", nested | {"__MACOSX/roster/._users.csv": b"x"}))
    assert error.code == "FL02"
    assert error.fix == "Open the folder roster, select the CSV files and zip those, not the folder."


@pytest.mark.parametrize("name", ["../a.csv", "/a.csv", "a/../../a.csv", "..\\a.csv", "C:\\a.csv"])
def test_a_path_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    assert stopped(write_zip(tmp_path / "a.zip", WHOLE | {name: b"x"})).code == "FL03"


def test_a_bomb_is_refused_by_its_ratio_and_by_its_size(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", WHOLE | {"users.csv": b"sourcedId\n" + b"x" * 3_000_000})
    assert stopped(path).code == "FL03"
    assert stopped(path, largest_ratio=10_000, largest_bytes=1_000_000).code == "FL03"


def test_what_a_mac_adds_is_ignored_with_a_notice(tmp_path: Path) -> None:
    assert codes(write_zip(tmp_path / "a.zip", WHOLE | {"__MACOSX/._users.csv": b"x"})) == ["FL23"]


def test_a_name_in_the_wrong_case_is_accepted_with_a_notice(tmp_path: Path) -> None:
    files = {name.lower(): data for name, data in WHOLE.items()}
    made = pull(write_zip(tmp_path / "a.zip", files))
    assert [(notice.code, notice.place) for notice in made.notices()] == [("FL22", "academicSessions.csv")]
    assert made.facts.source_tables[1] == "academicSessions"


def test_the_same_file_in_two_cases_is_refused(tmp_path: Path) -> None:
    assert stopped(write_zip(tmp_path / "a.zip", WHOLE | {"Users.csv": b"x"})).code == "FL08"


def test_a_zip_with_a_password_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", WHOLE)
    data = bytearray(path.read_bytes())
    entry = data.index(b"PK\x01\x02")
    while entry >= 0:
        data[entry + 8] |= 1
        entry = data.find(b"PK\x01\x02", entry + 1)
    path.write_bytes(data)
    assert stopped(path).code == "FL09"


def test_a_zip_without_a_manifest_is_refused_unless_all_of_1p0_is_there(tmp_path: Path) -> None:
    assert stopped(write_zip(tmp_path / "a.zip", PART)).code == "FL07"
    assert codes(write_zip(tmp_path / "b.zip", ROSTER)) == ["FL24"]
    assert codes(write_folder(tmp_path / "loose", PART)) == ["FL24"]


def test_nothing_there_is_no_file_received(tmp_path: Path) -> None:
    assert stopped(tmp_path / "a.zip").code == "FL04"
    assert stopped(write_folder(tmp_path / "empty", {"notes.txt": b"x"})).code == "FL04"
    assert stopped(write_zip(tmp_path / "b.zip", {})).code == "FL04"


def test_a_check_says_which_step_failed_and_the_fix(tmp_path: Path) -> None:
    report = source(write_zip(tmp_path / "a.zip", PART)).check()
    assert [(step.name, step.outcome) for step in report.steps] == [
        ("expected file", "passed"),
        ("package and headers", "failed"),
        ("sample row", "skipped"),
        ("demographics", "skipped"),
    ]
    assert report.steps[1].fix == "Add manifest.csv to the export."


def test_a_check_of_a_good_package_passes(tmp_path: Path) -> None:
    assert source(write_folder(tmp_path / "loose", ROSTER)).check().passed


@given(st.binary(max_size=200), st.integers(0, 2000))
def test_a_zip_with_any_bytes_in_it_raises_nothing_but_the_four_errors(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int
) -> None:
    folder = tmp_path_factory.mktemp("zip")
    path = write_zip(folder / "a.zip", WHOLE)
    data = bytearray(path.read_bytes())
    data[at % len(data) : at % len(data) + len(noise)] = noise
    path.write_bytes(data)
    try:
        unpacked = unpack(path, folder, CsvLimits())
    except SisbridgeError:
        return
    assert all(file.parent == folder for file in unpacked.files.values())


def test_other_compressions_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as package:
        for name, data in WHOLE.items():
            package.writestr(name, data)
    assert len(rows(pull(path), "users")) == 2
