"""Deliver queued grades as a file that a registrar loads: named and hashed before it is written.

A file that is gone may have been picked up. After a crash we look for it; when it was staged and
neither it nor an acknowledgement is there, the batch stays unknown and is never sent again without a
person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from connectors.protocol import FileBatch, FileGradeSink, FileState
from domain.errors import RetryLater, RowRejected
from domain.grading import OutboxItem, OutboxState, Outcome, Receipt
from domain.ids import BatchId, fixed_id
from domain.model import District
from sisbridge.house import House, clock_of
from sisbridge.store import files, outbox
from sisbridge.store.files import FileBatchRecord
from sisbridge.sync.grades import posting
from sisbridge.sync.grades.deliver import STATE_AFTER
from sisbridge.sync.grades.payloads import desk_of
from sisbridge.sync.grades.unfit import without_unfit
from sisbridge.sync.grades.waiting_files import (
    ACKNOWLEDGED,
    CHANGED,
    COMMITTED,
    LOST,
    PLACED,
    STAGED,
    WAITING,
    without_overtaking,
)
from sisbridge.sync.grades.work import Progress, Work, work_for

_SETTLES_AS = {
    FileState.IN_PLACE: (PLACED, Outcome.DELIVERED),
    FileState.CHANGED: (CHANGED, Outcome.DELIVERED),
    FileState.ACKNOWLEDGED: (ACKNOWLEDGED, Outcome.CONFIRMED),
}


def deliver_file(
    house: House, district: District, sink: FileGradeSink, route: str, progress: Progress | None = None
) -> None:
    """Look after every earlier batch, then place one new batch of what is queued."""
    work = work_for(house, district, sink, route, [OutboxState.QUEUED])
    _look_after(work, sink, route)
    queued = without_unfit(work, sink, without_overtaking(work, work.items))
    if not queued:
        return
    batch = sink.render(queued, {item.item_id: work.payloads[item.item_id] for item in queued})
    record = _commit(work, queued, batch)
    _settle(work, record, _place(work, sink, record, batch), queued)
    if progress:
        progress(len(queued), len(queued))


def look_after_placed(house: House, district: District, sink: FileGradeSink, route: str) -> None:
    """See which files in place, or lost from sight, were acknowledged since; nothing is written."""
    _look_after(work_for(house, district, sink, route, []), sink, route, (PLACED, CHANGED, LOST))


def _place(work: Work, sink: FileGradeSink, record: FileBatchRecord, batch: FileBatch) -> FileState:
    """Write the `.part`, commit that it is staged, and only then let it appear."""
    sink.stage(batch)
    with work.house.store.begin("file-staged") as conn:
        files.set_file_batch_state(conn, work.district.code, record.batch_id, STAGED)
    return sink.place(batch)


def _commit(work: Work, items: Sequence[OutboxItem], batch: FileBatch) -> FileBatchRecord:
    """Commit the batch's name and fingerprint, and its items as being sent, before a byte is written."""
    at = clock_of(work.district)()
    route = items[0].route
    record = FileBatchRecord(
        batch_id=BatchId(fixed_id("file-batch", work.district.code, route, batch.name, batch.sha256)),
        district=work.district.code,
        route=route,
        name=batch.name,
        sha256=batch.sha256,
        rows=batch.rows,
        state=COMMITTED,
        created_at=at,
    )
    with work.house.store.begin("file-batch") as conn:
        files.save_file_batch(conn, record)
        taken = outbox.claim(conn, work.district.code, items, at)
        if len(taken) < len(items):
            raise _changed(work.district)
        outbox.set_state(
            conn, work.district.code, taken, OutboxState.SENDING, batch_id=record.batch_id, at=at
        )
    return record


def _changed(district: District) -> RetryLater:
    return RetryLater(
        "WB14",
        f"Grades of district {district.code} changed while they were put into a file; none was sent.",
        fix="Deliver again: nothing is lost.",
    )


