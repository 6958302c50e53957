"""What of a delta neither came into force nor waits: a fault of ours, for nothing may be lost on the way."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from domain.tables import RosterTable
from mappings.arrow import Texts, texts
from sisbridge.store import roster
from sisbridge.store.database import Connection
from sisbridge.sync.context import Stage
from sisbridge.sync.holding.withhold import held_name
from sisbridge.sync.roster.usable import usable


def unsettled(conn: Connection, stage: Stage) -> int:
    """Return how many usable rows of an applied delta are not in force as they came, nor gone as it told.

    Rows that are held are settled; of rows that the delta leaves out nothing is known.
    """
    return sum(_unsettled(conn, stage, table) for table in RosterTable)


def _unsettled(conn: Connection, stage: Stage, table: RosterTable) -> int:
    held = pa.chunked_array(
        [batch.column("sourced_id") for batch in stage.read(held_name(table), ["sourced_id"])], pa.string()
    )
    left = 0
    for batch in usable(stage, table, ["sourced_id", "status", "digest"]):
        is_held = pc.is_in(batch.column("sourced_id"), value_set=held)
        left += _left(conn, stage, table, batch.filter(pc.invert(is_held)))
    return left


def _left(conn: Connection, stage: Stage, table: RosterTable, came: pa.RecordBatch) -> int:
    ids: Texts = came.column("sourced_id")
    found = roster.rows(conn, stage.code, table, ["sourced_id", "digest"], {"sourced_id": ids.to_pylist()})
    at = pc.index_in(ids, value_set=texts(found, "sourced_id"))
    in_force = found.column("digest").combine_chunks().take(at)
    deleted = pc.equal(came.column("status"), "tobedeleted")
    alike = pc.fill_null(pc.equal(in_force, came.column("digest")), fill_value=False)
    settled = pc.if_else(deleted, pc.is_null(in_force), alike)
    return int(pc.sum(pc.invert(settled)).as_py() or 0)
