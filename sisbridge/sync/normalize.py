"""Turn a snapshot's raw pages into canonical batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import pyarrow as pa

from domain.failpoints import failpoint
from domain.model import Finding
from domain.tables import RosterTable
from mappings import drift, maps
from mappings import normalize as normalizing
from sisbridge.store import snapshots
from sisbridge.sync.context import Stage, canonical_name, coalesce, raw_name
from sisbridge.sync.pull import SOURCE_TABLES

Ids: TypeAlias = "pa.Array | pa.ChunkedArray"
"""sourcedIds, as text."""


def normalize(stage: Stage) -> dict[str, int]:
    """Land the canonical batches of every table and the drift findings; return the rows out of scope.

    Guardians are out of scope unless the district's mapping says otherwise.
    """
    with stage.house.store.read() as conn:
        snapshot = snapshots.load(conn, stage.code, stage.snapshot)
    roster_maps = maps.maps_for(snapshot.version, _overrides(stage))
    findings: list[Finding] = []
    landed = {facts.table for facts in snapshot.tables}
    leave_out = _guardians(stage, roster_maps) if RosterTable.ROLES in landed else None
    written: set[RosterTable] = set()
    out_of_scope = 0
    for source_table, table in SOURCE_TABLES.items():
        if table in landed:
            out_of_scope += _normalize_table(stage, roster_maps, source_table, leave_out, findings, written)
    for table in set(RosterTable) - written:
        stage.write(canonical_name(table), iter(()))
    stage.write_findings("normalize", findings)
    failpoint("normalize:landed")
    return {"out_of_scope": out_of_scope}


def _overrides(stage: Stage) -> dict[str, object]:
    chosen = stage.district.settings.get("mapping", {})
    return dict(chosen) if isinstance(chosen, dict) else {}


def _guardians(stage: Stage, roster_maps: maps.RosterMaps) -> Ids:
    """Return the users of a 1.2 roster whose every role is out of scope: their own rows do not say so."""
    guardians: Ids = normalizing.out_of_scope_users(roster_maps, stage.read(raw_name("roles")))
    return guardians


def _normalize_table(
    stage: Stage,
    roster_maps: maps.RosterMaps,
    source_table: str,
    leave_out: Ids | None,
    findings: list[Finding],
    written: set[RosterTable],
) -> int:
    targets = normalizing.source_tables(roster_maps).get(source_table, ())
    besides: dict[RosterTable, list[pa.RecordBatch]] = {}
    out_of_scope = 0

    def own(first: RosterTable) -> Iterator[pa.RecordBatch]:
        nonlocal out_of_scope
        for number, batch in enumerate(stage.read(raw_name(source_table))):
            if number == 0:
                findings.extend(drift.drift(roster_maps, source_table, batch.schema.names))
            for part in normalizing.normalize(roster_maps, source_table, batch, leave_out):
                out_of_scope += part.out_of_scope
                if part.table == first:
                    yield part.batch
                else:
                    besides.setdefault(part.table, []).append(part.batch)

    if targets:
        stage.write(canonical_name(targets[0]), coalesce(own(targets[0])))
    for table, batches in besides.items():
        stage.write(canonical_name(table), coalesce(iter(batches)))
    written |= {*targets[:1], *besides}
    return out_of_scope
