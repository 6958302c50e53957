"""Tables over REST: reading any, writing StoredGrades (vendor page "/ws/schema/table/storedgrades")."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from simulators.powerschool.fiql import where
from simulators.powerschool.manner import Manner
from simulators.powerschool.plugin import FULL, Plugin
from simulators.powerschool.problems import Refusal
from simulators.powerschool.schema import COLUMNS
from simulators.powerschool.tables import Row, Tables

READABLE = frozenset({"storedgrades"})
"""Core tables that may be read like extension tables; all others only by a PowerQuery or /ws/v1."""

_FLAGS = ("gpa", "classrank", "honorroll", "transcripts", "graduation", "gradesuppression")
WRITABLE = frozenset(
    {
        *("studentid", "schoolid", "schoolname", "schoolyear", "storecode", "grade_level"),
        *("course_number", "section_number", "course_name", "teacher_name", "credit_type"),
        *("grade", "percent", "behavior", "comment_value", "earnedcrhrs", "potentialcrhrs"),
        *("gpa_points", "gpa_addedvalue", "gradereplacementpolicy_id"),
        *(f"excludefrom{flag}" for flag in _FLAGS),
    }
)
"""The fields of the documented insert; it has no termid and no sectionid."""

_UNSTORED = {"schoolyear", "section_number"}


class StoredGrades:
    """The one core table that takes single rows."""

    def __init__(self, tables: Tables, plugin: Plugin, manner: Manner, today: date) -> None:
        self._tables, self._plugin, self._manner, self._today = tables, plugin, manner, today

    def page(self, table: str, given: Mapping[str, str]) -> Row:
        """Return a page of rows: `q`, `projection` (needed), `page`, `pagesize`."""
        clause, values = self._asked(table, given)
        names = self._projection(table, given)
        size = int(given.get("pagesize") or self._manner.page_size)
        if size > self._manner.page_size or size < 1:
            raise Refusal(400, "pagesize exceeds the maximum page size")
        offset = (int(given.get("page") or 1) - 1) * size
        sql = f"SELECT * FROM {table} WHERE {clause} ORDER BY 1 LIMIT {size} OFFSET {offset}"
        rows = self._tables.select(sql, values)
        return {"name": table, "record": [self._record(table, names, row) for row in rows]}

    def count(self, table: str, given: Mapping[str, str]) -> Row:
        """Return how many rows match `q`."""
        clause, values = self._asked(table, given)
        found = self._tables.select(f"SELECT count(*) AS count FROM {table} WHERE {clause}", values)
        return {"count": found[0]["count"]}

    def one(self, table: str, key: int, given: Mapping[str, str]) -> Row:
        """Return one row by DCID; Refusal 404."""
        if table not in READABLE:
            raise Refusal(404, f"Table {table} not found")
        names = self._projection(table, given)
        return self._record(table, names, self._there(table, key))

    def insert(self, body: Any) -> Row:
        """Insert a grade and return what is answered; no row is looked for: there is no key to upsert by."""
        fields = {name: value for name, value in self._fields(body).items() if value is not None}
        self._check(fields)
        row = self._linked(fields)
        twin = self._twin(row)
        if twin and self._manner.same_code_twice == "refuse":
            raise Refusal(409, "A grade with this store code exists already", "storedgrades/storecode")
        if self._manner.drop_writes:
            return _said("INSERT", 1)
        if twin and self._manner.same_code_twice == "overwrite":
            self._tables.change("storedgrades", twin["dcid"], **row)
            return _said("INSERT", twin["dcid"])
        return _said("INSERT", self._tables.add("storedgrades", row))

    def update(self, key: int, body: Any) -> Row:
        """Update a grade by DCID: what the body lacks is emptied where the manner says so."""
        there = self._there("storedgrades", key)
        fields = self._fields(body)
        if self._manner.blanks_erase:
            self._check(fields)
            blank = dict.fromkeys(WRITABLE - _UNSTORED, None)
            fields = {**blank, **fields}
        if not self._manner.drop_writes:
            kept = {name: value for name, value in fields.items() if name not in _UNSTORED}
            self._tables.change("storedgrades", there["dcid"], **kept)
        return _said("UPDATE", key)

    def delete(self, key: int) -> None:
        """Delete a grade by DCID; FullAccess on every field of the table is needed."""
        self._there("storedgrades", key)
        self._grant(WRITABLE - _UNSTORED)
        if not self._manner.store_window_open:
            raise Refusal(409, "The grade cannot be deleted")
        if not self._manner.drop_writes:
            self._tables.remove("storedgrades", key)

    def _asked(self, table: str, given: Mapping[str, str]) -> tuple[str, list[Any]]:
        if table not in READABLE:
            raise Refusal(404, f"Table {table} not found")
        return where(table, given.get("q", ""))

    def _projection(self, table: str, given: Mapping[str, str]) -> list[str]:
        names = [name.strip().lower() for name in given.get("projection", "").split(",") if name.strip()]
        if not names:
            raise Refusal(400, "Missing required query parameter projection")
        if names == ["*"]:
            names = list(COLUMNS[table])
        for name in names:
            if name not in COLUMNS[table]:
                raise Refusal(400, f"Invalid field {name}")
        if hidden := [name for name in names if not self._plugin.may(table, name)]:
            raise Refusal(403, "Insufficient permission", *(f"{table}.{name}" for name in hidden))
        return names

    def _record(self, table: str, names: list[str], row: Row) -> Row:
        shown = {name: str(row[name]) for name in names if row[name] is not None}
        return {"id": row["dcid"], "name": table, "tables": {table: shown}}

    def _there(self, table: str, key: int) -> Row:
        row = self._tables.row(table, key)
        if row is None:
            raise Refusal(404, "Historical specified by the URI not found")
        return row

    def _fields(self, body: Any) -> Row:
        try:
            fields = {name.lower(): value for name, value in body["tables"]["storedgrades"].items()}
        except (TypeError, KeyError, AttributeError):
            raise Refusal(400, "The body has no tables.storedgrades") from None
        if unknown := set(fields) - WRITABLE:
            raise Refusal(400, "Invalid field", *(f"storedgrades/{name}" for name in sorted(unknown)))
        self._grant(set(fields) - _UNSTORED)
        if not self._manner.store_window_open:
            raise Refusal(400, "The store window is closed", "storedgrades/storecode")
        return fields

    def _grant(self, names: set[str] | frozenset[str]) -> None:
        lacking = sorted(name for name in names if not self._plugin.may("storedgrades", name, FULL))
        if lacking:
            raise Refusal(403, "Insufficient permission", *(f"storedgrades.{name}" for name in lacking))

    def _check(self, fields: Row) -> None:
        lacking = [
            name for name in ("studentid", "schoolid", "schoolyear", "storecode") if not fields.get(name)
        ]
        if not fields.get("course_name") and not (
            fields.get("course_number") and fields.get("section_number")
        ):
            lacking.append("course_name")
        if fields.get("grade") in (None, "") and fields.get("percent") in (None, ""):
            lacking.append("grade")
        if lacking:
            raise Refusal(400, "Validation Failed", *(f"storedgrades/{name}" for name in lacking))
        self._check_values(fields)

    def _check_values(self, fields: Row) -> None:
        code = str(fields["storecode"])
        if not (code[:1].isalpha() and code[1:].isdigit()):
            raise Refusal(400, "Invalid store code", "storedgrades/storecode")
        if not self._tables.rows("students", **{self._manner.student_key: fields["studentid"]}):
            raise Refusal(400, "Student not found", "storedgrades/studentid")
        if not self._tables.rows("schools", school_number=fields["schoolid"]):
            raise Refusal(400, "School not found", "storedgrades/schoolid")
        if len(str(fields.get("behavior") or "")) > 7:
            raise Refusal(400, "Value too long", "storedgrades/behavior")

    def _linked(self, fields: Row) -> Row:
        """Return the row to store; TERMID at least names the year, the section is found where linked."""
        first = 1990 if self._manner.school_year == "start" else 1991
        yearid = int(fields["schoolyear"]) - first
        row = {name: value for name, value in fields.items() if name not in _UNSTORED}
        (student,) = self._tables.rows("students", **{self._manner.student_key: fields["studentid"]})
        row |= {"termid": yearid * 100, "sectionid": 0, "datestored": str(self._today)}
        row["studentid"] = student["id"]
        section = self._section(fields, yearid)
        if section is None:
            return row
        course = self._tables.rows("courses", course_number=section["course_number"])[0]
        row.setdefault("course_name", course["course_name"])
        return row | {"sectionid": section["id"], "termid": self._term(section, row["storecode"], yearid)}

    def _section(self, fields: Row, yearid: int) -> Row | None:
        if not (self._manner.links_sections and fields.get("section_number")):
            return None
        wanted = {name: fields[name] for name in ("course_number", "section_number", "schoolid")}
        found = [one for one in self._tables.rows("sections", **wanted) if one["termid"] // 100 == yearid]
        if not found:
            raise Refusal(400, "Section not found", "storedgrades/section_number")
        return found[0]

    def _term(self, section: Row, code: str, yearid: int) -> int:
        terms = self._tables.rows("terms", schoolid=section["schoolid"], yearid=yearid, abbreviation=code)
        return int(terms[0]["id"] if terms else section["termid"])

    def _twin(self, row: Row) -> Row | None:
        names = ("studentid", "storecode", "termid", "course_name", "schoolid")
        found = self._tables.rows("storedgrades", **{name: row.get(name) for name in names})
        return found[0] if found else None


def _said(action: str, key: int) -> Row:
    """Return the answer to a write (seen in public clients: a list of what was done)."""
    done = {"status": "SUCCESS", "action": action, "success_message": {"id": key}}
    return {f"{action.lower()}_count": 1, "result": [done]}
