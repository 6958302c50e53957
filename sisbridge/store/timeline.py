"""What happened to one record, newest first, and what the last runs cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

import orjson
import sqlalchemy as sa

from domain.ids import DistrictCode, SourcedId
from domain.model import Op
from domain.tables import RosterTable
from sisbridge.store.database import Connection
from sisbridge.store.runs import RunMode
from sisbridge.store.tables import region, roster


@dataclass(frozen=True, slots=True)
class PastChange:
    """One change of one record. Its repr shows no value.

    fields: what changed, by name. decided_by: the nightly run, or a person. before: the values it took
    away, by column; all of a row's when it was removed.
    """

    table: RosterTable
    sourced_id: SourcedId
    op: Op
    night_on: date
    fields: tuple[str, ...] = ()
    decided_by: str = ""
    before: Mapping[str, str | None] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class StageCost:
    """What one stage of a run took."""

    stage: str
    rows: int
    seconds: float


@dataclass(frozen=True, slots=True)
class LastRun:
    """How a district's last run ended and what its stages took. code, message, fix: why it did not finish."""

    district: DistrictCode
    night_on: date
    mode: str
    state: str
    code: str
    message: str
    fix: str
    stages: tuple[StageCost, ...] = ()


def of_record(
    conn: Connection, district: DistrictCode, table: RosterTable, *sourced_ids: SourcedId
) -> list[PastChange]:
    """Return the changes of one record under all sourcedIds it had, newest first."""
    change = roster.change
    query = (
        sa.select(
            change.c.change_id,
            change.c.sourced_id,
            change.c.op,
            change.c.night_on,
            change.c.fields,
            change.c.decided_by,
            change.c.before,
        )
        .where(change.c.district_code == district, change.c.roster_table == table.value)
        .where(change.c.sourced_id.in_(sourced_ids))
    )
    # Sorted here: asked to sort, SQLite walks the whole history by its key instead of the record's index.
    found = sorted(conn.execute(query), key=lambda row: row.change_id, reverse=True)
    return [
        PastChange(
            table,
            SourcedId(row.sourced_id),
            Op(row.op),
            row.night_on,
            tuple(name for name in row.fields.split(",") if name),
            row.decided_by,
            orjson.loads(row.before) if row.before else {},
        )
        for row in found
    ]


def last_runs(conn: Connection) -> list[LastRun]:
    """Return each district's last run that was no rehearsal, by district; without a finished stage too."""
    run, stage = region.run, region.run_stage
    newest = (
        sa.select(run.c.district_code, sa.func.max(run.c.seq).label("seq"))
        .where(run.c.mode != RunMode.REHEARSAL.value)
        .group_by(run.c.district_code)
        .subquery()
    )
    of_its = (stage.c.district_code == run.c.district_code) & (stage.c.run_id == run.c.run_id)
    told = [run.c[name] for name in ("district_code", "night_on", "mode", "state", "code", "message", "fix")]
    query = (
        sa.select(*told, stage.c.stage, stage.c.rows, stage.c.seconds)
        .join(newest, (newest.c.district_code == run.c.district_code) & (newest.c.seq == run.c.seq))
        .outerjoin(stage, of_its)
        .order_by(run.c.district_code, stage.c.stage)
    )
    found: dict[DistrictCode, LastRun] = {}
    for row in conn.execute(query):
        of_run = found.setdefault(DistrictCode(row.district_code), LastRun(*row[:7]))
        if row.stage is not None:
            cost = StageCost(row.stage, row.rows, row.seconds)
            found[of_run.district] = replace(of_run, stages=(*of_run.stages, cost))
    return list(found.values())
