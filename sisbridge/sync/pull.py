"""Pull one district's roster into a sealed snapshot that is proven complete, or is not usable."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from connectors import registry
from connectors.distinct import DistinctIds
from connectors.protocol import Notice, Page, Pull, RosterMoved, RosterSource
from domain.errors import ContractBroken, SisbridgeError, StopDistrict
from domain.failpoints import failpoint
from domain.model import Finding, Mode, RosterSnapshot, Severity, TableFacts
from domain.tables import RosterTable
from sisbridge.store import roster, runs, snapshots
from sisbridge.sync.context import BATCH_ROWS, Stage, coalesce, connector_of, raw_name
from sisbridge.sync.unfinished import snapshot_for
from sisbridge.sync.window import open_pull

SOURCE_TABLES: dict[str, RosterTable] = {
    "orgs": RosterTable.ORGS,
    "academicSessions": RosterTable.ACADEMIC_SESSIONS,
    "courses": RosterTable.COURSES,
    "classes": RosterTable.CLASSES,
    "users": RosterTable.USERS,
    "roles": RosterTable.ROLES,
    "enrollments": RosterTable.ENROLLMENTS,
}
"""Source tables that a roster is made of; anything else a source offers is left where it is."""


RESTARTS = 3
"""How often a roster is read again because it moved while it was read."""


class _Table:
    """One source table as it lands: batches of a bounded size, and what is counted of them."""

    def __init__(self, stage: Stage, name: str) -> None:
        self._writer = stage.house.landing.batch_writer(stage.code, stage.snapshot, raw_name(name))
        self._waiting: list[pa.RecordBatch] = []
        self._held = 0
        self._ids = DistinctIds()
        self._digest = hashlib.sha256()
        self.rows = 0
        self._declared: int | None = None

    def add(self, page: Page) -> None:
        """Count a page and land it, joined with its neighbours."""
        self.rows += page.batch.num_rows
        self._declared = page.proof.total if page.proof.total is not None else self._declared
        ids = page.batch.column("sourcedId").cast(pa.string())
        self._ids.add(ids)
        self._digest.update(_joined(ids))
        self._waiting.append(page.batch)
        self._held += page.batch.num_rows
        if self._held >= BATCH_ROWS:
            self._flush()

    def finish(self) -> None:
        """Land what is left, and the end mark."""
        self._flush()
        self._writer.finish()

    def facts(self, table: RosterTable) -> TableFacts:
        """Return what was counted."""
        return TableFacts(table, self.rows, len(self._ids), self._declared, self._digest.hexdigest())

    def _flush(self) -> None:
        for batch in coalesce(iter(self._waiting)):
            self._writer.write(batch)
        self._waiting, self._held = [], 0


def _joined(ids: pa.StringArray) -> memoryview:
    """Return the bytes of the ids one after another, nothing between them."""
    together = pc.binary_join(pa.ListArray.from_arrays([0, len(ids)], ids.fill_null("")), "")
    return memoryview(together[0].as_buffer())


_Tables = dict[str, _Table]

REFUSED = "CN04"
"""What a source says when the account may not read a collection."""


@dataclass(frozen=True)
class _Landed:
    """What one attempt brought: tables, and the collections that were refused."""

    source_pull: Pull
    tables: _Tables
    refused: tuple[Finding, ...]

    @property
    def mode(self) -> Mode:
        """A roster with a collection refused proves no absence: it is as good as a delta."""
        return Mode.DELTA if self.refused else Mode(self.source_pull.facts.mode)


def pull(stage: Stage) -> dict[str, int]:
    """Land every page of every roster table in tonight's snapshot; return the rows read.

    A pull of the same night that broke off is gone on with. The snapshot is saved as complete only after
    paging ended properly everywhere. A collection that is refused, though its rows are in force, stays
    as it is and opens a case; the others go on. Raises RetryLater, StopDistrict or ContractBroken, which
    is also the end of a roster that moves at each of three restarts; what had landed by then stays,
    marked incomplete, until the next night.
    """
    config, secret = connector_of(stage.house, stage.code, "roster")
    if config is None:
        raise StopDistrict(
            "CF10",
            f"District {stage.code} has no roster connector.",
            fix="Add a roster connector to the district's region file.",
        )
    source = registry.roster_source(config, secret, clock=stage.clock)
    stage = replace(stage, snapshot=snapshot_for(stage))
    landed = _read(stage, source)
    noticed = [_finding(notice) for notice in landed.source_pull.notices()]
    stage.write_findings("pull", [*noticed, *landed.refused])
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
        landed = _land(stage, source_pull)
    except SisbridgeError:
        with suppress(SisbridgeError):
            source_pull.close()
        raise
    source_pull.close()
    return landed


def _land(stage: Stage, source_pull: Pull) -> _Landed:
    tables: _Tables = {}
    refused: list[Finding] = []
    for source_table in source_pull.facts.source_tables:
        if source_table not in SOURCE_TABLES:
            continue
        try:
            tables |= _land_table(stage, source_pull, source_table)
        except StopDistrict as error:
            if error.code != REFUSED or not tables or not _in_force(stage, SOURCE_TABLES[source_table]):
                raise
            refused.append(_refusal(source_table, error))
        failpoint(f"pull:{source_table}:landed")
    return _Landed(source_pull, tables, tuple(refused))


def _in_force(stage: Stage, table: RosterTable) -> bool:
    with stage.house.store.read() as conn:
        return roster.count(conn, stage.code)[table] > 0


def _refusal(source_table: str, error: StopDistrict) -> Finding:
    return Finding(
        rule=error.code,
        severity=Severity.DROP_VALUE,
        table=source_table,
        field="",
        place=error.place,
        key="",
        masked="",
        message=f"{error.message.rstrip('.')}. The {source_table} in force stay as they are.",
        fix=error.fix,
    )


def _land_table(stage: Stage, source_pull: Pull, source_table: str) -> _Tables:
    """Land one source table; a source may give pages of a second table (roles) along with it."""
    tables = {source_table: _Table(stage, source_table)}
    for page in source_pull.pages(source_table):
        if page.source_table not in tables:
            tables[page.source_table] = _Table(stage, page.source_table)
        tables[page.source_table].add(page)
    for table in tables.values():
        table.finish()
    return tables


def _save(stage: Stage, landed: _Landed) -> None:
    facts = tuple(table.facts(SOURCE_TABLES[name]) for name, table in landed.tables.items())
    pulled = landed.source_pull.facts
    snapshot = RosterSnapshot(
        snapshot_id=stage.snapshot,
        district=stage.code,
        run_id=stage.run_id,
        as_of=pulled.as_of,
        mode=landed.mode,
        version=pulled.version,
        tables=facts,
        complete=True,
    )
    with stage.house.store.begin("pull") as conn:
        snapshots.save(conn, snapshot)
        runs.set_snapshot(conn, stage.code, stage.run_id, stage.snapshot)


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
