"""What one stage of one district's night works with, and the names of what it leaves in the landing zone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

import pyarrow as pa

from domain.clock import Clock
from domain.ids import DistrictCode, RunId, SnapshotId, SourcedId
from domain.model import ConnectorConfig, District, Finding, Severity
from domain.tables import RosterTable
from sisbridge.house import House, clock_of
from sisbridge.store import regions

STAGES: tuple[str, ...] = ("pull", "normalize", "validate", "compare", "apply", "seats")
"""The stages of a night in order; Airflow gives each a task."""

BATCH_ROWS = 65_536
"""Rows of a canonical batch: large enough to spread fixed costs, small enough to bound memory."""


@dataclass(frozen=True)
class Stage:
    """One district's night as a stage sees it. `snapshot` is empty until the pull has landed one.

    night_on: the run's night, which stays the same when a stage runs past midnight.
    """

    house: House
    district: District
    run_id: RunId
    snapshot: SnapshotId
    night_on: date

    @property
    def code(self) -> DistrictCode:
        """Return the district's code."""
        return self.district.code

    @property
    def clock(self) -> Clock:
        """Return the district's clock."""
        return clock_of(self.district)

    def now(self) -> datetime:
        """Return the present moment by the district's clock, in UTC."""
        return self.clock()

    def write(self, name: str, batches: Iterator[pa.RecordBatch]) -> None:
        """Land Arrow batches of this snapshot, sealed, one object a batch."""
        self.house.landing.write_batches(self.code, self.snapshot, name, batches)

    def read(self, name: str, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Read back what an earlier stage landed under a name, batch by batch; only some columns if named."""
        return self.house.landing.read_batches(self.code, self.snapshot, name, columns)

    def has(self, name: str) -> bool:
        """Return whether a table was landed under a name to its end."""
        return self.house.landing.exists(self.code, self.snapshot, f"{name}/end")

    def write_findings(self, name: str, findings: Sequence[Finding]) -> None:
        """Land findings of a stage, sealed, for the stage that records them."""
        data = json.dumps([asdict(finding) for finding in findings]).encode()
        self.house.landing.write(self.code, self.snapshot, f"findings/{name}", data)

    def read_findings(self, name: str) -> list[Finding]:
        """Read back the findings of an earlier stage; none when it left none."""
        if not self.house.landing.exists(self.code, self.snapshot, f"findings/{name}"):
            return []
        rows = json.loads(self.house.landing.read(self.code, self.snapshot, f"findings/{name}"))
        return [_finding(row) for row in rows]


def _finding(row: dict[str, str | None]) -> Finding:
    texts = {key: value or "" for key, value in row.items() if key not in ("severity", "student")}
    student = SourcedId(row["student"]) if row["student"] else None
    return Finding(severity=Severity(row["severity"] or ""), student=student, **texts)


def raw_name(source_table: str) -> str:
    """Return where a source table's pages lie, under the SIS's own column names."""
    return f"pages/{source_table}"


def canonical_name(table: RosterTable) -> str:
    """Return where a table's normalized batches lie."""
    return f"canonical/{table}"


def clean_name(table: RosterTable) -> str:
    """Return where a table's judged and digested batches lie."""
    return f"clean/{table}"


def seen_name(table: RosterTable) -> str:
    """Return where the ids of a table's quarantined rows lie: seen, though not usable."""
    return f"seen/{table}"


def changes_name(table: RosterTable) -> str:
    """Return where a table's changes lie."""
    return f"changes/{table}"


def connector_of(
    house: House, district: DistrictCode, purpose: str
) -> tuple[ConnectorConfig | None, Callable[[str], str]]:
    """Return a district's connector configuration for a purpose and the way to its secrets."""
    with house.store.read() as conn:
        config = regions.connector(conn, district, purpose)

    def secret(name: str) -> str:
        with house.store.read() as conn:
            return house.secret(conn, district, name)

    return config, secret


def mapping_of(district: District) -> dict[str, object]:
    """Return the district's own words for columns and codes, as `mappings.maps.maps_for` takes them."""
    chosen = district.settings.get("mapping", {})
    return dict(chosen) if isinstance(chosen, dict) else {}


def coalesce(batches: Iterator[pa.RecordBatch], rows: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
    """Join small batches of one schema into batches of about `rows` rows; order is kept."""
    waiting: list[pa.RecordBatch] = []
    held = 0
    for batch in batches:
        waiting.append(batch)
        held += batch.num_rows
        if held >= rows:
            yield _joined(waiting)
            waiting, held = [], 0
    if waiting:
        yield _joined(waiting)


def _joined(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    if len(batches) == 1:
        return batches[0]
    return pa.Table.from_batches(batches).combine_chunks().to_batches()[0]
