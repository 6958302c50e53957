"""What each night counted on either side, kept by run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import sqlalchemy as sa
from sqlalchemy import Connection

from domain.ids import DistrictCode, RunId
from domain.model import Op
from mappings.holding import SCHOOL
from sisbridge.store.tables.holds import drift
from sisbridge.store.tables.region import run
from sisbridge.store.tables.roster import change
from sisbridge.store.upsert import upsert

Rows = Mapping[tuple[str, str, str], int]
"""Rows by table, school and reason."""


def save(conn: Connection, district: DistrictCode, run_id: RunId, rows: Rows) -> None:
    """Keep what a run counted; a repeated run replaces its first counts."""
    conn.execute(sa.delete(drift).where(drift.c.district_code == district, drift.c.run_id == run_id))
    names = ("roster_table", "school", "reason")
    values = [
        {"district_code": district, "run_id": run_id, **dict(zip(names, key, strict=True)), "rows": count}
        for key, count in rows.items()
    ]
    upsert(conn, drift, values)


def last(conn: Connection, district: DistrictCode) -> tuple[RunId | None, Rows]:
    """Return the newest run that counted, and what it counted."""
    newest = (
        sa.select(run.c.run_id)
        .join(drift, sa.and_(drift.c.district_code == run.c.district_code, drift.c.run_id == run.c.run_id))
        .where(run.c.district_code == district)
        .order_by(run.c.seq.desc())
        .limit(1)
    )
    run_id = conn.scalar(newest)
    wanted = sa.select(drift).where(drift.c.district_code == district, drift.c.run_id == run_id)
    rows = conn.execute(wanted)
    return run_id, {(row.roster_table, row.school, row.reason): row.rows for row in rows}


def past(conn: Connection, district: DistrictCode, reason: str) -> dict[tuple[RunId, str, str], int]:
    """Return what every run counted under one reason, by run, table and school."""
    wanted = sa.select(drift).where(drift.c.district_code == district, drift.c.reason == reason)
    return {(RunId(row.run_id), row.roster_table, row.school): row.rows for row in conn.execute(wanted)}


def removed(
    conn: Connection, district: DistrictCode, since: date, actor: str
) -> dict[tuple[date, str, str], int]:
    """Return how many rows went after a day in one actor's name, by night, table and school ("" for none)."""
    school = sa.func.coalesce(*(_lost(conn, name) for name in sorted(set(SCHOOL.values()))), "")
    columns = (change.c.night_on, change.c.roster_table, school)
    wanted = (
        sa.select(*columns, sa.func.count())
        # Written out, so that the planner sees that the index of removals is enough.
        .where(change.c.op == sa.literal_column(f"'{Op.REMOVE}'"))
        .where(change.c.district_code == district, change.c.night_on > since, change.c.decided_by == actor)
        .group_by(*columns)
    )
    return {(night_on, table, at): rows for night_on, table, at, rows in conn.execute(wanted)}


def _lost(conn: Connection, name: str) -> sa.ColumnElement[str]:
    """Return one value of the rows that went, which the history keeps whole, as JSON."""
    if conn.dialect.name == "postgresql":
        return sa.func.json_extract_path_text(sa.cast(change.c.before, sa.JSON), name, type_=sa.Text)
    return sa.func.json_extract(change.c.before, f"$.{name}", type_=sa.Text)


def moves(
    conn: Connection, district: DistrictCode, actor: str
) -> list[tuple[RunId, date, str, str, str, int]]:
    """Return run, night, table, school, op and rows of the changes that were applied in one actor's name."""
    columns = (change.c.run_id, change.c.night_on, change.c.roster_table, change.c.school, change.c.op)
    wanted = (
        sa.select(*columns, sa.func.count())
        .where(change.c.district_code == district, change.c.decided_by == actor)
        .group_by(*columns)
        .order_by(*columns)
    )
    rows = conn.execute(wanted)
    return [
        (RunId(run_id), on, table, school or "", op, many) for run_id, on, table, school, op, many in rows
    ]
