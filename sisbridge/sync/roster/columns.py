"""Which columns each source table had, sealed beside the night's batches, for the next night to compare."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sisbridge.store import snapshots
from sisbridge.sync.context import Stage


def remember_columns(stage: Stage, source_table: str, columns: Sequence[str]) -> None:
    """Leave behind the columns of one source table of tonight's snapshot."""
    said = json.dumps(list(columns)).encode()
    stage.house.landing.write(stage.code, stage.snapshot, _name(source_table), said)


def remembered_columns(stage: Stage, source_table: str) -> list[str]:
    """Return the columns of a source table of the roster in force.

    None where that roster was of another version, is tonight's own, or is no longer in the landing zone.
    """
    with stage.house.store.read() as conn:
        tonight = snapshots.load(conn, stage.code, stage.snapshot)
        last = snapshots.last_applied(conn, stage.code)
    if last is None or last.snapshot_id == stage.snapshot or last.version != tonight.version:
        return []
    landing, name = stage.house.landing, _name(source_table)
    if not landing.exists(stage.code, last.snapshot_id, name):
        return []
    columns: list[str] = json.loads(landing.read(stage.code, last.snapshot_id, name))
    return columns


def _name(source_table: str) -> str:
    return f"columns/{source_table}"
