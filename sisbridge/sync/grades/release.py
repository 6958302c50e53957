"""Release collected grades through the gate: only complete, as their route can carry them, once each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

from domain.grading import GradePayload, GradeRecord, OutboxState
from domain.ids import DistrictCode
from domain.model import Finding
from sisbridge.house import House, clock_of
from sisbridge.store import audit, cases, outbox
from sisbridge.store import grades as grade_store
from sisbridge.store.database import Connection
from sisbridge.sync.grades import gate, posting
from sisbridge.sync.grades.payloads import Desk, desk_of, home_roster

Progress = Callable[[int, int], None]
"""Told how many of how many are done."""


@dataclass
class Released:
    """What came of a release: grades queued, waiting in the outbox for their window, and held back.

    by_hand: corrections of posted transcripts, which a person enters in the SIS.
    """

    queued: int = 0
    waiting: int = 0
    held: int = 0
    by_hand: int = 0

    def as_dict(self) -> dict[str, int]:
        """Return the counts by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


_COUNT_OF = {
    OutboxState.QUEUED: "queued",
    OutboxState.HELD: "waiting",
    OutboxState.BY_HAND: "by_hand",
}


def release(
    house: House,
    district: DistrictCode,
    actor: str,
    *,
    offering: str | None = None,
    progress: Progress | None = None,
) -> Released:
    """Queue the newest unreleased revision of each collected grade that its route can carry.

    What is released before its posting window opens waits in the outbox and leaves by itself. Each
    release is audited. Raises StopDistrict when the district has no MOU, no scale or no grade route.
    """
    known = house.district(district)
    route, _ = gate.opened(house, known)
    with house.store.begin("release") as conn:
        desk = desk_of(conn, known, route.kind)
        records = [
            record
            for record in grade_store.collected(conn, house.keyring, district)
            if offering in (None, record.offering)
        ]
        released, findings = _release(conn, house, desk, route, records, actor, progress)
        cases.fold(conn, district, desk.today, findings, "gate", closing=offering is None)
        posting.tell(conn, desk, closing=False)
    return released


def release_again(house: House, district: DistrictCode, actor: str) -> Released:
    """Queue once more what the SIS refused or did not keep, for a person who mended the cause.

    What is sent is made anew, of what roster and term map say by now. A grade that has a newer revision is
    left to that one. Each release is audited; raises as `release`.
    """
    known = house.district(district)
    route, _ = gate.opened(house, known)
    at = clock_of(known)()
    with house.store.begin("release") as conn:
        refused = outbox.items(conn, district, [OutboxState.REJECTED, OutboxState.NOT_TAKEN])
        numbers = [item.item_id for item in refused]
        outbox.requeue(conn, district, numbers, at)
        posting.renew(conn, house, desk_of(conn, known, route.kind), route, numbers)
        subjects = [(str(item.item_id), item.payload_digest, item.payload_digest) for item in refused]
        audit.append_many(conn, district, actor, posting.RELEASED_AGAIN, subjects, at)
    return Released(queued=len(refused))


def _release(
    conn: Connection,
    house: House,
    desk: Desk,
    route: gate.Route,
    records: list[GradeRecord],
    actor: str,
    progress: Progress | None,
) -> tuple[Released, list[Finding]]:
    released, findings = Released(), list[Finding]()
    home = home_roster(conn, desk, records)
    let_go: list[tuple[GradeRecord, GradePayload, OutboxState]] = []
    written = outbox.standing(conn, desk.district.code).keys()
    for number, record in enumerate(records, 1):
        verdict = gate.judge(desk, route, home, record, written)
        findings += verdict.findings
        if verdict.payload is None:
            released.held += 1
        else:
            let_go.append((record, verdict.payload, verdict.state))
            count = _COUNT_OF[verdict.state]
            setattr(released, count, getattr(released, count) + 1)
        if progress:
            progress(number, len(records))
    _let_go(conn, house, desk, let_go, actor)
    return released, findings


def _let_go(
    conn: Connection,
    house: House,
    desk: Desk,
    grades: list[tuple[GradeRecord, GradePayload, OutboxState]],
    actor: str,
) -> None:
    """Put grades into the outbox as released by a person."""
    at, code = clock_of(desk.district)(), desk.district.code
    work = [
        (posting.item_of(house, desk.route, record, payload, state), payload)
        for record, payload, state in grades
    ]
    grade_store.release_many(conn, code, [record for record, _, _ in grades], actor, at)
    outbox.queue_many(conn, house.keyring, code, work, at)
    subjects = [(str(item.item_id), None, item.payload_digest) for item, _ in work]
    audit.append_many(conn, code, actor, "grade released", subjects, at)
