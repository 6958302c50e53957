"""Answers of PowerQueries as rows of text under PowerSchool's own column names.

An answer holds its records flat, or nested by table, as the query was declared; numbers come as numbers
or as texts, and an empty value as null, as "" or not at all.
Source: PowerSchool developer pages, PowerQueries (response formats).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import cast

import pyarrow as pa
import pyarrow.compute as pc

from connectors.flat_form import Flat
from connectors.http_errors import decode_json
from connectors.powerschool.fixes import PLUGIN_MENU
from connectors.powerschool.query_list import KEY, Query
from connectors.protocol import Notice
from domain.errors import ContractBroken, StopDistrict
from domain.model import Severity
from domain.tables import PLACE

Record = Mapping[str, object]

_PLAIN_KINDS = frozenset((str, type(None)))


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
    return _texts([_plain(record).get(KEY) for record in records])


def rows_of(query: Query, records: Sequence[object], place: str) -> Flat:
    """Return the rows of one answer, a record that has no key held, with a notice.

    place: how the answer is named; rows are numbered from 1 behind it. Raises StopDistrict CN04 for a
    column that is in no record though it is never blank: the server leaves out what the plugin may not see.
    """
    found = [_plain(record) for record in records]
    absent = set(query.names).difference(*found) if found else set()
    if absent - query.may_be_blank:
        raise not_permitted(query, sorted(absent - query.may_be_blank), place)
    columns = {name: pa.array(_texts([one.get(name) for one in found]), pa.string()) for name in query.names}
    columns[PLACE] = pa.array([f"{place}#{number}" for number in range(1, len(found) + 1)], pa.string())
    rows = pa.record_batch(columns)
    bare = rows.filter(pc.is_null(rows.column(KEY)))
    held = tuple(_held(query, where) for where in bare.column(PLACE).to_pylist())
    whole = rows.filter(pc.is_valid(rows.column(KEY))) if held else rows
    return Flat({query.table: whole}, held, frozenset(absent))


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


def _plain(record: object) -> Record:
    """Return a record's values by column name, in small letters and without the table's name."""
    if not isinstance(record, dict):
        return {}
    tables = record.get("tables")
    if not isinstance(tables, dict):
        return {_called(name): value for name, value in record.items()}
    nested = [one for one in tables.values() if isinstance(one, dict)]
    return {_called(name): value for one in nested for name, value in one.items()}


@lru_cache(maxsize=1024)
def _called(name: str) -> str:
    return name.rpartition(".")[2].lower()


def _texts(values: list[object]) -> list[str | None]:
    """Return the values of one column as text; nearly all columns are of one kind throughout."""
    if set(map(type, values)) <= _PLAIN_KINDS:
        return [(text.strip() or None) if text else None for text in cast("list[str | None]", values)]
    return [_text(value) for value in values]


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
