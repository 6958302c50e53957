"""Finding a payload's student and section: one question for a course and year, not one for each student."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from connectors.powerschool.client import GradeClient
from connectors.powerschool.identifiers import Row, plain_number, year_id
from connectors.powerschool.query_list import Query
from domain.errors import RowRejected
from domain.grading import GradePayload

_Key = tuple[tuple[str, str], ...]
"""A question's arguments, sorted."""


class FindsStudents(Protocol):
    """Settings that say which number of a student the roster knows."""

    @property
    def student_by(self) -> str:
        """Return student_number, state_studentnumber or dcid."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one grade belongs: the student's row in the section it is of.

    rows: the same student and section, once for each stored grade that the question found.
    """

    rows: tuple[Row, ...] = field(repr=False)

    @property
    def row(self) -> Row:
        """Return the row that names student, section, school and term."""
        return self.rows[0]


class ClassLists:
    """Reads the lists that payloads need, each once, and keeps them until told to forget."""

    def __init__(
        self, client: GradeClient, query: Query, settings: FindsStudents, store_code: str = ""
    ) -> None:
        self._client = client
        self._query = query
        self._by = settings.student_by
        self._store_code = store_code
        self._lists: dict[_Key, dict[str, list[Row]]] = {}

    def forget(self) -> None:
        """Let go of what was read: it may have changed."""
        self._lists.clear()

    def read(self, payloads: Iterable[GradePayload]) -> None:
        """Read the lists of payloads that were not read yet; raises as `GradeClient.rows`."""
        for wanted in sorted({key for payload in payloads if (key := self._key(payload))} - set(self._lists)):
            self._lists[wanted] = self._by_student(self._client.rows(self._query, dict(wanted)))

    def place(self, payload: GradePayload) -> Place:
        """Return where a payload belongs.

        Raises RowRejected WB65 (no such student), WB66 (several sections), WB67 (several students), WB81
        (another student by the state's number, as in another district's PowerSchool).
        """
        student = self._student(payload)
        rows = self._lists.get(self._key(payload), {}).get(student, []) if student else []
        if not rows:
            raise _not_there(payload)
        if len({row["students_dcid"] for row in rows}) > 1:
            raise _not_one(payload)
        state = rows[0].get("state_studentnumber")
        if state and payload.state_identifier and state != payload.state_identifier:
            raise _another(payload)
        sections = _narrowed(_seated(_of_its_term(_by_section(rows), payload)), payload)
        if len(sections) > 1:
            raise _several(payload)
        return Place(tuple(sections[0]))

    def _key(self, payload: GradePayload) -> _Key:
        """Return the question's arguments; none when the roster does not tell course or year."""
        if not (payload.course_code and payload.school_year.isdecimal()):
            return ()
        found = {"course_number": payload.course_code, "year_id": str(year_id(payload.school_year))}
        if self._store_code:
            found["store_code"] = payload.label(self._store_code)
        return tuple(sorted(found.items()))

    def _by_student(self, rows: Iterable[Row]) -> dict[str, list[Row]]:
        """Return rows by the number that the roster knows students by."""
        column = "students_dcid" if self._by == "dcid" else self._by
        found: dict[str, list[Row]] = {}
        for row in rows:
            found.setdefault(self._plain(row.get(column) or ""), []).append(row)
        return found

    def _plain(self, text: str) -> str:
        """Return a number to compare by; a zero before a state's number is part of it."""
        return text.strip() if self._by == "state_studentnumber" else plain_number(text)

    def _student(self, payload: GradePayload) -> str:
        by_state = self._by == "state_studentnumber"
        return self._plain(payload.state_identifier if by_state else payload.student_identifier)


def _by_section(rows: Sequence[Row]) -> list[list[Row]]:
    """Return the rows of each section."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(str(row["sections_id"]), []).append(row)
    return list(found.values())


def _of_its_term(sections: list[list[Row]], payload: GradePayload) -> list[list[Row]]:
    """Return the sections of a grade's own term, all where that cannot be told.

    Looked at before who was dropped: whoever left a course in autumn and takes it in spring sits in the
    wrong section only.
    """
    term, code = payload.labels.get("term_id", ""), payload.class_code
    fitting = [group for group in sections if term and group[0]["terms_id"] == term]
    terms = {group[0]["terms_id"] for group in sections if code and group[0]["section_number"] == code}
    return fitting or [group for group in sections if group[0]["terms_id"] in terms] or sections


def _seated(sections: list[list[Row]]) -> list[list[Row]]:
    """Return the sections where the student still sits, all where it is none."""
    seated = [group for group in sections if any(not _dropped(row) for row in group)]
    return [_one_seat(group) for group in seated or sections]


def _one_seat(group: Sequence[Row]) -> list[Row]:
    """Return a section's rows once for each stored grade: a student may have been enrolled twice."""
    return list({row.get("stored_dcid"): row for row in group}.values())


def _dropped(row: Row) -> bool:
    return str(row["seat_section"]).startswith("-")


def _narrowed(sections: list[list[Row]], payload: GradePayload) -> list[list[Row]]:
    """Return the sections left when school, section number and term are looked at, where they help."""
    wanted: tuple[tuple[str, str], ...] = (
        ("school_number", payload.school_identifier),
        ("section_number", payload.class_code),
        ("terms_id", payload.labels.get("term_id", "")),
    )
    for name, value in wanted:
        fitting = [group for group in sections if value and group[0].get(name) == value]
        sections = fitting or sections
    return sections


def _not_there(payload: GradePayload) -> RowRejected:
    return RowRejected(
        "WB65",
        "PowerSchool has no student of this number in a section of this course in this school year",
        key=payload.item_id,
        fix="Look whether the home section still has the student, whether the course numbers agree, and "
        "whether student_by names the number that the roster has",
    )


def _several(payload: GradePayload) -> RowRejected:
    return RowRejected(
        "WB66",
        "The student sits in several sections of this course, so the right one cannot be told",
        key=payload.item_id,
        fix="Set labels.term_id for the term in the region file, or ask the registrar to drop the wrong one",
    )


def _not_one(payload: GradePayload) -> RowRejected:
    return RowRejected(
        "WB67",
        "PowerSchool has several students of this number in the course, so nobody is graded",
        key=payload.item_id,
        fix="Ask the registrar which record is right, or set student_by to a number that is unique",
    )


def _another(payload: GradePayload) -> RowRejected:
    return RowRejected(
        "WB81",
        "PowerSchool's student of this number has another state number, so it is not the same person",
        key=payload.item_id,
        fix="Look whether base_url and client_id are this district's, and which state number is wrong",
    )
