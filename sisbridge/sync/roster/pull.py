"""Pull one district's roster into a sealed snapshot that is proven complete, or is not usable."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import pyarrow as pa

from connectors import registry
from connectors.distinct import DistinctIds, joined
from connectors.protocol import Notice, Page, Pull, RosterMoved, RosterSource
from domain.ahead import ahead
from domain.errors import ContractBroken, SisbridgeError, StopDistrict
from domain.failpoints import failpoint
from domain.model import Finding, Mode, RosterSnapshot, Severity, TableFacts
from domain.tables import PLACE, RosterTable
from mappings import maps
from sisbridge.store import roster, runs, snapshots
from sisbridge.sync.context import BATCH_ROWS, Stage, connector_of, mapping_of, raw_name
from sisbridge.sync.identity import births
from sisbridge.sync.roster.batches import GrowingTable
from sisbridge.sync.roster.belonging import refuse_strangers
from sisbridge.sync.roster.unchanged import stands_for
from sisbridge.sync.roster.unfinished import snapshot_for
from sisbridge.sync.roster.window import open_pull

RESTARTS = 3
"""How often a roster is read again because it moved while it was read."""

_LARGE = BATCH_ROWS // 4
"""Rows of a page that is landed as it came: the pages of a large file are not worth a copy."""


class _Table:
    """One source table as it lands: batches of a bounded size, and what is counted of them."""

    def __init__(self, stage: Stage, name: str, keys: Sequence[str]) -> None:
        self._batches = GrowingTable(stage, raw_name(name), _LARGE)
        self._keys = keys
        self._ids = DistinctIds()
        self._digest = hashlib.sha256()
        self.rows = 0
        self._declared: int | None = None

    def count(self, page: Page) -> None:
        """Count a page: its rows, what total it tells, its ids."""
        self.rows += page.batch.num_rows
        self._declared = page.proof.total if page.proof.total is not None else self._declared
        key = _key_of(page.batch.schema.names, self._keys)
        ids = page.batch.column(key).cast(pa.string())
        self._ids.add(ids)
        self._digest.update(joined(ids))

    def land(self, page: Page) -> None:
        """Land a page, joined with its neighbours unless it is large."""
        self._batches.add(page.batch)

    def finish(self) -> None:
        """Land what is left, and the end mark."""
        self._batches.finish()

    def facts(self, table: RosterTable) -> TableFacts:
        """Return what was counted."""
        return TableFacts(table, self.rows, len(self._ids), self._declared, self._digest.hexdigest())


def _key_of(columns: Sequence[str], keys: Sequence[str]) -> str:
    """Return the column that tells rows apart: the dialect's, else the place each row came from."""
    given = {maps.fold(name): name for name in columns}
    return next((given[maps.fold(key)] for key in keys if maps.fold(key) in given), PLACE)


_Tables = dict[str, _Table]

REFUSED = "CN04"
"""What a source says when the account may not read a collection."""

DISPENSABLE = frozenset({RosterTable.ACADEMIC_SESSIONS})
"""What a first roster can do without: what refers to it leaves the reference out. All else, rows hang on."""


@dataclass(frozen=True)
class _Landed:
    """What one attempt brought: tables, and the collections that were refused."""

    source_pull: Pull
    maps: maps.RosterMaps
    tables: _Tables
    refused: tuple[Finding, ...]
    births: tuple[Finding, ...]

    @property
    def mode(self) -> Mode:
        """A roster with a collection refused proves no absence: it is as good as a delta."""
        return Mode.DELTA if self.refused else Mode(self.source_pull.facts.mode)


def pull(stage: Stage) -> dict[str, int]:
    """Land every page of every roster table in tonight's snapshot; return the rows read.

    A pull of the same night that broke off is gone on with. The snapshot is saved as complete only after
    paging ended properly everywhere. A collection that is refused stays as it is and opens a case, when its
    rows are in force or a roster can do without it; the others go on. Raises RetryLater, StopDistrict or
    ContractBroken, which is also the end of a roster that moves at each of three restarts; what had landed
    by then stays, marked incomplete, until the next night.
    """
    births.forget_unwanted(stage)
    config, secret = connector_of(stage.house, stage.code, "roster")
    if config is None:
        raise StopDistrict(
            "CF10",
            f"District {stage.code} has no roster connector.",
            fix="Add a roster connector to the district's region file.",
        )
    source = registry.roster_source(config, secret, clock=stage.clock)
    with snapshot_for(stage) as snapshot:
        stage = replace(stage, snapshot=snapshot)
        landed = _read(stage, source)
        noticed = [_finding(notice) for notice in landed.source_pull.notices()]
        stage.write_findings("pull", [*noticed, *landed.refused, *landed.births])
        _save(stage, landed)
    return {"read": sum(table.rows for table in landed.tables.values())}


