"""What is let go of: landings past their days, and everything of a district that leaves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from domain.grading import OutboxState
from domain.ids import DistrictCode, SnapshotId
from sisbridge.store.grades import GradeState
from sisbridge.store.regions import unknown_district
from sisbridge.store.runs import RunMode
from sisbridge.store.tables import METADATA, WITHOUT_DISTRICT
from sisbridge.store.tables.grades import grade, outbox
from sisbridge.store.tables.region import district as district_table
from sisbridge.store.tables.region import district_key, run
from sisbridge.store.tables.roster import quarantine, snapshot

KEPT_IN_A_PURGE = frozenset({"district", "district_key", "audit"})
"""What proves a purge: that there was a district, when its key was destroyed, and the chain of the audit."""


_SETTLED = (OutboxState.DELIVERED, OutboxState.CONFIRMED, OutboxState.SUPERSEDED, OutboxState.WITHDRAWN)


def past_their_days(conn: Connection, district: DistrictCode, before: datetime) -> list[SnapshotId]:
    """Return the snapshots landed before a moment whose landing is still there, oldest first.

    The one applied last and the newest are never among them: a night may still need what they hold.
    """
    mine = snapshot.c.district_code == district
    last = sa.select(sa.func.max(snapshot.c.applied_seq)).where(mine).scalar_subquery()
    of_run = sa.and_(run.c.district_code == snapshot.c.district_code, run.c.run_id == snapshot.c.run_id)
    # A file that lies there unchanged is as of its first reading, and landed every night; a copy that was
    # made for a replay goes with the night it is of.
    landed_at = sa.case((run.c.mode == RunMode.NIGHTLY.value, run.c.started_at), else_=snapshot.c.as_of)
    newest = sa.select(sa.func.max(landed_at)).select_from(snapshot).join(run, of_run).where(mine)
    wanted = (
        sa.select(snapshot.c.snapshot_id)
        .join(run, of_run)
        .where(mine, landed_at < before, landed_at < newest.scalar_subquery())
        .where(snapshot.c.landing_deleted_at.is_(None))
        .where(sa.or_(snapshot.c.applied_seq.is_(None), snapshot.c.applied_seq < last))
        .order_by(landed_at, snapshot.c.snapshot_id)
    )
    return [SnapshotId(found) for found in conn.scalars(wanted)]


def forget_rows(conn: Connection, district: DistrictCode, snapshot_id: SnapshotId, at: datetime) -> int:
    """Delete a snapshot's quarantined rows and note that its landing is gone; return how many rows.

    Counts, hashes and findings stay.
    """
    rows = sa.delete(quarantine).where(
        quarantine.c.district_code == district, quarantine.c.snapshot_id == snapshot_id
    )
    deleted = conn.execute(rows).rowcount
    this = (snapshot.c.district_code == district, snapshot.c.snapshot_id == snapshot_id)
    conn.execute(sa.update(snapshot).where(*this).values(landing_deleted_at=at))
    return deleted


def landing_deleted_at(conn: Connection, district: DistrictCode, snapshot_id: SnapshotId) -> datetime | None:
    """Return when a snapshot's landing was deleted, or None while it is there."""
    this = (snapshot.c.district_code == district, snapshot.c.snapshot_id == snapshot_id)
    return conn.scalar(sa.select(snapshot.c.landing_deleted_at).where(*this))


def unsent_grades(conn: Connection, district: DistrictCode) -> int:
    """Return how many of a district's grades wait yet: collected and not released, or in the outbox."""
    waiting = sa.select(outbox.c.grade_id).where(
        outbox.c.district_code == district, outbox.c.state.not_in([state.value for state in _SETTLED])
    )
    later = grade.alias("later")
    same = (later.c[name] == grade.c[name] for name in ("district_code", "grade_id"))
    newer = sa.exists().where(*same, later.c.revision > grade.c.revision)
    unreleased = sa.select(grade.c.grade_id).where(
        grade.c.district_code == district, grade.c.state == GradeState.COLLECTED.value, ~newer
    )
    either = sa.union(waiting, unreleased).subquery()
    return conn.scalar(sa.select(sa.func.count()).select_from(either)) or 0


def delete_all(conn: Connection, district: DistrictCode) -> Mapping[str, int]:
    """Delete every row of a district but what proves the purge; return table → rows deleted.

    The district's own row keeps its code and name and loses its settings and its MOU.
    """
    deleted: dict[str, int] = {}
    for table in reversed(METADATA.sorted_tables):
        if table.name not in WITHOUT_DISTRICT | KEPT_IN_A_PURGE:
            gone = conn.execute(sa.delete(table).where(table.c.district_code == district)).rowcount
            deleted[table.name] = gone
    emptied = sa.update(district_table).where(district_table.c.code == district)
    conn.execute(emptied.values(settings={}, mou_approved_on=None))
    return {name: deleted[name] for name in sorted(deleted)}


def name_of(conn: Connection, district: DistrictCode) -> str:
    """Return a district's name, purged or not; StopDistrict CF02 for an unknown code."""
    name: str | None = conn.scalar(sa.select(district_table.c.name).where(district_table.c.code == district))
    if name is None:
        raise unknown_district(district)
    return name


def purged_at(conn: Connection, district: DistrictCode) -> datetime | None:
    """Return when a district was purged, or None."""
    wanted = sa.select(district_key.c.destroyed_at).where(district_key.c.district_code == district)
    return conn.scalar(wanted)
