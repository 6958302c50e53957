"""Writes that may still arrive: no second one is sent beside them where the SIS would make a second grade.

A gradebook that chooses ids itself cannot be told that two POSTs are one grade, and what it shows may be
minutes old. So after a POST that is not proven the grade is only looked for; in the end a person is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from connectors.traits import WritesAnew
from domain.grading import OutboxItem, OutboxState, Outcome, Receipt
from domain.ids import GradeId
from sisbridge.house import clock_of
from sisbridge.store import audit, outbox
from sisbridge.sync.grades.posting import RELEASED_AGAIN, SENT_ALL_THE_SAME
from sisbridge.sync.grades.work import MAXIMUM_ATTEMPTS, Work

PROOF_TIME = timedelta(hours=6)
"""How long a write that is not proven is looked for before a person is asked."""

IN_DOUBT = (Outcome.UNKNOWN, Outcome.NOT_TAKEN)
_PROOFS = (Outcome.CONFIRMED, Outcome.ADOPTED, Outcome.CONFLICT)


def without_unproven(work: Work, items: Sequence[OutboxItem], route: str) -> list[OutboxItem]:
    """Leave out the items of which an earlier write may still arrive and would be a second grade.

    Within PROOF_TIME they stay as they are; after it they count as not taken, which opens a case.
    """
    anew = work.sink.writes_anew(items) if isinstance(work.sink, WritesAnew) else frozenset()
    if not anew:
        return list(items)
    since = _unproven_since(work, [item for item in items if item.item_id in anew], route)
    late = clock_of(work.district)() - PROOF_TIME
    _ask_a_person(work, [one for one in items if one.grade_id in since and since[one.grade_id] <= late])
    return [item for item in items if item.grade_id not in since]


def of_a_dead_process(work: Work, items: Sequence[OutboxItem]) -> list[Receipt]:
    """Return receipts of the items that were being sent when a process died: those writes may yet arrive."""
    at = clock_of(work.district)()
    return [
        Receipt(
            item_id=item.item_id,
            attempt=item.attempts,
            sent_at=at,
            outcome=Outcome.UNKNOWN,
            sent=work.payloads[item.item_id].value,
            message="The process stopped while the grade was being sent.",
        )
        for item in items
        if item.state is OutboxState.SENDING
    ]


def last_doubt(receipts: Sequence[Receipt]) -> datetime | None:
    """Return when a grade was last sent without proof since; None when it was proven, or never sent.

    receipts: of all its revisions on one route, oldest first. One without a value sent was given up unsent.
    """
    for one in reversed(receipts):
        if one.outcome in _PROOFS:
            return None
        if one.outcome in IN_DOUBT and one.sent is not None:
            return one.sent_at
    return None


def _unproven_since(work: Work, items: Sequence[OutboxItem], route: str) -> Mapping[GradeId, datetime]:
    """Return since when a write of each grade is not proven; one that a person sends again is not there."""
    code, grades = work.district.code, {item.grade_id for item in items}
    with work.house.store.read() as conn:
        found = outbox.receipts_of_grades(conn, work.house.keyring, code, route, grades)
        numbers = [item.item_id for item in items]
        let_go = audit.last_of_actions(conn, code, (SENT_ALL_THE_SAME, RELEASED_AGAIN), numbers)
    doubts = {item: last_doubt(found.get(item.grade_id, ())) for item in items}
    return {
        item.grade_id: at
        for item, at in doubts.items()
        if at is not None and (item.item_id not in let_go or let_go[item.item_id] < at)
    }


def _ask_a_person(work: Work, items: Sequence[OutboxItem]) -> None:
    if not items:
        return
    at, numbers = clock_of(work.district)(), [item.item_id for item in items]
    receipts = [
        Receipt(
            item_id=item.item_id,
            attempt=item.attempts,
            sent_at=at,
            outcome=Outcome.NOT_TAKEN,
            message="The SIS may have taken this grade, and shows none; sent again it could stand twice.",
            fix="Look for the grade in the SIS. If it lacks it, `sisbridge grades release DISTRICT --again`.",
        )
        for item in items
    ]
    with work.house.store.begin("unproven") as conn:
        outbox.save_receipts(conn, work.house.keyring, work.district.code, receipts)
        outbox.set_state(
            conn, work.district.code, numbers, OutboxState.NOT_TAKEN, attempts=MAXIMUM_ATTEMPTS, at=at
        )