def _read(stage: Stage, source: RosterSource) -> _Landed:
    """Read the roster, again when it moved: what moved, and only that, is asked for anew."""
    verdict: RosterMoved | None = None
    for _ in range(1 + RESTARTS):
        try:
            return _attempt(stage, source)
        except RosterMoved as moved:
            verdict = moved
    assert verdict is not None
    raise ContractBroken(
        verdict.code,
        f"{verdict.message}, again after {RESTARTS} restarts",
        fix="Pull at a quieter hour; if it stays, tell the SIS's host.",
        place=verdict.place,
    )


def _attempt(stage: Stage, source: RosterSource) -> _Landed:
    source_pull = open_pull(stage, source, stage.house.landing.for_pull(stage.code, stage.snapshot))
    try:
        landed = replace(_land(stage, source_pull), births=tuple(births.land(stage, source_pull)))
    except SisbridgeError:
        with suppress(SisbridgeError):
            source_pull.close()
        raise
    source_pull.close()
    return landed


def _land(stage: Stage, source_pull: Pull) -> _Landed:
    roster_maps = maps.maps_for(source_pull.facts.version, mapping_of(stage.district))
    tables: _Tables = {}
    refused: list[Finding] = []
    for source_table in source_pull.facts.source_tables:
        if source_table not in roster_maps.sources:
            continue
        try:
            tables |= _land_table(stage, source_pull, roster_maps, source_table)
        except StopDistrict as error:
            served = roster_maps.sources[source_table]
            in_force = _in_force(stage, served)
            if error.code != REFUSED or not tables or not (in_force or DISPENSABLE.issuperset(served)):
                raise
            refused.append(_refusal(source_table, error, in_force=in_force))
        failpoint(f"pull:{source_table}:landed")
        if source_table in tables:
            refuse_strangers(stage, roster_maps, source_table)
    return _Landed(source_pull, roster_maps, tables, tuple(refused), births=())


def _in_force(stage: Stage, tables: Iterable[RosterTable]) -> bool:
    with stage.house.store.read() as conn:
        counts = roster.count(conn, stage.code)
    return any(counts[table] > 0 for table in tables)


def _refusal(source_table: str, error: StopDistrict, *, in_force: bool) -> Finding:
    stays = f"The {source_table} in force stay as they are"
    lacks = f"No {source_table} are in force, and what refers to them comes without that reference"
    return Finding(
        rule=error.code,
        severity=Severity.DROP_VALUE,
        table=source_table,
        field="",
        place=error.place,
        key="",
        masked="",
        message=f"{error.message.rstrip('.')}. {stays if in_force else lacks}.",
        fix=error.fix,
    )


def _land_table(stage: Stage, source_pull: Pull, roster_maps: maps.RosterMaps, source_table: str) -> _Tables:
    """Land one source table; a source may give pages of a second table (roles) along with it.

    Pages are counted in a thread, one after another, while others are read and landed.
    """

    def begun(name: str) -> _Table:
        return _Table(stage, name, roster_maps.key_columns(name))

    tables = {source_table: begun(source_table)}

    def pages() -> Iterator[Page]:
        for page in source_pull.pages(source_table):
            if page.source_table not in tables:
                tables[page.source_table] = begun(page.source_table)
            yield page

    for page, _ in ahead(pages(), lambda one: tables[one.source_table].count(one), threads=1):
        tables[page.source_table].land(page)
    for table in tables.values():
        table.finish()
    return tables


def _save(stage: Stage, landed: _Landed) -> None:
    facts = _facts(landed)
    pulled = landed.source_pull.facts
    snapshot = RosterSnapshot(
        snapshot_id=stage.snapshot,
        district=stage.code,
        run_id=stage.run_id,
        as_of=stands_for(stage, pulled),
        mode=landed.mode,
        version=pulled.version,
        tables=facts,
        complete=True,
    )
    with stage.house.store.begin("pull") as conn:
        snapshots.save(conn, snapshot)
        snapshots.keep_settings(conn, stage.code, stage.snapshot, stage.district.settings)
        runs.set_snapshot(conn, stage.code, stage.run_id, stage.snapshot)


def _facts(landed: _Landed) -> tuple[TableFacts, ...]:
    """Return what was counted by roster table: what several source tables brought of one is added up."""
    by_table: dict[RosterTable, TableFacts] = {}
    for name, table in landed.tables.items():
        for target in landed.maps.sources.get(name, ())[:1]:
            own = table.facts(target)
            by_table[target] = _added(by_table[target], own) if target in by_table else own
    return tuple(by_table.values())


def _added(one: TableFacts, other: TableFacts) -> TableFacts:
    declared = None
    if one.declared_total is not None and other.declared_total is not None:
        declared = one.declared_total + other.declared_total
    both = hashlib.sha256(f"{one.sha256}{other.sha256}".encode()).hexdigest()
    ids = one.distinct_ids + other.distinct_ids
    return TableFacts(one.table, one.rows + other.rows, ids, declared, both)


def _finding(notice: Notice) -> Finding:
    return Finding(
        rule=notice.code,
        severity=Severity(notice.severity),
        table=notice.source_table,
        field=notice.field,
        place=notice.place,
        key=notice.key,
        masked="",
        message=notice.message,
        fix=notice.fix,
    )
