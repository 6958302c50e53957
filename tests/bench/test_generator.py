"""The made district: same bytes for a seed, known counts, whole references, a known next night."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import pytest

from bench.generator import FILES, MadeDistrict, write_package, write_zip

Rows = dict[str, dict[str, str]]


def _digest(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def _package(folder: Path, students: int, seed: int = 1, night: int = 1) -> dict[str, Rows]:
    write_package(MadeDistrict(students, seed, night), folder)
    return {file: _rows(folder / f"{file}.csv") for file in FILES}


def _rows(path: Path) -> Rows:
    with path.open(newline="", encoding="utf-8") as lines:
        return {row["sourcedId"]: row for row in csv.DictReader(lines)}


def _without_date(row: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in row.items() if name != "dateLastModified"}


def test_a_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    write_package(MadeDistrict(30, seed=5), tmp_path / "one")
    write_package(MadeDistrict(30, seed=5), tmp_path / "two")
    assert _digest(tmp_path / "one") == _digest(tmp_path / "two")


def test_another_seed_gives_other_ids(tmp_path: Path) -> None:
    one, two = _package(tmp_path / "one", 30, seed=1), _package(tmp_path / "two", 30, seed=2)
    assert not one["users"].keys() & two["users"].keys()


def test_the_same_package_gives_the_same_zip(tmp_path: Path) -> None:
    write_package(MadeDistrict(30), tmp_path / "files")
    for name in ("one.zip", "two.zip"):
        write_zip(tmp_path / "files", tmp_path / name)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_a_school_of_fifty_students_has_two_sections_a_period(tmp_path: Path) -> None:
    counts = write_package(MadeDistrict(50), tmp_path)
    assert counts == {
        "orgs": 2, "academicSessions": 3, "courses": 260, "classes": 16, "users": 53, "enrollments": 416
    }  # fmt: skip


def test_the_counts_are_those_of_the_files(tmp_path: Path) -> None:
    counts = write_package(MadeDistrict(800), tmp_path)
    assert counts == {file: len(_rows(tmp_path / f"{file}.csv")) for file in FILES}


@pytest.mark.parametrize("night", [1, 2])
@pytest.mark.parametrize(
    ("file", "column", "target"),
    [
        ("enrollments", "userSourcedId", "users"),
        ("enrollments", "classSourcedId", "classes"),
        ("enrollments", "schoolSourcedId", "orgs"),
        ("classes", "courseSourcedId", "courses"),
        ("classes", "schoolSourcedId", "orgs"),
        ("classes", "termSourcedIds", "academicSessions"),
        ("courses", "orgSourcedId", "orgs"),
        ("users", "orgSourcedIds", "orgs"),
    ],
)
def test_every_reference_resolves(tmp_path: Path, night: int, file: str, column: str, target: str) -> None:
    package = _package(tmp_path, 1_600, night=night)
    assert {row[column] for row in package[file].values()} <= package[target].keys()


def test_a_class_and_its_enrollments_are_in_one_school(tmp_path: Path) -> None:
    package = _package(tmp_path, 1_600, night=2)
    school_of = {key: row["schoolSourcedId"] for key, row in package["classes"].items()}
    enrollments = package["enrollments"].values()
    assert all(school_of[row["classSourcedId"]] == row["schoolSourcedId"] for row in enrollments)


def test_every_student_has_eight_different_classes(tmp_path: Path) -> None:
    classes: dict[str, set[str]] = {}
    for row in _package(tmp_path, 800, night=2)["enrollments"].values():
        if row["role"] == "student":
            classes.setdefault(row["userSourcedId"], set()).add(row["classSourcedId"])
    assert {len(own) for own in classes.values()} == {8}


@pytest.mark.parametrize(
    ("file", "dropped", "added", "changed"), [("users", 2, 2, 8), ("enrollments", 16, 16, 64)]
)
def test_the_next_night_has_known_changes(
    tmp_path: Path, file: str, dropped: int, added: int, changed: int
) -> None:
    before = _package(tmp_path / "1", 800)[file]
    after = _package(tmp_path / "2", 800, night=2)[file]
    both = before.keys() & after.keys()
    differing = sum(_without_date(before[key]) != _without_date(after[key]) for key in both)
    assert (len(before) - len(both), len(after) - len(both), differing) == (dropped, added, changed)


def test_what_is_not_about_students_stays_the_next_night(tmp_path: Path) -> None:
    one, two = _package(tmp_path / "1", 800), _package(tmp_path / "2", 800, night=2)
    unchanged = [file for file in FILES if one[file] == two[file]]
    assert unchanged == ["orgs", "academicSessions", "courses", "classes"]
