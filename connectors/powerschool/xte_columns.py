"""Assignments of the PowerTeacher Pro API as columns of grades: found, or made in the agreed category.

An assignment is ours when we remember its id, or when it looks as ours would: so one whose making was never
answered is found again. Any other of the same title keeps it, and ours gets a mark of its own.
Source: PowerSchool developer pages, /ws/xte/section/assignment and /ws/xte/teacher_category.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import orjson

from connectors.http import Answer, Request
from connectors.oneroster.remote_ids import RemoteIds
from connectors.powerschool.client import GradeClient
from connectors.powerschool.columns import Days, title_for
from connectors.powerschool.grade_settings import PowerSchoolGradebookSettings
from connectors.powerschool.identifiers import Place, Row, Thing, number
from connectors.powerschool.refusals import (
    category_inactive,
    column_dropped,
    lacks_fields,
    no_category,
    refused,
    term_locked,
    waits,
)
from connectors.powerschool.xte_scores import POINTS
from domain.errors import ContractBroken, RowRejected
from domain.grading import LineItemSpec
from domain.ids import LineItemId, fixed_id

RESUBMIT = 412
PERMISSION = "the PowerTeacher Pro gradebook (FullAccess on ASSIGNMENT and ASSIGNMENTSECTION)"

Record = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of grades in one section: whose it is, and the days a due date may have."""

    spec: LineItemSpec
    section: int
    teacher: int
    term_id: str
    year_id: str
    days: Days

    @property
    def key(self) -> str:
        """Return the id we remember the assignment under."""
        return fixed_id("xte", self.spec.line_item_id, str(self.section))


@dataclass(frozen=True, slots=True)
class Cell:
    """Where one grade goes: its column, and the student in it (STUDENTS.DCID)."""

    column: Column
    student: int


def column_of(spec: LineItemSpec, row: Row) -> Column:
    """Return a line item's column in the section that a class list's row names."""
    days = Days(date.fromisoformat(str(row["first_day"])), date.fromisoformat(str(row["last_day"])))
    return Column(
        spec, number(row, Place.XTE, Thing.SECTION), number(row, Place.XTE, Thing.TEACHER),
        str(number(row, Place.XTE, Thing.TERM)), str(row["year_id"]), days,
    )  # fmt: skip


