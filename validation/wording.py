"""What is said of many like findings at once."""

from __future__ import annotations

from domain.model import Finding
from validation.rules import catalogue
from validation.rules.rule import Counted


def case_message(finding: Finding, rows: int) -> str:
    """Return the sentence for a case: what the finding says, of all the case's rows.

    finding: the first of the case. Findings that count already, or of rules that are not this
    house's own (a connector's notices), keep their own sentence.
    """
    rule = catalogue().get(finding.rule)
    if rule is None or isinstance(rule.check, Counted):
        return finding.message
    return rule.say(rows, table=finding.table, field=finding.field, group=finding.group, place=finding.place)
