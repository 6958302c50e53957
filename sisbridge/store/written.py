"""What we wrote last of each grade on each route: what may be written over, and what never."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from domain.grading import GradePayload, OutboxState, Outcome, WrittenGrade
from domain.ids import DistrictCode, GradeId, ItemId
from sisbridge.store.codec import PAYLOAD
from sisbridge.store.sealing import Keyring
from sisbridge.store.tables.grades import outbox, receipt

_WRITTEN = (OutboxState.DELIVERED, OutboxState.CONFIRMED)
_MAYBE = (*_WRITTEN, OutboxState.SENDING, OutboxState.UNKNOWN)
_WRITING = (Outcome.DELIVERED, Outcome.CONFIRMED, Outcome.ADOPTED)


def last_written(
    conn: Connection, keyring: Keyring, district: DistrictCode, route: str, grade_id: GradeId
) -> WrittenGrade | None:
    """Return what we wrote (or found and adopted) last for a grade on a route, or None.

    None too when we took it back. The value is as it was released, not in the route's own form.
    """
    return _last_written(conn, keyring, district, route, outbox.c.grade_id == grade_id).get(grade_id)


def last_written_all(
    conn: Connection, keyring: Keyring, district: DistrictCode, route: str
) -> dict[GradeId, WrittenGrade]:
    """Return `last_written` of every grade of a route at once."""
    return _last_written(conn, keyring, district, route)


def standing(conn: Connection, district: DistrictCode) -> dict[GradeId, int]:
    """Return the oldest revision of each grade that stands in the SIS or may stand there, by any route."""
    wanted = (
        sa.select(outbox.c.grade_id, sa.func.min(outbox.c.revision))
        .where(outbox.c.district_code == district, outbox.c.state.in_(_MAYBE) | _proven())
        .group_by(outbox.c.grade_id)
    )
    return {GradeId(grade): revision for grade, revision in conn.execute(wanted).tuples()}


def opened(keyring: Keyring, district: DistrictCode, item_id: ItemId, sealed: bytes) -> GradePayload:
    """Return an item's payload, opened."""
    return PAYLOAD.load(keyring.open(district, sealed, purpose(item_id)))


def purpose(item_id: ItemId) -> str:
    """Return what an item's payload is sealed for: it opens as no other item's."""
    return f"payload/{item_id}"


def _last_written(
    conn: Connection, keyring: Keyring, district: DistrictCode, route: str, *only: ColumnElement[bool]
) -> dict[GradeId, WrittenGrade]:
    rows = conn.execute(
        sa.select(outbox)
        .where(
            outbox.c.district_code == district,
            outbox.c.route == route,
            outbox.c.state.in_(_WRITTEN) | _proven(),
            *only,
        )
        .order_by(outbox.c.grade_id, outbox.c.revision)
    ).all()
    newest = {row.grade_id: row for row in rows}
    payloads = {
        grade_id: opened(keyring, district, row.item_id, row.sealed)
        for grade_id, row in newest.items()
        if row.state != OutboxState.WITHDRAWN
    }
    return {grade_id: WrittenGrade(payload.value, payload.comment) for grade_id, payload in payloads.items()}


def _proven() -> ColumnElement[bool]:
    # A conflict found later does not unwrite what we wrote: the receipts remember.
    return sa.exists().where(
        receipt.c.district_code == outbox.c.district_code,
        receipt.c.item_id == outbox.c.item_id,
        receipt.c.outcome.in_(_WRITING),
    )
