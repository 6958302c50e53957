"""What some grade sinks promise besides `connectors.protocol`, each asked for with isinstance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from domain.errors import RowRejected
from domain.grading import GradePayload, OutboxItem
from domain.ids import ItemId, LineItemId


@runtime_checkable
class RemembersIds(Protocol):
    """A sink whose SIS may choose ids of its own; who holds the sink keeps them between deliveries."""

    def know(self, ids: Mapping[str, str]) -> None:
        """Take what was learnt before: our id of a line item or result → the SIS's."""

    def learnt(self) -> Mapping[str, str]:
        """Return what was learnt since."""


@runtime_checkable
class TellsGoneColumns(Protocol):
    """A sink that notices when somebody deleted a grade column which we made in the SIS."""

    def gone(self) -> frozenset[LineItemId]:
        """Return our line items found to be gone since the sink was made; `prepare` makes them anew."""


@runtime_checkable
class WritesAnew(Protocol):
    """A sink of which a write cannot always be repeated: where the SIS chooses the id, it makes another."""

    def writes_anew(self, items: Sequence[OutboxItem]) -> frozenset[ItemId]:
        """Return the items whose next write would be a second grade if an earlier write arrived after all."""


@runtime_checkable
class SiftsGrades(Protocol):
    """A file route whose layout has no place for some grades: those are refused, the others go."""

    def unfit(self, payloads: Sequence[GradePayload]) -> Mapping[ItemId, RowRejected]:
        """Return the grades that cannot stand in the file, and why."""
