"""Rows that share a sourcedId: the same content twice is harmless, different content is contested."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mappings.arrow import Flags, Texts, joined, texts
from mappings.ranges import id_ranges


def contested(keys: pa.Table) -> Texts:
    """Return the ids that occur with different content, sorted.

    keys: (sourced_id, digest), one line a row. Rows without an id are nobody's duplicate.
    """
    return joined([_contested_within(part) for part in _parts(keys)])


def first_of_each(keys: pa.Table, contested_ids: Texts) -> Flags:
    """Return which rows to keep so that rows repeated identically stand once.

    Every row of a contested id is kept: each of them has to be judged at its own place.
    """
    ids = keys.column("sourced_id")
    keep = np.asarray(pc.or_(pc.is_null(ids), pc.is_in(ids, value_set=contested_ids)), dtype=bool).copy()
    for within in id_ranges(keys):
        inside = within.rows_of(ids)
        rows = np.flatnonzero(np.asarray(inside, dtype=bool))
        codes = _codes(keys.filter(inside))
        keep[rows[np.unique(codes, return_index=True)[1]]] = True
    return pa.array(keep)


def _parts(keys: pa.Table) -> Iterator[pa.Table]:
    ids = keys.column("sourced_id")
    for within in id_ranges(keys):
        yield keys.filter(within.rows_of(ids))


def _contested_within(keys: pa.Table) -> Texts:
    repeated = keys.filter(_is_repeated(keys))
    pairs = repeated.group_by(["sourced_id", "digest"], use_threads=False).aggregate([])
    ids = texts(pairs.filter(_is_repeated(pairs)), "sourced_id").unique()
    return ids.take(pc.sort_indices(ids))


def _is_repeated(keys: pa.Table) -> Flags:
    """Return which rows have an id that other rows have too."""
    codes = _codes(keys)
    return pa.array(np.bincount(codes)[codes] > 1)


def _codes(keys: pa.Table) -> npt.NDArray[np.int32]:
    """Return a number per row, the same for the same id; no id may be null."""
    return np.asarray(texts(keys, "sourced_id").dictionary_encode().indices)
