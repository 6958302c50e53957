"""Deliver one district's released grades by its chosen route, and open cases for what did not land."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta

from connectors.protocol import FileGradeSink
from domain.errors import RetryLater, SisbridgeError, StopDistrict
from domain.grading import OutboxItem, OutboxState, Outcome, Receipt
from domain.ids import DistrictCode
from domain.model import District, Finding, Severity
from sisbridge.house import House, clock_of, today_of
from sisbridge.store import cases, outbox, outbox_due, regions
from sisbridge.store.database import Connection
from sisbridge.sync import unexpected
from sisbridge.sync.grades import gate, posting
from sisbridge.sync.grades.deliver import (
    IN_DOUBT,
    TO_SEND,
    deliver_items,
    resolve_doubts,
)
from sisbridge.sync.grades.deliver_file import deliver_file
from sisbridge.sync.grades.file_cases import tell_files
from sisbridge.sync.grades.look_again import is_due as is_to_be_seen_again
from sisbridge.sync.grades.look_again import look_again
from sisbridge.sync.grades.payloads import desk_of
from sisbridge.sync.grades.work import MAXIMUM_ATTEMPTS, Progress

CLOSED_WINDOW_PAUSE = timedelta(hours=6)
"""How long a SIS that takes no such grades at present is left alone, unless a person delivers."""

_TROUBLED = (OutboxState.CONFLICT, OutboxState.REJECTED, OutboxState.UNKNOWN, OutboxState.NOT_TAKEN)


@dataclass(frozen=True)
class DeliveryCounts:
    """Where a district's grades stand after a delivery."""

    queued: int = 0
    held: int = 0
    by_hand: int = 0
    delivered: int = 0
    confirmed: int = 0
    conflict: int = 0
    rejected: int = 0
    unknown: int = 0
    not_taken: int = 0
    sent: int = 0

    def as_dict(self) -> dict[str, int]:
        """Return the counts by name."""
        return asdict(self)


def districts_with_items(house: House) -> list[DistrictCode]:
    """Return the districts whose grades a delivery could bring further, in a stable order.

    A file that is in place is not among them: the nightly `reconcile` looks for its acknowledgement.
    """
    states = [*IN_DOUBT, *TO_SEND]
    with house.store.read() as conn:
        return [
            one.code
            for one in regions.districts(conn)
            if outbox_due.waits(
                conn, one.code, states, MAXIMUM_ATTEMPTS, clock_of(one)() - CLOSED_WINDOW_PAUSE
            )
            or posting.is_due(conn, one)
            or _is_doubted(conn, one)
        ]


def _is_doubted(conn: Connection, district: District) -> bool:
    config = regions.connector(conn, district.code, "grades")
    return config is not None and is_to_be_seen_again(conn, district, config.kind)


def deliver(house: House, district: DistrictCode, *, progress: Progress | None = None) -> DeliveryCounts:
    """Deliver what is released and not yet proven; sending twice changes nothing.

    Raises one of the four errors when the SIS cannot be reached or refuses us altogether; a case says so.
    Raises RetryLater WB14 while another process delivers grades of the same district.
    """
    known = house.district(district)
    if known.mou_approved_on is None:
        raise StopDistrict(
            "CF11",
            f"District {district} has no approved MOU, so nothing is written back.",
            fix="Record the date the MOU was approved in the district's settings.",
        )
    with alone(house, district):
        return _deliver_alone(house, known, progress)


def lock_of(district: DistrictCode) -> str:
    """Return the name of the lock that whoever delivers grades of a district holds."""
    return f"deliver-{district}"


@contextmanager
def alone(house: House, district: DistrictCode, spared: str = "nothing was sent twice") -> Iterator[None]:
    """Be the only one who sends grades of a district; RetryLater WB14 while somebody else does.

    spared: what did not happen because of it, as the message says it.
    """
    with house.store.alone(lock_of(district)) as is_alone:
        if not is_alone:
            raise RetryLater(
                "WB14",
                f"Another process is delivering grades of district {district}; {spared}.",
                fix="Wait until it has ended; what it leaves is delivered then.",
            )
        yield


