"""The canonical roster: seven tables, OneRoster 1.2 in snake case, as data.

Every value travels as text. Lists are one text, items sorted and joined by a comma; dates are
YYYY-MM-DD; moments end in Z; booleans are `true` and `false`; nothing is the empty string: an absent
value is null. End dates are exclusive. `date_last_modified` is carried but is no part of a digest:
some providers refresh it every night for rows that did not change.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

PLACE = "_place"
"""The column beside every row that says where it came from: `users.csv:12` or `/users?offset=200#3`."""


class RosterTable(StrEnum):
    """The roster's tables, in the order in which each may refer to the ones before it."""

    ORGS = "orgs"
    ACADEMIC_SESSIONS = "academic_sessions"
    COURSES = "courses"
    CLASSES = "classes"
    USERS = "users"
    ROLES = "roles"
    ENROLLMENTS = "enrollments"


class Kind(StrEnum):
    """What a column's text holds."""

    ID = "id"
    TEXT = "text"
    CODE = "code"
    DATE = "date"
    MOMENT = "moment"
    BOOLEAN = "boolean"
    LIST = "list"
    CODES = "codes"
    REFERENCES = "references"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Column:
    """One canonical column: its name, kind, whether a row is useless without it, and what it refers to.

    code_set: the file under mappings/codes/ for CODE and CODES columns.
    personal: true when the value may never leave the store in clear, not even masked by length.
    """

    name: str
    kind: Kind
    required: bool = False
    refers_to: RosterTable | None = None
    code_set: str = ""
    personal: bool = False


@dataclass(frozen=True, slots=True)
class TableSpec:
    """One canonical table: its columns in order; the key is (district, sourced_id)."""

    table: RosterTable
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in their fixed order."""
        return tuple(column.name for column in self.columns)

    @property
    def digested(self) -> tuple[str, ...]:
        """The columns whose change is a change of the row, in their fixed order."""
        return tuple(name for name in self.names if name not in ("sourced_id", "date_last_modified"))

    def column(self, name: str) -> Column:
        """Return one column by name; KeyError when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


_T, _K = RosterTable, Kind

_COMMON = (
    Column("sourced_id", _K.ID, required=True),
    Column("status", _K.CODE, required=True, code_set="statuses"),
    Column("date_last_modified", _K.MOMENT),
)


def _spec(table: RosterTable, *columns: Column) -> TableSpec:
    return TableSpec(table, _COMMON + columns)


ROSTER: dict[RosterTable, TableSpec] = {
    spec.table: spec
    for spec in (
        _spec(
            _T.ORGS,
            Column("name", _K.TEXT, required=True),
            Column("type", _K.CODE, required=True, code_set="org_types"),
            Column("identifier", _K.TEXT),
            Column("parent_sourced_id", _K.REFERENCE, refers_to=_T.ORGS),
        ),
        _spec(
            _T.ACADEMIC_SESSIONS,
            Column("title", _K.TEXT, required=True),
            Column("type", _K.CODE, required=True, code_set="session_types"),
            Column("start_date", _K.DATE, required=True),
            Column("end_date", _K.DATE, required=True),
            Column("parent_sourced_id", _K.REFERENCE, refers_to=_T.ACADEMIC_SESSIONS),
            Column("school_year", _K.TEXT),
        ),
        _spec(
            _T.COURSES,
            Column("title", _K.TEXT),
            Column("school_year_sourced_id", _K.REFERENCE, refers_to=_T.ACADEMIC_SESSIONS),
            Column("course_code", _K.TEXT),
            Column("grades", _K.CODES, code_set="grade_levels"),
            Column("org_sourced_id", _K.REFERENCE, refers_to=_T.ORGS),
            Column("subjects", _K.LIST),
            Column("subject_codes", _K.LIST),
        ),
        _spec(
            _T.CLASSES,
            Column("title", _K.TEXT),
            Column("class_code", _K.TEXT),
            Column("class_type", _K.CODE, code_set="class_types"),
            Column("location", _K.TEXT),
            Column("grades", _K.CODES, code_set="grade_levels"),
            Column("course_sourced_id", _K.REFERENCE, required=True, refers_to=_T.COURSES),
            Column("school_sourced_id", _K.REFERENCE, required=True, refers_to=_T.ORGS),
            Column("term_sourced_ids", _K.REFERENCES, refers_to=_T.ACADEMIC_SESSIONS),
            Column("subjects", _K.LIST),
            Column("subject_codes", _K.LIST),
            Column("periods", _K.LIST),
        ),
        _spec(
            _T.USERS,
            Column("enabled_user", _K.BOOLEAN),
            Column("username", _K.TEXT, personal=True),
            Column("user_ids", _K.LIST, personal=True),
            Column("given_name", _K.TEXT, required=True, personal=True),
            Column("family_name", _K.TEXT, required=True, personal=True),
            Column("middle_name", _K.TEXT, personal=True),
            Column("preferred_given_name", _K.TEXT, personal=True),
            Column("preferred_family_name", _K.TEXT, personal=True),
            Column("identifier", _K.TEXT, personal=True),
            Column("email", _K.TEXT, personal=True),
            Column("grades", _K.CODES, code_set="grade_levels"),
            Column("user_master_identifier", _K.TEXT, personal=True),
            Column("primary_org_sourced_id", _K.REFERENCE, refers_to=_T.ORGS),
        ),
        _spec(
            _T.ROLES,
            Column("user_sourced_id", _K.REFERENCE, required=True, refers_to=_T.USERS),
            Column("role_type", _K.CODE, code_set="role_types"),
            Column("role", _K.CODE, required=True, code_set="user_roles"),
            Column("org_sourced_id", _K.REFERENCE, required=True, refers_to=_T.ORGS),
            Column("begin_date", _K.DATE),
            Column("end_date", _K.DATE),
        ),
        _spec(
            _T.ENROLLMENTS,
            Column("class_sourced_id", _K.REFERENCE, required=True, refers_to=_T.CLASSES),
            Column("school_sourced_id", _K.REFERENCE, required=True, refers_to=_T.ORGS),
            Column("user_sourced_id", _K.REFERENCE, required=True, refers_to=_T.USERS),
            Column("role", _K.CODE, required=True, code_set="enrollment_roles"),
            Column("primary", _K.BOOLEAN),
            Column("begin_date", _K.DATE),
            Column("end_date", _K.DATE),
        ),
    )
}
"""The whole canonical roster. Source: OneRoster 1.2 rostering and CSV bindings."""
