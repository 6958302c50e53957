"""Deliver queued grades to one district's SIS, one by one, each proven by reading it back.

The order makes a crash harmless: what may have been sent is looked up before anything is sent again,
`sending` is committed before the first write, and a receipt before the next step. One district has one
delivery at a time (`writeback`); an item that was changed in the meantime all the same is left alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from connectors.protocol import GradeSink
from domain.errors import SisbridgeError
from domain.failpoints import failpoint
from domain.grading import (
    GradeValue,
    OutboxItem,
    OutboxState,
    Outcome,
    Receipt,
    RemoteGrade,
)
from domain.ids import ItemId
from domain.model import District
from mappings.readback import BeforeDecision, Comments, after_writing, before_writing, comment_kept
from sisbridge.house import House, clock_of
from sisbridge.store import outbox
from sisbridge.sync.grades.gone_columns import with_what_was_lost
from sisbridge.sync.grades.remote_ids import remember, reminded
from sisbridge.sync.grades.unproven import of_a_dead_process, without_unproven
from sisbridge.sync.grades.waiting_files import without_overtaking
from sisbridge.sync.grades.work import MAXIMUM_ATTEMPTS, Progress, Work, work_for

COMMENT_LOST = "The SIS keeps the grade and not its comment, or not all of it."

IN_DOUBT = (OutboxState.SENDING, OutboxState.UNKNOWN, OutboxState.DELIVERED)
TO_SEND = (OutboxState.QUEUED, OutboxState.NOT_TAKEN)

_NOT_WRITTEN = (Outcome.REJECTED, Outcome.WAITING)

STATE_AFTER: dict[Outcome, OutboxState] = {
    Outcome.ADOPTED: OutboxState.CONFIRMED,
    Outcome.CONFIRMED: OutboxState.CONFIRMED,
    Outcome.DELIVERED: OutboxState.DELIVERED,
    Outcome.NOT_TAKEN: OutboxState.NOT_TAKEN,
    Outcome.CONFLICT: OutboxState.CONFLICT,
    Outcome.REJECTED: OutboxState.REJECTED,
    Outcome.UNKNOWN: OutboxState.UNKNOWN,
    Outcome.WAITING: OutboxState.QUEUED,
}
"""Where an item stands after each outcome."""


def deliver_items(
    house: House, district: District, sink: GradeSink, route: str, progress: Progress | None = None
) -> None:
    """Bring every queued item as far as it can come; each step is committed before the next."""
    with reminded(house, district, sink, route):
        work = replace(work_for(house, district, sink, route, TO_SEND), progress=progress)
        send_items(work, without_overtaking(work, [one for one in work.items if _may_go(one)]), route)


def send_items(work: Work, items: Sequence[OutboxItem], route: str) -> None:
    """Read what the SIS holds for some items, write what may be written, and prove it."""
    if not items:
        return
    held = work.sink.current(work.of(items))
    work, items = with_what_was_lost(work, items, route)
    to_send = without_unproven(work, _settle(work, items, held), route)
    if not to_send:
        return
    work.sink.prepare(work.of(to_send))
    remember(work.house, work.district, work.sink, route)
    claimed = _mark_sending(work, to_send)
    answered = _send(work, claimed)
    _read_back(work, claimed, held, answered)


def _may_go(item: OutboxItem) -> bool:
    return item.state is not OutboxState.NOT_TAKEN or item.attempts < MAXIMUM_ATTEMPTS


def resolve_doubts(house: House, district: District, sink: GradeSink, route: str) -> bool:
    """Look up what a crash or a lost answer left open: it landed, or it goes back to the queue.

    Returns whether anything was in doubt.
    """
    work = work_for(house, district, sink, route, IN_DOUBT)
    if not work.items:
        return False
    with reminded(house, district, sink, route):
        held = sink.current(work.of(work.items))
    lost = _settle(work, work.items, held)
    record(work, of_a_dead_process(work, lost))
    with house.store.begin("doubts") as conn:
        outbox.requeue(conn, district.code, [item.item_id for item in lost], clock_of(district)())
    return True


def _settle(
    work: Work, items: Sequence[OutboxItem], held: Mapping[ItemId, RemoteGrade | None]
) -> list[OutboxItem]:
    """Settle what needs no write (adopted, confirmed, conflict); return the items to send."""
    to_send, receipts = [], []
    for item in items:
        before = held.get(item.item_id)
        decision = _decided(work, item, before)
        if decision is BeforeDecision.SEND:
            to_send.append(item)
        else:
            receipts.append(_settled(work, item, before, decision))
    record(work, receipts)
    return to_send


def _decided(work: Work, item: OutboxItem, before: RemoteGrade | None) -> BeforeDecision:
    last = work.last_written.get(item.grade_id)
    comments = Comments(work.payloads[item.item_id].comment, last.comment if last else None)
    return before_writing(before, _wanted(work, item), last.value if last else None, comments)


def _settled(work: Work, item: OutboxItem, before: RemoteGrade | None, decision: BeforeDecision) -> Receipt:
    """Return the receipt of an item that is not sent: ours already, or another's value stands there."""
    if decision is BeforeDecision.CONFLICT:
        outcome, message = (
            Outcome.CONFLICT,
            "The SIS holds a value or comment that somebody else entered; nothing was written.",
        )
        fix = "Ask the registrar which stands, then `sisbridge grades choose DISTRICT ITEM`."
    else:
        sent_before = item.state in IN_DOUBT
        outcome = Outcome.CONFIRMED if sent_before else Outcome.ADOPTED
        message, fix = "The SIS holds this value already.", ""
    return Receipt(
        item_id=item.item_id,
        attempt=item.attempts,
        sent_at=clock_of(work.district)(),
        outcome=outcome,
        before=before,
        sent=_wanted(work, item),
        after=before,
        remote=before.remote_id if before else "",
        message=message,
        fix=fix,
    )


