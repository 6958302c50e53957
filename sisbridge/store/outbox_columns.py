"""The outbox beside what it carries: which grade column of which offering each item is of."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from domain.grading import GradeKind, OutboxItem, OutboxState
from domain.ids import DistrictCode, OfferingId, PersonId, SourcedId
from sisbridge.store.outbox import as_item
from sisbridge.store.tables.grades import grade, outbox


@dataclass(frozen=True, slots=True)
class PlacedItem:
    """An item, the student by sourcedId and person, and the grade column it is of."""

    item: OutboxItem
    student: SourcedId
    person: PersonId
    offering: OfferingId
    term: str
    reporting_period: str
    kind: GradeKind

    @property
    def column(self) -> tuple[str, str, GradeKind]:
        """Return the key of the column in the district's term map."""
        return (self.term, self.reporting_period, self.kind)


def placed_items(
    conn: Connection, district: DistrictCode, states: Collection[OutboxState] | None = None
) -> list[PlacedItem]:
    """Return a district's items, in given states or all, by offering, column, grade and revision."""
    names = ("student", "person_id", "offering_id", "term", "reporting_period", "kind")
    beside = sa.and_(
        grade.c.district_code == outbox.c.district_code,
        grade.c.grade_id == outbox.c.grade_id,
        grade.c.revision == outbox.c.revision,
    )
    columns = (grade.c[name] for name in names)
    wanted = sa.select(outbox, *columns).join(grade, beside).where(outbox.c.district_code == district)
    if states is not None:
        wanted = wanted.where(outbox.c.state.in_([state.value for state in states]))
    order = (*(grade.c[name] for name in names[2:]), outbox.c.route, outbox.c.grade_id, outbox.c.revision)
    return [
        PlacedItem(
            item=as_item(row),
            student=row.student,
            person=row.person_id,
            offering=row.offering_id,
            term=row.term,
            reporting_period=row.reporting_period,
            kind=GradeKind(row.kind),
        )
        for row in conn.execute(wanted.order_by(*order))
    ]
