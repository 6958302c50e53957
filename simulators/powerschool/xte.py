"""The PowerTeacher Pro gradebook (vendor page "/ws/xte"): categories, assignments, scores, grade scales."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.clock import utc_text
from simulators.powerschool.manner import Manner
from simulators.powerschool.plugin import FULL, VIEW, Plugin
from simulators.powerschool.problems import Refusal
from simulators.powerschool.tables import Row, Tables

_SECTION_FIELDS = (
    "name", "description", "duedate", "scoretype", "scoreentrypoints", "totalpointvalue", "weight",
    "iscountedinfinalgrade", "isscorespublish", "publishoption", "sectionsdcid",
)  # fmt: skip
_FLAGS = ("isexempt", "isincomplete", "ismissing", "islate")
_WHOLE_ACCESS = {
    "assignment": "assignmentid",
    "assignmentsection": "name",
    "assignmentcategoryassoc": "teachercategoryid",
    "assignmentscore": "actualscoreentered",
}
"""A field of each table on which a writer needs FullAccess."""


class Gradebook:
    """Every teacher's gradebook; a plugin names the teacher it acts for (users_dcid) in every call."""

    def __init__(self, tables: Tables, plugin: Plugin, manner: Manner, at: datetime) -> None:
        self._tables, self._plugin, self._manner, self._at = tables, plugin, manner, at

    def categories(self, given: Mapping[str, str]) -> list[Row]:
        """Return a teacher's categories of a year, inactive ones too."""
        self._may("teachercategory", "name", VIEW)
        user, year = _number(given, "users_dcid"), _number(given, "year_id")
        found = self._tables.rows("teachercategory", usersdcid=user, yearid=year)
        return [_flags({"_name": "teachercategory", **row}, "isactive", "isinfinalgrades") for row in found]

    def assignments(self, given: Mapping[str, str]) -> list[Row]:
        """Return the assignments of sections (`section_ids`: SECTIONS.DCID, comma-separated)."""
        self._may("assignmentsection", "name", VIEW)
        _number(given, "users_dcid")
        wanted = [int(one) for one in given.get("section_ids", "").split(",") if one.strip().isdecimal()]
        if not wanted:
            raise Refusal(400, "section_ids is missing")
        found = [row for dcid in wanted for row in self._tables.rows("assignmentsection", sectionsdcid=dcid)]
        return [self._assignment(row) for row in found]

    def assignment(self, key: int) -> Row:
        """Return one assignment by its section record's id."""
        return self._assignment(self._there(key))

    def create(self, given: Mapping[str, str], body: Any) -> Row:
        """Create an assignment in one section; Refusal 409 with what is wrong with it."""
        _number(given, "users_dcid")
        self._write_access()
        section, category = self._checked(given, body, None)
        if self._too_long(section):
            return {"_name": "assignment", "_assignmentsections": []}
        year = self._section(section)["termid"] // 100
        assignment = self._tables.add("assignment", {"yearid": year, "createdbyplugin": self._plugin.name})
        row = {name: section.get(name) for name in _SECTION_FIELDS} | {"assignmentid": assignment}
        key = self._tables.add("assignmentsection", row)
        link = {"assignmentsectionid": key, "teachercategoryid": category, "isprimary": 1}
        self._tables.add("assignmentcategoryassoc", link)
        return self._assignment(self._there(key))

    def replace(self, key: int, given: Mapping[str, str], body: Any) -> Row:
        """Overwrite an assignment with all that is sent."""
        there = self._there(key)
        self._write_access()
        section, category = self._checked(given, body, key)
        values = {name: section.get(name) for name in _SECTION_FIELDS}
        self._tables.change("assignmentsection", there["assignmentsectionid"], **values)
        for link in self._tables.rows("assignmentcategoryassoc", assignmentsectionid=key):
            changed = {"teachercategoryid": category}
            self._tables.change("assignmentcategoryassoc", link["assignmentcategoryassocid"], **changed)
        return self._assignment(self._there(key))

    def delete(self, key: int, given: Mapping[str, str]) -> None:
        """Delete an assignment; Refusal 412 when it has scores and force is not set."""
        there = self._there(key)
        self._write_access()
        scores = self._tables.rows("assignmentscore", assignmentsectionid=key)
        if scores and given.get("force") != "true":
            raise Refusal(412, "Validation Error - Assignment has grades associated")
        for score in scores:
            self._tables.remove("assignmentscore", score["assignmentscoreid"])
        self._tables.remove("assignmentsection", key)
        self._tables.remove("assignment", there["assignmentid"])

    def save_scores(self, given: Mapping[str, str], body: Any) -> Row:
        """Create or update scores, all or none; Refusal 409 with what is wrong with one."""
        _number(given, "users_dcid")
        term = given.get("term_id", "")
        self._write_access()
        if term in self._manner.locked_terms:
            raise Refusal(409, "The term is locked")
        scores = body.get("assignment_scores") if isinstance(body, dict) else None
        if not isinstance(scores, list):
            raise Refusal(400, "assignment_scores is missing")
        rows = [self._score(score) for score in scores]
        if self._manner.drop_writes:
            return {"assignment_scores": scores}
        return {"assignment_scores": [self._save(row) for row in rows]}

    def remove_students(self, given: Mapping[str, str], body: Any) -> None:
        """Delete students' scores of assignments; a blind delete: what is not there is no error."""
        self._write_access()
        if self._manner.drop_writes or not isinstance(body, dict):
            return
        for key in body.get("section_ids", []):
            for row in self._tables.rows("assignmentscore", assignmentsectionid=key):
                if row["studentsdcid"] in body.get("student_ids", []) and given.get("force") == "true":
                    self._tables.remove("assignmentscore", row["assignmentscoreid"])

    def scales(self, ids: str) -> list[Row]:
        """Return grade scales with their items."""
        wanted = [int(one) for one in ids.split(",") if one.isdecimal()]
        return [
            {
                "id": one,
                "name": f"Scale {one}",
                "_items": self._tables.rows("gradescaleitem", gradescaleid=one),
            }
            for one in wanted
        ]

    def _there(self, key: int) -> Row:
        row = self._tables.row("assignmentsection", key)
        if row is None:
            raise Refusal(404, "Not Found")
        return row

    def _assignment(self, row: Row) -> Row:
        key = row["assignmentsectionid"]
        links = self._tables.rows("assignmentcategoryassoc", assignmentsectionid=key)
        section = _flags(row, "iscountedinfinalgrade", "isscorespublish")
        section["_assignmentcategoryassociations"] = [_flags(link, "isprimary") for link in links]
        return {
            "_name": "assignment", "_id": row["assignmentid"], "assignmentid": row["assignmentid"],
            "_assignmentsections": [section],
        }  # fmt: skip

    def _checked(self, given: Mapping[str, str], body: Any, key: int | None) -> tuple[Row, int]:
        """Return the one section entry and its category; Refusal 409 naming the field."""
        sections = body.get("_assignmentsections") if isinstance(body, dict) else None
        if not isinstance(sections, list) or len(sections) != 1:
            raise Refusal(400, "one _assignmentsections entry is wanted")
        section = sections[0]
        self._check_name(section, key)
        self._check_due(section)
        links = section.get("_assignmentcategoryassociations") or [{}]
        category = self._tables.row("teachercategory", int(links[0].get("teachercategoryid") or 0))
        if category is None or category["usersdcid"] != _number(given, "users_dcid"):
            raise Refusal(409, "Category is required", "teachercategoryid")
        if not category["isactive"]:
            raise Refusal(409, "Category is not active", "teachercategoryid")
        return section, int(category["teachercategoryid"])

    def _check_name(self, section: Row, key: int | None) -> None:
        name, dcid = str(section.get("name") or ""), section.get("sectionsdcid")
        if not name:
            raise Refusal(409, "Name is required", "name")
        if self._too_long(section) and self._manner.long_titles == "refuse":
            raise Refusal(409, f"Name must not exceed {self._manner.title_limit} characters", "name")
        same = self._tables.rows("assignmentsection", sectionsdcid=dcid, name=name)
        if any(row["assignmentsectionid"] != key for row in same):
            raise Refusal(409, "Name must be unique in the section", "name")

    def _check_due(self, section: Row) -> None:
        there = self._section(section)
        term = self._tables.rows("terms", schoolid=there["schoolid"], id=there["termid"])[0]
        if not term["firstday"] <= str(section.get("duedate") or "") <= term["lastday"]:
            raise Refusal(409, "Due date must be within the term of the section", "duedate")
        points = section.get("scoreentrypoints")
        if not isinstance(points, int | float) or points != int(points) or points <= 0:
            raise Refusal(409, "Points must be a whole number", "scoreentrypoints")
        if str(there["termid"]) in self._manner.locked_terms:
            raise Refusal(409, "The term is locked")

    def _too_long(self, section: Row) -> bool:
        return len(str(section.get("name") or "")) > self._manner.title_limit

    def _section(self, section: Row) -> Row:
        there = self._tables.row("sections", int(section.get("sectionsdcid") or 0))
        if there is None:
            raise Refusal(404, "Section not found")
        return there

    def _score(self, score: Row) -> Row:
        key = (score.get("_assignmentsection") or score).get("assignmentsectionid")
        there = self._there(int(key or 0))
        self._check_student(there, score.get("studentsdcid"))
        entered, most = score.get("actualscoreentered"), float(there["scoreentrypoints"])
        points = None if entered in (None, "") else float(str(entered))
        found = self._tables.rows(
            "assignmentscore", assignmentsectionid=key, studentsdcid=score["studentsdcid"]
        )
        if found and score.get("assignmentscoreid") != found[0]["assignmentscoreid"]:
            raise Refusal(409, "A score exists already for this student", "assignmentscoreid")
        return {
            "assignmentscoreid": score.get("assignmentscoreid"), "assignmentsectionid": key,
            "studentsdcid": score["studentsdcid"], "actualscoreentered": entered,
            "actualscorekind": score.get("actualscorekind"), "scorepoints": points,
            "scorepercent": None if points is None else round(points / most * 100, 6),
            **{flag: int(bool(score.get(flag))) for flag in _FLAGS},
            "scoreentrydate": utc_text(self._at),
        }  # fmt: skip

    def _check_student(self, there: Row, dcid: Any) -> None:
        section = self._tables.row("sections", there["sectionsdcid"])
        student = self._tables.row("students", int(dcid or 0))
        seats = (
            self._tables.rows("cc", sectionid=section["id"], studentid=student["id"])
            if section and student
            else []
        )
        if not seats:
            # The vendor's text is worth showing, and may name a child.
            name = student["lastfirst"] if student else "Student"
            raise Refusal(409, f"{name} is not enrolled in the section", "studentsdcid")

    def _save(self, row: Row) -> Row:
        key = row["assignmentscoreid"]
        if key:
            self._tables.change("assignmentscore", key, **row)
        else:
            key = self._tables.add("assignmentscore", row)
        return {**row, "assignmentscoreid": key}

    def _write_access(self) -> None:
        for table, name in _WHOLE_ACCESS.items():
            self._may(table, name, FULL)

    def _may(self, table: str, name: str, wanted: str) -> None:
        if not self._plugin.may(table, name, wanted):
            raise Refusal(403, "Insufficient permission", f"{table}.{name}")


def _number(given: Mapping[str, str], name: str) -> int:
    if not given.get(name, "").isdecimal():
        raise Refusal(400, f"{name} is required")
    return int(given[name])


def _flags(row: Row, *names: str) -> Row:
    """Return a row with its flags as booleans and without what is empty."""
    return {name: bool(value) if name in names else value for name, value in row.items() if value is not None}
