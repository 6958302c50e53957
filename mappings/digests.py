"""A fingerprint of each row's content: equal on every machine and night when nothing changed."""

from __future__ import annotations

from hashlib import blake2b
from typing import cast

import pyarrow as pa
import pyarrow.compute as pc

from domain.tables import ROSTER, RosterTable
from mappings.arrow import texts

DIGEST = pa.binary(16)
"""The type of a digest column."""

_SEPARATOR = "\x1f"
_NULL = "\x00"


def digests(table: RosterTable, batch: pa.RecordBatch) -> pa.FixedSizeBinaryArray:
    """Return one 16-byte BLAKE2b digest per row, over the table's digested columns in their order.

    Columns are joined by the unit separator; a null is a NUL, so it never equals an empty text.
    Changing the canonical columns of a table changes every digest of it.
    """
    columns = [texts(batch, name) for name in ROSTER[table].digested]
    lines = pc.binary_join_element_wise(*columns, _SEPARATOR, null_handling="replace", null_replacement=_NULL)
    contents = cast(list[bytes], lines.cast(pa.binary()).to_pylist())
    hashed = [blake2b(content, digest_size=16).digest() for content in contents]
    return pa.array(hashed, DIGEST)
