"""The grades of the shared courses as their teachers leave them, planted faults and corrections included."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from domain.grading import GRADE_COLUMNS
from simulators.dataset import Dataset
from simulators.scenario.districts import DISTRICTS, DemoDistrict, enrolled
from simulators.scenario.nights import bystanders

TERM = "2026-S1"
FINALS = ("PHYS-A", "SPAN-3")
PROGRESS = "STAT-1"
REGISTRAR_CHANGED = "81.0"
"""What the registrar of 9002 has entered in the SIS by night three, in place of what we sent."""


def grades_csv(datasets: dict[str, Dataset], *, corrected: bool = False) -> bytes:
    """Return the grade file of night one, or of night three with two grades corrected."""
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, GRADE_COLUMNS, restval="")
    writer.writeheader()
    for district in DISTRICTS:
        writer.writerows(_rows(datasets[district.code], district, corrected))
    return buffer.getvalue().encode()


def _rows(dataset: Dataset, district: DemoDistrict, corrected: bool) -> Iterator[dict[str, str]]:
    for offering in FINALS:
        for index, student in enumerate(enrolled(dataset, district, offering)):
            yield _row(
                district, student, offering, "Final", "final", _percent(district, index, offering, corrected)
            )
    for index, student in enumerate(enrolled(dataset, district, PROGRESS)):
        yield _row(district, student, PROGRESS, "Midterm", "progress", f"{70 + 3 * index}.0")
    yield from _planted(dataset, district)


def _percent(district: DemoDistrict, index: int, offering: str, corrected: bool) -> str:
    """Return a percent; planted: 104 in 9001. Corrected on night three: one in 9001, one in 9002."""
    if district.code == "9001" and offering == "SPAN-3" and index == 1:
        return "104"
    if corrected and index == 0 and (district.code, offering) in (("9001", "PHYS-A"), ("9002", "SPAN-3")):
        return "95.5"
    return f"{74 + 4 * index}.5"


def _planted(dataset: Dataset, district: DemoDistrict) -> Iterator[dict[str, str]]:
    """Yield a grade for a student who left: 9003's teacher still lists someone without a seat."""
    if district.code == "9003":
        student = str(bystanders(dataset)[-2]["sourcedId"])
        yield _row(district, student, "PHYS-A", "Final", "final", "66.0")


def _row(
    district: DemoDistrict, student: str, offering: str, period: str, kind: str, percent: str
) -> dict[str, str]:
    return {
        "district": district.code,
        "student_sourced_id": student,
        "offering": offering,
        "term": TERM,
        "reporting_period": period,
        "kind": kind,
        "percent": percent,
        "entered_by": "shared-course teacher",
        "complete": "true",
    }
