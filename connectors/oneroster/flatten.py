"""REST records as rows of the CSV binding, so that both transports have one shape.

A user in the shape of the other version is turned into the one the pull is declared in, record by
record: servers are met that serve 1.1 users on a 1.2 path and the reverse.
Source: OneRoster 1.1 and 1.2 REST and CSV bindings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import cast

import pyarrow as pa

from connectors.flat_form import Flat
from connectors.oneroster.envelope import ids_of, sourced_id_of
from connectors.oneroster.fields import KNOWN_BESIDES, columns_of, rest_name
from connectors.protocol import Notice
from domain.model import Severity
from domain.oneroster import Version
from domain.tables import PLACE

Text = str | None
Columns = dict[str, Sequence[Text]]
Record = Mapping[str, object]

METADATA = "metadata."
"""How the CSV binding begins the name of an extension's column."""

DEEPEST = 20
"""Lists and objects within one another that a value may have; Python itself gives up at a thousand."""

_TEXTS = frozenset((str, type(None)))
_OF_USER = ("status", "dateLastModified", PLACE)
_OF_ROLE = {
    "roleType": "roleType", "role": "role", "beginDate": "beginDate", "endDate": "endDate",
    "orgSourcedId": "org",
}  # fmt: skip
"""Columns of roles.csv that a role's user fills, and those that the role itself fills."""


def flatten(
    collection: str, version: Version, records: Sequence[object], place: str, metadata: Sequence[str] = ()
) -> Flat:
    """Return the rows of one answer as text columns; users of 1.2 give a `roles` batch too.

    place: how the answer is named, e.g. `/users?offset=200`; rows are numbered from 1 behind it.
    metadata: names of the records' metadata to carry as columns `metadata.<name>`, blank or not.
    """
    kept, places, notices = _sorted_out(collection, records, place)
    fields = _by_field(kept)
    columns: Columns = {
        column: texts_of(fields[name]) for column, name in _plan(collection, version) if name in fields
    }
    columns |= {METADATA + name: texts_of([_extension(one, name) for one in kept]) for name in metadata}
    columns[PLACE] = places
    unknown = frozenset(fields.keys() - _known(collection))
    if collection != "users":
        return Flat({collection: _batch(collection, version, columns, len(kept))}, notices, unknown)
    other_shape = sum(("roles" in record) != (version is Version.V1P2) for record in kept)
    lost_roles = _flat_roles(columns, kept) if version is Version.V1P1 and other_shape else 0
    batches = {collection: _batch(collection, version, columns, len(kept))}
    if version is Version.V1P2:
        roles = _roles(kept, columns)
        batches["roles"] = _batch("roles", version, roles, len(roles[PLACE]))
    return Flat(batches, notices, unknown, other_shape, lost_roles)


def _sorted_out(
    collection: str, records: Sequence[object], place: str
) -> tuple[Sequence[Record], list[Text], tuple[Notice, ...]]:
    """Return the records that have a sourcedId, where each stands, and a notice for each of the others."""
    ids = ids_of(records)
    places: list[Text] = [f"{place}#{number}" for number in range(1, len(records) + 1)]
    if None not in ids:
        return cast("Sequence[Record]", records), places, ()
    held = {number for number, one in enumerate(ids) if one is None}
    notices = tuple(_held(collection, places[number] or "") for number in sorted(held))
    kept = [cast("Record", one) for number, one in enumerate(records) if number not in held]
    return kept, [one for number, one in enumerate(places) if number not in held], notices


def _by_field(records: Sequence[Record]) -> Mapping[str, Sequence[object]]:
    """Return the values of each field that some record has, one per record: None where it has it not.

    Records of the same fields in the same order, which most servers send, are turned over all at once.
    """
    shapes = set(map(tuple, records))
    if len(shapes) == 1:
        return dict(zip(shapes.pop(), zip(*(one.values() for one in records), strict=True), strict=True))
    names = frozenset[str]().union(*shapes)
    return {name: [record.get(name) for record in records] for name in names}


@cache
def _plan(collection: str, version: Version) -> tuple[tuple[str, str], ...]:
    """Return each column of a collection with the REST field that fills it."""
    return tuple((column, rest_name(collection, column)) for column in columns_of(collection, version))


@cache
def _known(collection: str) -> frozenset[str]:
    columns = {column for version in Version for column in columns_of(collection, version)}
    names = {rest_name(collection, column) for column in columns}
    extra = ("preferredMiddleName",) if collection == "users" else ()
    return KNOWN_BESIDES | names | set(extra)


def _roles(records: Sequence[Record], users: Columns) -> Columns:
    """Return the users' roles as rows of roles.csv; their ids, which REST lacks, are made of their parts."""
    told = [(owner, role) for owner, record in enumerate(records) for role in _role_records(record)]
    owners = [owner for owner, _ in told]
    columns: Columns = {name: [users[name][owner] for owner in owners] for name in _OF_USER if name in users}
    columns["userSourcedId"] = [users["sourcedId"][owner] for owner in owners] if owners else []
    fields, none = _by_field([role for _, role in told]), [None] * len(told)
    for column, name in _OF_ROLE.items():
        columns[column] = texts_of(fields.get(name, none))
    ids = texts_of(fields.get("sourcedId", none))
    parts = zip(ids, *(columns[name] for name in ("userSourcedId", "orgSourcedId", "role")), strict=True)
    keys = [given or f"{user}:{org or ''}:{name or ''}" for given, user, org, name in parts]
    if len(set(keys)) < len(keys):
        return _told_apart(columns, owners, keys)
    return {"sourcedId": [*keys], **columns}


