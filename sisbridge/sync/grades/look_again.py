"""One more look at grades that were proven while an earlier write could still arrive.

A write whose answer was lost may land late, after its correction was written and proven; the SIS then shows
the older value behind a confirmed receipt. Once it is quiet, such a grade is read once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from connectors.protocol import GradeSink
from domain.grading import OutboxItem, Outcome, Receipt, RemoteGrade
from domain.model import District
from sisbridge.house import House, clock_of
from sisbridge.store import outbox, outbox_due
from sisbridge.store.database import Connection
from sisbridge.sync.grades.deliver import record
from sisbridge.sync.grades.remote_ids import reminded
from sisbridge.sync.grades.work import Work, work_for

QUIET = timedelta(hours=1)
"""How long after it was sent a write without proof is thought of as one that may still arrive."""


def is_due(conn: Connection, district: District, route: str) -> bool:
    """Return whether a grade is to be looked at once more."""
    return bool(_doubted(conn, district, route))


def look_again(house: House, district: District, sink: GradeSink, route: str) -> None:
    """Read the doubted grades once more; one that shows another value is a conflict. Writes nothing."""
    with house.store.read() as conn:
        items = _doubted(conn, district, route)
        numbers = [item.item_id for item in items]
        payloads = outbox.payloads(conn, house.keyring, district.code, numbers)
        proofs = outbox.last_receipts(conn, house.keyring, district.code, numbers)
    if not items:
        return
    work = replace(work_for(house, district, sink, route, ()), items=tuple(items), payloads=payloads)
    with reminded(house, district, sink, route):
        held = sink.current(work.of(items))
    record(work, [_seen(work, one, proofs[one.item_id], held.get(one.item_id)) for one in items])


def _doubted(conn: Connection, district: District, route: str) -> Sequence[OutboxItem]:
    return outbox_due.doubted(conn, district.code, route, clock_of(district)() - QUIET, QUIET)


def _seen(work: Work, item: OutboxItem, proof: Receipt, held: RemoteGrade | None) -> Receipt:
    wanted = work.sink.canonical(work.payloads[item.item_id].value)
    stands = held is not None and held.value == wanted and _comment(held) == _comment(proof.after)
    return Receipt(
        item_id=item.item_id,
        attempt=item.attempts,
        sent_at=clock_of(work.district)(),
        outcome=Outcome.CONFIRMED if stands else Outcome.CONFLICT,
        before=proof.after,
        sent=wanted,
        after=held,
        remote=held.remote_id if held else "",
        message="The SIS still holds this value."
        if stands
        else "The SIS held this grade and shows another by now: an earlier write came late, or somebody "
        "changed it.",
        fix="" if stands else "Ask the registrar which stands, then `sisbridge grades choose DISTRICT ITEM`.",
    )


def _comment(held: RemoteGrade | None) -> str:
    return (held.comment or "") if held else ""
