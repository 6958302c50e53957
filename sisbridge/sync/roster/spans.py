"""Ranges of sourcedIds, so that a very large roster is written a range at a time.

Ids are random as a rule. Rows in the order of the feed touch every page of an index that is larger than the
database's memory, over and over; those of one range stay in one part of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from mappings.arrow import Flags

_SAMPLED = 10_000


@dataclass(frozen=True, slots=True)
class Span:
    """The ids from one on, and up to another that is not among them; None where there is no bound."""

    first: str | None = None
    before: str | None = None

    def holds(self, rows: pa.Table | pa.RecordBatch) -> Flags | None:
        """Return which rows are of the span, by their sourced_id; None where there are no bounds."""
        ids, bounds = rows.column("sourced_id"), []
        if self.first is not None:
            bounds.append(pc.greater_equal(ids, self.first))
        if self.before is not None:
            bounds.append(pc.less(ids, self.before))
        if not bounds:
            return None
        return pc.and_(*bounds) if len(bounds) == 2 else bounds[0]


def spans(ids: pa.ChunkedArray, most: int) -> list[Span]:
    """Return spans that hold every id exactly once, each about as many as `most` of these.

    One span without bounds where there are no more than that.
    """
    many = -(-len(ids) // most)
    if many <= 1:
        return [Span()]
    step = max(1, len(ids) // _SAMPLED)
    sampled = pa.concat_arrays([chunk.take(pa.array(range(0, len(chunk), step))) for chunk in ids.chunks])
    ordered = sorted(sampled.to_pylist())
    cuts = sorted({ordered[len(ordered) * number // many] for number in range(1, many)})
    return [Span(*bounds) for bounds in zip([None, *cuts], [*cuts, None], strict=True)]
