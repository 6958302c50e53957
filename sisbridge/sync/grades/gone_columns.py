"""Grades of a column that somebody deleted in the SIS: they go again into the column made anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from connectors.traits import TellsGoneColumns
from domain.grading import GradePayload, OutboxItem, OutboxState
from domain.ids import GradeId, ItemId
from sisbridge.store import outbox
from sisbridge.store.database import Connection
from sisbridge.sync.grades import posting
from sisbridge.sync.grades.payloads import desk_of
from sisbridge.sync.grades.work import Work, work_for


def with_what_was_lost(
    work: Work, items: Sequence[OutboxItem], route: str
) -> tuple[Work, Sequence[OutboxItem]]:
    """Add the proven grades of columns that somebody deleted: they go again into the column made anew.

    Nobody decided against those grades one by one, so that none of the column's is a conflict. Left out is
    what has another's id, class or course by now, and what a person let go of since or another route carries.
    """
    gone = work.sink.gone() if isinstance(work.sink, TellsGoneColumns) else frozenset()
    if not gone:
        return work, items
    proven = work_for(work.house, work.district, work.sink, route, [OutboxState.CONFIRMED])
    in_them = [item for item in proven.items if item.line_item_id in gone]
    newest = {item.grade_id: item for item in _still_to_stand(work, in_them, proven.payloads, route)}
    newest |= {item.grade_id: item for item in items}
    lost = {item.grade_id for item in newest.values() if item.line_item_id in gone}
    return replace(
        work,
        payloads={**proven.payloads, **work.payloads},
        last_written={grade: one for grade, one in work.last_written.items() if grade not in lost},
    ), list(newest.values())


def _still_to_stand(
    work: Work, items: Sequence[OutboxItem], payloads: Mapping[ItemId, GradePayload], route: str
) -> list[OutboxItem]:
    """Return those of some proven items that are still what their student has, where they were sent."""
    with work.house.store.read() as conn:
        desk = desk_of(conn, work.district, route)
        astray = posting.astray(conn, desk, [item.item_id for item in items], payloads)
        overtaken = _overtaken(conn, work, route)
    return [
        item
        for item in items
        if item.item_id not in astray and overtaken.get(item.grade_id, 0) <= item.revision
    ]


def _overtaken(conn: Connection, work: Work, route: str) -> dict[GradeId, int]:
    """Return the newest revision of each grade that a person withdrew or another route carries."""
    newest: dict[GradeId, int] = {}
    for item in outbox.items(conn, work.district.code):
        elsewhere = item.route != route and item.state is not OutboxState.SUPERSEDED
        if elsewhere or item.state is OutboxState.WITHDRAWN:
            newest[item.grade_id] = max(item.revision, newest.get(item.grade_id, 0))
    return newest
