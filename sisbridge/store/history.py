"""The history of the roster: what each change took away, written in the transaction that makes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import orjson
import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy import Connection, Row, Table

from domain.ids import DistrictCode
from domain.model import Decision, Op
from sisbridge.store import bulk
from sisbridge.store.staging import DIGESTED, Step, not_as_expected
from sisbridge.store.tables.roster import change

_ROWS_AT_ONCE = 20_000
_TAKING = (Op.UPDATE, Op.RETURN, Op.REMOVE)
"""The kinds of change that take something away, which is kept."""


def write(step: Step, stage: Table) -> None:
    """Write one history row for every staged change, before the roster moves.

    Raises ContractBroken CF41 when a row to be changed is not there, or not as the change says it was.
    """
    first = next_number(step)
    first += _write_plain(step, stage, first)
    expected = step.conn.scalar(sa.select(sa.func.count()).select_from(stage).where(stage.c.op.in_(_TAKING)))
    written = 0
    for part in _taken(step, stage) if expected else ():
        bulk.insert(step.conn, change, _as_changes(step, part, first + written), constants(step))
        written += len(part)
    if written != expected:
        raise not_as_expected(step.district, step.table)


def next_number(step: Step) -> int:
    """Return the number of the next history row of the district."""
    return last_number(step.conn, step.district) + 1


def last_number(conn: Connection, district: DistrictCode) -> int:
    """Return the number of the district's last history row: no row of its roster moves without one."""
    last = sa.select(sa.func.max(change.c.change_id)).where(change.c.district_code == district)
    return int(conn.scalar(last) or 0)


def _write_plain(step: Step, stage: Table, first: int) -> int:
    """Write the changes that take nothing away, in one statement."""
    number = sa.func.row_number().over(order_by=stage.c.sourced_id) + (first - 1)
    columns = {
        **{name: sa.literal(value, change.c[name].type) for name, value in constants(step).items()},
        "change_id": number,
        "sourced_id": stage.c.sourced_id,
        "school": stage.c.school,
        "op": stage.c.op,
        "fields": sa.literal(""),
        "before_digest": stage.c.before_digest,
        "after_digest": stage.c.after_digest,
    }
    plain = sa.select(*columns.values()).where(stage.c.op.not_in(_TAKING))
    return bulk.changed_rows(step.conn, sa.insert(change).from_select(list(columns), plain))


def constants(step: Step) -> dict[str, object]:
    """Return what every history row of a step says alike."""
    return {
        "district_code": step.district,
        "snapshot_id": step.snapshot_id,
        "run_id": step.run_id,
        "night_on": step.night_on,
        "roster_table": step.table.value,
        "decision": Decision.APPLY.value,
        "decided_by": step.actor,
        "at": step.at,
    }


def _taken(step: Step, stage: Table) -> Iterator[Sequence[Row[*tuple[object, ...]]]]:
    """Yield staged changes with the roster row each is about to change, some thousand at a time.

    A row: sourced_id, op, school, before and after digest, the stored digest, then the stored values
    and the new values in column order.
    """
    stored = step.stored.c
    statement = (
        sa.select(
            stage.c.sourced_id,
            stage.c.op,
            stage.c.school,
            stage.c.before_digest,
            stage.c.after_digest,
            stored.digest,
            *(stored[name] for name in step.values),
            *(stage.c[f"new_{name}"] for name in step.values),
        )
        .where(
            stored.district_code == step.district,
            stored.sourced_id == stage.c.sourced_id,
            stage.c.op.in_(_TAKING),
        )
        .order_by(stage.c.sourced_id)
    )
    yield from step.conn.execute(statement.execution_options(yield_per=_ROWS_AT_ONCE)).partitions()


def _as_changes(step: Step, part: Sequence[Row[*tuple[object, ...]]], first: int) -> pa.Table:
    keys, fields, befores = [], [], []
    for row in part:
        if row[3] is not None and row[3] != row[5]:
            raise not_as_expected(step.district, step.table)
        field_names, before = _loss(step, row)
        keys.append(row[:5])
        fields.append(field_names)
        befores.append(before)
    sourced_id, op, school, before_digest, after_digest = zip(*keys, strict=True)
    return pa.table(
        {
            "change_id": pa.array(range(first, first + len(part)), pa.int64()),
            "sourced_id": pa.array(sourced_id, pa.string()),
            "school": pa.array(school, pa.string()),
            "op": pa.array(op, pa.string()),
            "fields": pa.array(fields, pa.string()),
            "before_digest": pa.array(before_digest, pa.binary()),
            "after_digest": pa.array(after_digest, pa.binary()),
            "before": pa.array(befores, pa.string()),
        }
    )


def _loss(step: Step, row: Row[*tuple[object, ...]]) -> tuple[str, str]:
    """Return the names of the fields that change, and what is lost as JSON: those, or the whole row."""
    stored, new = row[6 : 6 + len(step.values)], row[6 + len(step.values) :]
    if row[1] == Op.REMOVE:
        return "", orjson.dumps(dict(zip(step.values, stored, strict=True))).decode()
    beside = zip(step.values, stored, new, strict=True)
    lost = {name: value for name, value, becomes in beside if value != becomes}
    digested = DIGESTED[step.table]
    return ",".join(name for name in lost if name in digested), orjson.dumps(lost).decode()
