"""Rows of grade files that were held: why, and where they stand, until a good row of the same grade comes.

A row is known by a keyed fingerprint of what it says it is of, so that what a teacher typed in place of a
student's id is not kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import sqlalchemy as sa
from sqlalchemy import Connection

from domain.ids import DistrictCode
from domain.model import Finding, Severity
from sisbridge.store import bulk
from sisbridge.store.tables.grades import held_grade

_NAMES = ("rule", "severity", "field", "place", "key", "masked", "message", "fix", "group", "student")
_COLUMN = {"key": "sourced_id", "group": "grouping"}


def keys_of_batch(conn: Connection, district: DistrictCode, batch: str) -> set[str]:
    """Return the keys of the rows that are held since a file of this name was read."""
    wanted = sa.select(held_grade.c.row_key).where(
        held_grade.c.district_code == district, held_grade.c.batch == batch
    )
    return set(conn.scalars(wanted))


def let_go(conn: Connection, district: DistrictCode, batch: str, row_keys: Collection[str] = ()) -> None:
    """Forget what was held by a file of this name, and the rows of these keys by whatever file."""
    by_key = bulk.one_of(conn, held_grade.c.row_key, row_keys)
    conn.execute(
        sa.delete(held_grade).where(
            held_grade.c.district_code == district, sa.or_(held_grade.c.batch == batch, by_key)
        )
    )


def hold(conn: Connection, district: DistrictCode, batch: str, rows: Iterable[tuple[str, Finding]]) -> None:
    """Keep why rows of a file are held, each under the key of its row."""
    values = {
        (key, one.rule, one.field, one.place): {
            "district_code": district,
            "row_key": key,
            "batch": batch,
            **{_COLUMN.get(name, name): getattr(one, name) for name in _NAMES},
        }
        for key, one in rows
    }
    if values:
        conn.execute(sa.insert(held_grade), list(values.values()))


def held(conn: Connection, district: DistrictCode) -> list[Finding]:
    """Return why each held row of a district is held, by file and place."""
    order = (held_grade.c.batch, held_grade.c.place, held_grade.c.rule, held_grade.c.field)
    rows = conn.execute(sa.select(held_grade).where(held_grade.c.district_code == district).order_by(*order))
    return [
        Finding(
            rule=row.rule,
            severity=Severity(row.severity),
            table="grades",
            field=row.field,
            place=row.place,
            key=row.sourced_id,
            masked=row.masked,
            message=row.message,
            fix=row.fix,
            group=row.grouping,
            student=row.student,
        )
        for row in rows
    ]
