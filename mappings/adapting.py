"""A vendor's batches made ready for the column maps, with every row that is left out counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from domain.model import Finding, Severity
from domain.tables import PLACE
from mappings.maps import RosterMaps

EXCLUDED = "excluded:"
"""Before the reason why rows are left out that a person should know of."""

OUT_OF_SCOPE = "out_of_scope:"
"""Before the reason why rows are left out every night, which only counts them."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Rows of one batch that were left out: why, how many, where the first stands, whether to say so."""

    source_table: str
    reason: str
    rows: int
    place: str
    said: bool


@dataclass(frozen=True, slots=True)
class Adapted:
    """A batch as the column maps can take it: parts by source table, and what was left out."""

    parts: tuple[tuple[str, pa.RecordBatch], ...] = field(repr=False)
    left_out: tuple[LeftOut, ...] = ()


def adapted(maps: RosterMaps, source_table: str, batch: pa.RecordBatch) -> Adapted:
    """Return what the dialect makes of a batch of one source table; itself where it makes nothing of it."""
    if maps.adapt is None:
        return Adapted(((source_table, batch),))
    made = [
        (name, part)
        for name, part in maps.adapt(source_table, batch)
        if part.num_rows or name == source_table
    ]
    return Adapted(
        tuple((name, part) for name, part in made if not _is_left_out(name)),
        tuple(
            _left_out(source_table, name, part) for name, part in made if _is_left_out(name) and part.num_rows
        ),
    )


def left_out_findings(left_out: Iterable[LeftOut]) -> list[Finding]:
    """Return one finding (FL40, drop value) for each table and reason that is to be said, in order."""
    said: dict[tuple[str, str], list[LeftOut]] = {}
    for one in left_out:
        if one.said:
            said.setdefault((one.source_table, one.reason), []).append(one)
    return [_finding(table, reason, parts) for (table, reason), parts in said.items()]


def _is_left_out(name: str) -> bool:
    return name.startswith((EXCLUDED, OUT_OF_SCOPE))


def _left_out(source_table: str, name: str, rows: pa.RecordBatch) -> LeftOut:
    _, _, reason = name.partition(":")
    return LeftOut(source_table, reason, rows.num_rows, str(rows.column(PLACE)[0]), name.startswith(EXCLUDED))


def _finding(source_table: str, reason: str, parts: Sequence[LeftOut]) -> Finding:
    rows = sum(part.rows for part in parts)
    return Finding(
        rule="FL40",
        severity=Severity.DROP_VALUE,
        table=source_table,
        field="",
        place=parts[0].place,
        key="",
        masked="",
        message=f"{rows} rows of {source_table} were left out: {reason} (first: {parts[0].place}).",
        fix="Nothing has to be done if this is right; otherwise correct these rows in the SIS.",
        group=reason,
    )
