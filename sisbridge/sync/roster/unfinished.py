"""The snapshot a pull lands in: tonight's unfinished one when there is one, so that it goes on from there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from domain.ids import SnapshotId, fresh_id
from domain.model import Mode, RosterSnapshot
from sisbridge.store import snapshots
from sisbridge.sync.context import Stage

REASON = "It was not read to its end."


@contextmanager
def snapshot_for(stage: Stage) -> Iterator[SnapshotId]:
    """Yield tonight's unfinished snapshot, or a new one; those of other nights are let go of.

    Whether what lies in it can still be believed is for the source to say. While another process pulls the
    district, what is unfinished is that one's: the snapshot is new then, and nothing is let go of.
    """
    with stage.house.store.alone(f"pull-{stage.code}") as is_only:
        yield _chosen(stage, _unfinished(stage) if is_only else [])


def _unfinished(stage: Stage) -> list[tuple[SnapshotId, date]]:
    with stage.house.store.read() as conn:
        return snapshots.unfinished(conn, stage.code)


def _chosen(stage: Stage, left: list[tuple[SnapshotId, date]]) -> SnapshotId:
    tonight = [snapshot_id for snapshot_id, night_on in left if night_on == stage.night_on]
    chosen = tonight[-1] if tonight else SnapshotId(fresh_id())
    gone = [snapshot_id for snapshot_id, _ in left if snapshot_id != chosen]
    for snapshot_id in gone:
        stage.house.landing.delete_snapshot(stage.code, snapshot_id)
    with stage.house.store.begin("unfinished") as conn:
        for snapshot_id in gone:
            snapshots.forget(conn, stage.code, snapshot_id)
        snapshots.save(conn, _begun(stage, chosen))
    return chosen


def _begun(stage: Stage, snapshot_id: SnapshotId) -> RosterSnapshot:
    return RosterSnapshot(
        snapshot_id=snapshot_id,
        district=stage.code,
        run_id=stage.run_id,
        as_of=stage.now(),
        mode=Mode.BULK,
        version="",
        tables=(),
        complete=False,
        reason=REASON,
    )
