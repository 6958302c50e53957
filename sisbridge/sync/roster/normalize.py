"""Turn a snapshot's raw pages into canonical batches."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import pyarrow as pa

from domain.ahead import one_ahead
from domain.errors import ContractBroken
from domain.failpoints import failpoint
from domain.model import Finding, RosterSnapshot
from domain.tables import RosterTable
from mappings import drift, maps
from mappings import normalize as normalizing
from mappings.adapting import LeftOut, adapted, left_out_findings
from sisbridge.store import snapshots
from sisbridge.sync.context import Stage, canonical_name, mapping_of, raw_name
from sisbridge.sync.roster.batches import GrowingTable
from sisbridge.sync.roster.columns import remember_columns, remembered_columns
from sisbridge.sync.roster.keeping import keep

Ids: TypeAlias = "pa.Array | pa.ChunkedArray"
"""sourcedIds, as text."""

_ONLY_ROLES = (RosterTable.ROLES,)


@dataclass
class _Work:
    """What grows while the source tables are read one after the other."""

    stage: Stage
    maps: maps.RosterMaps
    leave_out: Ids | None
    tables: dict[RosterTable, GrowingTable] = field(default_factory=dict)
    drifted: set[str] = field(default_factory=set)
    lost: dict[str, dict[RosterTable, tuple[str, ...]]] = field(default_factory=dict)
    kept: dict[tuple[str, RosterTable], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    findings: list[Finding] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    out_of_scope: int = 0
    read: Counter[RosterTable] = field(default_factory=Counter)


def normalize(stage: Stage) -> dict[str, int]:
    """Land the canonical batches of every table and the drift findings; return the rows out of scope.

    Guardians are out of scope unless the district's mapping says otherwise; so is what the dialect of a
    vendor leaves out, each reason counted. Raises ContractBroken CF08 when fewer rows lie there than were
    pulled.
    """
    with stage.house.store.read() as conn:
        snapshot = snapshots.load(conn, stage.code, stage.snapshot)
    roster_maps = maps.maps_for(snapshot.version, mapping_of(stage.district))
    landed = _landed(stage, roster_maps, snapshot)
    work = _Work(stage, roster_maps, _guardians(stage, roster_maps, landed))
    work.tables = {table: GrowingTable(stage, canonical_name(table)) for table in RosterTable}
    for source_table in landed:
        _normalize_table(work, source_table)
    _refuse_lost(work, snapshot)
    for table in work.tables.values():
        table.flush()
    for table in work.tables.values():
        table.finish()
    found = [*work.findings, *_kept(work), *left_out_findings(work.left_out)]
    stage.write_findings("normalize", found)
    failpoint("normalize:landed")
    return {"out_of_scope": work.out_of_scope + sum(one.rows for one in work.left_out)}


def _landed(stage: Stage, roster_maps: maps.RosterMaps, snapshot: RosterSnapshot) -> list[str]:
    """Return the source tables of this snapshot, in the dialect's order."""
    counted = {facts.table for facts in snapshot.tables}
    return [
        source
        for source, targets in roster_maps.sources.items()
        if counted.issuperset(targets[:1]) and stage.has(raw_name(source))
    ]


def _contract(stage: Stage) -> Mapping[str, object]:
    """Return what the district agreed on for columns that come and go."""
    chosen = stage.district.settings.get("schema_drift", {})
    return chosen if isinstance(chosen, Mapping) else {"schema_drift": chosen}


def _guardians(stage: Stage, roster_maps: maps.RosterMaps, landed: list[str]) -> Ids | None:
    """Return the users whose every role is out of scope, where roles are a table of their own (1.2).

    None where there is no such table: a user's own row says its role then.
    """
    for source in landed:
        if roster_maps.sources[source] == _ONLY_ROLES:
            raw = stage.read(raw_name(source))
            guardians: Ids = normalizing.out_of_scope_users(roster_maps, raw, source)
            return guardians
    return None


def _normalize_table(work: _Work, source_table: str) -> None:
    for name, batch in _parts(work, source_table):
        if name not in work.drifted:
            _look_for_drift(work, name, batch.schema.names)
        for part in normalizing.normalize(work.maps, name, batch, work.leave_out):
            work.out_of_scope += part.out_of_scope
            work.tables[part.table].add(_with_kept(work, name, part))


def _refuse_lost(work: _Work, snapshot: RosterSnapshot) -> None:
    """Refuse a landing that lost pages: of a delta they would be missed by nobody."""
    for facts in snapshot.tables:
        if work.read[facts.table] < facts.rows:
            raise ContractBroken(
                "CF08",
                f"The landing zone holds {work.read[facts.table]:,} of the {facts.rows:,} rows of "
                f"{facts.table} that were pulled in district {work.stage.code}, snapshot "
                f"{work.stage.snapshot}.",
                fix="Check that every worker uses the same SISBRIDGE_LANDING_URL and that nothing else "
                "deletes there, then run the district's sync again.",
                place=raw_name(facts.table),
            )


def _look_for_drift(work: _Work, name: str, columns: Sequence[str]) -> None:
    """Find once for each source table which columns are new and which are gone."""
    work.drifted.add(name)
    remember_columns(work.stage, name, columns)
    contract = _contract(work.stage)
    found = drift.drift(work.maps, name, columns)
    work.findings.extend(drift.under_contract(found, contract, drift.scope_columns(work.maps, name)))
    work.findings.extend(drift.gone(work.maps, name, remembered_columns(work.stage, name), columns))
    if drift.keeps_values(contract):
        work.lost[name] = drift.lost(work.maps, name, columns)


def _with_kept(work: _Work, name: str, part: normalizing.Normalized) -> pa.RecordBatch:
    lost = work.lost.get(name, {}).get(part.table, ())
    return keep(work.stage, part.table, part.batch, lost, work.kept[name, part.table]) if lost else part.batch


def _kept(work: _Work) -> list[Finding]:
    """Return a finding for each lost column of which a value in force was kept."""
    return [
        drift.kept(work.maps, name, table, column, rows)
        for (name, table), columns in work.kept.items()
        for column, rows in columns.items()
        if rows
    ]


def _parts(work: _Work, source_table: str) -> Iterator[tuple[str, pa.RecordBatch]]:
    counts_as = work.maps.sources[source_table][:1]
    # The next is opened while one is mapped.
    for batch in one_ahead(work.stage.read(raw_name(source_table))):
        work.read.update(dict.fromkeys(counts_as, batch.num_rows))
        made = adapted(work.maps, source_table, batch)
        work.left_out += made.left_out
        yield from made.parts
