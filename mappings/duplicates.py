"""Rows that share a sourcedId: the same content twice is harmless, different content is contested."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mappings.arrow import Flags, Texts, texts


def contested(keys: pa.Table) -> Texts:
    """Return the ids that occur with different content, in order of first occurrence.

    keys: (sourced_id, digest), one line a row. Rows without an id are nobody's duplicate.
    """
    repeated = keys.filter(_is_repeated(keys))
    pairs = repeated.group_by(["sourced_id", "digest"], use_threads=False).aggregate([])
    return texts(pairs.filter(_is_repeated(pairs)), "sourced_id").unique()


def first_of_each(keys: pa.Table, contested_ids: Texts) -> Flags:
    """Return which rows to keep so that rows repeated identically stand once.

    Every row of a contested id is kept: each of them has to be judged at its own place.
    """
    ids = texts(keys, "sourced_id")
    codes = ids.dictionary_encode().indices.fill_null(-1).to_numpy()
    first = np.zeros(len(codes), dtype=bool)
    first[np.unique(codes, return_index=True)[1]] = True
    free = pc.is_in(ids, value_set=contested_ids).to_numpy(zero_copy_only=False)
    return pa.array(first | free | (codes < 0))


def _is_repeated(keys: pa.Table) -> Flags:
    """Return which rows have an id that other rows have too."""
    codes = texts(keys, "sourced_id").dictionary_encode().indices.fill_null(-1).to_numpy()
    counts = np.bincount(codes + 1, minlength=1)
    counts[0] = 0
    return pa.array(counts[codes + 1] > 1)
