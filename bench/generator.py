"""A district of any size as a OneRoster 1.1 CSV package, the same bytes for the same seed.

Every number is worked out from the row's own number, so that a package of millions of rows streams to
disk and the next night's is the same district a day older: of every 400 students one has left with all
enrollments, one has come, and 1 % of the students and of the enrollments have changed.
"""

from __future__ import annotations

import shutil
import sys
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from itertools import islice
from math import gcd
from pathlib import Path

from domain.oneroster import COLLECTIONS, MANIFEST_VERSION, PROPERTY_HEADER, Version, csv_files

PERIODS = 8
"""Classes that every student is enrolled in."""

SCHOOL_STUDENTS = 750
CLASS_STUDENTS = 25
STUDENTS_PER_TEACHER = 15
CYCLE = 400
"""Of so many students, one leaves and one comes from night one to night two."""

SHARED_COURSE_CODE = "ESC-PHYS-A"
"""The code of the one course that stands in the region's crosswalk: its enrollments become seats."""

FILES = ("orgs", "academicSessions", "courses", "classes", "users", "enrollments")

_SUBJECTS = 20
_GRADES = ("KG", *(f"{grade:02}" for grade in range(1, 13)))
_COURSES = _SUBJECTS * len(_GRADES)
_GIVEN = ("Ada", "Bela", "Chidi", "Dolores", "Emre", "Fatima", "Goran", "Hana", "Iris", "Jun", "Kofi", "Lena")
_FAMILY = ("Badger", "Civet", "Dingo", "Egret", "Falcon", "Gecko", "Heron", "Ibex", "Jackal", "Kiwi", "Lynx")
_CHANGED = 7
_EARLIER, _TONIGHT = "2025-12-01T06:00:00.000Z", "2026-01-20T06:00:00.000Z"
_BEGIN, _END, _EARLY_END = "2025-08-15", "2026-06-10", "2026-05-29"
_LINES_AT_ONCE = 20_000

Row = tuple[str, ...]


