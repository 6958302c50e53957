"""Rows that are new to the roster, written straight into it and into its history.

They take nothing away, so nothing has to be looked up first: laid beside the roster and moved in like
other changes, they would be written twice.
"""

from __future__ import annotations

import pyarrow as pa

from domain.model import Op
from sisbridge.store import bulk, history
from sisbridge.store.staging import Step, constants, new_name
from sisbridge.store.tables.roster import change

_OP = {"op": Op.ADD.value, "fields": ""}


def add(step: Step, fresh: pa.Table) -> int:
    """Add the rows of these changes, all of them adds, with their history; return how many.

    fresh: as `staging.beside` returns them. A sourced_id that is in the roster already is refused by the
    database.
    """
    bulk.insert(step.conn, change, _as_changes(step, fresh), history.constants(step) | _OP)
    return bulk.insert(step.conn, step.stored, _as_rows(step, fresh), constants(step))


def _as_changes(step: Step, fresh: pa.Table) -> pa.Table:
    first = history.next_number(step)
    kept = [name for name in ("sourced_id", "school", "after_digest") if name in fresh.column_names]
    numbers = pa.array(range(first, first + fresh.num_rows), pa.int64())
    return fresh.select(kept).append_column("change_id", numbers)


def _as_rows(step: Step, fresh: pa.Table) -> pa.Table:
    columns = {name: fresh.column(new_name(name)) for name in step.values}
    return pa.table(
        {"sourced_id": fresh.column("sourced_id"), "digest": fresh.column("after_digest"), **columns}
    )
