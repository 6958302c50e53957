"""A flattened answer, and the same as bytes: a line of JSON that says what follows, then an Arrow stream
per table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson
import pyarrow as pa

from connectors.protocol import Notice


@dataclass(frozen=True, slots=True)
class Flat:
    """What one answer's records came to: a batch per source table, notices, names of unknown fields.

    notices: rows held because they are no record or have no id, named by place.
    other_shape: how many OneRoster users came in the other version's shape; lost_roles: how many of them
    had roles that version 1.1 cannot carry.
    """

    batches: Mapping[str, pa.RecordBatch] = field(repr=False)
    notices: tuple[Notice, ...]
    unknown: frozenset[str]
    other_shape: int = 0
    lost_roles: int = 0


def packed(flat: Flat) -> bytes:
    """Return a flattened page as bytes."""
    streams = {name: _stream(batch) for name, batch in flat.batches.items()}
    head = {
        "tables": [(name, len(stream)) for name, stream in streams.items()],
        "notices": flat.notices,
        "unknown": sorted(flat.unknown),
        "other_shape": flat.other_shape,
        "lost_roles": flat.lost_roles,
    }
    return b"".join((orjson.dumps(head), b"\n", *streams.values()))


def unpacked(data: bytes) -> Flat:
    """Return the flattened page that `packed` made bytes of; its columns lie in these bytes."""
    at = data.index(b"\n") + 1
    head = orjson.loads(data[:at])
    view, batches = pa.py_buffer(data), {}
    for name, size in head["tables"]:
        with pa.ipc.open_stream(view.slice(at, size)) as reader:
            batches[name] = reader.read_next_batch()
        at += size
    notices = tuple(Notice(**one) for one in head["notices"])
    return Flat(batches, notices, frozenset(head["unknown"]), head["other_shape"], head["lost_roles"])


def _stream(batch: pa.RecordBatch) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue()
