"""REST records as rows of the CSV binding, so that both transports have one shape.

A user in the shape of the other version is turned into the one the pull is declared in, record by
record: servers are met that serve 1.1 users on a 1.2 path and the reverse.
Source: OneRoster 1.1 and 1.2 REST and CSV bindings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import pyarrow as pa

from connectors.oneroster.envelope import sourced_id_of
from connectors.oneroster.fields import KNOWN_BESIDES, columns_of, rest_name
from connectors.protocol import Notice
from domain.model import Severity
from domain.oneroster import Version
from domain.tables import PLACE

Row = dict[str, str | None]
Record = Mapping[str, object]

DEEPEST = 20
"""Lists and objects within one another that a value may have; Python itself gives up at a thousand."""


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


@dataclass(slots=True)
class _Tally:
    notices: list[Notice] = field(default_factory=list)
    other_shape: int = 0
    lost_roles: int = 0


def flatten(collection: str, version: Version, records: Sequence[object], place: str) -> Flat:
    """Return the rows of one answer as text columns; users of 1.2 give a `roles` batch too.

    place: how the answer is named, e.g. `/users?offset=200`; rows are numbered from 1 behind it.
    """
    tally = _Tally()
    rows: dict[str, list[Row]] = {collection: []}
    if collection == "users" and version is Version.V1P2:
        rows["roles"] = []
    unknown: set[str] = set()
    known = _known(collection)
    for number, record in enumerate(records, 1):
        here = f"{place}#{number}"
        if not isinstance(record, dict) or sourced_id_of(record) is None:
            tally.notices.append(_held(collection, here))
            continue
        unknown.update(record.keys() - known)
        _add(rows, collection, version, record, here, tally)
    batches = {name: _batch(name, version, found) for name, found in rows.items()}
    return Flat(batches, tuple(tally.notices), frozenset(unknown), tally.other_shape, tally.lost_roles)


def _add(
    rows: dict[str, list[Row]], collection: str, version: Version, record: Record, here: str, tally: _Tally
) -> None:
    # Most values are texts already: to ask for no more than that halves the cost of a page.
    row: Row = {
        column: (value or None) if type(value := record.get(name)) is str else text_of(value)
        for column, name in _plan(collection, version)
    }
    row[PLACE] = here
    rows[collection].append(row)
    if collection == "users":
        tally.other_shape += ("roles" in record) != (version is Version.V1P2)
        if version is Version.V1P2:
            rows["roles"].extend(_roles(record, here))
        elif "roles" in record:
            tally.lost_roles += _into_flat_role(row, record)


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


def _roles(record: Record, here: str) -> Iterable[Row]:
    """Return a user's roles as rows of roles.csv; their ids, which REST lacks, are made of their parts."""
    user = sourced_id_of(record) or ""
    given: dict[str, Row] = {}
    for role in _role_records(record):
        row = _role(record, role, user, here)
        key = text_of(role.get("sourcedId")) or _role_id(row)
        if key in given and given[key] != row | {"sourcedId": key}:
            # The same role at the same org a second time, with other dates.
            key = f"{key}:{row['beginDate'] or row['roleType'] or len(given)}"
        given.setdefault(key, row | {"sourcedId": key})
    return given.values()


def _role(record: Record, role: Record, user: str, here: str) -> Row:
    return {
        "status": text_of(record.get("status")),
        "dateLastModified": text_of(record.get("dateLastModified")),
        "userSourcedId": user,
        "roleType": text_of(role.get("roleType")),
        "role": text_of(role.get("role")),
        "beginDate": text_of(role.get("beginDate")),
        "endDate": text_of(role.get("endDate")),
        "orgSourcedId": text_of(role.get("org")),
        PLACE: here,
    }


def _role_id(row: Row) -> str:
    return ":".join(row[name] or "" for name in ("userSourcedId", "orgSourcedId", "role"))


def _role_records(record: Record) -> list[Record]:
    if "roles" in record:
        return [item for item in _items(record["roles"]) if isinstance(item, dict)]
    return [
        {"roleType": "primary" if number == 0 else "secondary", "role": record.get("role"), "org": org}
        for number, org in enumerate(_items(record.get("orgs")))
    ]


def _into_flat_role(row: Row, record: Record) -> bool:
    """Put 1.2 roles into the 1.1 columns of a row; return whether some had to be left out."""
    roles = _role_records(record)
    primary = next((role for role in roles if role.get("roleType") == "primary"), roles[0] if roles else {})
    name = text_of(primary.get("role"))
    same = [role for role in roles if text_of(role.get("role")) == name]
    row["role"] = name
    row["orgSourcedIds"] = ",".join(filter(None, (text_of(role.get("org")) for role in same))) or None
    return len(same) < len(roles)


def _items(value: object) -> list[object]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def text_of(value: object, depth: int = 0) -> str | None:
    """Return a JSON value as a CSV cell: lists joined by commas, references as ids, booleans in words.

    Null, the empty text, an empty list and a reference to nothing are all absent: None. So is what lies
    deeper than DEEPEST lists or objects: no field of OneRoster does.
    """
    if depth > DEEPEST:
        return None
    if isinstance(value, str):
        return value or None
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
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


def _batch(collection: str, version: Version, rows: Sequence[Row]) -> pa.RecordBatch:
    names = (*columns_of(collection, version), PLACE)
    columns = [pa.array([row.get(name) for row in rows], pa.string()) for name in names]
    return pa.RecordBatch.from_arrays(columns, names=list(names))


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
