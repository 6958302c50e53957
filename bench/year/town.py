"""A small district whose roster lives: students come, move and leave, night after night."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from simulators.dataset import Dataset

SCHOOLS = 3
SECTIONS = 10
SEATS = 5
FIRST_DAY = date(2025, 8, 18)
TURN_OF_TERM = 90
"""The night on which everybody changes from the first term's sections to the second's."""

STUDENTS = 220
JOINS = (0, 0, 0, 1, 1, 2)
LEAVES = (0, 0, 0, 0, 1, 1)
MOVES = (0, 1, 2, 3, 4)
RENAMES = (0, 0, 1)


@dataclass
class Student:
    """One student: what the SIS knows, and the sections of this term."""

    number: int
    school: int
    grade: int
    family_name: str
    sections: list[int] = field(default_factory=list)


class Town:
    """The truth of one district: what its SIS would serve on a night on which nothing is wrong."""

    def __init__(self, code: str, seed: int, students: int = STUDENTS) -> None:
        self.code = code
        self.random = random.Random(f"{code} {seed}")
        self.term = 1
        self.night = 0
        self.prefix = ""
        self._next = 1
        self.students: list[Student] = []
        for _ in range(students):
            self._join()

    def live(self) -> None:
        """Go on by one night of ordinary churn."""
        self.night += 1
        for _ in range(self.random.choice(JOINS)):
            self._join()
        for _ in range(self.random.choice(LEAVES)):
            self.students.remove(self.random.choice(self.students))
        for _ in range(self.random.choice(MOVES)):
            student = self.random.choice(self.students)
            student.sections[self.random.randrange(SEATS)] = self._other_section(student)
        for _ in range(self.random.choice(RENAMES)):
            self.random.choice(self.students).family_name += "x"
        if self.night == TURN_OF_TERM:
            self.term = 2

    def today(self) -> date:
        """Return the night's calendar day."""
        return FIRST_DAY + timedelta(days=self.night)

    def now(self) -> datetime:
        """Return the moment of the night's pull."""
        return datetime.combine(self.today(), time(8, 17), UTC)

    def dataset(self) -> Dataset:
        """Return what the SIS serves on a night on which nothing is wrong."""
        dataset, at = Dataset(), datetime(2025, 8, 1, tzinfo=UTC)
        for collection, record in (*self._frame(), *self._people()):
            dataset.add(collection, record, at)
        return dataset

    def user_id(self, student: Student) -> str:
        """Return a student's sourcedId, as the SIS gives it since its last re-key."""
        return f"{self.prefix}{self.code}-u{student.number}"

    def _join(self) -> None:
        number = self._next
        self._next += 1
        school = self.random.randrange(SCHOOLS)
        sections = self.random.sample(range(SECTIONS), SEATS)
        grade = self.random.randint(9, 12)
        self.students.append(Student(number, school, grade, f"Family{number}", sections))

    def _other_section(self, student: Student) -> int:
        return self.random.choice([one for one in range(SECTIONS) if one not in student.sections])

    def _frame(self) -> list[tuple[str, dict[str, object]]]:
        """Return orgs, sessions, courses, classes and teachers."""
        rows: list[tuple[str, dict[str, object]]] = [
            (
                "orgs",
                {"sourcedId": self._id("d"), "name": "District", "type": "district", "identifier": self.code},
            ),
            ("academicSessions", _session(self._id("year"), "schoolYear", FIRST_DAY, 297)),
            ("academicSessions", _session(self._id("t1"), "term", FIRST_DAY, TURN_OF_TERM)),
            ("academicSessions", _session(self._id("t2"), "term", FIRST_DAY + timedelta(TURN_OF_TERM), 207)),
        ]
        for school in range(SCHOOLS):
            org = _named(self._id(f"s{school}"), f"School {school}")
            rows.append(("orgs", {**org, "type": "school", "parent": _ref(self._id("d"), "org")}))
        for section in range(SECTIONS):
            course = {"sourcedId": self._id(f"c{section}"), "title": f"Course {section}"}
            org = _ref(self._id("d"), "org")
            rows.append(("courses", {**course, "courseCode": f"C{section}", "org": org}))
        rows += [
            ("classes", self._class(school, section, term))
            for school in range(SCHOOLS)
            for section in range(SECTIONS)
            for term in (1, 2)
        ]
        return rows

    def _class(self, school: int, section: int, term: int) -> dict[str, object]:
        return {
            "sourcedId": self._id(f"k{school}-{section}-{term}"),
            "title": f"Course {section}, term {term}",
            "classType": "scheduled",
            "course": _ref(self._id(f"c{section}"), "course"),
            "school": _ref(self._id(f"s{school}"), "org"),
            "terms": [_ref(self._id(f"t{term}"), "academicSession")],
        }

    def _people(self) -> list[tuple[str, dict[str, object]]]:
        rows: list[tuple[str, dict[str, object]]] = []
        for student in self.students:
            rows.append(("users", self._user(student)))
            rows += [("enrollments", self._enrollment(student, section)) for section in student.sections]
        return rows

    def _user(self, student: Student) -> dict[str, object]:
        school = _ref(self._id(f"s{student.school}"), "org")
        return {
            "sourcedId": self.user_id(student),
            "identifier": f"{self.code}{student.number:05d}",
            "username": f"{self.code}{student.number}",
            "givenName": "Given",
            "familyName": student.family_name,
            "enabledUser": "true",
            "grades": [str(student.grade)],
            "roles": [{"roleType": "primary", "role": "student", "org": school}],
        }

    def _enrollment(self, student: Student, section: int) -> dict[str, object]:
        of_term = f"{student.school}-{section}-{self.term}"
        return {
            "sourcedId": f"{self.prefix}{self.code}-e{student.number}-{section}-{self.term}",
            "user": _ref(self.user_id(student), "user"),
            "class": _ref(self._id(f"k{of_term}"), "class"),
            "school": _ref(self._id(f"s{student.school}"), "org"),
            "role": "student",
        }

    def _id(self, name: str) -> str:
        return f"{self.code}-{name}"


def _named(sourced_id: str, name: str) -> dict[str, str]:
    return {"sourcedId": sourced_id, "name": name}


def _ref(sourced_id: str, kind: str) -> dict[str, str]:
    return {"sourcedId": sourced_id, "type": kind}


def _session(sourced_id: str, kind: str, begin: date, days: int) -> dict[str, object]:
    return {
        "sourcedId": sourced_id,
        "title": sourced_id,
        "type": kind,
        "schoolYear": "2026",
        "startDate": begin.isoformat(),
        "endDate": (begin + timedelta(days=days)).isoformat(),
    }