def _deliver_alone(house: House, known: District, progress: Progress | None) -> DeliveryCounts:
    district = known.code
    before = _attempts(house, district)
    try:
        _deliver(house, known, progress)
    except Exception as error:  # noqa: BLE001 - a case is opened whatever happened
        failure = unexpected.named("The delivery", error)
        _fold(house, known, [_stopped(failure)], "delivery")
        raise failure from None
    _fold(house, known, [], "delivery")
    _fold(house, known, _troubles(house, known), "grades out")
    tell_files(house, known)
    return _counts(house, district, _attempts(house, district) - before)


def _deliver(house: House, district: District, progress: Progress | None) -> None:
    with house.store.read() as conn:
        if not outbox.items(conn, district.code):
            return
    route, sink = gate.opened(house, district)
    posting.tend(house, district, route)
    if isinstance(sink, FileGradeSink):
        deliver_file(house, district, sink, route.kind, progress)
    else:
        if resolve_doubts(house, district, sink, route.kind):
            # What comes back to the queue may have waited for long: roster and window are looked at again.
            posting.tend(house, district, route)
        deliver_items(house, district, sink, route.kind, progress)
        look_again(house, district, sink, route.kind)


def tell_cases(house: House, district: District) -> None:
    """Let the cases of grades on their way say what is so now."""
    _fold(house, district, _troubles(house, district), "grades out")
    with house.store.begin("cases") as conn:
        config = regions.connector(conn, district.code, "grades")
        desk = desk_of(conn, district, config.kind if config else "")
        posting.tell(conn, desk, closing=posting.TOLD_HERE)


def _attempts(house: House, district: DistrictCode) -> int:
    with house.store.read() as conn:
        return sum(item.attempts for item in outbox.items(conn, district))


def _counts(house: House, district: DistrictCode, sent: int) -> DeliveryCounts:
    with house.store.read() as conn:
        newest = {(item.route, item.grade_id): item for item in outbox.items(conn, district)}
    states = Counter(item.state.value for item in newest.values())
    names = (
        "queued",
        "held",
        "by_hand",
        "delivered",
        "confirmed",
        "conflict",
        "rejected",
        "unknown",
        "not_taken",
    )
    return DeliveryCounts(**{name: states.get(name, 0) for name in names}, sent=sent)


def _fold(house: House, district: District, findings: list[Finding], scope: str) -> None:
    with house.store.begin("cases") as conn:
        cases.fold(conn, district.code, today_of(district), findings, scope)


def _troubles(house: House, district: District) -> list[Finding]:
    """Return a finding for each grade that did not land, or waits for the SIS, from its last receipt."""
    with house.store.read() as conn:
        items = outbox.items(conn, district.code, [*_TROUBLED, OutboxState.QUEUED])
        troubled = [
            item
            for item in items
            if item.state is not OutboxState.NOT_TAKEN or item.attempts >= MAXIMUM_ATTEMPTS
        ]
        numbers = [item.item_id for item in troubled]
        last = outbox.last_receipts(conn, house.keyring, district.code, numbers)
    found = ((item, last.get(item.item_id)) for item in troubled)
    return [_trouble(item, proof) for item, proof in found if _needs_a_person(item, proof)]


def _needs_a_person(item: OutboxItem, last: Receipt | None) -> bool:
    """Return whether an item does not go on by itself: of those queued, only what waits for the SIS."""
    return item.state is not OutboxState.QUEUED or (last is not None and last.outcome is Outcome.WAITING)


_RULES = {
    OutboxState.CONFLICT: "WB10",
    OutboxState.NOT_TAKEN: "WB11",
    OutboxState.REJECTED: "WB12",
    OutboxState.UNKNOWN: "WB13",
    OutboxState.QUEUED: "WB21",
}


def _trouble(item: OutboxItem, last: Receipt | None) -> Finding:
    waits = last.message if last and item.state is OutboxState.QUEUED else ""
    return Finding(
        rule=_RULES[item.state],
        severity=Severity.HOLD_ROW,
        table="grades",
        field="",
        place=item.route,
        key=item.item_id,
        masked="",
        message=(last.message if last and last.message else "A grade did not land as it was released."),
        fix=(
            last.fix
            if last and last.fix
            else "Mend the cause with the registrar, then `sisbridge grades release DISTRICT --again`."
        ),
        group=f"{item.route}/{waits}" if waits else item.route,
    )


def _stopped(error: SisbridgeError) -> Finding:
    return Finding(
        error.code, Severity.HOLD_FEED, "grades", "", error.place, "", "", error.message, error.fix
    )
