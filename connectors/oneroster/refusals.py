"""What is said when a grade is not written: it is another's, the SIS refuses it, or it changed."""

from __future__ import annotations

from collections.abc import Sequence

from domain.errors import ContractBroken, RowRejected
from domain.grading import GradePayload, OutboxItem
from domain.ids import DistrictCode


def refuse_strangers(district: DistrictCode, things: Sequence[GradePayload | OutboxItem]) -> None:
    """Raise ContractBroken WB01 for an item or a payload of another district."""
    for thing in things:
        if thing.district != district:
            raise ContractBroken(
                "WB01",
                f"A grade of {thing.district} was handed to the gradebook of {district}",
                fix="Nothing was sent; tell whoever runs sisbridge",
                place=thing.item_id,
            )


def refusal(code: int, item: OutboxItem) -> RowRejected:
    """Return WB41: the SIS answered a write with a code that is no success."""
    return RowRejected(
        "WB41",
        f"The SIS refused this grade with code {code}",
        key=item.item_id,
        fix="Look whether the student is in the class and the grading window open, then release it again",
    )


def changed(item: OutboxItem) -> RowRejected:
    """Return WB42: what is to be taken back is no more what we wrote."""
    return RowRejected(
        "WB42",
        "The SIS holds another value than the one we wrote, so it was left alone",
        key=item.item_id,
        fix="Ask the registrar which value stands",
    )
