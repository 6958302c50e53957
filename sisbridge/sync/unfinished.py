"""The snapshot a pull lands in: tonight's unfinished one when there is one, so that it goes on from there."""

from __future__ import annotations

from domain.ids import SnapshotId, fresh_id
from domain.model import Mode, RosterSnapshot
from sisbridge.store import snapshots
from sisbridge.sync.context import Stage

REASON = "It was not read to its end."


def snapshot_for(stage: Stage) -> SnapshotId:
    """Return tonight's unfinished snapshot, or a new one; those of other nights are let go of.

    Whether what lies in it can still be believed is for the source to say.
    """
    with stage.house.store.read() as conn:
        left = snapshots.unfinished(conn, stage.code)
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
