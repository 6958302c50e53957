"""A SIS's rows under its own names into canonical rows, one batch at a time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from domain.tables import PLACE, ROSTER, Column, RosterTable
from mappings import values
from mappings.arrow import Flags, Texts, joined, texts
from mappings.dialects import Columns
from mappings.maps import BUILT, RosterMaps, fold

_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, slots=True)
class Normalized:
    """Canonical rows of one table, and how many source rows were left behind as out of scope.

    batch: text columns in the order of domain.tables, then PLACE.
    """

    table: RosterTable
    batch: pa.RecordBatch = field(repr=False)
    out_of_scope: int


def source_tables(maps: RosterMaps) -> Mapping[str, tuple[RosterTable, ...]]:
    """Return which canonical tables each source table feeds; a OneRoster 1.1 user carries its role."""
    return maps.sources


def normalize(
    maps: RosterMaps, source_table: str, batch: pa.RecordBatch, leave_out: Texts | None = None
) -> tuple[Normalized, ...]:
    """Return the canonical batches that one source batch feeds; none for a table we do not keep.

    leave_out: users to leave behind (`out_of_scope_users`), which OneRoster 1.2 needs because its
    users do not carry their roles. A value that is not understood stays as it came, trimmed.
    """
    targets = source_tables(maps).get(source_table, ())
    return tuple(_normalized(maps, table, source_table, batch, leave_out) for table in targets)


def out_of_scope_users(
    maps: RosterMaps, roles: Iterable[pa.RecordBatch], source_table: str = "roles"
) -> Texts:
    """Return the sourcedIds of users all of whose roles are out of scope, from raw role rows."""
    where = maps.where(source_table, RosterTable.ROLES)
    outside: list[Texts] = []
    inside: list[Texts] = []
    for batch in roles:
        users = _column(maps, where, RosterTable.ROLES, "user_sourced_id", batch)
        out = _is_out(maps, _column(maps, where, RosterTable.ROLES, "role", batch))
        outside.append(users.filter(out))
        inside.append(users.filter(pc.invert(out)))
    candidates = joined(outside).unique()
    kept = joined(inside)
    return candidates.filter(pc.invert(pc.is_in(candidates, value_set=kept)))


def read_from(name: str) -> tuple[str, ...]:
    """Return the source columns that a map's entry reads: itself, or those in its braces."""
    return tuple(_PLACEHOLDER.findall(name)) if name.startswith(BUILT) else (name,)


def _normalized(
    maps: RosterMaps, table: RosterTable, source_table: str, batch: pa.RecordBatch, leave_out: Texts | None
) -> Normalized:
    where = maps.where(source_table, table)
    rows = _canonical(maps, where, table, batch)
    role = maps.where(source_table, RosterTable.ROLES)
    out = _out_of_scope(maps, role, table, batch, rows, leave_out)
    rows = rows.filter(pc.invert(out)) if out.true_count else rows
    if table is RosterTable.ROLES and not where["sourced_id"]:
        rows = _one_per_org(rows)
    return Normalized(table, rows, out.true_count)


def _canonical(maps: RosterMaps, where: Columns, table: RosterTable, batch: pa.RecordBatch) -> pa.RecordBatch:
    names = ROSTER[table].names
    columns = [_column(maps, where, table, name, batch) for name in names]
    schema = pa.schema([(name, pa.string()) for name in (*names, PLACE)])
    return pa.RecordBatch.from_arrays([*columns, texts(batch, PLACE)], schema=schema)


def _column(maps: RosterMaps, where: Columns, table: RosterTable, name: str, batch: pa.RecordBatch) -> Texts:
    column = ROSTER[table].column(name)
    found = _source_values(where[name], column, batch)
    canonical = values.canonical(found, column, maps)
    # A bulk row leaves its status blank, which says that it is there (CSV binding, bulk mode).
    return cast(Texts, canonical.fill_null("active")) if name == "status" else canonical