def _told_apart(columns: Columns, owners: Sequence[int], keys: Sequence[str]) -> Columns:
    """Return the roles without those that a user was given twice; other dates make another id."""
    given: dict[tuple[int, str], tuple[Text, ...]] = {}
    distinct = Counter[int]()
    dates = zip(columns["beginDate"], columns["roleType"], strict=True)
    rows = zip(*columns.values(), strict=True)
    for owner, key, (begin, kind), row in zip(owners, keys, dates, rows, strict=True):
        if given.get((owner, key), row) != row:
            key = f"{key}:{begin or kind or distinct[owner]}"
        distinct[owner] += (owner, key) not in given
        given.setdefault((owner, key), row)
    names = ("sourcedId", *columns)
    found = zip(*((key, *row) for (_, key), row in given.items()), strict=True)
    return {name: list(values) for name, values in zip(names, found, strict=True)}


def _role_records(record: Record) -> list[Record]:
    if "roles" in record:
        return [item for item in _items(record["roles"]) if isinstance(item, dict)]
    return [
        {"roleType": "primary" if number == 0 else "secondary", "role": record.get("role"), "org": org}
        for number, org in enumerate(_items(record.get("orgs")))
    ]


def _flat_roles(columns: Columns, records: Sequence[Record]) -> int:
    """Put 1.2 roles into the 1.1 columns of their users; return of how many some had to be left out."""
    lost = 0
    nothing: Sequence[Text] = [None] * len(records)
    names, orgs = (list(columns.get(name, nothing)) for name in ("role", "orgSourcedIds"))
    for number, record in enumerate(records):
        if "roles" in record:
            names[number], orgs[number], left_out = _flat_role(record)
            lost += left_out
    columns |= {"role": names, "orgSourcedIds": orgs}
    return lost


def _flat_role(record: Record) -> tuple[Text, Text, bool]:
    roles = _role_records(record)
    primary = next((role for role in roles if role.get("roleType") == "primary"), roles[0] if roles else {})
    name = text_of(primary.get("role"))
    same = [role for role in roles if text_of(role.get("role")) == name]
    orgs = ",".join(filter(None, (text_of(role.get("org")) for role in same))) or None
    return name, orgs, len(same) < len(roles)


def _items(value: object) -> list[object]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def texts_of(values: Sequence[object], depth: int = 0) -> Sequence[Text]:
    """Return the JSON values of one field as CSV cells, as `text_of` does.

    Nearly all fields are of one kind throughout, which is seen and taken without a look at each value.
    """
    kinds = set(map(type, values))
    if kinds <= _TEXTS:
        texts = cast("Sequence[Text]", values)
        return [text or None for text in texts] if "" in texts else texts
    if kinds == {list} and not depth:
        lists = cast("Sequence[list[object]]", values)
        if set(map(len, lists)) == {1}:
            return texts_of([value for (value,) in lists], 1)
    found = _objects_texts(cast("Sequence[Record]", values)) if kinds == {dict} else None
    return [text_of(value, depth) for value in values] if found is None else found


def _objects_texts(values: Sequence[Record]) -> Sequence[Text] | None:
    """Return the cells of objects that are all references, or all identifiers, in plain texts; else None."""
    named = {"identifier" in value for value in values}
    texts = [value.get("identifier" if True in named else "sourcedId") for value in values]
    if len(named) > 1 or set(map(type, texts)) != {str} or not all(map(str.strip, cast("list[str]", texts))):
        return None
    if True not in named:
        return cast("Sequence[Text]", texts)
    kinds = [value.get("type", "") for value in values]
    if set(map(type, kinds)) != {str}:
        return None
    return [f"{{{kind}:{text}}}" for kind, text in zip(kinds, texts, strict=True)]


def text_of(value: object, depth: int = 0) -> str | None:
    """Return a JSON value as a CSV cell: lists joined by commas, references as ids, booleans in words.

    Null, the empty text, an empty list and a reference to nothing are all absent: None. So is what lies
    deeper than DEEPEST lists or objects: no field of OneRoster does.
    """
    if value is None or depth > DEEPEST:
        return None
    if isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        if len(value) == 1:
            return text_of(value[0], depth + 1)
        return ",".join(filter(None, (text_of(item, depth + 1) for item in value))) or None
    if isinstance(value, dict):
        return _object_text(value, depth + 1)
    return str(value)


def _object_text(value: Record, depth: int) -> str | None:
    if "identifier" in value:
        kind, identifier = text_of(value.get("type"), depth), text_of(value["identifier"], depth)
        return f"{{{kind or ''}:{identifier}}}" if identifier else None
    # A reference: its href and type are not to be trusted, its sourcedId is.
    return sourced_id_of(value)


def _extension(record: Record, name: str) -> object:
    """Return a value of a record's metadata: `a.b` stands there as it is, or as `b` within `a`."""
    held = record.get("metadata")
    if not isinstance(held, dict) or name in held:
        return held.get(name) if isinstance(held, dict) else None
    outer, _, inner = name.partition(".")
    within = held.get(outer)
    return within.get(inner) if isinstance(within, dict) else None


def _batch(collection: str, version: Version, columns: Columns, rows: int) -> pa.RecordBatch:
    more = (name for name in columns if name.startswith(METADATA))
    names = (*columns_of(collection, version), *more, PLACE)
    found = [
        pa.array(columns[name], pa.string()) if name in columns else pa.nulls(rows, pa.string())
        for name in names
    ]
    return pa.RecordBatch.from_arrays(found, names=list(names))


def _held(collection: str, place: str) -> Notice:
    return Notice(
        code="RF01",
        severity=Severity.HOLD_ROW.value,
        source_table=collection,
        place=place,
        message="A record without a sourcedId cannot be kept",
        fix="Ask the SIS's host to give every record a sourcedId",
        field="sourcedId",
    )
