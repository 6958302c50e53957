"""Millions of keys a piece at a time: ranges of ids that split tables of them into like parts.

A range holds all rows of its ids, so what is asked of keys can be asked range by range, in order,
with working memory for one range only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc

ROWS = 1_000_000
"""About how many rows of all tables together a range holds."""

EVERY = 1_000
"""One id in so many is looked at to find where the ranges begin."""


@dataclass(frozen=True, slots=True)
class IdRange:
    """Ids from one on (included) up to another (excluded); None is no bound."""

    begin: str | None
    end: str | None

    def rows_of(self, ids: pa.StringArray | pa.ChunkedArray) -> pa.ChunkedArray[pa.BooleanScalar]:
        """Return which ids lie in the range; a null lies in none that has a bound."""
        inside = pc.is_valid(ids)
        if self.begin is not None:
            inside = pc.and_(inside, pc.greater_equal(ids, self.begin))
        if self.end is not None:
            inside = pc.and_(inside, pc.less(ids, self.end))
        return inside

    def of(self, table: pa.Table) -> pa.Table:
        """Return the rows of a table that lie in the range; all of them where it has no bounds."""
        return table if self == EVERYTHING else table.filter(self.rows_of(table.column("sourced_id")))

    def among(self, ids: pa.StringArray) -> pa.StringArray:
        """Return those of some ids that lie in the range; all of them where it has no bounds."""
        return ids if self == EVERYTHING else ids.filter(self.rows_of(ids))


EVERYTHING = IdRange(None, None)
"""The range that holds every id."""


def id_ranges(*tables: pa.Table, rows: int = ROWS) -> Iterator[IdRange]:
    """Return ranges, in ascending order, that together hold every sourced_id of the tables once."""
    count = -(-sum(table.num_rows for table in tables) // rows)
    return split(_sample(tables) if count > 1 else (), count)


def split(sample: Iterable[str], count: int) -> Iterator[IdRange]:
    """Yield at most `count` ranges, in ascending order, that each hold about as many of a sample of ids."""
    ids = sorted(set(sample))
    begins = sorted({ids[len(ids) * part // count] for part in range(1, count)} if ids else set())
    for begin, end in pairwise([None, *begins, None]):
        yield IdRange(begin, end)


def _sample(tables: tuple[pa.Table, ...]) -> Iterator[str]:
    for table in tables:
        for chunk in table.column("sourced_id").chunks:
            at = pa.array(range(0, len(chunk), EVERY), pa.int64())
            yield from (found for found in chunk.take(at).to_pylist() if found is not None)
