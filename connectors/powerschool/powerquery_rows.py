"""Answers of PowerQueries as rows of text under PowerSchool's own column names.

An answer holds its records flat, or nested by table, as the query was declared; numbers come as numbers
or as texts, and an empty value as null, as "" or not at all.
Source: PowerSchool developer pages, PowerQueries (response formats).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from connectors.flat_form import Flat
from connectors.http_errors import decode_json
from connectors.powerschool.fixes import PLUGIN_MENU
from connectors.powerschool.query_list import KEY, Query
from connectors.protocol import Notice
from domain.errors import ContractBroken, StopDistrict
from domain.model import Severity
from domain.tables import PLACE

Record = Mapping[str, object]


def records_of(body: bytes, place: str) -> list[object]:
    """Return the records of an answer's bytes; ContractBroken PG04 when it is no answer of a query.

    An answer without rows may lack the list, but then it has the rest of what a query answers.
    """
    answer = decode_json(body, "POST", place)
    told = answer if isinstance(answer, dict) else {}
    records = told.get("record", [] if "@extensions" in told else None)
    if not isinstance(records, list):
        raise ContractBroken(
            "PG04",
            "The answer of the query holds no list named record",
            fix="Compare base_url with the address of the PowerSchool server; else tell its host",
            place=place,
        )
    return records


def keys_of(query: Query, records: Sequence[object]) -> list[str | None]:
    """Return what names each record, None where it has nothing."""
    return [_text(_plain(record).get(KEY)) for record in records]


def rows_of(query: Query, records: Sequence[object], place: str) -> Flat:
    """Return the rows of one answer, a record that has no key held, with a notice.

    place: how the answer is named; rows are numbered from 1 behind it. Raises StopDistrict CN04 for a
    column that is in no record though it is never blank: the server leaves out what the plugin may not see.
    """
    found = [_plain(record) for record in records]
    if found:
        _refuse_missing(query, found, place)
    places = [f"{place}#{number}" for number in range(1, len(found) + 1)]
    keys = [_text(record.get(KEY)) for record in found]
    kept = [number for number, key in enumerate(keys) if key is not None]
    columns = {name: [_text(found[number].get(name)) for number in kept] for name in query.names}
    columns[PLACE] = [places[number] for number in kept]
    batch = pa.record_batch({name: pa.array(values, pa.string()) for name, values in columns.items()})
    held = [_held(query, places[number]) for number, key in enumerate(keys) if key is None]
    return Flat({query.table: batch}, tuple(held), frozenset(_blank(query, found)))


def not_permitted(query: Query, columns: Sequence[str], place: str) -> StopDistrict:
    """Return CN04: the plugin may not see some columns of a query."""
    fields = fields_of(query, columns)
    return StopDistrict(
        "CN04",
        f"PowerSchool leaves out {', '.join(fields)}: the plugin may not see them",
        fix=f"Install the plugin that `sisbridge plugin powerschool` writes again, under {PLUGIN_MENU}",
        place=place,
    )


def fields_of(query: Query, names: Sequence[str]) -> list[str]:
    """Return TABLE.FIELD of some columns of a query."""
    return [one for one, name in zip(query.columns, query.names, strict=True) if name in names]


def _refuse_missing(query: Query, records: Sequence[Record], place: str) -> None:
    given = frozenset[str]().union(*records)
    missing = [name for name in query.names if name not in given and name not in query.may_be_blank]
    if missing:
        raise not_permitted(query, missing, place)


def _blank(query: Query, records: Sequence[Record]) -> set[str]:
    given = frozenset[str]().union(*records)
    return {name for name in query.may_be_blank if name not in given} if records else set()


def _plain(record: object) -> Record:
    """Return a record's values by column name, in small letters and without the table's name."""
    if not isinstance(record, dict):
        return {}
    tables = record.get("tables")
    parts = (
        [one for one in tables.values() if isinstance(one, dict)] if isinstance(tables, dict) else [record]
    )
    return {str(name).rpartition(".")[2].lower(): value for part in parts for name, value in part.items()}


def _text(value: object) -> str | None:
    """Return a JSON value as text, None for what is empty; a list or an object is no value of a column."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int | float) else None


def _held(query: Query, place: str) -> Notice:
    return Notice(
        code="RF01",
        severity=Severity.HOLD_ROW.value,
        source_table=query.table,
        place=place,
        message=f"A record without {KEY} cannot be kept",
        fix="Tell the PowerSchool server's host",
        field=KEY,
    )


def blank_notice(query: Query, names: Sequence[str]) -> Notice:
    """Return CF58: columns that no row has a value in."""
    fields = fields_of(query, names)
    return Notice(
        code="CF58",
        severity=Severity.DROP_VALUE.value,
        source_table=query.table,
        place=f"/{query.table}",
        message=f"No row has a value in {', '.join(fields)}",
        fix=f"Nothing to do if the district leaves them blank; else look at the plugin under {PLUGIN_MENU}",
        field=sorted(names)[0],
    )
