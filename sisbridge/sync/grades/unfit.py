"""Refusing the grades that a file's layout has no place for, so that the others still go."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.protocol import FileGradeSink
from connectors.traits import SiftsGrades
from domain.grading import OutboxItem, Outcome, Receipt
from sisbridge.house import clock_of
from sisbridge.store import outbox
from sisbridge.sync.grades.deliver import STATE_AFTER
from sisbridge.sync.grades.work import Work


def without_unfit(work: Work, sink: FileGradeSink, items: Sequence[OutboxItem]) -> tuple[OutboxItem, ...]:
    """Return the items that fit the route's layout; the others are refused, each with its receipt."""
    refused = sink.unfit(work.of(items)) if isinstance(sink, SiftsGrades) else {}
    if refused:
        at = clock_of(work.district)()
        receipts = [
            Receipt(
                item.item_id, item.attempts + 1, at, Outcome.REJECTED,
                message=refused[item.item_id].message, fix=refused[item.item_id].fix,
            )
            for item in items
            if item.item_id in refused
        ]  # fmt: skip
        with work.house.store.begin("receipts") as conn:
            outbox.save_receipts(conn, work.house.keyring, work.district.code, receipts)
            outbox.set_state(conn, work.district.code, list(refused), STATE_AFTER[Outcome.REJECTED], at=at)
    return tuple(item for item in items if item.item_id not in refused)
