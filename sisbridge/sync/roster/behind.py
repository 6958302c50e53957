"""What a night found that stands behind its cases: which rows, of which students."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from domain.ids import SourcedId
from domain.model import Finding
from sisbridge.sync.context import Stage
from sisbridge.sync.roster.dependents import spoken
from sisbridge.sync.seats import findings_of

CaseKey = tuple[str, str, str, str]
"""What makes findings of a district one case: rule, table, field and group."""


def supporting(stage: Stage) -> Mapping[CaseKey, Sequence[Finding]]:
    """Return what a night found, case by case, rows that wait with another's with that one's case."""
    groups: dict[CaseKey, list[Finding]] = {}
    for one in spoken(findings_of(stage), stage.read_findings("dependents")):
        groups.setdefault((one.rule, one.table, one.field, one.group), []).append(one)
    return groups


def students_of(findings: Sequence[Finding]) -> list[SourcedId]:
    """Return the students that findings are about, by sourcedId, each once."""
    return sorted({one.student for one in findings if one.student is not None})
