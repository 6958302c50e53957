"""What a source of the shared courses' grades promises: batches of rows as text, with their places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from connectors.protocol import Notice


@dataclass(frozen=True, slots=True)
class GradeRow:
    """One line of a grade source, as text, and where it stands. Its repr shows the place only."""

    place: str
    values: Mapping[str, str | None] = field(repr=False)


@dataclass(frozen=True, slots=True)
class GradeBatch:
    """Rows of one grade source: the name and sha256 of what was read, and its rows."""

    name: str
    sha256: str
    rows: tuple[GradeRow, ...] = field(repr=False)
    notices: tuple[Notice, ...] = ()


class GradeSource(Protocol):
    """A place the shared courses' grades come from."""

    def read(self) -> Iterator[GradeBatch]:
        """Yield the batches there are, in a stable order."""
