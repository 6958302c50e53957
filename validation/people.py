"""What is found of people: who cannot be told apart or recognised, and a roster whose ids are all new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from domain.ids import SourcedId
from domain.masking import shown_id
from domain.model import Finding
from domain.tables import RosterTable
from validation.rules import catalogue


def in_doubt(rule: str, students: Sequence[str]) -> list[Finding]:
    """Return a finding of ID20, ID21 or ID22 for each student, each with a sentence about them all.

    A sourcedId that may be a name is known by `student` alone, and no case shows it.
    """
    found = _finding(rule, len(students))
    return [replace(found, key=shown_id(one), student=SourcedId(one)) for one in students]


def recognised(share: float, minimum: float) -> list[Finding]:
    """Return ID26 when a smaller share (0 to 1) of the students has a number than is asked for."""
    if share >= minimum:
        return []
    return [_finding("ID26", 0, share=f"{share:.0%}", minimum=f"{minimum:.0%}")]


def recycled(rows: int) -> list[Finding]:
    """Return ID25 for students whose sourcedId the SIS has given to others."""
    return [_finding("ID25", rows)] if rows else []


def renumbered(tables: Mapping[str, tuple[int, int]]) -> list[Finding]:
    """Return SZ30 when rows are found again under new ids. tables: by table how many, of how many gone."""
    if not tables:
        return []
    parts = [f"{paired:,} of {gone:,} {table.replace('_', ' ')}" for table, (paired, gone) in tables.items()]
    return [_finding("SZ30", 0, found=", ".join(parts))]


def _finding(code: str, rows: int, **words: str) -> Finding:
    rule, table = catalogue()[code], RosterTable.USERS.value
    return Finding(
        rule=rule.code,
        severity=rule.severity,
        table=table,
        field="identifier" if code.startswith("ID") else "",
        place=table if rows else "",
        key="",
        masked="",
        message=rule.say(rows, table=table, **words),
        fix=rule.mend(rows, table=table, **words),
    )
