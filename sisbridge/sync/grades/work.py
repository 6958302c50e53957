"""What one delivery has in hand: a district's items in some states, opened, and what we wrote last."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from connectors.protocol import GradeSink
from domain.grading import GradePayload, OutboxItem, OutboxState, WrittenGrade
from domain.ids import GradeId, ItemId
from domain.model import District
from sisbridge.house import House
from sisbridge.store import outbox

MAXIMUM_ATTEMPTS = 3
"""How often an item that the SIS accepted but did not keep is sent again before a case opens."""

Progress = Callable[[int, int], None]
"""Told how many of how many were sent."""


@dataclass(frozen=True)
class Work:
    """One district's items in hand, with the payloads of those items and of no others."""

    house: House
    district: District
    sink: GradeSink
    items: tuple[OutboxItem, ...]
    payloads: Mapping[ItemId, GradePayload]
    last_written: Mapping[GradeId, WrittenGrade]
    progress: Progress | None = None

    def of(self, chosen: Sequence[OutboxItem]) -> list[GradePayload]:
        """Return the payloads of some of the items, in order."""
        return [self.payloads[item.item_id] for item in chosen]


def work_for(
    house: House, district: District, sink: GradeSink, route: str, states: Sequence[OutboxState]
) -> Work:
    """Collect a route's items in some states, with payloads and each grade's last written value."""
    with house.store.read() as conn:
        items = tuple(item for item in outbox.items(conn, district.code, states) if item.route == route)
        payloads = outbox.payloads(conn, house.keyring, district.code, [item.item_id for item in items])
        written = outbox.last_written_all(conn, house.keyring, district.code, route)
    last = {grade: replace(one, value=sink.canonical(one.value)) for grade, one in written.items()}
    return Work(house, district, sink, items, payloads, last)
