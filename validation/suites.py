"""Which rules bind which column, and at which severity.

The roster's suites follow from `domain.tables`: a required reference is judged by RF01 and RF03, an
optional code by CD04, and so on; only what the columns cannot tell is written down here. A blank
optional value is no finding anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from domain.model import Severity
from domain.tables import ROSTER, Column, Kind, RosterTable
from validation.codes import BOOLEANS, CODE_SETS, OPEN_SETS
from validation.overrides import Overrides, read_overrides
from validation.rules import catalogue
from validation.rules.rule import Fact, Rule, Unlike, Within

GRADES = "grades"
"""What findings call the table of collected grades."""

VALUE = "value"
"""The field of a finding on a grade that says nothing: no percent, no letter and no mark by itself."""


@dataclass(frozen=True, slots=True)
class Binding:
    """One rule on one column of one table.

    field: the canonical column that a finding names. column: the column of the judged frame.
    allowed, open_set: the known codes, and whether OneRoster extensions count as known.
    limit: the highest number allowed. moment: a date column that holds moments.
    """

    rule: Rule
    table: str
    field: str
    severity: Severity
    column: str
    allowed: frozenset[str] = frozenset()
    open_set: bool = False
    limit: Decimal = Decimal(100)
    moment: bool = False


def roster_suite(
    table: RosterTable, overrides: Mapping[str, object], codes: Mapping[str, frozenset[str]] = CODE_SETS
) -> tuple[Binding, ...]:
    """Return the bindings of one roster table in the order of its columns.

    overrides: the district's settings, of which `rules` is read. Raises StopDistrict when they are wrong.
    """
    changes = read_overrides(overrides)
    found = [
        _bind(table, column, rule, changes, codes)
        for column in ROSTER[table].columns
        for rule in map(catalogue().__getitem__, _codes_for(table, column))
    ]
    return tuple(binding for binding in found if binding is not None)


def departing_suite(table: RosterTable, overrides: Mapping[str, object]) -> tuple[Binding, ...]:
    """Return the bindings for rows marked `tobedeleted`: only their identity matters.

    Providers blank such rows or leave their references behind; holding them would keep them for ever.
    """
    return tuple(binding for binding in roster_suite(table, overrides) if binding.field == "sourced_id")


def grade_suite(
    overrides: Mapping[str, object], maximum_percent: Decimal = Decimal(100)
) -> tuple[Binding, ...]:
    """Return the bindings of collected grades. Raises StopDistrict when the overrides are wrong."""
    changes = read_overrides(overrides)
    wanted = [(catalogue()[code], field) for code, field in _GRADE_BINDINGS]
    return tuple(
        Binding(rule, GRADES, field, severity, frame_column(rule, field), limit=maximum_percent)
        for rule, field in wanted
        if (severity := changes.severity(rule)) is not None
    )


def _bind(
    table: RosterTable, column: Column, rule: Rule, changes: Overrides, codes: Mapping[str, frozenset[str]]
) -> Binding | None:
    severity = changes.severity(rule, required=column.required)
    if severity is None:
        return None
    allowed = BOOLEANS if column.kind is Kind.BOOLEAN else codes.get(column.code_set, frozenset())
    return Binding(
        rule,
        table.value,
        column.name,
        severity,
        frame_column(rule, column.name),
        allowed,
        open_set=column.code_set in OPEN_SETS,
        moment=column.kind is Kind.MOMENT,
    )


def frame_column(rule: Rule, field: str) -> str:
    """Return the column of the judged frame that a rule looks at for a field."""
    match rule.check:
        case Fact(name):
            return f"{field}.{name}"
        case Within():
            return f"{field}.number"
        case Unlike(absent_is_empty=True):
            return f"{field}.filled"
        case _:
            return field


def _codes_for(table: RosterTable, column: Column) -> tuple[str, ...]:
    """Return the rule codes for one column, the cause before what follows from it."""
    if column.name == "sourced_id":
        return ("ID01", "ID02", "ID04")
    return (*_missing(table, column), *_of_kind(table, column), *_EXPLICIT.get((table, column.name), ()))


def _missing(table: RosterTable, column: Column) -> tuple[str, ...]:
    if not column.required:
        return ()
    return ("ID05",) if (table, column.name) in _NAMES else ("ID06",)


def _of_kind(table: RosterTable, column: Column) -> tuple[str, ...]:
    match column.kind:
        case Kind.REFERENCE | Kind.REFERENCES:
            return ("RF01", "RF03") if column.required else ("RF02", "RF04")
        case Kind.CODE | Kind.CODES:
            return (_code_rule(table, column),)
        case Kind.DATE | Kind.MOMENT:
            return ("DT01",) if column.required else ("DT02",)
        case Kind.BOOLEAN:
            return ("CD05",)
        case _:
            return ()


def _code_rule(table: RosterTable, column: Column) -> str:
    if (table, column.name) == (RosterTable.USERS, "grades"):
        return "CD02"
    return "CD01" if column.required else "CD04"


_NAMES = frozenset(
    {
        (RosterTable.ORGS, "name"),
        (RosterTable.ACADEMIC_SESSIONS, "title"),
        (RosterTable.USERS, "given_name"),
        (RosterTable.USERS, "family_name"),
    }
)
"""Required columns that hold a name: their absence is ID05, for the registrar."""

_EXPLICIT: Mapping[tuple[RosterTable, str], tuple[str, ...]] = {
    (RosterTable.ORGS, "identifier"): ("ID04",),
    (RosterTable.USERS, "identifier"): ("ID03", "ID04"),
    (RosterTable.ACADEMIC_SESSIONS, "end_date"): ("DT03",),
}
"""What the columns' kinds cannot tell."""

_GRADE_BINDINGS = (
    ("GR01", "district"),
    ("GR01", "student_sourced_id"),
    ("GR01", "offering"),
    ("GR01", "term"),
    ("GR01", "reporting_period"),
    ("GR01", "kind"),
    ("GR09", "student_sourced_id"),
    ("GR04", "offering"),
    ("GR03", "student_sourced_id"),
    ("GR07", "percent"),
    ("GR10", "percent"),
    ("GR02", "percent"),
    ("GR06", "mark"),
    ("GR01", VALUE),
    ("GR05", "text_score"),
    ("GR08", "complete"),
)
"""Rule and column for collected grades."""
