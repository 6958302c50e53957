"""What of the outbox a delivery could bring further: what waits, and what is to be looked at once more."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from domain.grading import OutboxItem, OutboxState, Outcome
from domain.ids import DistrictCode
from sisbridge.store.outbox import as_item, has_newer
from sisbridge.store.tables.grades import outbox, receipt

_LYING = (OutboxState.DELIVERED.value, OutboxState.UNKNOWN.value)


def waits(
    conn: Connection,
    district: DistrictCode,
    states: Collection[OutboxState],
    maximum_attempts: int,
    refused_before: datetime,
) -> bool:
    """Return whether a district has items in some states that a delivery could bring further.

    Left out: what lies in a file, which only the other side can bring further, what the SIS did not take
    as often as it is tried, and what it takes no grades for unless it said so before a moment.
    """
    lies = outbox.c.batch_id.is_not(None) & outbox.c.state.in_(_LYING)
    used_up = (outbox.c.state == OutboxState.NOT_TAKEN.value) & (outbox.c.attempts >= maximum_attempts)
    wanted = sa.select(outbox.c.item_id).where(
        outbox.c.district_code == district,
        outbox.c.state.in_([state.value for state in states]),
        ~lies,
        ~used_up,
        ~sa.and_(outbox.c.updated_at >= refused_before, _was_to_wait()),
    )
    return conn.scalar(wanted.limit(1)) is not None


def doubted(
    conn: Connection, district: DistrictCode, route: str, before: datetime, quiet: timedelta
) -> list[OutboxItem]:
    """Return the confirmed items that were proven while an unproven write of the grade could still arrive.

    Only the newest revision of each grade. before: the unproven write was sent then or earlier. quiet: how
    long after it a proof says nothing of what may still arrive.
    """
    beside, tried = receipt.alias("beside"), outbox.alias("tried")
    of_route = (tried.c.district_code == district, tried.c.route == route)
    doubts = (
        sa.select(tried.c.grade_id, sa.func.max(beside.c.sent_at).label("sent"))
        .join(beside, sa.and_(*(tried.c[name] == beside.c[name] for name in ("district_code", "item_id"))))
        .where(*of_route, beside.c.outcome.in_([Outcome.UNKNOWN.value, Outcome.NOT_TAKEN.value]))
        .group_by(tried.c.grade_id)
        .subquery()
    )
    proven = (
        sa.select(sa.func.max(receipt.c.sent_at))
        .where(
            receipt.c.district_code == outbox.c.district_code,
            receipt.c.item_id == outbox.c.item_id,
            receipt.c.outcome.in_([Outcome.CONFIRMED.value, Outcome.ADOPTED.value]),
        )
        .scalar_subquery()
    )
    # From the few grades that were ever in doubt to their items: this is asked of every district, and often.
    wanted = (
        sa.select(outbox, doubts.c.sent, proven.label("proven"))
        .join(doubts, doubts.c.grade_id == outbox.c.grade_id)
        .where(
            outbox.c.district_code == district,
            outbox.c.route == route,
            outbox.c.state == OutboxState.CONFIRMED.value,
            ~has_newer(),
            doubts.c.sent <= before,
        )
    )
    return [as_item(row) for row in conn.execute(wanted) if row.proven and row.proven < row.sent + quiet]


def _was_to_wait() -> ColumnElement[bool]:
    """Return the condition that the SIS said last of an item that it takes no such grade at present."""
    last = (
        sa.select(receipt.c.outcome)
        .where(receipt.c.district_code == outbox.c.district_code, receipt.c.item_id == outbox.c.item_id)
        .order_by(receipt.c.attempt.desc(), receipt.c.seq.desc())
        .limit(1)
        .scalar_subquery()
    )
    return sa.func.coalesce(last, "") == Outcome.WAITING.value
