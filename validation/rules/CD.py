"""Codes: every code is one we know. Unknown codes are listed once each, with a count, in clear."""

from domain.model import Severity
from validation.rules.rule import Audience, Grouping, Known, Rule

RULES = (
    Rule(
        code="CD01",
        title="Unknown code",
        severity=Severity.HOLD_ROW,
        audience=Audience.ESC,
        sentence="{rows} of {table} held: the {field} '{group}' is not mapped (first: {place}).",
        fix="Say what the {field} '{group}' means in this district, under mapping.codes of its settings; the "
        "held rows then follow.",
        check=Known(),
        grouping=Grouping.CODE,
        essential=True,
    ),
    Rule(
        code="CD02",
        title="Unknown grade level",
        severity=Severity.HOLD_ROW,
        audience=Audience.ESC,
        sentence="{rows} of {table} held: the grade level '{group}' is not mapped (first: {place}).",
        fix="Say which grade level '{group}' is in this district, under mapping.codes.grade_levels of its "
        "settings; the held rows then follow.",
        check=Known(),
        grouping=Grouping.CODE,
    ),
    Rule(
        code="CD04",
        title="Unknown optional code",
        severity=Severity.DROP_VALUE,
        audience=Audience.ESC,
        sentence="{field} '{group}' left out of {rows} of {table}: it is not mapped (first: {place}).",
        fix="Say what the {field} '{group}' means in this district, under mapping.codes of its settings, if "
        "you need it.",
        check=Known(),
        grouping=Grouping.CODE,
    ),
    Rule(
        code="CD05",
        title="Neither true nor false",
        severity=Severity.DROP_VALUE,
        audience=Audience.DISTRICT,
        sentence="{field} left out of {rows} of {table}: it is neither true nor false (first: {place}).",
        fix="Export the {field} as true or false.",
        check=Known(),
    ),
)