class XteColumns:
    """Finds and makes the assignments of one delivery; a teacher's sections are asked for at once."""

    def __init__(self, client: GradeClient, settings: PowerSchoolGradebookSettings, ids: RemoteIds) -> None:
        self._client = client
        self._settings = settings
        self._ids = ids
        self._sections: dict[int, list[Record]] = {}
        self._categories: dict[tuple[int, str], int | RowRejected] = {}
        self._unread: dict[int, RowRejected] = {}
        self._gone: set[LineItemId] = set()

    @property
    def gone(self) -> frozenset[LineItemId]:
        """Return the columns whose assignment we remember and a teacher deleted since."""
        return frozenset(self._gone)

    def forget(self) -> None:
        """Let go of what was read: it may have changed."""
        self._sections.clear()
        self._unread.clear()

    def read(self, columns: Iterable[Column]) -> None:
        """Read the assignments of the columns' sections, one question for each teacher."""
        wanted: dict[int, set[int]] = {}
        chosen = list(columns)
        for column in chosen:
            if column.section not in self._sections:
                wanted.setdefault(column.teacher, set()).add(column.section)
        for teacher, sections in sorted(wanted.items()):
            ids = ",".join(map(str, sorted(sections)))
            self._sections |= {section: [] for section in sections}
            try:
                found = self._get("section/assignment/", {"users_dcid": str(teacher), "section_ids": ids})
            except RowRejected as error:
                self._unread |= dict.fromkeys(sections, error)
                continue
            for one in (each for record in found for each in _sections_of(record)):
                self._sections.setdefault(_int(one.get("sectionsdcid")), []).append(one)
        for column in chosen:
            self._note_gone(column)

    def _note_gone(self, column: Column) -> None:
        known = self._ids.find(column.key)
        there = {str(one.get("assignmentsectionid")) for one in self._sections[column.section]}
        if known is not None and known not in there and column.section not in self._unread:
            self._ids.forget(column.key)
            self._gone.add(column.spec.line_item_id)

    def standing(self, column: Column) -> int:
        """Return the id of a column's assignment in its section, 0 when it has none."""
        there = self._sections.get(column.section, [])
        known = self._ids.find(column.key)
        for one in there:
            if known is not None and str(one.get("assignmentsectionid")) == known:
                return _int(known)
        titles = (column.spec.title, self._title(column, ()), self._title(column, {column.spec.title}))
        for one in there:
            if known is None and one.get("name") in titles and self._looks_ours(column, one):
                self._ids.learn(column.key, str(one["assignmentsectionid"]))
                return _int(one["assignmentsectionid"])
        return 0

    def make(self, column: Column) -> int:
        """Make a column's assignment and return its id; RowRejected when PowerSchool does not take it."""
        if column.section in self._unread:
            raise self._unread[column.section]
        section = self._section(column, self._category(column))
        url = self._client.address("xte/section/assignment/")
        request = Request(
            "POST", url, {"users_dcid": str(column.teacher)}, permission=PERMISSION, retry=False,
            body=orjson.dumps({"_assignmentsections": [section]}), mark="sis:post-assignment", judged=(403,),
        )  # fmt: skip
        answer = resubmitted(self._client, request)
        if answer.code == 403:
            raise lacks_fields(answer.body, "assignments", "xte/section/assignment")
        if waits(answer.body) and answer.code >= 300:
            raise term_locked(column.spec.title, column.term_id)
        if answer.code >= 300:
            raise refused(answer.code, answer.body, column.spec.line_item_id)
        self._sections.pop(column.section, None)
        self.read([column])
        made = self.standing(column)
        if not made:
            raise column_dropped(column.spec.line_item_id)
        return made

    def remove(self, column: Column) -> None:
        """Delete a column that we made and that holds no score; one with scores is left by PowerSchool."""
        made = self._ids.find(column.key)
        if made is not None:
            url = self._client.address(f"xte/section/assignment/{made}")
            params = {"users_dcid": str(column.teacher)}
            self._client.http.send(Request("DELETE", url, params, permission=PERMISSION))
            self._sections.pop(column.section, None)

    def _title(self, column: Column, taken: Iterable[str]) -> str:
        return title_for(column.spec, self._settings.title_limit, set(taken))

    def _section(self, column: Column, category: int) -> dict[str, object]:
        taken = {str(one.get("name")) for one in self._sections.get(column.section, [])}
        return {
            "sectionsdcid": column.section, "name": self._title(column, taken),
            "duedate": str(column.days.nearest(column.spec.due_date)), "scoretype": "POINTS",
            "scoreentrypoints": POINTS, "totalpointvalue": POINTS, "weight": 1,
            "iscountedinfinalgrade": self._settings.counts, "isscorespublish": True,
            "publishoption": "Immediately",
            "_assignmentcategoryassociations": [{"teachercategoryid": category, "isprimary": True}],
        }  # fmt: skip

    def _looks_ours(self, column: Column, one: Record) -> bool:
        due = str(column.days.nearest(column.spec.due_date))
        return str(one.get("duedate"))[:10] == due and _int(one.get("scoreentrypoints")) == POINTS

    def _category(self, column: Column) -> int:
        """Return the agreed category of a section's teacher; WB74 none of the name, WB77 switched off."""
        key = (column.teacher, column.year_id)
        if key not in self._categories:
            params = {"users_dcid": str(column.teacher), "year_id": column.year_id}
            self._categories[key] = self._chosen(self._get("teacher_category", params), column)
        found = self._categories[key]
        if isinstance(found, RowRejected):
            raise found
        return found

    def _chosen(self, categories: Iterable[Record], column: Column) -> int | RowRejected:
        name = self._settings.category
        same = [one for one in categories if str(one.get("name")).strip().casefold() == name.casefold()]
        if not same:
            raise no_category(name)
        active = [one for one in same if one.get("isactive") in (True, 1, "1", "true")]
        if not active:
            return category_inactive(name, column.spec.line_item_id)
        return _int(active[0].get("teachercategoryid") or active[0].get("id"))

    def _get(self, path: str, params: Mapping[str, str]) -> list[Record]:
        url = self._client.address(f"xte/{path}")
        answer = self._client.http.send(Request("GET", url, params, permission=PERMISSION))
        if answer.code >= 300:
            raise refused(answer.code, answer.body, path.strip("/"))
        if not isinstance(answer.json, list):
            # Never an empty list: every column would seem to be deleted.
            raise ContractBroken(
                "PG04",
                "The answer of the gradebook is no list",
                fix="Ask the district whether something stands between us and PowerSchool",
                place=f"/ws/xte/{path.strip('/')}",
            )
        return [one for one in answer.json if isinstance(one, dict)]


def resubmitted(client: GradeClient, request: Request) -> Answer:
    """Send a request, and once more when PowerSchool asks to (412 "Resubmit")."""
    answer = client.http.send(request)
    return client.http.send(request) if answer.code == RESUBMIT else answer


def _sections_of(record: Record) -> list[Record]:
    found = record.get("_assignmentsections")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _int(value: object) -> int:
    try:
        return int(float(str(value)))
    except ValueError:
        return 0