def _look_after(work: Work, sink: FileGradeSink, route: str, states: Sequence[str] = WAITING) -> None:
    """Settle batches that a crash left in doubt, and see which were acknowledged since."""
    with work.house.store.read() as conn:
        batches = [one for one in files.file_batches(conn, work.district.code, states) if one.route == route]
    for record in batches:
        batch_work = of_batch(work, record)
        _settle(batch_work, record, _state_now(batch_work, sink, record), batch_work.items)


def of_batch(work: Work, record: FileBatchRecord) -> Work:
    """Return a batch's items in hand, but for those that a person withdrew: no file speaks for them."""
    with work.house.store.read() as conn:
        found = files.batch_items(conn, work.district.code, record.batch_id)
        items = tuple(item for item in found if item.state is not OutboxState.WITHDRAWN)
        ids = [item.item_id for item in items]
        payloads = outbox.payloads(conn, work.house.keyring, work.district.code, ids)
    return replace(work, items=items, payloads=payloads)


def _state_now(work: Work, sink: FileGradeSink, record: FileBatchRecord) -> FileState:
    """Return what is to be seen of a batch, finishing it first when it was certainly never in place."""
    seen = sink.look(record.name, record.sha256)
    never_renamed = record.state == COMMITTED or (record.state == STAGED and seen is FileState.PARTIAL)
    if not never_renamed or seen in _SETTLES_AS:
        return seen
    batch = _rendered_again(work, sink, record)
    return FileState.ABSENT if batch is None else _place(work, sink, record, batch)


def _rendered_again(work: Work, sink: FileGradeSink, record: FileBatchRecord) -> FileBatch | None:
    """Return the very file of a batch, None where another would come of it by now, or it would go astray.

    Under another name it would lie beside the one that may have been seen, and its grades be loaded twice.
    """
    with work.house.store.read() as conn:
        desk = desk_of(conn, work.district, record.route)
        if posting.astray(conn, desk, work.payloads.keys(), work.payloads):
            return None
    try:
        batch = sink.render(work.items, work.payloads)
    except RowRejected:
        return None
    return batch if (batch.name, batch.sha256) == (record.name, record.sha256) else None


def _settle(work: Work, record: FileBatchRecord, seen: FileState, items: Sequence[OutboxItem]) -> None:
    state, outcome = _SETTLES_AS.get(seen, (LOST, Outcome.UNKNOWN))
    # That it was placed is known: gone since, it was picked up.
    if record.state == state or (record.state in (PLACED, CHANGED) and state == LOST):
        return
    settle(work, record, state, outcome, items, *_WORDS[state])


def settle(
    work: Work,
    record: FileBatchRecord,
    state: str,
    outcome: Outcome,
    items: Sequence[OutboxItem],
    message: str,
    fix: str = "",
) -> None:
    """Say what became of a batch and of its items, each with a receipt, in one transaction."""
    at = clock_of(work.district)()
    receipts = [
        Receipt(
            item_id=item.item_id,
            attempt=max(item.attempts, 1),
            sent_at=at,
            outcome=outcome,
            sent=work.payloads[item.item_id].value,
            remote=record.name,
            message=message,
            fix=fix,
        )
        for item in items
    ]
    with work.house.store.begin("receipts") as conn:
        files.set_file_batch_state(conn, work.district.code, record.batch_id, state)
        outbox.save_receipts(conn, work.house.keyring, work.district.code, receipts)
        outbox.set_state(
            conn, work.district.code, [item.item_id for item in items], STATE_AFTER[outcome], at=at
        )


_WORDS = {
    PLACED: ("The file is in place.", ""),
    CHANGED: ("The file is in place, and somebody changed it since.", ""),
    ACKNOWLEDGED: ("The registrar acknowledged the file.", ""),
    LOST: (
        "The file was being written when the process stopped, and it is not there now.",
        "Ask the registrar whether the file was picked up, then say so with `sisbridge grades file`.",
    ),
}