@dataclass(frozen=True)
class MadeDistrict:
    """One made district on one of two nights. students: how many it has on night one; seed: any number."""

    students: int
    seed: int = 1
    night: int = 1

    def rows(self, file: str) -> Iterator[Row]:
        """Yield the rows of one of FILES in the column order of the OneRoster 1.1 CSV binding."""
        makers = {
            "orgs": self._orgs,
            "academicSessions": self._sessions,
            "courses": self._courses,
            "classes": self._class_rows,
            "users": self._users,
            "enrollments": self._enrollments,
        }
        return makers[file]()

    def id_of(self, kind: str, number: int) -> str:
        """Return a sourcedId: a GUID, as most SISs give them, in no order that follows the numbers."""
        text = blake2b(f"{self.seed}/{kind}/{number}".encode(), digest_size=16).hexdigest()
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    @property
    def schools(self) -> int:
        """How many schools there are; the last may be smaller than the others."""
        return -(-self.students // SCHOOL_STUDENTS)

    @property
    def teachers(self) -> int:
        """How many teachers there are."""
        return max(1, self.students // STUDENTS_PER_TEACHER)

    @cached_property
    def _org_ids(self) -> list[str]:
        return [self.id_of("org", school) for school in range(self.schools)]

    @cached_property
    def _class_ids(self) -> list[str]:
        return [self.id_of("class", number) for number in range(self._first_class(self.schools))]

    def _size_of(self, school: int) -> int:
        return min(SCHOOL_STUDENTS, self.students - school * SCHOOL_STUDENTS)

    def _sections(self, school: int) -> int:
        """Return how many classes a school holds in one period."""
        return -(-self._size_of(school) // CLASS_STUDENTS)

    def _first_class(self, school: int) -> int:
        full = min(school, self.students // SCHOOL_STUDENTS)
        sections = full * (SCHOOL_STUDENTS // CLASS_STUDENTS)
        return PERIODS * (sections + sum(map(self._sections, range(full, school))))

    def _orgs(self) -> Iterator[Row]:
        district = self.id_of("district", 0)
        yield district, "active", _EARLIER, "Made District", "district", "1", ""
        for school, sourced_id in enumerate(self._org_ids):
            yield sourced_id, "active", _EARLIER, f"School {school}", "school", f"{school + 1000}", district

    def _sessions(self) -> Iterator[Row]:
        year = self.id_of("session", 0)
        yield year, "active", _EARLIER, "2025-2026", "schoolYear", _BEGIN, _END, "", "2026"
        for half, (begin, end) in enumerate([(_BEGIN, "2026-01-17"), ("2026-01-17", _END)], 1):
            sourced_id, title = self.id_of("session", half), f"Semester {half}"
            yield sourced_id, "active", _EARLIER, title, "semester", begin, end, year, "2026"

    def _courses(self) -> Iterator[Row]:
        year, district = self.id_of("session", 0), self.id_of("district", 0)
        for number in range(_COURSES):
            subject, grade = number % _SUBJECTS, _GRADES[number // _SUBJECTS]
            code = f"{grade}-{subject:02}" if number else SHARED_COURSE_CODE
            title = f"Subject {subject} grade {grade}"
            sourced_id = self.id_of("course", number)
            yield sourced_id, "active", _EARLIER, year, title, code, grade, district, f"Subject {subject}", ""

    def _class_rows(self) -> Iterator[Row]:
        semester = self.id_of("session", 1)
        courses = [self.id_of("course", number) for number in range(_COURSES)]
        number = 0
        for school, org in enumerate(self._org_ids):
            for place in range(PERIODS * self._sections(school)):
                code, period = f"{school}-{place}", f"{place // self._sections(school) + 1}"
                sourced_id, course = self._class_ids[number], courses[number % _COURSES]
                grade = _GRADES[number % _COURSES // _SUBJECTS]
                head = sourced_id, "active", _EARLIER, f"Section {code}", grade, course, code, "scheduled"
                yield *head, f"Room {place}", org, semester, "", "", period
                number += 1

    def _users(self) -> Iterator[Row]:
        for teacher in range(self.teachers):
            org = self._org_ids[self._school_of_class(self._first_class_of(teacher))]
            yield self._user("teacher", teacher, org, 500_000_000 + teacher, "", False)
        for student in self._attending():
            org, grade = self._org_ids[self._school_of(student)], _GRADES[student % len(_GRADES)]
            changed = self.night == 2 and student % 100 == _CHANGED
            yield self._user("student", student, org, 100_000_000 + student, grade, changed)

    def _user(self, role: str, number: int, org: str, identifier: int, grade: str, changed: bool) -> Row:
        given, family = _GIVEN[number % len(_GIVEN)], _FAMILY[number // len(_GIVEN) % len(_FAMILY)]
        name = f"{role}{number}"
        email = f"{name}@{'new.' if changed else ''}example.org"
        modified = _TONIGHT if changed else _EARLIER
        head = self.id_of(role, number), "active", modified, "true", org, role, name, "", given, family, ""
        return *head, f"{identifier}", email, "", "", "", grade, ""

    def _first_class_of(self, teacher: int) -> int:
        return -(-teacher * len(self._class_ids) // self.teachers)

    def _school_of_class(self, number: int) -> int:
        return min(number // self._first_class(1), self.schools - 1) if self.schools > 1 else 0

    def _attending(self) -> Iterator[int]:
        """Yield the numbers of tonight's students."""
        if self.night == 1:
            yield from range(self.students)
            return
        yield from (student for student in range(self.students) if student % CYCLE != CYCLE - 1)
        yield from range(self.students, self.students + self.students // CYCLE)

    def _school_of(self, student: int) -> int:
        return student // SCHOOL_STUDENTS if student < self.students else student % self.schools

    def _enrollments(self) -> Iterator[Row]:
        yield from self._teaching()
        timetables = [self._timetable(school) for school in range(self.schools)]
        for student in self._attending():
            school = self._school_of(student)
            user, org = self.id_of("student", student), self._org_ids[school]
            for period, number in enumerate(self._classes_of(student, timetables[school])):
                place = student * PERIODS + period
                changed = self.night == 2 and place % 100 == _CHANGED
                head = self.id_of("seat", place), "active", _TONIGHT if changed else _EARLIER
                end = _EARLY_END if changed else _END
                yield *head, self._class_ids[number], org, user, "student", "", _BEGIN, end

    def _teaching(self) -> Iterator[Row]:
        for number, sourced_id in enumerate(self._class_ids):
            org = self._org_ids[self._school_of_class(number)]
            user = self.id_of("teacher", number * self.teachers // len(self._class_ids))
            enrollment = self.id_of("teaching", number)
            yield enrollment, "active", _EARLIER, sourced_id, org, user, "teacher", "true", _BEGIN, _END

    def _timetable(self, school: int) -> _Timetable:
        size = self._size_of(school)
        strides = (number for number in range(7, 10_000, 2) if gcd(number, size) == 1)
        return _Timetable(
            school * SCHOOL_STUDENTS,
            size,
            self._first_class(school),
            self._sections(school),
            tuple(islice(strides, PERIODS)),
        )

    def _classes_of(self, student: int, timetable: _Timetable) -> Iterator[int]:
        """Yield the class of each period; classmates differ from period to period."""
        first = timetable.first_class
        for stride in timetable.strides:
            if student < self.students:
                place = (student - timetable.first_student) * stride % timetable.size // CLASS_STUDENTS
            else:
                place = student * stride % timetable.sections
            yield first + place
            first += timetable.sections


@dataclass(frozen=True, slots=True)
class _Timetable:
    """How one school's students are spread over its classes. strides: one per period, coprime to size."""

    first_student: int
    size: int
    first_class: int
    sections: int
    strides: tuple[int, ...]


def write_package(district: MadeDistrict, folder: Path, files: Sequence[str] = FILES) -> dict[str, int]:
    """Write manifest.csv and the data files into a folder, made if need be; return the rows of each file."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "manifest.csv", PROPERTY_HEADER, _properties(files))
    return {
        file: _write(folder / f"{file}.csv", COLLECTIONS[file].columns[Version.V1P1], district.rows(file))
        for file in files
    }


def write_zip(folder: Path, target: Path) -> None:
    """Pack a package's files into a zip whose bytes depend on nothing but theirs."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.glob("*.csv")):
            member = zipfile.ZipInfo(path.name)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.file_size = path.stat().st_size
            with path.open("rb") as source, archive.open(member, "w") as packed:
                shutil.copyfileobj(source, packed, 1 << 20)


def _properties(files: Sequence[str]) -> Iterator[Row]:
    yield "manifest.version", MANIFEST_VERSION
    yield "oneroster.version", Version.V1P1.value
    for file in csv_files(Version.V1P1):
        yield f"file.{file}", "bulk" if file in files else "absent"


def _write(path: Path, header: Row, rows: Iterable[Row]) -> int:
    """Write lines as they are: nothing made here holds a comma, a quote or a line end."""
    count = 0
    remaining = iter(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(header) + "\n")
        while some := list(islice(remaining, _LINES_AT_ONCE)):
            file.write("\n".join(map(",".join, some)) + "\n")
            count += len(some)
    return count


if __name__ == "__main__":
    _folder, _students, _night = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    print(write_package(MadeDistrict(_students, night=_night), _folder))
