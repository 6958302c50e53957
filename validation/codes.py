"""The codes that a canonical roster may hold, by code set.

Sources: OneRoster 1.2 vocabularies, wider where 1.1 is; grade levels as CEDS lists them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

OPEN_SETS = frozenset({"org_types", "session_types", "class_types", "user_roles", "enrollment_roles"})
"""The code sets that take extensions; statuses, role types and grade levels are closed."""

_GRADES = ("IT", "PR", "PK", "TK", "KG", *(f"{grade:02}" for grade in range(1, 14)), "PS", "UG", "Other")

CODE_SETS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "statuses": frozenset({"active", "tobedeleted"}),
        "org_types": frozenset({"department", "district", "local", "national", "school", "state"}),
        "session_types": frozenset({"gradingPeriod", "semester", "schoolYear", "term"}),
        "class_types": frozenset({"homeroom", "scheduled"}),
        "role_types": frozenset({"primary", "secondary"}),
        "grade_levels": frozenset(_GRADES),
        "user_roles": frozenset(
            {
                "administrator",
                "aide",
                "counselor",
                "districtAdministrator",
                "guardian",
                "parent",
                "principal",
                "proctor",
                "relative",
                "siteAdministrator",
                "student",
                "systemAdministrator",
                "teacher",
            }
        ),
        "enrollment_roles": frozenset(
            {
                "administrator",
                "aide",
                "guardian",
                "parent",
                "proctor",
                "relative",
                "student",
                "teacher",
            }
        ),
    }
)
"""Every code set that a column of `domain.tables` names."""

BOOLEANS = frozenset({"true", "false"})

_EXTENSION = re.compile(r"(?i:ext):[a-zA-Z0-9.\-_]+")
"""OneRoster's own form of a code outside its open vocabularies."""


def unknown_items(cell: str, known: frozenset[str], open_set: bool) -> list[str]:
    """Return the codes of a cell (one, or a list joined by commas) that are not known, in their order."""
    items = cell.split(",")
    return [item for item in items if item not in known and not (open_set and _EXTENSION.fullmatch(item))]
