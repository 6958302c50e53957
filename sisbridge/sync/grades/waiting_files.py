"""Grade files that may still be loaded, and the corrections that wait for them.

Of two files that lie unread side by side nobody can say which is loaded last, whatever their control files
tell: a person loads by hand, a module by name. So a correction is not written, by any route, while a file
with an older value of that grade may still be loaded.
"""

from __future__ import annotations

from collections.abc import Sequence

from domain.grading import OutboxItem
from domain.ids import DistrictCode
from sisbridge.store import files
from sisbridge.store.database import Connection
from sisbridge.sync.grades.work import Work

COMMITTED, STAGED, PLACED, ACKNOWLEDGED, LOST = "committed", "staged", "in place", "acknowledged", "unknown"
"""A batch is renamed into place only after `staged` was committed: what is `committed` was never visible."""

CHANGED, TAKEN_BACK = "changed", "taken back"
"""A batch whose file somebody opened and saved, and one that a person took out of the folder unread."""

WAITING = (COMMITTED, STAGED, PLACED, CHANGED, LOST)
"""Batches that may still be loaded: nobody has said yet what became of them."""


def without_overtaking(work: Work, items: Sequence[OutboxItem]) -> list[OutboxItem]:
    """Leave out the items of which a file with an older revision of the same grade may still be loaded."""
    with work.house.store.read() as conn:
        waits = overtaking(conn, work.district.code, items)
    return [item for item, file in zip(items, waits, strict=True) if file is None]


def overtaking(conn: Connection, district: DistrictCode, items: Sequence[OutboxItem]) -> list[str | None]:
    """Return for each item the name of the file that it waits for, None where it waits for none."""
    waiting = files.oldest_in(conn, district, WAITING)
    oldest = (waiting.get(item.grade_id) for item in items)
    return [
        one[1] if one and one[0] < item.revision else None for item, one in zip(items, oldest, strict=True)
    ]
