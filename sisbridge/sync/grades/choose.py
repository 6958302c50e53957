"""A person's choice about one grade that does not go on by itself: the SIS's value stands, or ours goes."""

from __future__ import annotations

from dataclasses import replace

from domain.errors import StopDistrict
from domain.grading import OutboxItem, OutboxState, Receipt, WrittenGrade
from domain.ids import DistrictCode, GradeId, ItemId
from domain.model import District
from sisbridge.house import House, clock_of
from sisbridge.store import audit, outbox
from sisbridge.store.database import Connection
from sisbridge.sync.answers.waiting import SETTLED
from sisbridge.sync.grades import gate, posting
from sisbridge.sync.grades.deliver import send_items
from sisbridge.sync.grades.payloads import desk_of
from sisbridge.sync.grades.remote_ids import reminded
from sisbridge.sync.grades.work import work_for
from sisbridge.sync.grades.writeback import alone, tell_cases

_QUEUES_AGAIN = (OutboxState.BY_HAND, OutboxState.REJECTED, OutboxState.NOT_TAKEN, OutboxState.UNKNOWN)


def keep_theirs(house: House, district: DistrictCode, item_id: ItemId, actor: str) -> None:
    """Withdraw our grade: what the SIS holds stands, and nothing more is sent. Audited.

    A later revision that finds that value is a conflict again. StopDistrict WB15 for an item that is settled.
    """
    known, item = _item(house, district, item_id)
    if item.state in SETTLED:
        raise _cannot(item, "It is settled.")
    with alone(house, district):
        _move(house, known, item, actor, "grade of the SIS kept", OutboxState.WITHDRAWN)
        tell_cases(house, known)


def send_ours(house: House, district: DistrictCode, item_id: ItemId, actor: str) -> OutboxState:
    """Send our grade all the same, and return where it stands then. Audited.

    In a conflict the SIS is read again, and only the very value that the person was told of is written
    over: another one since is a conflict anew. A grade that would go to another student or class by now is
    looked at as one newly released. An older grade than the one released since is superseded.
    StopDistrict WB15 for an item that is settled or waits for
    its posting window, WB16 for one of a route the district has left; raises what a delivery raises.
    """
    known, item = _item(house, district, item_id)
    if item.state in _QUEUES_AGAIN:
        _move(house, known, item, actor, posting.SENT_ALL_THE_SAME, OutboxState.QUEUED)
        if item.state is OutboxState.REJECTED:
            _renew(house, known, item)
    elif item.state is OutboxState.CONFLICT:
        with alone(house, district):
            if _leads_astray(house, known, item):
                _move(house, known, item, actor, posting.SENT_ALL_THE_SAME, OutboxState.QUEUED)
                _renew(house, known, item)
            else:
                _overwrite(house, known, item, actor)
                tell_cases(house, known)
    else:
        raise _cannot(item, "A grade can be sent over what a SIS holds only in a conflict.")
    return _item(house, district, item_id)[1].state


def _leads_astray(house: House, district: District, item: OutboxItem) -> bool:
    """Return whether what the person was told of is another student's or of another class by now."""
    with house.store.read() as conn:
        payloads = outbox.payloads(conn, house.keyring, district.code, [item.item_id])
        return bool(posting.astray(conn, desk_of(conn, district, item.route), [item.item_id], payloads))


def _renew(house: House, district: District, item: OutboxItem) -> None:
    """Make what is sent anew: what was refused may have been mended in the region file or the roster."""
    route, _ = gate.opened(house, district)
    with house.store.begin("choice") as conn:
        posting.renew(conn, house, desk_of(conn, district, route.kind), route, [item.item_id])


def _overwrite(house: House, district: District, item: OutboxItem, actor: str) -> None:
    route, sink = gate.opened(house, district)
    if route.kind != item.route:
        raise StopDistrict(
            "WB16",
            f"Item {item.item_id} went by {item.route}, and the district's route is now {route.kind}.",
            fix="Keep the SIS's grade, or set that route once more.",
            place=item.item_id,
        )
    with house.store.begin("choice") as conn:
        proofs = outbox.last_receipts(conn, house.keyring, district.code, [item.item_id])
        _audit(conn, district, item, actor, "grade sent over the SIS's")
    work = work_for(house, district, sink, route.kind, [OutboxState.CONFLICT])
    work = replace(work, last_written=_as_if_ours(item, proofs.get(item.item_id)))
    with reminded(house, district, sink, route.kind):
        send_items(work, [item], route.kind)


def _as_if_ours(item: OutboxItem, told: Receipt | None) -> dict[GradeId, WrittenGrade]:
    """Return what the person was told the SIS holds, as if we had written it: this alone is written over."""
    there = told.after if told else None
    return {item.grade_id: WrittenGrade(there.value, there.comment or "")} if there else {}


def _item(house: House, district: DistrictCode, item_id: ItemId) -> tuple[District, OutboxItem]:
    known = house.district(district)
    with house.store.read() as conn:
        found = [item for item in outbox.items(conn, district) if item.item_id == item_id]
    if not found:
        raise StopDistrict(
            "WB17",
            f"District {district} has no grade on its way under the id {item_id}.",
            fix=f"See the ids with `sisbridge grades list {district}`.",
            place=item_id,
        )
    return known, found[0]


def _move(
    house: House, district: District, item: OutboxItem, actor: str, said: str, state: OutboxState
) -> None:
    """Move one item as a person chose, unless it has gone on in the meantime."""
    with house.store.begin("choice") as conn:
        at = clock_of(district)()
        if not outbox.claim(conn, district.code, [item], at):
            raise _cannot(item, "It has gone on in the meantime.")
        outbox.set_state(conn, district.code, [item.item_id], state, attempts=item.attempts, at=at)
        if state is OutboxState.QUEUED:
            outbox.requeue(conn, district.code, [item.item_id], at)
        _audit(conn, district, item, actor, said)


def _audit(conn: Connection, district: District, item: OutboxItem, actor: str, said: str) -> None:
    digest, at = item.payload_digest, clock_of(district)()
    audit.append(conn, district.code, actor, said, str(item.item_id), digest, digest, at)


def _cannot(item: OutboxItem, why: str) -> StopDistrict:
    return StopDistrict(
        "WB15",
        f"Nothing can be chosen for item {item.item_id}, which is {item.state.replace('_', ' ')}: {why}",
        fix=f"See where it stands with `sisbridge grades list {item.district} --all`.",
        place=item.item_id,
    )
