"""A record's neutral form, and the two REST shapes it is served in.

Neutral is the 1.2 shape without hrefs and nulls: booleans are "true" and "false", a reference is
`{"sourcedId", "type"}`, what a person does is in `roles`, an absent value is an absent key.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from domain.oneroster import BASE_PATHS, COLLECTIONS, Version
from simulators.fields import FIELDS, Field, Kind, known_field

Record = dict[str, Any]
"""A JSON object of any shape."""

_OLD_ROLES = {
    "districtAdministrator": "administrator",
    "principal": "administrator",
    "siteAdministrator": "administrator",
    "systemAdministrator": "administrator",
    "counselor": "aide",
}
"""1.2 roles that 1.1 has no word for, and the nearest it has."""


def reference(target: str, sourced_id: str) -> Record:
    """Return a neutral reference to a record of a collection."""
    return {"sourcedId": sourced_id, "type": COLLECTIONS[target].single}


def role_of_1p1(role: str) -> str:
    """Return the 1.1 word for a 1.2 user role."""
    return _OLD_ROLES.get(role, role)


def role_of_1p2(role: str, org_type: str) -> str:
    """Return the 1.2 word for a 1.1 user role; an administrator's depends on the kind of org."""
    if role != "administrator":
        return role
    return "siteAdministrator" if org_type == "school" else "districtAdministrator"


def roles_of_1p1(role: str, orgs: list[str], org_types: dict[str, str]) -> list[Record]:
    """Return 1.2 roles for a 1.1 user's flat role and org ids: one primary role in each org."""
    words = {org: role_of_1p2(role, org_types.get(org, "")) for org in orgs}
    return [
        {"roleType": "primary", "role": word, "org": reference("orgs", org)} for org, word in words.items()
    ]


def neutral(collection: str, record: Record, org_types: dict[str, str] | None = None) -> Record:
    """Return a REST record of either version in neutral form; nulls and unknown keys' hrefs go."""
    kept = {name: _neutral(known_field(collection, name), value) for name, value in record.items()}
    kept = {name: value for name, value in kept.items() if value is not None}
    if collection == "users" and "role" in kept and "roles" not in kept:
        orgs = [org["sourcedId"] for org in kept.pop("orgs", [])]
        kept["roles"] = roles_of_1p1(kept.pop("role"), orgs, org_types or {})
    return kept


def _neutral(field: Field | None, value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if field is None or value is None:
        return value
    if field.kind is Kind.REFERENCE:
        return _bare(field, value)
    if field.kind is Kind.REFERENCES:
        return [_bare(field, item) for item in value]
    if field.name == "roles" and field.kind is Kind.OBJECTS:
        return [{**role, "org": reference("orgs", role["org"]["sourcedId"])} for role in value]
    return value


def _bare(field: Field, value: Record) -> Record | None:
    return reference(field.target, value["sourcedId"]) if value.get("sourcedId") else None


def to_rest(collection: str, record: Record, version: Version, base_url: str) -> Record:
    """Return a neutral record in a version's REST shape: absolute hrefs, no key that version lacks.

    base_url: scheme and host (and a vendor prefix) above the paths of `domain.oneroster.BASE_PATHS`.
    """
    source = _in_words_of(collection, record, version)
    known = FIELDS[version][collection]

    def link(target: str, sourced_id: str) -> Record:
        return _guid_ref(target, sourced_id, version, base_url)

    return {name: _rest(known[name], value, link) for name, value in source.items() if name in known}


def _rest(field: Field, value: Any, link: Callable[[str, str], Record]) -> Any:
    if field.kind is Kind.REFERENCE:
        return link(field.target, value["sourcedId"])
    if field.kind is Kind.REFERENCES:
        return [link(field.target, item["sourcedId"]) for item in value]
    if field.name == "roles" and field.kind is Kind.OBJECTS:
        return [{**role, "org": link("orgs", role["org"]["sourcedId"])} for role in value]
    return value


def _guid_ref(target: str, sourced_id: str, version: Version, base_url: str) -> Record:
    path = BASE_PATHS[version, COLLECTIONS[target].service]
    href = f"{base_url}{path}/{target}/{quote(sourced_id, safe='')}"
    return {"href": href, **reference(target, sourced_id)}


def _in_words_of(collection: str, record: Record, version: Version) -> Record:
    if collection == "users" and version is Version.V1P1:
        return _user_of_1p1(record)
    if collection == "lineItems":
        return _with_session(record, version)
    return record


def _user_of_1p1(user: Record) -> Record:
    roles = user.get("roles", [])
    flat = {key: value for key, value in user.items() if key != "roles"}
    if roles:
        flat["role"] = role_of_1p1(roles[0]["role"])
    flat["orgs"] = list({role["org"]["sourcedId"]: role["org"] for role in roles}.values())
    return flat


def _with_session(line_item: Record, version: Version) -> Record:
    """1.1 knows one name for a line item's session, 1.2 two: serve whichever was stored under all."""
    session = line_item.get("academicSession") or line_item.get("gradingPeriod")
    names = ("gradingPeriod",) if version is Version.V1P1 else ("gradingPeriod", "academicSession")
    return line_item if session is None else {**dict.fromkeys(names, session), **line_item}