def _source_values(names: tuple[str, ...], column: Column, batch: pa.RecordBatch) -> Texts:
    given = {fold(name): name for name in batch.schema.names}
    found = [
        _built(name, given, column, batch)
        if name.startswith(BUILT)
        else values.trimmed(texts(batch, given[fold(name)]), column)
        for name in names
        if name.startswith(BUILT) or fold(name) in given
    ]
    if not found:
        return pa.nulls(batch.num_rows, pa.string())
    # Of one column it would be a copy.
    return pc.coalesce(*found) if len(found) > 1 else found[0]


def _built(template: str, given: Mapping[str, str], column: Column, batch: pa.RecordBatch) -> Texts:
    """Return a text around the values of columns, null where one of them has no value."""
    texts_and_names = _PLACEHOLDER.split(template.removeprefix(BUILT))
    parts: list[Texts] = []
    for number, part in enumerate(texts_and_names):
        if number % 2 == 0:
            parts.append(pa.repeat(pa.scalar(part, pa.string()), batch.num_rows))
        elif fold(part) in given:
            parts.append(values.trimmed(texts(batch, given[fold(part)]), column))
        else:
            parts.append(pa.nulls(batch.num_rows, pa.string()))
    return cast(Texts, pc.binary_join_element_wise(*parts, "", null_handling="emit_null"))


def _out_of_scope(
    maps: RosterMaps,
    role: Columns,
    table: RosterTable,
    batch: pa.RecordBatch,
    rows: pa.RecordBatch,
    leave_out: Texts | None,
) -> Flags:
    """Return which rows are about people we do not keep, or about a role in which we do not keep them."""
    if "role" in ROSTER[table].names:
        return _is_out(maps, texts(rows, "role"))
    if table is not RosterTable.USERS:
        return pa.repeat(False, rows.num_rows)
    out = _is_out(maps, _column(maps, role, RosterTable.ROLES, "role", batch))
    if leave_out is None:
        return out
    return pc.or_(out, pc.is_in(texts(rows, "sourced_id"), value_set=leave_out))


def _is_out(maps: RosterMaps, roles: Texts) -> Flags:
    return pc.is_in(roles, value_set=pa.array(sorted(maps.roles_out_of_scope), pa.string()))


def _one_per_org(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Return role rows without a key (1.1), each with a list of orgs, as one row per org, the first primary.

    The new key is `user:org:role`, so that it stays the same from night to night.
    """
    lists = pc.split_pattern(pc.fill_null(rows.column("org_sourced_id"), ""), ",")
    orgs, row = pc.utf8_trim_whitespace(pc.list_flatten(lists)), pc.list_parent_indices(lists).to_numpy()
    chosen = _distinct_pairs(row, orgs)
    row, orgs = row[chosen], orgs.take(pa.array(chosen))
    raised = rows.take(pa.array(row))
    parts = (raised.column("user_sourced_id"), orgs, pc.fill_null(raised.column("role"), ""))
    is_later = np.append(False, row[1:] == row[:-1])[: len(row)]
    columns = dict(zip(raised.schema.names, raised.columns, strict=True)) | {
        "sourced_id": pc.binary_join_element_wise(*parts, ":"),
        "org_sourced_id": pc.if_else(pc.equal(orgs, ""), pa.scalar(None, pa.string()), orgs),
        "role_type": pc.if_else(pa.array(is_later), "secondary", "primary"),
    }
    return pa.RecordBatch.from_arrays(list(columns.values()), schema=rows.schema)


def _distinct_pairs(row: npt.NDArray[np.int64], orgs: Texts) -> npt.NDArray[np.intp]:
    """Return the places of the pairs to keep, in order: each once, and no org only for a row without any."""
    encoded = orgs.dictionary_encode()
    pair = row * len(encoded.dictionary) + encoded.indices.to_numpy()
    first = np.sort(np.unique(pair, return_index=True)[1])
    is_only = np.bincount(row[first])[row[first]] == 1
    named = np.asarray(pc.not_equal(orgs, ""), dtype=bool)
    return cast(npt.NDArray[np.intp], first[named[first] | is_only])
