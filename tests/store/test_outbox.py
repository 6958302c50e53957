"""The outbox: nothing is queued for the wrong district, replaced on its way, or forgotten."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from domain.errors import ContractBroken
from domain.grading import GradePayload, GradeValue, OutboxState, Outcome, Receipt, RemoteGrade, WrittenGrade
from domain.ids import BatchId
from sisbridge.store import files, outbox, outbox_due
from sisbridge.store.database import Store
from sisbridge.store.files import FileBatchRecord
from sisbridge.store.sealing import Keyring
from tests.store.examples import AT, GRADE, NORTH, ROUTE, SOUTH, item, payload, record, save_grade

BATCH = FileBatchRecord(BatchId("b-1"), NORTH, ROUTE, "north.csv", "aa", 2, "committed", AT)
WRITTEN = WrittenGrade(payload().value, payload().comment)


@pytest.fixture
def ring(region: Store, keyring: Keyring) -> Keyring:
    """Keys of a store that has three revisions of one grade."""
    save_grade(region, keyring, record(1), record(2, "90"), record(3, "91"))
    return keyring


def queue(store: Store, ring: Keyring, revision: int = 1, percent: str = "88.5") -> None:
    """Queue one revision."""
    with store.begin("queue") as conn:
        outbox.queue(conn, ring, item(revision), payload(revision, percent), AT)


def set_state(store: Store, revision: int, state: OutboxState) -> None:
    """Move one revision."""
    with store.begin("state") as conn:
        outbox.set_state(conn, NORTH, [item(revision).item_id], state, at=AT)


def states(store: Store) -> list[str]:
    """The states of the revisions, in order."""
    with store.read() as conn:
        return [one.state.value for one in outbox.items(conn, NORTH)]


def last_written(store: Store, ring: Keyring) -> WrittenGrade | None:
    """What we wrote last, asked both ways."""
    with store.read() as conn:
        one = outbox.last_written(conn, ring, NORTH, ROUTE, GRADE)
        assert outbox.last_written_all(conn, ring, NORTH, ROUTE).get(GRADE) == one
        assert outbox.last_written(conn, ring, NORTH, "other", GRADE) is None
    return one


def save_receipt(store: Store, ring: Keyring, revision: int, outcome: Outcome) -> None:
    """Save a receipt of the first attempt."""
    with store.begin("receipts") as conn:
        outbox.save_receipts(conn, ring, NORTH, [Receipt(item(revision).item_id, 1, AT, outcome)])


def test_an_item_and_its_payload_come_back(region: Store, ring: Keyring) -> None:
    queue(region, ring)
    with region.read() as conn:
        assert outbox.items(conn, NORTH) == [item()]
        assert outbox.items(conn, NORTH, [OutboxState.HELD]) == []
        assert outbox.items(conn, SOUTH) == []
        assert outbox.payloads(conn, ring, NORTH, [item().item_id]) == {item().item_id: payload()}
        assert outbox.payloads(conn, ring, SOUTH, [item().item_id]) == {}


@pytest.mark.parametrize("wrong", [payload(code=SOUTH), payload(2)])
def test_a_payload_of_another_district_or_item_is_refused(
    region: Store, ring: Keyring, wrong: GradePayload
) -> None:
    with region.begin("x") as conn, pytest.raises(ContractBroken, match="CF07"):
        outbox.queue(conn, ring, item(), wrong, AT)


@pytest.mark.parametrize("state", outbox.REPLACEABLE)
def test_a_newer_revision_supersedes_what_is_not_under_way(
    region: Store, ring: Keyring, state: OutboxState
) -> None:
    queue(region, ring, 1)
    set_state(region, 1, state)
    queue(region, ring, 2)
    assert states(region) == ["superseded", "queued"]


@pytest.mark.parametrize("state", sorted(set(OutboxState) - set(outbox.REPLACEABLE)))
def test_a_newer_revision_leaves_the_rest_as_it_is(region: Store, ring: Keyring, state: OutboxState) -> None:
    queue(region, ring, 1)
    set_state(region, 1, state)
    queue(region, ring, 2)
    assert states(region) == [state.value, "queued"]


def test_queueing_again_changes_nothing_once_it_is_on_its_way(region: Store, ring: Keyring) -> None:
    queue(region, ring, percent="88.5")
    queue(region, ring, percent="89")
    set_state(region, 1, OutboxState.SENDING)
    queue(region, ring, percent="90")
    with region.read() as conn:
        assert outbox.items(conn, NORTH) == [item(state=OutboxState.SENDING)]
        assert outbox.payloads(conn, ring, NORTH, [item().item_id]) == {item().item_id: payload(percent="89")}


def test_what_never_arrived_goes_back_unless_something_newer_waits(region: Store, ring: Keyring) -> None:
    for revision in (1, 2):
        queue(region, ring, revision)
        set_state(region, revision, OutboxState.UNKNOWN)
    with region.begin("x") as conn:
        outbox.requeue(conn, NORTH, [item(1).item_id, item(2).item_id], AT)
    assert states(region) == ["superseded", "queued"]


@pytest.mark.parametrize(
    ("outcomes", "is_due"),
    [
        ([Outcome.WAITING], False),
        ([Outcome.UNKNOWN, Outcome.WAITING], False),
        ([Outcome.WAITING, Outcome.UNKNOWN], True),
        ([Outcome.UNKNOWN], True),
    ],
)
def test_only_what_the_sis_said_last_lets_an_item_wait(
    region: Store, ring: Keyring, outcomes: list[Outcome], is_due: bool
) -> None:
    queue(region, ring)
    for outcome in outcomes:
        save_receipt(region, ring, 1, outcome)
    with region.read() as conn:
        assert outbox_due.waits(conn, NORTH, [OutboxState.QUEUED], 3, AT) is is_due


def test_attempts_and_batch_are_kept_when_not_given(region: Store, ring: Keyring) -> None:
    queue(region, ring)
    ids, batch = [item().item_id], BATCH.batch_id
    with region.begin("x") as conn:
        files.save_file_batch(conn, BATCH)
        outbox.set_state(conn, NORTH, ids, OutboxState.SENDING, attempts=2, batch_id=batch, at=AT)
        outbox.set_state(conn, NORTH, ids, OutboxState.DELIVERED, at=AT)
        expected = replace(item(state=OutboxState.DELIVERED), attempts=2)
        assert files.batch_items(conn, NORTH, BATCH.batch_id) == [expected]


def test_a_file_batch_is_followed_and_begins_anew_when_it_is_committed_again(region: Store) -> None:
    with region.begin("x") as conn:
        files.save_file_batch(conn, BATCH)
        files.set_file_batch_state(conn, NORTH, BATCH.batch_id, "taken back")
        files.save_file_batch(conn, BATCH)
        assert files.file_batches(conn, NORTH) == [BATCH]
        files.set_file_batch_state(conn, NORTH, BATCH.batch_id, "staged")
        assert files.file_batch(conn, NORTH, BATCH.batch_id) == replace(BATCH, state="staged")
        assert files.file_batches(conn, NORTH, ["committed"]) == []
        assert files.file_batches(conn, NORTH, ["staged"]) == files.file_batches(conn, NORTH)
        assert files.file_batch(conn, SOUTH, BATCH.batch_id) is None


def test_receipts_come_back_in_order_with_their_values(region: Store, ring: Keyring) -> None:
    queue(region, ring)
    before = RemoteGrade(GradeValue(Decimal("70"), "C"), "r-1")
    first = Receipt(item().item_id, 1, AT, Outcome.UNKNOWN, before, payload().value, None, "f", "m", "x")
    second = replace(first, outcome=Outcome.CONFIRMED, after=RemoteGrade(payload().value))
    third = replace(first, attempt=2)
    with region.begin("x") as conn:
        outbox.save_receipts(conn, ring, NORTH, [first, second])
        outbox.save_receipts(conn, ring, NORTH, [third, first])
        assert outbox.receipts(conn, ring, NORTH, item().item_id) == [first, second, first, third]


@pytest.mark.parametrize(
    ("state", "written"),
    [("queued", False), ("unknown", False), ("delivered", True), ("confirmed", True), ("withdrawn", False)],
)
def test_what_was_written_last_follows_the_state(
    region: Store, ring: Keyring, state: str, written: bool
) -> None:
    queue(region, ring)
    set_state(region, 1, OutboxState(state))
    assert last_written(region, ring) == (WRITTEN if written else None)


@pytest.mark.parametrize(
    ("outcome", "written"), [(Outcome.ADOPTED, True), (Outcome.CONFIRMED, True), (Outcome.NOT_TAKEN, False)]
)
def test_a_conflict_does_not_unwrite_what_receipts_prove(
    region: Store, ring: Keyring, outcome: Outcome, written: bool
) -> None:
    queue(region, ring)
    save_receipt(region, ring, 1, outcome)
    set_state(region, 1, OutboxState.CONFLICT)
    assert last_written(region, ring) == (WRITTEN if written else None)


def test_the_newest_written_revision_counts(region: Store, ring: Keyring) -> None:
    for revision, percent in ((1, "88.5"), (2, "90"), (3, "91")):
        queue(region, ring, revision, percent)
        if revision < 3:
            set_state(region, revision, OutboxState.CONFIRMED)
    assert last_written(region, ring) == WrittenGrade(payload(percent="90").value, payload().comment)


def test_taking_back_the_newest_leaves_nothing_written(region: Store, ring: Keyring) -> None:
    queue(region, ring, 1)
    set_state(region, 1, OutboxState.CONFIRMED)
    queue(region, ring, 2, "90")
    save_receipt(region, ring, 2, Outcome.CONFIRMED)
    set_state(region, 2, OutboxState.WITHDRAWN)
    assert last_written(region, ring) is None
