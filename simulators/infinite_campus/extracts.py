"""What the Data Extract Utility drops every night, made of a data set.

Content is by ad hoc filter, SQL or Prism, so headings are Campus's own names, with or without the table
before them; delimiter, extension and a date in the name are the district's.
Source: Infinite Campus knowledge base, data extract utilities.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import date

from simulators.dataset import Dataset
from simulators.shapes import Record

Row = Mapping[str, object]


def extracts(
    dataset: Dataset, *, delimiter: str = ",", prefixed: bool = False, suffix: str = ""
) -> dict[str, bytes]:
    """Return the files of a night by name; dates are M/D/YYYY, ends the last day itself.

    prefixed: headings with the table before them (`student.personID`). suffix: a date before `.csv`.
    """
    tables: dict[str, list[Row]] = {
        "schools": [_school(dataset, org) for org in dataset.records("orgs") if org["type"] == "school"],
        "terms": [_term(one) for one in dataset.records("academicSessions") if one["type"] == "term"],
        "courses": [_course(course) for course in dataset.records("courses")],
        "sections": [_section(dataset, section) for section in dataset.records("classes")],
        "students": list(_people(dataset, "student", "studentNumber")),
        "staff": list(_people(dataset, "teacher", "staffNumber")),
        "roster": list(_seats(dataset)),
    }
    return {
        f"{table}{suffix}.csv": _written(rows, delimiter, f"{table.rstrip('s')}." if prefixed else "")
        for table, rows in tables.items()
        if rows
    }


def _written(rows: list[Row], delimiter: str, prefix: str) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(prefix + name for name in rows[0])
    writer.writerows(row.values() for row in rows)
    return text.getvalue().encode()


def _school(dataset: Dataset, org: Record) -> Row:
    district = dataset.get("orgs", org.get("parent", {}).get("sourcedId", "")) or {}
    above = {"districtNumber": district.get("identifier", ""), "districtName": district.get("name", "")}
    return {"schoolNumber": org["sourcedId"], "schoolName": org["name"], **above}


def _term(session: Record) -> Row:
    days = {"startDate": _american(session["startDate"]), "endDate": _american(session["endDate"])}
    named = {"termID": session["sourcedId"], "termName": session["title"]}
    return {**named, **days, "endYear": session["schoolYear"]}


def _course(course: Record) -> Row:
    numbers = {"courseID": course["sourcedId"], "courseNumber": course.get("courseCode", "")}
    return {**numbers, "courseName": course["title"]}


def _section(dataset: Dataset, section: Record) -> Row:
    course = dataset.get("courses", section["course"]["sourcedId"]) or {}
    seats = dataset.referring("enrollments", "class", section["sourcedId"])
    teachers = [seat["user"]["sourcedId"] for seat in seats if seat["role"] == "teacher"]
    return {
        "sectionID": section["sourcedId"],
        "sectionNumber": section.get("classCode", "1"),
        "courseID": section["course"]["sourcedId"],
        "courseNumber": course.get("courseCode", ""),
        "schoolNumber": section["school"]["sourcedId"],
        "termIDs": ",".join(term["sourcedId"] for term in section.get("terms", [])),
        "teacherPersonID": teachers[0] if teachers else "",
    }


def _people(dataset: Dataset, role: str, number: str) -> Iterator[Row]:
    for user in dataset.records("users"):
        for held in (one for one in user.get("roles", []) if one["role"] == role):
            yield {
                "personID": user["sourcedId"],
                number: user.get("identifier", ""),
                "firstName": user.get("givenName", ""),
                "lastName": user.get("familyName", ""),
                "schoolNumber": held["org"]["sourcedId"],
                "grade": ",".join(user.get("grades", [])),
            }


def _seats(dataset: Dataset) -> Iterator[Row]:
    for seat in dataset.records("enrollments"):
        if seat["role"] == "student" and seat["status"] == "active":
            yield {
                "rosterID": seat["sourcedId"],
                "personID": seat["user"]["sourcedId"],
                "sectionID": seat["class"]["sourcedId"],
                "schoolNumber": seat.get("school", {}).get("sourcedId", ""),
                "startDate": _american(seat.get("beginDate", "")),
                "endDate": _american(seat.get("endDate", "")),
            }


def _american(text: str) -> str:
    if not text:
        return ""
    day = date.fromisoformat(text)
    return f"{day.month}/{day.day}/{day.year}"
