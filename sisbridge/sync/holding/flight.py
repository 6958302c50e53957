"""Students of whom grades are still awaited: they are not removed without a person."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

from domain.ids import SourcedId
from sisbridge.store import regions
from sisbridge.store import seats as seat_store
from sisbridge.store.database import Connection
from sisbridge.sync.context import Stage


def students_in_flight(conn: Connection, stage: Stage) -> set[SourcedId]:
    """Return the students with a seat, ended or not, in an offering whose posting window has not closed.

    The district's own windows count beside the offering's; ends are exclusive.
    """
    closes = {one.offering_id: one.posting_closes_on for one in regions.offerings(conn)}
    own: dict[str, date] = defaultdict(lambda: date.min)
    for mapping in regions.term_map(conn, stage.code).values():
        own[mapping.term] = max(own[mapping.term], mapping.closes_on or date.min)
    return {
        seat.student
        for seat in seat_store.seats(conn, stage.code)
        if max(closes.get(seat.offering, date.min), own[seat.term]) > stage.night_on
    }
