"""The audit: who did what to whose data, append-only, each record chained to the one before by its hash."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import Connection, Row

from domain.clock import utc_text
from domain.ids import DistrictCode
from sisbridge.store import bulk
from sisbridge.store.tables.region import audit, district

_HASHED = ("district_code", "seq", "at", "actor", "action", "subject", "before_digest", "after_digest")


def append(
    conn: Connection,
    district: DistrictCode,
    actor: str,
    action: str,
    subject: str,
    before_digest: str | None,
    after_digest: str | None,
    at: datetime,
) -> int:
    """Append one record to the district's chain and return its number.

    subject names a thing by its id, never a person. The database refuses to change or delete a record.
    """
    return append_many(conn, district, actor, action, [(subject, before_digest, after_digest)], at)


def append_many(
    conn: Connection,
    district: DistrictCode,
    actor: str,
    action: str,
    subjects: Sequence[tuple[str, str | None, str | None]],
    at: datetime,
) -> int:
    """Append a record for each subject with its digests before and after; return the last number."""
    _wait_for_turn(conn, district)
    last = conn.execute(
        sa.select(audit.c.seq, audit.c.hash)
        .where(audit.c.district_code == district)
        .order_by(audit.c.seq.desc())
        .limit(1)
    ).one_or_none()
    seq, previous, records = (last.seq if last else 0), (last.hash if last else ""), list[dict[str, Any]]()
    for subject, before_digest, after_digest in subjects:
        seq += 1
        record = {
            "district_code": district,
            "seq": seq,
            # As it will be read back, whatever the database keeps of it.
            "at": at.replace(microsecond=at.microsecond // 1000 * 1000),
            "actor": actor,
            "action": action,
            "subject": subject,
            "before_digest": before_digest,
            "after_digest": after_digest,
            "previous_hash": previous,
        }
        previous = record["hash"] = _hash(record)
        records.append(record)
    if records:
        conn.execute(sa.insert(audit), records)
    return int(seq)


def of_action(conn: Connection, district: DistrictCode, action: str, subjects: Collection[str]) -> set[str]:
    """Return those of some subjects to which an action was ever done."""
    wanted = sa.select(audit.c.subject).where(
        audit.c.district_code == district,
        audit.c.action == action,
        bulk.one_of(conn, audit.c.subject, subjects),
    )
    return set(conn.scalars(wanted))


def last_of_actions(
    conn: Connection, district: DistrictCode, actions: Collection[str], subjects: Collection[str]
) -> dict[str, datetime]:
    """Return when one of some actions was last done to each of some subjects; others are not there."""
    wanted = (
        sa.select(audit.c.subject, sa.func.max(audit.c.at).label("at"))
        .where(audit.c.district_code == district, audit.c.action.in_(actions))
        .where(bulk.one_of(conn, audit.c.subject, subjects))
        .group_by(audit.c.subject)
    )
    return {row.subject: row.at for row in conn.execute(wanted)}


def verify(conn: Connection, district: DistrictCode) -> bool:
    """Return whether the district's chain is whole: nothing edited, nothing taken out of the middle."""
    previous, number = "", 1
    wanted = sa.select(audit).where(audit.c.district_code == district).order_by(audit.c.seq)
    for row in conn.execute(wanted.execution_options(yield_per=10_000)):
        if not _follows(row, previous, number):
            return False
        previous, number = row.hash, number + 1
    return True


def last_hash(conn: Connection, district: DistrictCode) -> str:
    """Return the hash of a district's newest record, which stands for the whole chain; "" for none."""
    newest = sa.select(audit.c.hash).where(audit.c.district_code == district).order_by(audit.c.seq.desc())
    return conn.scalar(newest.limit(1)) or ""


def _follows(row: Row[*tuple[Any, ...]], previous: str, number: int) -> bool:
    record = dict(row._mapping)
    return (row.seq, row.previous_hash, row.hash) == (number, previous, _hash(record))


def _wait_for_turn(conn: Connection, code: DistrictCode) -> None:
    """Let one append of a district go on at a time: two would follow the same record."""
    locked = sa.select(district.c.code).where(district.c.code == code)
    conn.execute(locked.with_for_update(key_share=True))


def _hash(record: dict[str, Any]) -> str:
    moment: datetime = record["at"]
    values = {name: record[name] for name in (*_HASHED, "previous_hash")} | {"at": utc_text(moment)}
    return hashlib.sha256(orjson.dumps(list(values.values()))).hexdigest()
