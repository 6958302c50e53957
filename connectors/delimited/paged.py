"""The pages of one delimited file."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import pyarrow as pa

from connectors.delimited.header import Header, without_rows
from connectors.protocol import Cursor, Page, PageProof


def file_pages(
    source_table: str, header: Header, batches: Iterator[pa.RecordBatch], first: int = 0
) -> Iterator[Page]:
    """Yield a file's batches as pages, at least one; a cursor is a page's number. first: where to begin."""
    following = islice(batches, first, None)
    batch, number = next(following, None) or without_rows(header), first
    while batch is not None:
        after = next(following, None)
        proof = PageProof(number, batch.num_rows, None, None if after is None else Cursor(number + 1))
        yield Page(source_table, batch, proof)
        batch, number = after, number + 1
