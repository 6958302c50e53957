"""Whether courses have the seats they need and no more than they take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from domain.grading import Offering
from domain.ids import OfferingId
from domain.model import Finding
from validation.rules import catalogue

OFFERINGS = "offerings"
"""What findings call the master schedule."""


def sizes(offerings: Iterable[Offering], seat_counts: Mapping[OfferingId, int]) -> list[Finding]:
    """Return SZ01 for offerings below their minimum of seats, SZ02 for those above their maximum.

    They hold nothing: they bear the mildest severity, and without a value to drop only open a case.
    An offering that `seat_counts` does not name has none taken.
    """
    found = []
    for offering in offerings:
        seats = seat_counts.get(offering.offering_id, 0)
        if seats < offering.minimum_seats:
            found.append(_finding("SZ01", offering, seats))
        elif seats > offering.maximum_seats:
            found.append(_finding("SZ02", offering, seats))
    return found


def _finding(code: str, offering: Offering, seats: int) -> Finding:
    rule, name = catalogue()[code], offering.offering_id
    words = {
        "seats": f"{seats} seat" if seats == 1 else f"{seats} seats",
        "minimum": str(offering.minimum_seats),
        "maximum": str(offering.maximum_seats),
    }
    return Finding(
        rule=code,
        severity=rule.severity,
        table=OFFERINGS,
        field="seats",
        place="",
        key=name,
        masked="",
        message=rule.say(table=OFFERINGS, group=name, **words),
        fix=rule.mend(table=OFFERINGS, group=name, **words),
        group=name,
    )
