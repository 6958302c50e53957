"""Pull one district's roster into a sealed snapshot that is proven complete, or is not usable."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import pyarrow as pa

from connectors import registry
from connectors.protocol import Notice, Page, Pull
from domain.errors import SisbridgeError, StopDistrict
from domain.failpoints import failpoint
from domain.ids import SnapshotId, fresh_id
from domain.model import Finding, Mode, RosterSnapshot, Severity, TableFacts
from domain.tables import RosterTable
from sisbridge.store import runs, snapshots
from sisbridge.sync.context import Stage, coalesce, connector_of, raw_name
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


@dataclass
class _Tally:
    """What is counted of one source table while it lands."""

    rows: int = 0
    declared: int | None = None
    ids: set[str] = field(default_factory=set)
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)

    def add(self, page: Page) -> None:
        self.rows += page.batch.num_rows
        self.declared = page.proof.total if page.proof.total is not None else self.declared
        column = page.batch.column(page.batch.schema.get_field_index("sourcedId"))
        for value in column.to_pylist():
            self.ids.add(value or "")
            self.digest.update((value or "").encode())


def pull(stage: Stage) -> dict[str, int]:
    """Land every page of every roster table in a new snapshot of the run; return the rows read.

    The snapshot is saved as complete only after paging ended properly everywhere. Raises RetryLater,
    StopDistrict or ContractBroken; what had landed by then stays, marked incomplete.
    """
    config, secret = connector_of(stage.house, stage.code, "roster")
    if config is None:
        raise StopDistrict(
            "CF10",
            f"District {stage.code} has no roster connector.",
            fix="Add a roster connector to the district's region file.",
        )
    snapshot = SnapshotId(fresh_id())
    source = registry.roster_source(config, secret, clock=stage.clock)
    stage = Stage(stage.house, stage.district, stage.run_id, snapshot)
    source_pull = open_pull(stage, source, stage.house.landing.for_pull(stage.code, snapshot))
    try:
        tallies = _land(stage, source_pull)
    except SisbridgeError:
        with suppress(SisbridgeError):
            source_pull.close()
        raise
    source_pull.close()
    stage.write_findings("pull", [_finding(notice) for notice in source_pull.notices()])
    _save(stage, source_pull, tallies)
    return {"read": sum(tally.rows for tally in tallies.values())}


def _land(stage: Stage, source_pull: Pull) -> dict[str, _Tally]:
    tallies: dict[str, _Tally] = {}
    for source_table in source_pull.facts.source_tables:
        if source_table in SOURCE_TABLES:
            _land_table(stage, source_pull, source_table, tallies)
            failpoint(f"pull:{source_table}:landed")
    return tallies


def _land_table(stage: Stage, source_pull: Pull, source_table: str, tallies: dict[str, _Tally]) -> None:
    """Land one source table; a source may give pages of a second table (roles) along with it."""
    besides: dict[str, list[pa.RecordBatch]] = {}

    def own_pages() -> Iterator[pa.RecordBatch]:
        for page in source_pull.pages(source_table):
            tallies.setdefault(page.source_table, _Tally()).add(page)
            if page.source_table == source_table:
                yield page.batch
            else:
                besides.setdefault(page.source_table, []).append(page.batch)

    stage.write(raw_name(source_table), coalesce(own_pages()))
    for name, batches in besides.items():
        stage.write(raw_name(name), coalesce(iter(batches)))


def _save(stage: Stage, source_pull: Pull, tallies: dict[str, _Tally]) -> None:
    facts = tuple(
        TableFacts(SOURCE_TABLES[name], tally.rows, len(tally.ids), tally.declared, tally.digest.hexdigest())
        for name, tally in tallies.items()
    )
    snapshot = RosterSnapshot(
        snapshot_id=stage.snapshot,
        district=stage.code,
        run_id=stage.run_id,
        as_of=source_pull.facts.as_of,
        mode=Mode(source_pull.facts.mode),
        version=source_pull.facts.version,
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
