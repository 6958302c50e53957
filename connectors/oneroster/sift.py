"""Doing ourselves what a server was asked for and did not do: `filter` and `fields`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

import pyarrow as pa

from connectors.oneroster.fields import columns_of, fields_needed, rest_name
from connectors.oneroster.flatten import METADATA
from domain.oneroster import Version
from domain.tables import PLACE

MODIFIED = "dateLastModified"

UNSURE = timedelta(hours=36)
"""A day, and the twelve hours that clocks are behind UTC at most."""


def only_needed(batch: pa.RecordBatch, collection: str, version: Version) -> pa.RecordBatch:
    """Return a collection's rows with every column emptied that the canonical roster has no place for."""
    needed = _needed(collection, version)
    columns = [
        column
        if name in needed or name == PLACE or name.startswith(METADATA)
        else pa.nulls(len(batch), pa.string())
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


@cache
def _needed(collection: str, version: Version) -> frozenset[str]:
    asked = set(fields_needed(collection, version))
    columns = columns_of(collection, version)
    return frozenset(column for column in columns if rest_name(collection, column) in asked)


def changed_since(batch: pa.RecordBatch, since: datetime | None) -> pa.RecordBatch:
    """Return the rows modified at or after a moment; a row that does not say when stays."""
    if since is None:
        return batch
    kept = [is_since(text, since) for text in batch.column(MODIFIED).to_pylist()]
    return batch if all(kept) else batch.filter(pa.array(kept, pa.bool_()))


def is_since(text: str | None, since: datetime) -> bool:
    """Return whether a moment as a SIS writes it may be no earlier than another; True when it cannot be read.

    A stamp without a zone, or a day alone, may mean any moment of the UNSURE after it: a row too many is
    compared and changes nothing, and one left out would be missed until the next full.
    """
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return True
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC) + UNSURE) >= since
