"""An export that lies there unchanged is the one that was read before: a second look proves nothing new."""

from __future__ import annotations

from datetime import datetime

from connectors.protocol import PullFacts
from sisbridge.store import snapshots
from sisbridge.sync.context import Stage

EXPORT = "export"
"""Where the fingerprint of the files lies that a snapshot was read from."""


def stands_for(stage: Stage, pulled: PullFacts) -> datetime:
    """Return the moment a pull stands for: of the very files that are in force, the one they had then.

    So yesterday's file proves no second absence, however often it is read; a SIS that is asked does.
    """
    if not pulled.export:
        return pulled.as_of
    landing = stage.house.landing
    landing.write(stage.code, stage.snapshot, EXPORT, pulled.export.encode())
    with stage.house.store.read() as conn:
        last = snapshots.last_applied(conn, stage.code)
    if last is None or not landing.exists(stage.code, last.snapshot_id, EXPORT):
        return pulled.as_of
    same = landing.read(stage.code, last.snapshot_id, EXPORT).decode() == pulled.export
    return last.as_of if same else pulled.as_of
