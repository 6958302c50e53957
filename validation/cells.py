"""A failing value: where it stands, whose it is, and how it may be shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from domain.ids import SourcedId
from validation.arrow import column


@dataclass(frozen=True, slots=True)
class Cell:
    """One failing value, or one failing item of a list.

    position: the row in its batch. item: the failing item where the value is a list, else None.
    """

    position: int
    place: str
    key: str
    student: SourcedId | None
    masked: str
    group: str
    item: str | None = None


def at(batch: pa.RecordBatch, name: str, positions: Sequence[int]) -> list[str | None]:
    """Return a column's values at some positions."""
    values: list[str | None] = column(batch, name).take(pa.array(positions, pa.int64())).to_pylist()
    return values
