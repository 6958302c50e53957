"""Grades as they were collected: every revision, values sealed, and who released them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Row

from domain.errors import ContractBroken
from domain.grading import GradeKind, GradeRecord
from domain.ids import DistrictCode, GradeId
from sisbridge.store import bulk
from sisbridge.store.codec import GRADE, GradeContent
from sisbridge.store.sealing import Keyring
from sisbridge.store.tables.grades import grade, grade_batch
from sisbridge.store.upsert import insert_missing, upsert


class GradeState(StrEnum):
    """Where one revision of a grade stands before it may leave."""

    COLLECTED = "collected"
    HELD = "held"
    RELEASED = "released"


def batch_seen(conn: Connection, district: DistrictCode, name: str, sha256: str) -> bool:
    """Return whether exactly this batch of grades was read before."""
    table = grade_batch.c
    here = (table.district_code == district, table.name == name, table.sha256 == sha256)
    return conn.scalar(sa.select(table.name).where(*here)) is not None


def save_batch(conn: Connection, district: DistrictCode, name: str, sha256: str, at: datetime) -> None:
    """Note that a batch of grades was read; the first time counts."""
    row = {"district_code": district, "name": name, "sha256": sha256, "read_at": at}
    insert_missing(conn, grade_batch, [row])


def latest(conn: Connection, keyring: Keyring, district: DistrictCode) -> dict[GradeId, GradeRecord]:
    """Return the newest revision of every grade of a district, whatever its state."""
    return {record.grade_id: record for record in _newest(conn, keyring, district)}


def newest(
    conn: Connection, keyring: Keyring, district: DistrictCode, grade_id: GradeId
) -> GradeRecord | None:
    """Return the newest revision of one grade, or None."""
    return next(_newest(conn, keyring, district, grade.c.grade_id == grade_id), None)


def save(conn: Connection, keyring: Keyring, record: GradeRecord, state: GradeState, at: datetime) -> None:
    """Save one revision; one that was released already stays as it was released."""
    of_record = (grade.c.district_code == record.district, grade.c.grade_id == record.grade_id)
    stored = sa.select(grade.c.state).where(*of_record, grade.c.revision == record.revision)
    if conn.scalar(stored) != GradeState.RELEASED:
        upsert(conn, grade, [_row(keyring, record, state, at)])


def revision(
    conn: Connection, keyring: Keyring, district: DistrictCode, grade_id: GradeId, number: int
) -> GradeRecord | None:
    """Return one revision of a grade, whatever its state, or None."""
    this = (grade.c.district_code == district, grade.c.grade_id == grade_id, grade.c.revision == number)
    row = conn.execute(sa.select(grade).where(*this)).one_or_none()
    return _record(keyring, row) if row else None


def collected(conn: Connection, keyring: Keyring, district: DistrictCode) -> list[GradeRecord]:
    """Return the newest revisions that wait for release, by offering, column and grade id."""
    return list(_newest(conn, keyring, district, grade.c.state == GradeState.COLLECTED))


def released(conn: Connection, keyring: Keyring, district: DistrictCode) -> list[GradeRecord]:
    """Return the newest revisions that are released, by offering, column and grade id."""
    return list(_newest(conn, keyring, district, grade.c.state == GradeState.RELEASED))


def release(
    conn: Connection, district: DistrictCode, grade_id: GradeId, revision: int, actor: str, at: datetime
) -> None:
    """Release one collected or held revision; a released one stays as it was released.

    Raises ContractBroken CF08 when there is no such revision.
    """
    this = (grade.c.district_code == district, grade.c.grade_id == grade_id, grade.c.revision == revision)
    state = conn.scalar(sa.select(grade.c.state).where(*this))
    if state is None:
        raise ContractBroken(
            "CF08",
            f"District {district} has no revision {revision} of grade {grade_id}.",
            fix="Collect the grades again, then release them.",
        )
    if state != GradeState.RELEASED:
        changes = {"state": GradeState.RELEASED.value, "released_by": actor, "released_at": at}
        bulk.changed_rows(conn, sa.update(grade).where(*this).values(changes))


def release_many(
    conn: Connection, district: DistrictCode, records: Sequence[GradeRecord], actor: str, at: datetime
) -> None:
    """Release the revisions of records that were read in this transaction; released ones stay as they are."""
    changes = {"state": GradeState.RELEASED.value, "released_by": actor, "released_at": at}
    for revision_number in sorted({record.revision for record in records}):
        alike = [record.grade_id for record in records if record.revision == revision_number]
        conn.execute(
            sa.update(grade)
            .where(
                grade.c.district_code == district,
                grade.c.revision == revision_number,
                grade.c.state != GradeState.RELEASED.value,
                bulk.one_of(conn, grade.c.grade_id, alike),
            )
            .values(changes)
        )


def _newest(
    conn: Connection, keyring: Keyring, district: DistrictCode, *wanted: ColumnElement[bool]
) -> Iterator[GradeRecord]:
    later = grade.alias("later")
    is_later = sa.exists().where(
        later.c.district_code == grade.c.district_code,
        later.c.grade_id == grade.c.grade_id,
        later.c.revision > grade.c.revision,
    )
    columns = ("offering_id", "term", "reporting_period", "kind", "grade_id")
    rows = conn.execute(
        sa.select(grade)
        .where(grade.c.district_code == district, ~is_later, *wanted)
        .order_by(*(grade.c[name] for name in columns))
    )
    for row in rows.all():
        yield _record(keyring, row)


def _row(keyring: Keyring, record: GradeRecord, state: GradeState, at: datetime) -> dict[str, object]:
    content = GRADE.dump(GradeContent(record.value, record.comment))
    return {
        "district_code": record.district,
        "grade_id": record.grade_id,
        "revision": record.revision,
        "person_id": record.person,
        "student": record.student,
        "offering_id": record.offering,
        "term": record.term,
        "reporting_period": record.reporting_period,
        "kind": record.kind.value,
        "scale_version": record.scale_version,
        "sealed": keyring.seal(record.district, content, _purpose(record.grade_id, record.revision)),
        "value_fingerprint": keyring.fingerprint(record.district, content, "grade value"),
        "entered_by": record.entered_by,
        "state": state.value,
        "collected_at": at,
        "place": record.place,
    }


def _record(keyring: Keyring, row: Row[*tuple[Any, ...]]) -> GradeRecord:
    sealed = keyring.open(row.district_code, row.sealed, _purpose(row.grade_id, row.revision))
    content = GRADE.load(sealed)
    return GradeRecord(
        grade_id=row.grade_id,
        district=row.district_code,
        person=row.person_id,
        student=row.student,
        offering=row.offering_id,
        term=row.term,
        reporting_period=row.reporting_period,
        kind=GradeKind(row.kind),
        value=content.value,
        scale_version=row.scale_version,
        comment=content.comment,
        revision=row.revision,
        entered_by=row.entered_by,
        place=row.place,
    )


def _purpose(grade_id: GradeId, revision: int) -> str:
    return f"grade/{grade_id}/{revision}"
