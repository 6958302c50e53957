"""What the answers to why have in common: what a row is called, and what a rule is called."""

from __future__ import annotations

from domain.ids import SourcedId
from domain.model import District, Finding
from domain.tables import RosterTable
from validation.rules import catalogue

_NOUNS = {
    RosterTable.ORGS: "Org",
    RosterTable.ACADEMIC_SESSIONS: "Session",
    RosterTable.COURSES: "Course",
    RosterTable.CLASSES: "Class",
    RosterTable.USERS: "Student",
    RosterTable.ROLES: "Role",
    RosterTable.ENROLLMENTS: "Enrollment",
}

LOOKED_IN = (
    RosterTable.USERS,
    RosterTable.CLASSES,
    RosterTable.ENROLLMENTS,
    RosterTable.COURSES,
    RosterTable.ORGS,
    RosterTable.ACADEMIC_SESSIONS,
    RosterTable.ROLES,
)
"""The tables in the order in which an id is looked for in them."""


def named(table: str, sourced_id: SourcedId, district: District, noun: str = "") -> str:
    """Return what a row is called: `Student u17 of district 9001`. noun: another word than its table's."""
    return f"{noun or _NOUNS[RosterTable(table)]} {sourced_id} of district {district.code}"


def told(rule: str, place: str) -> str:
    """Return what a rule finds, with its code and the row's place."""
    known = catalogue().get(rule)
    where = f", {place}" if place else ""
    return f"{known.title if known else 'it cannot be used as it is'} ({rule}{where})"


def of_finding(finding: Finding) -> str:
    """Return what a finding says, with its code and place."""
    return told(finding.rule, finding.place)
