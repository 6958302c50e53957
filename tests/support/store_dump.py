"""A store as plain rows, without what differs between two runs of one night: run ids, times, attempts."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from sisbridge.store.database import Store
from sisbridge.store.tables import METADATA

_OF_A_RUN = {"run", "run_stage", "snapshot", "snapshot_table", "finding", "quarantine", "receipt", "drift"}
_VOLATILE = {
    "run_id",
    "snapshot_id",
    "first_snapshot_id",
    "last_changed_snapshot_id",
    "change_id",
    "seq",
    "attempts",
}
_CHAINED = {"previous_hash", "hash"}
"""The audit's hashes follow from its moments; its records are compared without them."""


def dump(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Return every table's rows that a night's repetition must not change, sorted."""
    with store.read() as conn:
        tables = [table for table in METADATA.sorted_tables if table.name not in _OF_A_RUN]
        rows = {table.name: _rows(conn, table) for table in tables}
        rows["last receipt of each item"] = _last_outcomes(conn)
    return rows


def _rows(conn: sa.Connection, table: sa.Table) -> list[tuple[Any, ...]]:
    kept = [column for column in table.columns if _is_kept(column)]
    return sorted((tuple(row) for row in conn.execute(sa.select(*kept))), key=repr)


def _is_kept(column: sa.Column[Any]) -> bool:
    # What is sealed differs by its nonce each time it is sealed; its digest stands beside it.
    is_sealed = isinstance(column.type, sa.LargeBinary) and "digest" not in column.name
    return not (
        is_sealed or column.name in _VOLATILE | _CHAINED or column.name == "at" or column.name.endswith("_at")
    )


def _last_outcomes(conn: sa.Connection) -> list[tuple[Any, ...]]:
    receipt = METADATA.tables["receipt"]
    query = sa.select(receipt.c.district_code, receipt.c.item_id, receipt.c.outcome).order_by(
        receipt.c.attempt, receipt.c.seq
    )
    return sorted(
        {(district, item): outcome for district, item, outcome in conn.execute(query)}.items(), key=repr
    )
