"""Judging REST records: the JSON types, names and values of their fields, and what they refer to.

Source: OneRoster 1.1 and 1.2 REST bindings and OpenAPI documents.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from connectors.oneroster.conformance import Deviations
from connectors.oneroster.conformance_fields import Field, part_fields, record_fields
from connectors.oneroster.conformance_references import References
from connectors.oneroster.conformance_rules import Rules
from connectors.oneroster.conformance_values import LISTS, text_fault
from domain.oneroster import COLLECTIONS, Version

Json = Mapping[str, object]
_NOTHING: tuple[object, ...] = (None, "", [])
_OLD_USER = ("role", "orgs")
_REFERENCE = frozenset(["href", "sourcedId", "type"])
_OPEN = frozenset(["userProfiles.credentials."])
"""Parts that may hold fields of anybody's own."""
_OLD_TYPES = {
    "users": ("student", "teacher"), "academicSessions": ("term", "gradingPeriod"), "orgs": ("school",),
}  # fmt: skip
"""Types that 1.1 knows for a reference besides the collection's own."""


class RecordJudge:
    """Judges one collection record by record, whatever shape a record has."""

    def __init__(
        self, collection: str, where: str, version: Version, found: Deviations, refs: References
    ) -> None:
        """Look up the fields of a collection. where: how it is named, `/users` or `users.json`."""
        self._collection, self._where, self._version = collection, where, version
        self._found, self._refs = found, refs
        self._fields = record_fields(collection, version)
        self._rules = Rules(collection, where, found, refs)
        self._number = 0
        self._kinds: dict[str, Callable[[Field, str, object], str]] = {
            "number": self._of_number, "boolean": self._of_boolean, "ref": self._of_ref,
            "refs": self._of_list, "texts": self._of_list, "grades": self._of_list, "words": self._of_list,
            "parts": self._of_list, "userIds": self._of_list,
        }  # fmt: skip

    def judge(self, number: int, record: object) -> None:
        """Judge one record; number is its place from 1."""
        self._number = number
        if not isinstance(record, dict):
            self._add("OR-V03", "")
            return
        row = self._object(self._fields, record, "")
        if "sourcedId" in row:
            self._refs.take(self._collection, row["sourcedId"], number)
        if self._collection == "users" and self._version is Version.V1P2:
            self._roles(record)
        self._rules.row(number, row)

    def end(self) -> None:
        """Report what is known only when every record was seen."""
        self._rules.end()

    def _add(self, code: str, column: str, sample: str = "") -> None:
        self._found.add(code, self._where, self._number, column=column, sample=sample)

    def _object(self, fields: Mapping[str, Field], record: Json, prefix: str) -> dict[str, str]:
        """Judge an object's fields and return its values as a row of the CSV binding."""
        for field in fields.values():
            if field.needed and field.name not in record:
                self._add("OR-V01", prefix + field.name)
        row: dict[str, str] = {}
        for name, value in record.items():
            if name in fields:
                row[_column(fields[name])] = self._field(fields[name], prefix + name, value)
            elif name == "metadata" and not prefix:
                self._metadata(value)
            elif prefix not in _OPEN:
                self._strange(name, prefix)
        return {name: text for name, text in row.items() if text}

    def _strange(self, name: str, prefix: str) -> None:
        old = self._version is Version.V1P2 and self._collection == "users" and name in _OLD_USER
        self._add("OR-V16" if old and not prefix else "OR-V15", prefix + name)

    def _metadata(self, value: object) -> None:
        if value is not None and not isinstance(value, dict):
            self._add("OR-V03", "metadata")

    def _field(self, field: Field, name: str, value: object) -> str:
        if value is None:
            self._add("OR-V02", name)
        if value in _NOTHING:
            if field.needed:
                self._add("OR-V21" if value == "" and field.kind == "text" else "OR-V01", name)
            elif value == "" and field.kind not in ("text", "password"):
                self._add("OR-V03", name)
            return ""
        return self._kinds.get(field.kind, self._of_text)(field, name, value)

    def _of_text(self, field: Field, name: str, value: object) -> str:
        if field.kind == "password":
            self._add("OR-V24", name)
            return ""
        if not isinstance(value, str):
            self._add("OR-V07" if field.kind == "year" else "OR-V03", name, str(value))
            return ""
        return self._text(field, name, value)

    def _text(self, field: Field, name: str, value: str) -> str:
        code = text_fault(field.kind, field.about, self._version, value)
        if code:
            self._add(code, name, value)
        return value

    def _of_number(self, field: Field, name: str, value: object) -> str:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            self._add("OR-V03", name)
        return str(value)

    def _of_boolean(self, field: Field, name: str, value: object) -> str:
        if isinstance(value, bool) and self._version is Version.V1P1:
            return "true" if value else "false"
        if value not in ("true", "false"):
            self._add("OR-V04", name, str(value).lower() if isinstance(value, bool) else str(value))
        return str(value).lower()

    def _of_list(self, field: Field, name: str, value: object) -> str:
        if not isinstance(value, list):
            if not (name == "periods" and self._version is Version.V1P1 and isinstance(value, str)):
                self._add("OR-V03", name)
            return ""
        return ",".join(self._item(field, name, item) for item in value)

    def _item(self, field: Field, name: str, item: object) -> str:
        if field.kind == "refs":
            return self._of_ref(field, name, item)
        if field.kind not in LISTS:
            self._part(field, name, item)
            return ""
        if not isinstance(item, str):
            self._add("OR-V02" if item is None else "OR-V03", name)
            return ""
        # Commas part the items of a row's list; how many there are must stay true.
        return self._text(field, name, item).replace(",", ";")

    def _part(self, field: Field, name: str, item: object) -> None:
        if isinstance(item, dict):
            self._object(part_fields(field.about or field.kind, self._version), item, f"{name}.")
        else:
            self._add("OR-V19" if field.kind == "userIds" else "OR-V03", name)

    def _of_ref(self, field: Field, name: str, value: object) -> str:
        if not isinstance(value, dict):
            self._add("OR-V03", name)
            return ""
        sourced_id = value.get("sourcedId")
        if not isinstance(sourced_id, str) or not sourced_id:
            self._add("OR-R04", name)
            return ""
        self._text(field, name, sourced_id)
        self._named(field, name, value)
        self._refs.refer(self._where, name, field.about, sourced_id, self._number)
        return sourced_id

    def _named(self, field: Field, name: str, value: Json) -> None:
        kind, href = value.get("type"), value.get("href")
        own = COLLECTIONS[field.about].single
        if kind != own and (self._version is Version.V1P2 or kind not in _OLD_TYPES.get(field.about, ())):
            self._add("OR-R02", name, str(kind or ""))
        if not isinstance(href, str) or not urlsplit(href).scheme:
            self._add("OR-R03", name)
        for key in value.keys() - _REFERENCE:
            self._add("OR-V15", f"{name}.{key}")

    def _roles(self, user: Json) -> None:
        """One primary role in each org, a primary org among them, and profiles that the user has."""
        held = _objects(user.get("roles"))
        orgs = {_id_of(role.get("org")) for role in held}
        primaries = Counter(_id_of(role.get("org")) for role in held if role.get("roleType") == "primary")
        if any(times > 1 for times in primaries.values()):
            self._add("OR-V17", "roles.roleType")
        if orgs - primaries.keys():
            self._add("OR-V26", "roles.roleType")
        primary = _id_of(user.get("primaryOrg"))
        if primary and orgs and primary not in orgs:
            self._add("OR-R09", "primaryOrg")
        known = [one.get("profileId") for one in _objects(user.get("userProfiles"))]
        if any(role.get("userProfile") not in (None, "", *known) for role in held):
            self._add("OR-R13", "roles.userProfile")


def _objects(value: object) -> list[Json]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _id_of(reference: object) -> str:
    found = reference.get("sourcedId") if isinstance(reference, dict) else None
    return found if isinstance(found, str) else ""


def _column(field: Field) -> str:
    """Return the CSV binding's name of a field, which the rules between fields go by."""
    if field.kind == "ref":
        return f"{field.name}SourcedId"
    return f"{field.name.removesuffix('s')}SourcedIds" if field.kind == "refs" else field.name
