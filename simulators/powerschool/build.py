"""A OneRoster data set as the rows of PowerSchool's tables.

Identifiers follow the vendor's data dictionary: DCID is the primary key, ID another number, TERMS.ID
repeats in every school, dates of leaving are the day after, dropped rows of CC carry a minus.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from simulators.dataset import Dataset
from simulators.shapes import Record

Row = dict[str, Any]
Ids = dict[tuple[str, str], int]

FIRST_DCID = {"schools": 11, "courses": 300, "sections": 700, "students": 4100, "users": 6100, "cc": 8000}
FIRST_ID = {"schools": 1, "courses": 31, "sections": 2201, "students": 501, "users": 91, "cc": 70_001}
_LEVELS = {"KG": 0, "TK": 0, "PK": -1, "PR": -2, "IT": -3}


def rows_of(dataset: Dataset) -> tuple[dict[str, list[Row]], Ids]:
    """Return the rows by table, and which row stands for which OneRoster record."""
    builder = _Builder(dataset)
    return builder.tables(), builder.ids


class _Builder:
    def __init__(self, dataset: Dataset) -> None:
        self._data = dataset
        self.ids: Ids = {}
        self._rows: dict[tuple[str, str], Row] = {}
        self._terms: dict[tuple[int, str], Row] = {}
        self._by_number: dict[tuple[int, int], Row] = {}
        self._staff: dict[tuple[str, int], Row] = {}
        self._schools = [org for org in dataset.records("orgs") if org.get("type") == "school"]

    def tables(self) -> dict[str, list[Row]]:
        schools = [self._school(place, org) for place, org in enumerate(self._schools)]
        terms = [row for school in schools for row in self._school_terms(school)]
        courses = [self._course(place, one) for place, one in enumerate(self._data.records("courses"))]
        users, staff = self._people(schools)
        sections = [self._section(place, one) for place, one in enumerate(self._data.records("classes"))]
        students = [self._student(place, one) for place, one in enumerate(self._with_role("student"))]
        return {
            "schools": schools, "terms": terms, "courses": courses, "users": users, "schoolstaff": staff,
            "sections": sections, "students": students, "cc": list(self._seats()),
            "districtteachercategory": [
                {"districtteachercategoryid": 1, "name": "Final Grade", "isactive": 1},
                {"districtteachercategoryid": 2, "name": "Classwork", "isactive": 1},
            ],
            "teachercategory": list(self._categories(users)),
        }  # fmt: skip

    def _keep(self, collection: str, record: Record, row: Row) -> Row:
        self.ids[collection, record["sourcedId"]] = row["dcid"]
        self._rows[collection, record["sourcedId"]] = row
        return row

    def _school(self, place: int, org: Record) -> Row:
        given = str(org.get("identifier", ""))
        number = int(given) if given.isdecimal() else 100 + 10 * place
        row = {**_numbers("schools", place), "school_number": number, "name": org["name"]}
        more = {"abbreviation": org["name"][:10], "district_number": self._district_number()}
        return self._keep("orgs", org, row | more)

    def _district_number(self) -> int:
        """Return the number that every school names its district by; 0 where nobody has filled it in."""
        given = [
            str(org.get("identifier", ""))
            for org in self._data.records("orgs")
            if org.get("type") == "district"
        ]
        return int(given[0]) if given and given[0].isdecimal() else 0

    def _school_terms(self, school: Row) -> Iterator[Row]:
        seen: dict[str, int] = {}
        order = {"schoolYear": 0, "semester": 1, "term": 1, "gradingPeriod": 2}
        sessions = sorted(
            self._data.records("academicSessions"),
            key=lambda one: (str(one.get("schoolYear")), order[one["type"]], one["startDate"]),
        )
        for session in sessions:
            yearid = int(str(session["schoolYear"])[-4:]) - 1991
            n = seen[str(yearid)] = seen.get(str(yearid), -1 if session["type"] == "schoolYear" else 0) + 1
            row = self._term(school, session, yearid, n)
            self._terms[school["school_number"], session["sourcedId"]] = row
            self._by_number[row["schoolid"], row["id"]] = row
            self.ids.setdefault(("academicSessions", session["sourcedId"]), row["dcid"])
            yield row

    def _term(self, school: Row, session: Record, yearid: int, n: int) -> Row:
        year = session["type"] == "schoolYear"
        label = f"{(yearid + 1990) % 100:02d}-{(yearid + 1991) % 100:02d}" if year else _label(session, n)
        return {
            "dcid": 20_000 + school["dcid"] * 100 + len(self._terms), "id": yearid * 100 + n,
            "schoolid": school["school_number"], "yearid": yearid, "name": session["title"],
            "abbreviation": label, "firstday": session["startDate"],
            "lastday": str(date.fromisoformat(session["endDate"]) - timedelta(days=1)),
            "portion": 1 if year else 2 if session["type"] != "gradingPeriod" else 4,
            "isyearrec": int(year),
        }  # fmt: skip

    def _course(self, place: int, course: Record) -> Row:
        row = {**_numbers("courses", place), "course_number": course.get("courseCode") or f"C{place}"}
        more = {"course_name": course["title"], "schoolid": 0, "credit_hours": 1, "credittype": "EL"}
        return self._keep("courses", course, row | more)

    def _people(self, schools: list[Row]) -> tuple[list[Row], list[Row]]:
        """Return a user for each teacher and a SCHOOLSTAFF row for each school of theirs."""
        users: list[Row] = []
        teachers = self._with_role("teacher") or ([self._stand_in()] if schools else [])
        for place, teacher in enumerate(teachers):
            user = self._keep("users", teacher, _numbers("users", place) | _names(teacher))
            numbers = self._schools_of(teacher) or [schools[0]["school_number"]]
            user |= {"email_addr": teacher.get("email"), "loginid": teacher.get("username")}
            user |= {"teachernumber": teacher.get("identifier"), "homeschoolid": numbers[0]}
            users.append({name: value for name, value in user.items() if name != "id"})
            for number in numbers:
                n = len(self._staff)
                row = {"dcid": 9100 + n, "id": 1200 + n, "users_dcid": user["dcid"], "schoolid": number}
                self._staff[teacher["sourcedId"], number] = row | {"status": 1, "staffstatus": 1}
        return users, list(self._staff.values())

    def _stand_in(self) -> Record:
        return {"sourcedId": "teacher of record", "givenName": "Teacher", "familyName": "Record", "roles": []}

    def _section(self, place: int, one: Record) -> Row:
        school = self._rows["orgs", one["school"]["sourcedId"]]
        course = self._rows["courses", one["course"]["sourcedId"]]
        term = self._terms[school["school_number"], one["terms"][0]["sourcedId"]]
        return self._keep("classes", one, {
            **_numbers("sections", place), "course_number": course["course_number"],
            "section_number": one.get("classCode") or str(place + 1), "schoolid": school["school_number"],
            "termid": term["id"], "teacher": self._teacher_of(one, school)["id"],
            "expression": "1(A)", "external_expression": "1(A)", "room": one.get("location"),
            "gradescaleid": 76,
        })  # fmt: skip

    def _teacher_of(self, one: Record, school: Row) -> Row:
        for seat in self._data.referring("enrollments", "class", one["sourcedId"]):
            if (
                seat["role"] == "teacher"
                and (seat["user"]["sourcedId"], school["school_number"]) in self._staff
            ):
                return self._staff[seat["user"]["sourcedId"], school["school_number"]]
        here = [row for row in self._staff.values() if row["schoolid"] == school["school_number"]]
        return (here or list(self._staff.values()))[0]

    def _student(self, place: int, user: Record) -> Row:
        numbers = self._schools_of(user)
        level = (user.get("grades") or [""])[0]
        state = [one["identifier"] for one in user.get("userIds") or () if "state" in one["type"].casefold()]
        return self._keep("users", user, {
            **_numbers("students", place), **_names(user), "student_number": user.get("identifier"),
            "state_studentnumber": state[0] if state else None,
            "grade_level": _LEVELS.get(level, int(level) if level.isdecimal() else 9),
            "schoolid": numbers[0] if numbers else None,
            "enroll_status": 0 if user["status"] == "active" else 2,
            "student_web_id": user.get("username"), "gender": "X",
        })  # fmt: skip

    def _seats(self) -> Iterator[Row]:
        seats = [one for one in self._data.records("enrollments") if one["role"] == "student"]
        for place, seat in enumerate(seats):
            section = self._rows.get(("classes", seat["class"]["sourcedId"]))
            student = self._rows.get(("users", seat["user"]["sourcedId"]))
            if section and student:
                yield self._keep("enrollments", seat, self._seat(place, seat, section, student))

    def _seat(self, place: int, seat: Record, section: Row, student: Row) -> Row:
        sign = -1 if seat["status"] == "tobedeleted" else 1
        term = self._by_number[section["schoolid"], section["termid"]]
        after = str(date.fromisoformat(term["lastday"]) + timedelta(days=1))
        return {
            **_numbers("cc", place), "studentid": student["id"], "sectionid": sign * section["id"],
            "schoolid": section["schoolid"], "termid": sign * section["termid"],
            "teacherid": section["teacher"], "course_number": section["course_number"],
            "section_number": section["section_number"], "expression": section["expression"],
            "dateenrolled": seat.get("beginDate") or term["firstday"],
            "dateleft": seat.get("endDate") or after,
        }  # fmt: skip

    def _categories(self, users: list[Row]) -> Iterator[Row]:
        """Every teacher has the district's categories in every year (PowerTeacher Pro)."""
        years = sorted({row["yearid"] for row in self._terms.values()})
        wanted = [(user, year, number) for user in users for year in years for number in (1, 2)]
        for place, (user, year, number) in enumerate(wanted):
            yield {
                "teachercategoryid": 400 + place, "usersdcid": user["dcid"], "yearid": year,
                "districtteachercategoryid": number, "name": "Final Grade" if number == 1 else "Classwork",
                "categorytype": "district", "isactive": 1, "isinfinalgrades": 1,
                "defaultpublishoption": "Immediately", "description": "<p>" + "as agreed " * 500 + "</p>",
            }  # fmt: skip

    def _with_role(self, role: str) -> list[Record]:
        people = self._data.records("users")
        return [one for one in people if any(each["role"] == role for each in one.get("roles", []))]

    def _schools_of(self, user: Record) -> list[int]:
        orgs = [role["org"]["sourcedId"] for role in user.get("roles", [])]
        found = [self._rows["orgs", org]["school_number"] for org in orgs if ("orgs", org) in self._rows]
        return list(dict.fromkeys(found))


def _numbers(table: str, place: int) -> Row:
    return {"dcid": FIRST_DCID[table] + place, "id": FIRST_ID[table] + place}


def _names(user: Record) -> Row:
    last, first = user.get("familyName", ""), user.get("givenName", "")
    return {"first_name": first, "middle_name": user.get("middleName"), "last_name": last,
            "lastfirst": f"{last}, {first}"}  # fmt: skip


def _label(session: Record, n: int) -> str:
    return f"{'Q' if session['type'] == 'gradingPeriod' else 'S'}{n}"
