"""The four districts of the demo, and the shared sections each of them schedules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from importlib.resources import files
from pathlib import Path

from domain.oneroster import Version
from simulators.dataset import Dataset
from simulators.shapes import Record, reference


class Transport(StrEnum):
    """How a demo district hands over its roster."""

    REST = "rest"
    ZIP = "zip"
    LOOSE = "loose"


@dataclass(frozen=True)
class DemoDistrict:
    """One district: its data set, how it is reached, and the school day its clock stands at on night one."""

    code: str
    name: str
    data: str
    version: Version
    transport: Transport
    first_day: datetime
    school_year: str
    section_size: int

    def moment(self, night: int) -> datetime:
        """Return the district's fixed moment on night 1, 2 or 3."""
        return self.first_day + timedelta(days=night - 1)


_EARLY_2026 = datetime(2026, 1, 20, 8, 17, tzinfo=UTC)
_SPRING_2022 = datetime(2022, 5, 17, 8, 17, tzinfo=UTC)

DISTRICTS: tuple[DemoDistrict, ...] = (
    DemoDistrict(
        "9001",
        "Marmalade Brook",
        "oneroster_generator_district_medium_1p1_csv.zip",
        Version.V1P1,
        Transport.REST,
        _EARLY_2026,
        "2026",
        4,
    ),
    DemoDistrict(
        "9002",
        "Grand Bend",
        "grand_bend_oneroster_1p2_json.zip",
        Version.V1P2,
        Transport.REST,
        _SPRING_2022,
        "2022",
        5,
    ),
    DemoDistrict(
        "9003",
        "Saffron Prairie",
        "oneroster_generator_district_large_1p1_csv.zip",
        Version.V1P1,
        Transport.ZIP,
        _EARLY_2026,
        "2026",
        5,
    ),
    DemoDistrict(
        "9004",
        "Blueberry Prairie",
        "oneroster_generator_district_small_1p1_csv.zip",
        Version.V1P1,
        Transport.LOOSE,
        _EARLY_2026,
        "2026",
        3,
    ),
)

OFFERINGS: dict[str, str] = {"PHYS-A": "Advanced Physics", "SPAN-3": "Spanish III", "STAT-1": "Statistics"}
"""The shared courses: finals are given in the first two, a progress report in the third."""

_HIGH_SCHOOL = {"10", "11", "12", "Tenth grade", "Eleventh grade", "Twelfth grade"}


def base(district: DemoDistrict) -> Dataset:
    """Return a district's third-party data with its sections of the shared courses scheduled into it."""
    path = Path(str(files("simulators.data") / district.data))
    load = Dataset.from_json_zip if district.data.endswith("json.zip") else Dataset.from_csv_zip
    dataset = load(path)
    dataset.add(
        "categories", {"sourcedId": f"{district.code}-finals", "title": "Final Grade"}, district.first_day
    )
    students = students_of(dataset)
    for index, offering in enumerate(OFFERINGS):
        start = index * district.section_size
        schedule(dataset, district, offering, students[start : start + district.section_size])
    return dataset


def students_of(dataset: Dataset) -> list[Record]:
    """Return one high school's older students in a stable order; all students where there is none."""
    students = [user for user in dataset.records("users") if _is_student(user)]
    older = [user for user in students if _HIGH_SCHOOL.intersection(user.get("grades", []))] or students
    schools = [school_of(user) for user in older]
    busiest = max(sorted(set(schools)), key=schools.count)
    return sorted((u for u in older if school_of(u) == busiest), key=lambda user: str(user["sourcedId"]))


def school_of(user: Record) -> str:
    """Return the sourcedId of the org of a user's first role."""
    return str(user["roles"][0]["org"]["sourcedId"])


def _is_student(user: Record) -> bool:
    return len(user["roles"]) == 1 and user["roles"][0]["role"] == "student"


def session_of(dataset: Dataset, day: datetime) -> Record:
    """Return the term or semester that a day falls into."""
    text = day.date().isoformat()
    sessions = [s for s in dataset.records("academicSessions") if s["type"] in ("term", "semester")]
    return next(s for s in sessions if s["startDate"] <= text < s["endDate"])


def schedule(dataset: Dataset, district: DemoDistrict, offering: str, students: list[Record]) -> None:
    """Give a district a course, a section and one enrollment per student for a shared offering."""
    at, school = district.first_day - timedelta(days=5), school_of(students[0])
    session = session_of(dataset, district.first_day)
    course = {
        "sourcedId": course_id(district, offering),
        "title": f"ESC {OFFERINGS[offering]}",
        "courseCode": course_code(offering),
        "org": reference("orgs", school),
    }
    dataset.add("courses", course, at)
    add_section(dataset, district, offering, school, str(session["sourcedId"]), 1)
    for student in students:
        enroll(dataset, district, offering, str(student["sourcedId"]), school, 1, session)


def add_section(
    dataset: Dataset, district: DemoDistrict, offering: str, school: str, session: str, number: int
) -> None:
    """Add one section of a shared course to a district's schedule."""
    record = {
        "sourcedId": section_id(district, offering, number),
        "title": f"{OFFERINGS[offering]} {number}",
        "classCode": f"{course_code(offering)}-{number}",
        "classType": "scheduled",
        "course": reference("courses", course_id(district, offering)),
        "school": reference("orgs", school),
        "terms": [reference("academicSessions", session)],
    }
    dataset.add("classes", record, district.first_day - timedelta(days=5))


def enroll(
    dataset: Dataset,
    district: DemoDistrict,
    offering: str,
    student: str,
    school: str,
    number: int,
    session: Record,
) -> str:
    """Enroll a student in a section of a shared course; return the enrollment's sourcedId."""
    sourced_id = f"{section_id(district, offering, number)}-{student}"[:250]
    record = {
        "sourcedId": sourced_id,
        "class": reference("classes", section_id(district, offering, number)),
        "user": reference("users", student),
        "school": reference("orgs", school),
        "role": "student",
        "primary": "false",
        "beginDate": session["startDate"],
        "endDate": session["endDate"],
    }
    dataset.add("enrollments", record, district.first_day - timedelta(days=5))
    return sourced_id


def course_code(offering: str) -> str:
    """Return the code the districts' own course catalogues give a shared course."""
    return f"ESC-{offering}"


def course_id(district: DemoDistrict, offering: str) -> str:
    """Return the sourcedId of a shared course in a district's catalogue."""
    return f"{district.code}-course-{offering}"


def section_id(district: DemoDistrict, offering: str, number: int) -> str:
    """Return the sourcedId of a district's section of a shared course."""
    return f"{district.code}-section-{offering}-{number}"


def enrolled(dataset: Dataset, district: DemoDistrict, offering: str) -> list[str]:
    """Return the students of a district's sections of a shared course, in a stable order."""
    prefix = f"{district.code}-section-{offering}-"
    return sorted(
        e["user"]["sourcedId"]
        for e in dataset.records("enrollments")
        if str(e["class"]["sourcedId"]).startswith(prefix) and e["status"] == "active"
    )
