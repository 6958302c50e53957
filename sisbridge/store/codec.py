"""What is sealed, as bytes and back: JSON with numbers of a grade and dates as text."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from domain.errors import ContractBroken
from domain.grading import GradePayload, GradeValue, RemoteGrade

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class GradeContent:
    """What of a grade is sealed together: its value and its comment."""

    value: GradeValue
    comment: str


@dataclass(frozen=True, slots=True)
class ReceiptContent:
    """What of a receipt is sealed together: what was there, what was sent, what is there now."""

    before: RemoteGrade | None
    sent: GradeValue | None
    after: RemoteGrade | None


class Codec(Generic[T]):
    """The way of one dataclass into bytes and back: `load(dump(x)) == x`."""

    def __init__(self, kind: type[T]) -> None:
        self._kind = kind

    def dump(self, value: T) -> bytes:
        """Return a value as JSON."""
        return self._adapter.dump_json(value)

    def load(self, data: bytes) -> T:
        """Return the value that was dumped; ContractBroken CF44 when this version cannot read it."""
        try:
            return self._adapter.validate_json(data)
        except ValidationError:
            failure = ContractBroken(
                "CF44",
                "A sealed value cannot be read by this version of sisbridge.",
                fix="Run the version that wrote it, or report this; the value itself is intact.",
            )
        # Outside the handler, so that the library's error, which quotes the value, is not carried along.
        raise failure

    @cached_property
    def _adapter(self) -> TypeAdapter[T]:
        # Made at first use: a process that seals nothing need not wait for it.
        return TypeAdapter(self._kind)


GRADE: Codec[GradeContent] = Codec(GradeContent)
PAYLOAD: Codec[GradePayload] = Codec(GradePayload)
RECEIPT: Codec[ReceiptContent] = Codec(ReceiptContent)
