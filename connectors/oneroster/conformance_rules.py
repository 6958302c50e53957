"""The standard's rules between the fields of a record and between records, for both bindings.

Rows come under the CSV binding's column names, lists as comma-separated text.
Source: OneRoster 1.1 and 1.2 information models; CSV bindings 1.1.1 and 1.2.1, referential rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from connectors.oneroster.conformance import Deviations
from connectors.oneroster.conformance_references import References
from connectors.oneroster.conformance_values import cell_items, text_fault
from domain.clock import system_clock

Row = Mapping[str, str]
_MANY = 4
_SPANS = (("startDate", "endDate"), ("beginDate", "endDate"))
_MODIFIED = "dateLastModified"
_MANY_ALIKE = 100
"""Records that are not all of one moment by chance, as a handful of orgs may be."""


class Rules:
    """Judges the rows of one collection against one another and against those read before."""

    def __init__(self, collection: str, where: str, found: Deviations, refs: References) -> None:
        """Pick the rules of a collection."""
        self._collection, self._where = collection, where
        self._found, self._refs = found, refs
        self._rule: Callable[[int, Row], None] | None = {
            "orgs": self._tree, "academicSessions": self._tree, "courses": self._course,
            "classes": self._class, "users": self._user, "roles": self._role,
            "enrollments": self._enrollment, "demographics": self._demographics, "lineItems": self._line_item,
        }.get(collection)  # fmt: skip
        self._tomorrow = (system_clock() + timedelta(days=1)).date().isoformat()
        self._moments: set[str] = set()
        self._stamped = 0
        self._roles: dict[int, int] = {}
        self._with_role: set[int] = set()

    def row(self, number: int, row: Row) -> None:
        """Judge one row; number is its line, or its place from 1."""
        for begin, end in _SPANS:
            if begin in row and end in row and row[end][:10] < row[begin][:10]:
                self._add("OR-V18", number, end)
        if _MODIFIED in row:
            self._modified(number, row[_MODIFIED])
        if self._rule is not None:
            self._rule(number, row)

    def end(self) -> None:
        """Report what is known only when every row was seen."""
        if len(self._moments) == 1 and self._stamped >= _MANY_ALIKE:
            self._found.add("OR-V28", self._where, column=_MODIFIED, rows=self._stamped)
        if self._collection in ("orgs", "academicSessions"):
            self._refs.circles(self._collection, self._where, "parentSourcedId")
        for packed in self._roles.values():
            if packed % _MANY != 1:
                self._add("OR-V17" if packed % _MANY else "OR-V26", packed // _MANY, "roleType")
        if self._collection == "roles":
            self._roles_against_users()

    def _roles_against_users(self) -> None:
        for number in self._refs.numbers_without("users", self._with_role):
            self._found.add("OR-R11", "users.csv", number, column="roles")
        for number in self._refs.unmet():
            self._found.add("OR-R09", "users.csv", number, column="primaryOrgSourcedId")

    def _add(self, code: str, number: int, column: str) -> None:
        self._found.add(code, self._where, number, column=column)

    def _modified(self, number: int, moment: str) -> None:
        self._stamped += 1
        if len(self._moments) < 2:
            self._moments.add(moment)
        known = not text_fault("dateTime", "", self._found.version, moment)
        # A day is left for local times that are called UTC.
        if known and moment[: len(self._tomorrow)] > self._tomorrow:
            self._add("OR-V27", number, _MODIFIED)

    def _tree(self, number: int, row: Row) -> None:
        own = row.get("sourcedId", "")
        self._refs.remember(self._collection, own, row.get("type", ""))
        self._refs.remember(f"{self._collection}.number", own, str(number))
        if row.get("parentSourcedId"):
            self._refs.remember(f"{self._collection}.parent", own, row["parentSourcedId"])

    def _course(self, number: int, row: Row) -> None:
        kind = self._refs.recall("academicSessions", row.get("schoolYearSourcedId", ""))
        if kind is not None and kind != "schoolYear":
            self._add("OR-R06", number, "schoolYearSourcedId")
        self._subjects(number, row)

    def _class(self, number: int, row: Row) -> None:
        self._refs.place_class(row.get("sourcedId", ""), row.get("schoolSourcedId", ""))
        self._school(number, row)
        self._subjects(number, row)

    def _subjects(self, number: int, row: Row) -> None:
        names, codes = (cell_items(row.get(name, "")) for name in ("subjects", "subjectCodes"))
        if names and codes and len(names) != len(codes):
            self._add("OR-V14", number, "subjectCodes")

    def _school(self, number: int, row: Row) -> None:
        kind = self._refs.recall("orgs", row.get("schoolSourcedId", ""))
        if kind is not None and kind != "school" and not kind.startswith("ext:"):
            self._add("OR-R07", number, "schoolSourcedId")

    def _user(self, number: int, row: Row) -> None:
        if "primaryOrgSourcedId" in row:
            self._refs.expect((row.get("sourcedId", ""), row["primaryOrgSourcedId"]), number)

    def _role(self, number: int, row: Row) -> None:
        pair = row.get("userSourcedId", ""), row.get("orgSourcedId", "")
        self._with_role.add(hash(pair[0]))
        self._refs.meet(pair)
        # One number holds the first line and how many roles are primary: there may be millions of pairs.
        packed = self._roles.get(hash(pair), number * _MANY)
        primary = row.get("roleType") == "primary" and packed % _MANY < _MANY - 1
        self._roles[hash(pair)] = packed + primary

    def _enrollment(self, number: int, row: Row) -> None:
        self._school(number, row)
        if self._refs.is_elsewhere(row.get("classSourcedId", ""), row.get("schoolSourcedId", "")):
            self._add("OR-R14", number, "schoolSourcedId")
        if row.get("role") == "student" and row.get("primary") == "true":
            self._add("OR-V23", number, "primary")

    def _demographics(self, number: int, row: Row) -> None:
        if "sourcedId" in row:
            self._refs.refer(self._where, "sourcedId", "users", row["sourcedId"], number, "OR-R08")

    def _line_item(self, number: int, row: Row) -> None:
        for column in ("academicSessionSourcedId", "gradingPeriodSourcedId"):
            if self._refs.recall("academicSessions", row.get(column, "")) == "schoolYear":
                self._add("OR-R10", number, column)
        if _above(row.get("resultValueMin"), row.get("resultValueMax")):
            self._add("OR-R12", number, "resultValueMin")


def _above(low: str | None, high: str | None) -> bool:
    try:
        return low is not None and high is not None and float(low) > float(high)
    except ValueError:
        return False
