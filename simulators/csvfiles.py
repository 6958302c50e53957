"""Neutral records to and from the rows of OneRoster's CSV files, 1.1 and 1.2.

Source: OneRoster CSV bindings 1.1.1 and 1.2.1. A list is one cell joined by commas, a reference is
its sourcedId, and what CSV has no column for (metadata, children, user profiles) is left out.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any

from domain.ids import fixed_id
from domain.oneroster import COLLECTIONS, Version
from simulators.fields import Field, Kind, known_field
from simulators.shapes import Record, reference, role_of_1p1, roles_of_1p1

Row = dict[str, str]

_RENAMED = {"preferredGivenName": "preferredFirstName", "preferredFamilyName": "preferredLastName"}
_DATES_WITH_TIME_IN_REST = ("assignDate", "dueDate")
_BOTH_SESSIONS = {"gradingPeriodSourcedId": "academicSession", "academicSessionSourcedId": "gradingPeriod"}
_ROLE_COLUMNS = ("roleType", "role", "beginDate", "endDate")
_MIDNIGHT = "T00:00:00.000Z"


def field_name(column: str) -> str:
    """Return the REST field a CSV column stands for: `termSourcedIds` is `terms`."""
    if column.endswith("SourcedIds"):
        return column.removesuffix("SourcedIds") + "s"
    if column != "sourcedId" and column.endswith("SourcedId"):
        return column.removesuffix("SourcedId")
    return _RENAMED.get(column, column)


def parse(data: bytes) -> list[Row]:
    """Return the rows of a CSV file by column name."""
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def render(header: Iterable[str], rows: Iterable[Row]) -> bytes:
    """Return a CSV file: UTF-8, CRLF, quotes only where needed, blank for what a row lacks."""
    columns = list(header)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([row.get(column, "") for column in columns] for row in rows)
    return text.getvalue().encode()


def record_from(collection: str, row: Row, org_types: dict[str, str], dated: str) -> Record:
    """Return one CSV row as a neutral record; blank status is active, blank dates are `dated`."""
    record: Record = {"sourcedId": row["sourcedId"], "status": row.get("status") or "active"}
    record["dateLastModified"] = row.get("dateLastModified") or dated
    for column, cell in row.items():
        field = known_field(collection, field_name(column))
        if cell and field is not None and field.name not in record:
            record[field.name] = _value(column, field, cell)
    if collection == "users" and "role" in record:
        orgs = [org["sourcedId"] for org in record.pop("orgs", [])]
        record["roles"] = roles_of_1p1(record.pop("role"), orgs, org_types)
    return record


def _value(column: str, field: Field, cell: str) -> Any:
    if field.kind is Kind.REFERENCE:
        return reference(field.target, cell)
    if field.kind is Kind.REFERENCES:
        return [reference(field.target, item) for item in cell.split(",")]
    if field.kind is Kind.TEXTS:
        return cell.split(",")
    if field.kind is Kind.NUMBER:
        return float(cell)
    if column == "userIds":
        return [_user_id(item) for item in cell.split(",")]
    return cell + _MIDNIGHT if column in _DATES_WITH_TIME_IN_REST else cell


def _user_id(item: str) -> Record:
    kind, _, identifier = item.strip("{}").partition(":")
    return {"type": kind, "identifier": identifier}


def row_from(collection: str, record: Record, version: Version) -> Row:
    """Return a neutral record as the cells of one row of a version's file."""
    columns = COLLECTIONS[collection].columns[version]
    row = {column: _cell(column, record.get(field_name(column))) for column in columns}
    if collection == "users" and version is Version.V1P1:
        roles = record.get("roles", [])
        row["role"] = role_of_1p1(roles[0]["role"]) if roles else ""
        row["orgSourcedIds"] = ",".join(dict.fromkeys(role["org"]["sourcedId"] for role in roles))
    for column in set(columns) & set(_BOTH_SESSIONS):
        row[column] = row[column] or _cell(column, record.get(_BOTH_SESSIONS[column]))
    return row


def _cell(column: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return str(value["sourcedId"])
    if isinstance(value, list):
        return ",".join(_item(item) for item in value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)[:10] if column in _DATES_WITH_TIME_IN_REST else str(value)


def _item(item: Any) -> str:
    if isinstance(item, str):
        return item
    return str(item["sourcedId"]) if "sourcedId" in item else f"{{{item['type']}:{item['identifier']}}}"


def role_rows(user: Record) -> list[Row]:
    """Return a user's rows of 1.2's roles.csv; their ids are fixed by user, role and org."""
    return [_role_row(user, role) for role in user.get("roles", [])]


def _role_row(user: Record, role: Record) -> Row:
    org = role["org"]["sourcedId"]
    row = {key: str(user[key]) for key in ("status", "dateLastModified")}
    row |= {key: str(role[key]) for key in _ROLE_COLUMNS if key in role}
    own_id = fixed_id("role", user["sourcedId"], role["roleType"], role["role"], org)
    return row | {"sourcedId": own_id, "userSourcedId": user["sourcedId"], "orgSourcedId": org}


def role_from(row: Row) -> Record:
    """Return a row of roles.csv as an entry of its user's roles."""
    role: Record = {key: row[key] for key in _ROLE_COLUMNS if row.get(key)}
    return role | {"org": reference("orgs", row["orgSourcedId"])}
