"""A list request's parameters, and what they do to records: filter, sort, window, fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from domain.oneroster import Version
from simulators.oneroster.dialect import Dialect
from simulators.oneroster.filters import as_text, value_at
from simulators.oneroster.problems import ProblemError
from simulators.shapes import Record


@dataclass(frozen=True, slots=True)
class Query:
    """The six parameters of a list request; warnings are 1.1's for fields it does not know."""

    limit: int
    offset: int
    filter: str = ""
    sort: str = ""
    descending: bool = False
    fields: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def read_query(
    given: Mapping[str, str], known: Mapping[str, object], version: Version, dialect: Dialect
) -> Query:
    """Return the parameters a dialect heeds; ProblemError 400 for those it refuses.

    known: the fields of the records asked for, by name.
    """
    limit = _whole(given, "limit", dialect.default_page, least=1)
    query = Query(
        limit=min(limit, dialect.page_cap or limit),
        offset=_whole(given, "offset", 0, least=0),
        filter="" if dialect.ignore_filter else given.get("filter", ""),
        descending=given.get("orderBy", "asc").lower() == "desc",
    )
    return _with_fields(_with_sort(query, given, known, version, dialect), given, known, version, dialect)


def _whole(given: Mapping[str, str], name: str, default: int, least: int) -> int:
    text = given.get(name, str(default))
    if not text.isdecimal() or int(text) < least:
        raise ProblemError(400, "invaliddata", f"{name} is a whole number from {least} on")
    return int(text)


def _with_sort(
    query: Query, given: Mapping[str, str], known: Mapping[str, object], version: Version, dialect: Dialect
) -> Query:
    sort = given.get("sort", "")
    if sort and dialect.reject_sort:
        raise ProblemError(400, "invalid_sort_field", "sorting is not supported")
    if not sort or dialect.ignore_sort:
        return query
    if sort.split(".")[0] in known:
        return replace(query, sort=sort)
    return replace(query, warnings=("invalid_sort_field",)) if version is Version.V1P1 else query


def _with_fields(
    query: Query, given: Mapping[str, str], known: Mapping[str, object], version: Version, dialect: Dialect
) -> Query:
    if "fields" not in given or dialect.ignore_fields:
        return query
    names = tuple(name.strip() for name in given["fields"].split(",") if name.strip())
    if not names:
        minor = "invalid_blank_selection_field" if version is Version.V1P1 else "invalid_selection_field"
        raise ProblemError(400, minor, "fields is blank")
    if all(name in known for name in names):
        return replace(query, fields=names)
    if version is Version.V1P2:
        raise ProblemError(400, "invalid_selection_field", "fields names a field that is not known")
    return replace(query, warnings=(*query.warnings, "invalid_selection_field"))


def in_order(records: list[Record], sort: str, descending: bool) -> list[Record]:
    """Return records sorted by a field in Unicode order, missing values first; no field leaves the order."""
    if not sort:
        return records
    return sorted(records, key=lambda record: _sort_key(record, sort), reverse=descending)


def _sort_key(record: Record, sort: str) -> tuple[float, str]:
    value = value_at(record, sort)
    if isinstance(value, int | float):
        return (float(value), "")
    return (float("-inf"), "" if value is None else as_text(value))
