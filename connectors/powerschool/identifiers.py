"""Which number means which thing where: PowerSchool has up to four for each, and they look alike.

DCID is a table's primary key; ID is another number, not promised to be unique in its table, and TERMS.ID
repeats in every school. A number taken for another is somebody else's grade.
Source: PowerSchool developer pages and data dictionary (Students, Sections, Terms, StoredGrades, CC).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

Row = Mapping[str, str | None]


class Place(StrEnum):
    """Where a number is used."""

    V1 = "/ws/v1"
    TABLES = "StoredGrades, CC, PGFinalGrades"
    XTE = "/ws/xte"
    FILES = "files that people see"


class Thing(StrEnum):
    """What is numbered."""

    STUDENT = "student"
    SCHOOL = "school"
    SECTION = "section"
    TERM = "term"
    TEACHER = "teacher"


MEANS: Mapping[tuple[Place, Thing], str] = {
    (Place.V1, Thing.STUDENT): "students_dcid",
    (Place.V1, Thing.SCHOOL): "schools_dcid",
    (Place.V1, Thing.SECTION): "sections_dcid",
    (Place.V1, Thing.TERM): "terms_dcid",
    (Place.V1, Thing.TEACHER): "schoolstaff_dcid",
    (Place.TABLES, Thing.STUDENT): "students_id",
    (Place.TABLES, Thing.SCHOOL): "school_number",
    (Place.TABLES, Thing.SECTION): "sections_id",
    (Place.TABLES, Thing.TERM): "terms_id",
    (Place.TABLES, Thing.TEACHER): "schoolstaff_id",
    (Place.XTE, Thing.STUDENT): "students_dcid",
    (Place.XTE, Thing.SECTION): "sections_dcid",
    (Place.XTE, Thing.TERM): "terms_id",
    (Place.XTE, Thing.TEACHER): "users_dcid",
    (Place.FILES, Thing.STUDENT): "student_number",
    (Place.FILES, Thing.SCHOOL): "school_number",
    (Place.FILES, Thing.SECTION): "section_number",
}
"""The column, as our queries name it (table and column), that a thing's number comes from in a place."""


def number(row: Row, place: Place, thing: Thing) -> int:
    """Return a thing's number for a place from a row of our queries; KeyError when the place has none."""
    return int(float(str(row[MEANS[place, thing]])))


def year_id(school_year: str) -> int:
    """Return TERMS.YEARID of the school year that ends in a year: 35 for "2026"."""
    return int(school_year) - 1991


def plain_number(text: str) -> str:
    """Return a Student_Number as PowerSchool keeps it, which is a number: no blanks, no zeros before it."""
    bare = text.strip()
    return str(int(bare)) if bare.isdecimal() else bare


def year_of_term(term_id: str | None) -> int:
    """Return TERMS.YEARID of a TERMS.ID, a minus of a dropped row left aside; -1 when there is none.

    Only the year can be told from a term's number: what stands below a hundred is the district's own.
    """
    text = (term_id or "").lstrip("-")
    return int(text) // 100 if text.isdecimal() and int(text) else -1
