"""What is planted on night one, and what has changed in the SISs by night three."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.oneroster import Version
from simulators.dataset import Dataset
from simulators.scenario.districts import (
    DISTRICTS,
    DemoDistrict,
    add_section,
    base,
    enroll,
    enrolled,
    school_of,
    section_id,
    session_of,
    students_of,
)
from simulators.shapes import Record, reference

UNKNOWN_GRADE_LEVEL = "Grade Nine and a Half"


@dataclass(frozen=True)
class Churn:
    """How many students a district adds, changes, withdraws and moves before night three."""

    added: int = 0
    changed: int = 0
    withdrawn: int = 0
    moved: int = 0


CHURN: dict[str, Churn] = {
    "9001": Churn(added=3, changed=4, withdrawn=2, moved=1),
    "9002": Churn(added=2, changed=3, withdrawn=1, moved=1),
    "9003": Churn(added=5, changed=6, withdrawn=3, moved=1),
    "9004": Churn(),
}
"""District 9004 changes nothing: its users.csv arrives with a header and no rows."""


def night_one() -> dict[str, Dataset]:
    """Return each district's data on night one (and two): third-party rows with the planted faults."""
    datasets = {district.code: base(district) for district in DISTRICTS}
    for district in DISTRICTS:
        _PLANTS.get(district.code, _nothing)(datasets[district.code], district)
    return datasets


def night_three(datasets: dict[str, Dataset]) -> dict[str, Dataset]:
    """Return the data of night three: a copy of night one's with the known churn in it."""
    changed = {code: dataset.copy() for code, dataset in datasets.items()}
    for district in DISTRICTS:
        _churn(changed[district.code], district, CHURN[district.code])
    return changed


def bystanders(dataset: Dataset) -> list[Record]:
    """Return students of the high school who sit in no shared section, in a stable order."""
    seated = {
        e["user"]["sourcedId"]
        for e in dataset.records("enrollments")
        if "-section-" in e["class"]["sourcedId"]
    }
    return [student for student in students_of(dataset) if student["sourcedId"] not in seated]


def _nothing(dataset: Dataset, district: DemoDistrict) -> None:
    """Plant nothing."""


def _plant_missing_class(dataset: Dataset, district: DemoDistrict) -> None:
    student = bystanders(dataset)[-1]
    record = {
        "sourcedId": f"{district.code}-planted-enrollment",
        "class": reference("classes", "no-such-class"),
        "user": reference("users", str(student["sourcedId"])),
        "school": reference("orgs", school_of(student)),
        "role": "student",
    }
    dataset.add("enrollments", record, district.first_day)


def _plant_unknown_grade_level(dataset: Dataset, district: DemoDistrict) -> None:
    student = bystanders(dataset)[-1]
    dataset.change("users", str(student["sourcedId"]), district.first_day, grades=[UNKNOWN_GRADE_LEVEL])


def _plant_lost_zero(dataset: Dataset, district: DemoDistrict) -> None:
    student = bystanders(dataset)[-1]
    dataset.change(
        "users", str(student["sourcedId"]), district.first_day, identifier=str(student["identifier"])[1:]
    )


_PLANTS = {"9001": _plant_missing_class, "9002": _plant_unknown_grade_level, "9003": _plant_lost_zero}


def _churn(dataset: Dataset, district: DemoDistrict, churn: Churn) -> None:
    at = district.moment(3)
    crowd = bystanders(dataset)[:-1]
    for number in range(churn.added):
        _add_student(dataset, district, crowd[number], number, at)
    for student in crowd[: churn.changed]:
        dataset.change(
            "users", str(student["sourcedId"]), at, email=f"new.{student['sourcedId']}@sample.example"[:200]
        )
    for student in crowd[churn.changed : churn.changed + churn.withdrawn]:
        _withdraw(dataset, str(student["sourcedId"]), at)
    for _ in range(churn.moved):
        _move(dataset, district, at)


def _add_student(dataset: Dataset, district: DemoDistrict, like: Record, number: int, at: datetime) -> None:
    """Add a student who takes the same two classes as another."""
    sourced_id = f"{district.code}-new-student-{number}"
    width = len(str(like["identifier"]))
    fresh = {
        "sourcedId": sourced_id,
        "identifier": str(8 * 10 ** (width - 1) + number),
        "username": sourced_id,
    }
    record = {**like, **fresh, "email": f"{sourced_id}@sample.example", "userIds": []}
    dataset.add(
        "users", {key: value for key, value in record.items() if key not in ("metadata", "agents")}, at
    )
    for enrollment in _enrollments_of(dataset, str(like["sourcedId"]))[:2]:
        copied = {
            **enrollment,
            "sourcedId": f"{sourced_id}-{enrollment['sourcedId']}",
            "user": reference("users", sourced_id),
        }
        dataset.add("enrollments", {k: v for k, v in copied.items() if k != "metadata"}, at)


def _enrollments_of(dataset: Dataset, student: str) -> list[Record]:
    found = [e for e in dataset.records("enrollments") if e["user"]["sourcedId"] == student]
    return sorted(found, key=lambda enrollment: str(enrollment["sourcedId"]))


def _withdraw(dataset: Dataset, student: str, at: datetime) -> None:
    dataset.withdraw("users", student, at)
    for enrollment in _enrollments_of(dataset, student):
        dataset.withdraw("enrollments", str(enrollment["sourcedId"]), at)


def _move(dataset: Dataset, district: DemoDistrict, at: datetime) -> None:
    """Move one student of Statistics to a second section: same seat, other home class."""
    student = enrolled(dataset, district, "STAT-1")[0]
    school, session = (
        school_of(dataset.collections["users"][student]),
        session_of(dataset, district.first_day),
    )
    add_section(dataset, district, "STAT-1", school, str(session["sourcedId"]), 2)
    old = f"{section_id(district, 'STAT-1', 1)}-{student}"[:250]
    dataset.withdraw("enrollments", old, at)
    enroll(dataset, district, "STAT-1", student, school, 2, session)


def loose_files(dataset: Dataset, *, users_header_only: bool = False) -> dict[str, bytes]:
    """Return a district's loose CSVs; on night three its users.csv comes with a header and no rows."""
    package = dataset.csv_package(Version.V1P1)
    if users_header_only:
        package["users.csv"] = package["users.csv"].splitlines(keepends=True)[0]
    return package
