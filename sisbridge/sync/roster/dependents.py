"""Rows that are held because the row they depend on is held: one case for the parent and all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from domain.model import Finding, Severity
from domain.tables import ROSTER, RosterTable
from validation.wording import case_message

DEPENDS = "RF03"
"""The rule that holds a row for its parent's sake (validation/rules/RF.py)."""

_Fingerprint = tuple[str, str, str, str]


@dataclass
class Held:
    """The finding that first held each row of a night, by table and sourcedId.

    A row held for its parent's sake stands under the finding of the parent, and so on up.
    """

    roots: dict[tuple[str, str], Finding] = field(default_factory=dict)

    def note(
        self, table: RosterTable, findings: Sequence[Finding], parents: Mapping[str, Mapping[str, str]]
    ) -> None:
        """Remember why rows of one table are held. parents: place of a held row → its references."""
        for finding in findings:
            if finding.severity is Severity.HOLD_ROW:
                self.roots.setdefault(
                    (table, finding.key), self.root_of(finding, parents.get(finding.place, {}))
                )

    def root_of(self, finding: Finding, references: Mapping[str, str]) -> Finding:
        """Return the finding that a row's case is opened for: its own, or its held parent's."""
        if finding.rule != DEPENDS:
            return finding
        parent = ROSTER[RosterTable(finding.table)].column(finding.field).refers_to
        root = self.roots.get((str(parent), references.get(finding.field, "")))
        return (
            finding
            if root is None
            else replace(root, place=finding.place, key=finding.key, student=finding.student)
        )


def fingerprint(finding: Finding) -> _Fingerprint:
    """Return what a case is opened per."""
    return finding.rule, finding.table, finding.field, finding.group


def spoken(findings: Sequence[Finding], dependents: Sequence[Finding] = ()) -> list[Finding]:
    """Return the findings of all cases, each case's own first, with a sentence that tells of all its rows."""
    own, behind = Counter(map(fingerprint, findings)), Counter(map(fingerprint, dependents))

    def said(one: Finding) -> str:
        message = case_message(one, own[fingerprint(one)])
        waiting = behind[fingerprint(one)]
        return f"{message} {_rows(waiting)} with it." if waiting else message

    words = {fingerprint(one): said(one) for one in findings}
    return [
        replace(one, message=words.get(fingerprint(one), one.message)) for one in (*findings, *dependents)
    ]


def _rows(count: int) -> str:
    return f"{count} rows that depend on it wait" if count > 1 else "1 row that depends on it waits"
