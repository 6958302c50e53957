"""The table of all rules for docs/rules.md: `python -m validation.documentation > docs/rules.md`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from domain.tables import RosterTable
from validation.rules import catalogue
from validation.rules.rule import Counted, Rule
from validation.suites import grade_suite, roster_suite

_FAMILIES = {
    "RF": "References",
    "ID": "Identity",
    "DT": "Dates",
    "CD": "Codes",
    "GR": "Grades",
    "SZ": "Size",
    "FL": "Feeds",
    "CN": "Connections",
}

_INTRODUCTION = """\
# Rules

What is checked of every roster and every grade, and what a failure does. There are three effects and no
others:

| Effect | Meaning |
| --- | --- |
| drop value | the value is left out, the row is kept |
| hold row | the row is set aside (it still counts as seen, never as removed), the rest goes on |
| hold feed | nothing of tonight's feed is applied, the last good roster stays in force |

A blank optional value is no finding. Rows marked `tobedeleted` are checked by ID01, ID02 and ID04 of their
sourcedId alone. A course that is too small or too full (SZ01, SZ02), rows that went already (SZ17) and rows
that an edit leaves out (SZ18) hold nothing: these rules bear the mildest effect and, without a value to drop,
only open a case.

A district changes rules in its settings:
`{"rules": {"ID03": {"severity": "drop value"}, "RF02": {"off": true}}}`. Rules marked *fixed* can be made
stricter, never softer, because what they hold could not be used safely. A required value is never dropped:
there, `drop value` holds the row. Rules that count have thresholds instead, also by table:
`{"thresholds": {"removed": 0.1, "floor": 20, "bled": 0.1, "enrollments": {"removed": 0.2}}}`.
Removals, updates and adds are measured for each school; what is over is held as a change set that a person
releases or discards (`sisbridge holds`), and the rest of the night goes on. `bled` is the share of a table,
or of a school's part of it, that may go in two weeks (`removed` unless set; each counts as five floors at
least): what is over opens a case.

This page is written by `python -m validation.documentation`; a test compares the two.
"""


def rules_page() -> str:
    """Return docs/rules.md: every rule, family by family."""
    return "\n".join(
        (_INTRODUCTION, *(line for code, title in _FAMILIES.items() for line in _family(code, title)))
    )


def _family(prefix: str, title: str) -> Iterator[str]:
    yield f"## {title}\n"
    yield "| Rule | What it finds | Effect | Who can mend it | Checked on | How to mend it |"
    yield "| --- | --- | --- | --- | --- | --- |"
    yield from (_line(rule) for rule in catalogue().values() if rule.code.startswith(prefix))
    yield ""


def _line(rule: Rule) -> str:
    effect = f"{rule.severity}, fixed" if rule.essential else str(rule.severity)
    fix = rule.fix.replace("{", "*").replace("}", "*")
    return f"| {rule.code} | {rule.title} | {effect} | {rule.audience} | {_places(rule)} | {fix} |"


def _places(rule: Rule) -> str:
    """Return the columns a rule is bound to, `sourced_id` of every table as one."""
    if isinstance(rule.check, Counted):
        return "counts"
    bound = [binding for table in RosterTable for binding in roster_suite(table, {})] + [*grade_suite({})]
    return "; ".join(_named((binding.table, binding.field) for binding in bound if binding.rule == rule))


def _named(fields: Iterable[tuple[str, str]]) -> Iterator[str]:
    by_field: dict[str, list[str]] = {}
    for table, field in fields:
        by_field.setdefault(field, []).append(table)
    for field, tables in by_field.items():
        yield f"`{field}` of {'every table' if len(tables) == len(RosterTable) else ', '.join(tables)}"


if __name__ == "__main__":
    print(rules_page(), end="")