def _wanted(work: Work, item: OutboxItem) -> GradeValue:
    return work.sink.canonical(work.payloads[item.item_id].value)


def _mark_sending(work: Work, items: Sequence[OutboxItem]) -> list[OutboxItem]:
    """Take the items for this delivery; return those that are still as they were when it read them."""
    with work.house.store.begin("sending") as conn:
        taken = outbox.claim(conn, work.district.code, items, clock_of(work.district)())
    return [item for item in items if item.item_id in taken]


def _send(work: Work, items: Sequence[OutboxItem]) -> dict[ItemId, Receipt]:
    """Write the items; a failure of the whole call leaves those without an answer in doubt."""
    answered: dict[ItemId, Receipt] = {}
    chosen = {item.item_id: work.payloads[item.item_id] for item in items}
    sent = [replace(item, attempts=item.attempts + 1) for item in items]
    try:
        for receipt in work.sink.deliver(sent, chosen):
            answered[receipt.item_id] = receipt
            if work.progress:
                work.progress(len(answered), len(items))
            failpoint("deliver:answered")
    except SisbridgeError as error:
        _leave_in_doubt(work, [item for item in sent if item.item_id not in answered], error)
        if not answered:
            raise
    return answered


def _leave_in_doubt(work: Work, items: Sequence[OutboxItem], error: SisbridgeError) -> None:
    receipts = [
        Receipt(
            item.item_id,
            item.attempts,
            clock_of(work.district)(),
            Outcome.UNKNOWN,
            message=error.message,
            fix=error.fix,
        )
        for item in items
    ]
    record(work, receipts)


def _read_back(
    work: Work,
    items: Sequence[OutboxItem],
    held: Mapping[ItemId, RemoteGrade | None],
    answered: Mapping[ItemId, Receipt],
) -> None:
    """Read back what was answered and record what the SIS really holds."""
    refused = [receipt for receipt in answered.values() if receipt.outcome in _NOT_WRITTEN]
    not_written = {receipt.item_id for receipt in refused}
    accepted = [i for i in items if i.item_id in answered and i.item_id not in not_written]
    record(work, refused)
    if not accepted:
        return
    after = work.sink.current(work.of(accepted))
    receipts = [
        _proven(work, item, held.get(item.item_id), after.get(item.item_id), answered[item.item_id])
        for item in accepted
    ]
    record(work, receipts)


def _proven(
    work: Work, item: OutboxItem, before: RemoteGrade | None, after: RemoteGrade | None, receipt: Receipt
) -> Receipt:
    sent = _wanted(work, item)
    outcome = after_writing(before, sent, after, receipt.outcome is not Outcome.UNKNOWN)
    message = receipt.message
    if outcome is Outcome.CONFIRMED and not comment_kept(work.payloads[item.item_id].comment, after):
        message = COMMENT_LOST
    return replace(receipt, outcome=outcome, before=before, sent=sent, after=after, message=message)


def record(work: Work, receipts: Sequence[Receipt]) -> None:
    """Save receipts, and move their items to where those outcomes leave them, in one transaction."""
    if not receipts:
        return
    at = clock_of(work.district)()
    with work.house.store.begin("receipts") as conn:
        outbox.save_receipts(conn, work.house.keyring, work.district.code, receipts)
        alike = defaultdict(list)
        for receipt in receipts:
            alike[STATE_AFTER[receipt.outcome]].append(receipt.item_id)
        for state, items in alike.items():
            outbox.set_state(conn, work.district.code, items, state, at=at)
