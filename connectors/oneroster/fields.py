"""Which REST field fills which column of the CSV binding, per collection. Data only.

Source: OneRoster 1.1 and 1.2 REST bindings (names differ from the CSV's for references and preferred names).
"""

from __future__ import annotations

from connectors.demographics import BIRTH_FIELDS, DEMOGRAPHICS
from domain.oneroster import COLLECTIONS, Version
from domain.tables import ROSTER, RosterTable

REST_NAMES: dict[str, dict[str, str]] = {
    "orgs": {"parentSourcedId": "parent"},
    "academicSessions": {"parentSourcedId": "parent"},
    "courses": {"schoolYearSourcedId": "schoolYear", "orgSourcedId": "org"},
    "classes": {"courseSourcedId": "course", "schoolSourcedId": "school", "termSourcedIds": "terms"},
    "users": {
        "orgSourcedIds": "orgs",
        "agentSourcedIds": "agents",
        "preferredGivenName": "preferredFirstName",
        "preferredFamilyName": "preferredLastName",
        "primaryOrgSourcedId": "primaryOrg",
    },
    "enrollments": {"classSourcedId": "class", "schoolSourcedId": "school", "userSourcedId": "user"},
}
"""Where the REST name is not the column's own name."""

KNOWN_BESIDES = frozenset(
    ("metadata", "children", "resources", "roles", "role", "orgs", "userProfiles", "password", "agents")
)
"""Standard fields that are no column here: nobody need be told that they are passed over."""

SOURCE_TABLES: dict[str, RosterTable] = {
    "orgs": RosterTable.ORGS,
    "academicSessions": RosterTable.ACADEMIC_SESSIONS,
    "courses": RosterTable.COURSES,
    "classes": RosterTable.CLASSES,
    "users": RosterTable.USERS,
    "enrollments": RosterTable.ENROLLMENTS,
}
"""The collections of a roster pull in the order read, and the canonical table each one fills."""


def columns_of(collection: str, version: Version) -> tuple[str, ...]:
    """Return the columns a collection is flattened to; a password is never one of them."""
    return tuple(name for name in COLLECTIONS[collection].columns[version] if name != "password")


def rest_name(collection: str, column: str) -> str:
    """Return the REST field that fills a column."""
    return REST_NAMES.get(collection, {}).get(column, column)


def fields_needed(collection: str, version: Version) -> tuple[str, ...]:
    """Return the REST fields the canonical roster needs of a collection: all we ask a district for.

    Of demographics: those of a birth date.
    """
    if collection == DEMOGRAPHICS:
        return BIRTH_FIELDS
    wanted = set(ROSTER[SOURCE_TABLES[collection]].names)
    columns = [name for name in columns_of(collection, version) if _snake(name) in wanted]
    fields = [rest_name(collection, column) for column in columns]
    if collection == "users":
        fields += ["roles"] if version is Version.V1P2 else ["role", "orgs"]
    return tuple(dict.fromkeys(fields))


def _snake(name: str) -> str:
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name)
