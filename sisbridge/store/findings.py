"""Findings of a run, and the quarantine: rows held back, sealed, by the rule that held them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson
import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy import Connection, Row, Select

from domain.ids import DistrictCode, RunId, SnapshotId
from domain.model import Finding, Severity
from sisbridge.store import bulk
from sisbridge.store.sealing import Keyring
from sisbridge.store.tables import roster as tables
from sisbridge.store.tables.roster import finding
from sisbridge.store.upsert import insert_missing


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """One row held back by one rule. Its repr shows place and key, never the values."""

    table: str
    place: str
    sourced_id: str
    rule: str
    values: Mapping[str, str | None] = field(default_factory=dict, repr=False)


def record_findings(
    conn: Connection, district: DistrictCode, run_id: RunId, findings: Sequence[Finding]
) -> None:
    """Add findings to a run, numbered in the order given."""
    last = sa.select(sa.func.max(finding.c.seq)).where(*_of_run(district, run_id))
    first = (conn.scalar(last) or 0) + 1
    rows = [
        {
            "district_code": district,
            "run_id": run_id,
            "seq": first + place,
            **{_COLUMN.get(name, name): value for name, value in asdict(one).items()},
        }
        for place, one in enumerate(findings)
    ]
    bulk.insert(conn, finding, pa.Table.from_pylist(rows, schema=_FINDING))


def findings(conn: Connection, district: DistrictCode, run_id: RunId) -> list[Finding]:
    """Return a run's findings in the order they were recorded."""
    rows = conn.execute(sa.select(finding).where(*_of_run(district, run_id)).order_by(finding.c.seq))
    return [_finding(row) for row in rows]


def quarantine(
    conn: Connection,
    keyring: Keyring,
    district: DistrictCode,
    snapshot_id: SnapshotId,
    rows: Sequence[QuarantinedRow],
) -> None:
    """Hold rows back, sealed; a row held again by the same rule in the same snapshot is held once."""
    insert_missing(
        conn,
        tables.quarantine,
        [
            {
                "district_code": district,
                "snapshot_id": snapshot_id,
                "roster_table": str(row.table),
                "place": row.place,
                "rule": row.rule,
                "sourced_id": row.sourced_id,
                "sealed": keyring.seal(district, orjson.dumps(dict(row.values)), _purpose(snapshot_id, row)),
            }
            for row in rows
        ],
    )


def quarantined(
    conn: Connection,
    district: DistrictCode,
    snapshot_id: SnapshotId,
    *,
    table: str | None = None,
    sourced_id: str | None = None,
) -> list[QuarantinedRow]:
    """Return what a snapshot holds back, by table, place and rule, without the values."""
    wanted = _held(district, snapshot_id, table)
    if sourced_id is not None:
        wanted = wanted.where(tables.quarantine.c.sourced_id == sourced_id)
    return [_row(row) for row in conn.execute(wanted)]


def open_quarantined(
    conn: Connection, keyring: Keyring, district: DistrictCode, snapshot_id: SnapshotId, table: str
) -> list[QuarantinedRow]:
    """Return what a snapshot holds back of one table, with the values."""
    opened = []
    for row in conn.execute(_held(district, snapshot_id, table)).all():
        bare = _row(row)
        values = orjson.loads(keyring.open(district, row.sealed, _purpose(snapshot_id, bare)))
        opened.append(QuarantinedRow(bare.table, bare.place, bare.sourced_id, bare.rule, values))
    return opened


_COLUMN = {"table": "roster_table", "group": "grouping"}
"""Words of ours that SQL keeps for itself."""

_FINDING = pa.schema(
    [
        (column.name, pa.int64() if isinstance(column.type, sa.Integer) else pa.string())
        for column in finding.columns
    ]
)


def _of_run(district: DistrictCode, run_id: RunId) -> tuple[sa.ColumnElement[bool], ...]:
    return finding.c.district_code == district, finding.c.run_id == run_id


def _finding(row: Row[*tuple[Any, ...]]) -> Finding:
    return Finding(
        rule=row.rule,
        severity=Severity(row.severity),
        table=row.roster_table,
        field=row.field,
        place=row.place,
        key=row.key,
        masked=row.masked,
        message=row.message,
        fix=row.fix,
        group=row.grouping,
        student=row.student,
    )


def _held(district: DistrictCode, snapshot_id: SnapshotId, table: str | None) -> Select[*tuple[Any, ...]]:
    held = tables.quarantine.c
    wanted = sa.select(tables.quarantine).where(
        held.district_code == district, held.snapshot_id == snapshot_id
    )
    if table is not None:
        wanted = wanted.where(held.roster_table == str(table))
    return wanted.order_by(held.roster_table, held.place, held.rule)


def _row(row: Row[*tuple[Any, ...]]) -> QuarantinedRow:
    return QuarantinedRow(row.roster_table, row.place, row.sourced_id, row.rule)


def _purpose(snapshot_id: SnapshotId, row: QuarantinedRow) -> str:
    return f"quarantine/{snapshot_id}/{row.table}/{row.place}/{row.rule}"
