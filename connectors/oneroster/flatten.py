"""REST records as rows of the CSV binding, so that both transports have one shape.

A user in the shape of the other version is turned into the one the pull is declared in, record by
record: servers are met that serve 1.1 users on a 1.2 path and the reverse.
Source: OneRoster 1.1 and 1.2 REST and CSV bindings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import pyarrow as pa

from connectors.oneroster.envelope import sourced_id_of
from connectors.oneroster.fields import KNOWN_BESIDES, columns_of, rest_name
from connectors.protocol import Notice
from domain.model import Severity
from domain.oneroster import Version
from domain.tables import PLACE

Text = str | None
Columns = dict[str, list[Text]]
Record = Mapping[str, object]

DEEPEST = 20
"""Lists and objects within one another that a value may have; Python itself gives up at a thousand."""

_TEXTS = frozenset((str, type(None)))
_ROLE_COLUMNS = (
    "sourcedId", "status", "dateLastModified", "userSourcedId", "roleType", "role", "beginDate", "endDate",
    "orgSourcedId", PLACE,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Flat:
    """What one answer's records came to: a batch per source table, notices, names of unknown fields.

    notices: rows held because they are no record or have no sourcedId, named by place.
    other_shape: how many users came in the other version's shape; lost_roles: how many of them had
    roles that version 1.1 cannot carry.
    """

    batches: Mapping[str, pa.RecordBatch]
    notices: tuple[Notice, ...]
    unknown: frozenset[str]
    other_shape: int = 0
    lost_roles: int = 0


def flatten(collection: str, version: Version, records: Sequence[object], place: str) -> Flat:
    """Return the rows of one answer as text columns; users of 1.2 give a `roles` batch too.

    place: how the answer is named, e.g. `/users?offset=200`; rows are numbered from 1 behind it.
    """
    kept, places, notices = _sorted_out(collection, records, place)
    present = frozenset[str]().union(*kept)
    columns: Columns = {
        column: texts_of([record.get(name) for record in kept])
        for column, name in _plan(collection, version)
        if name in present
    }
    columns[PLACE] = places
    unknown = present - _known(collection)
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
) -> tuple[list[Record], list[Text], tuple[Notice, ...]]:
    """Return the records that have a sourcedId, where each stands, and a notice for each of the others."""
    kept: list[Record] = []
    places: list[Text] = []
    notices: list[Notice] = []
    for number, record in enumerate(records, 1):
        if isinstance(record, dict) and sourced_id_of(record) is not None:
            kept.append(record)
            places.append(f"{place}#{number}")
        else:
            notices.append(_held(collection, f"{place}#{number}"))
    return kept, places, tuple(notices)


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
    rows: list[tuple[Text, ...]] = []
    nothing: list[Text] = [None] * len(records)
    shared = [users.get(name, nothing) for name in ("sourcedId", "status", "dateLastModified", PLACE)]
    for record, user, status, modified, here in zip(records, *shared, strict=True):
        given: dict[str, tuple[Text, ...]] = {}
        for role in _role_records(record):
            key, *parts = _role(user or "", role)
            row = (status, modified, user, *parts, here)
            if key in given and given[key] != row:
                # The same role at the same org a second time, with other dates.
                key = f"{key}:{row[5] or row[3] or len(given)}"
            given.setdefault(key, row)
        rows += [(key, *row) for key, row in given.items()]
    found = zip(*rows, strict=True) if rows else ((),) * len(_ROLE_COLUMNS)
    return {name: list(values) for name, values in zip(_ROLE_COLUMNS, found, strict=True)}


def _role(user: str, role: Record) -> tuple[str, Text, Text, Text, Text, Text]:
    told = role.get
    name, org = text_of(told("role")), text_of(told("org"))
    key = text_of(told("sourcedId")) or f"{user}:{org or ''}:{name or ''}"
    return key, text_of(told("roleType")), name, text_of(told("beginDate")), text_of(told("endDate")), org


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
    names = columns.setdefault("role", [None] * len(records))
    orgs = columns.setdefault("orgSourcedIds", [None] * len(records))
    for number, record in enumerate(records):
        if "roles" in record:
            names[number], orgs[number], left_out = _flat_role(record)
            lost += left_out
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


def texts_of(values: list[object]) -> list[Text]:
    """Return the JSON values of one field as CSV cells, as `text_of` does."""
    # Nearly all fields are texts throughout, which is seen and taken without a look at each of them.
    if not _TEXTS.issuperset(map(type, values)):
        return [value or None if type(value) is str else text_of(value) for value in values]
    return [value or None for value in values] if "" in values else values  # type: ignore[misc, return-value]


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


def _batch(collection: str, version: Version, columns: Columns, rows: int) -> pa.RecordBatch:
    names = (*columns_of(collection, version), PLACE)
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
