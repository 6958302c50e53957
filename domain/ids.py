"""Identifiers as distinct types, and the fixed ids we give to what we send.

Ids that reach a SIS are UUIDv5 of our own ids and the route, never of SIS ids: a changed section
or a re-key never makes a second line item or a second grade.
"""

from __future__ import annotations

import uuid
from typing import NewType

DistrictCode = NewType("DistrictCode", str)
RunId = NewType("RunId", str)
SnapshotId = NewType("SnapshotId", str)
SourcedId = NewType("SourcedId", str)
PersonId = NewType("PersonId", str)
OfferingId = NewType("OfferingId", str)
GradeId = NewType("GradeId", str)
ItemId = NewType("ItemId", str)
LineItemId = NewType("LineItemId", str)
ResultId = NewType("ResultId", str)
CaseId = NewType("CaseId", str)
BatchId = NewType("BatchId", str)

NAMESPACE = uuid.UUID("6f0f7f0e-3d0c-5f6e-9a59-0b8f6a1d2c11")
"""Our own UUID namespace; changing it would orphan every line item and grade ever sent."""

_SEPARATOR = "\x1f"


def fixed_id(kind: str, *parts: str) -> str:
    """Return the same UUIDv5 text for the same kind and parts, on every machine and night."""
    return str(uuid.uuid5(NAMESPACE, _SEPARATOR.join((kind, *parts))))


def fresh_id() -> str:
    """Return a new random identifier for a thing that has no natural key (a run, a snapshot)."""
    return str(uuid.uuid4())


def line_item_id(district: DistrictCode, route: str, grade_column: str, home_class: str) -> LineItemId:
    """Return the id of one line item: a grade column of an offering in one home class (our own id of it)."""
    return LineItemId(fixed_id("line-item", district, route, grade_column, home_class))


def grade_id(district: DistrictCode, person: PersonId, grade_column: str) -> GradeId:
    """Return the id of one student's mark in one grade column, the same for all its revisions."""
    return GradeId(fixed_id("grade", district, person, grade_column))


def result_id(route: str, grade: GradeId) -> ResultId:
    """Return the id of the result that carries a grade on one route, the same for all revisions."""
    return ResultId(fixed_id("result", route, grade))


def item_id(route: str, grade: GradeId, revision: int) -> ItemId:
    """Return the outbox id of one revision of a grade on one route."""
    return ItemId(fixed_id("item", route, grade, str(revision)))


def grade_column(offering: OfferingId, term: str, reporting_period: str, kind: str) -> str:
    """Return the name of the column a mark stands in: offering, term, reporting period and kind."""
    return "/".join((offering, term, reporting_period, kind))
