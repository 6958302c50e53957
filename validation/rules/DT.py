"""Dates. An enrollment that ends on or before the day it began is a no-show, legal, and no finding."""

from domain.model import Severity
from validation.rules.rule import Audience, CalendarDate, Fact, Rule

RULES = (
    Rule(
        code="DT01",
        title="Unreadable required date",
        severity=Severity.HOLD_ROW,
        audience=Audience.DISTRICT,
        sentence="{rows} of {table} held: the {field} is not a date we can read (first: {place}).",
        fix="Export the {field} as YYYY-MM-DD, for example 2026-08-17.",
        check=CalendarDate(),
        essential=True,
    ),
    Rule(
        code="DT02",
        title="Unreadable optional date",
        severity=Severity.DROP_VALUE,
        audience=Audience.DISTRICT,
        sentence="{field} left out of {rows} of {table}: it is not a date we can read (first: {place}).",
        fix="Export the {field} as 2026-08-17, or as 2026-08-17T06:00:00.000Z for a moment.",
        check=CalendarDate(),
    ),
    Rule(
        code="DT03",
        title="Ends before it begins",
        severity=Severity.HOLD_ROW,
        audience=Audience.REGISTRAR,
        sentence="{rows} of {table} held: it ends before it begins (first: {place}).",
        fix="Correct the first and the last day in your SIS.",
        check=Fact("in_order"),
    ),
)
