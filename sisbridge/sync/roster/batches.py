"""Batches that land as they come, joined to a size that bounds both their number and the memory they take."""

from __future__ import annotations

import pyarrow as pa

from sisbridge.sync.context import BATCH_ROWS, Stage, coalesce


class GrowingTable:
    """One named table of a snapshot while it is written, beside others; all batches have one schema."""

    def __init__(self, stage: Stage, name: str, large: int = BATCH_ROWS) -> None:
        """Begin anew: what lay under the name cannot be read any more.

        large: rows of a batch that does not wait for neighbours, as to be joined would copy it.
        """
        self._writer = stage.house.landing.batch_writer(stage.code, stage.snapshot, name)
        self._waiting: list[pa.RecordBatch] = []
        self._held, self._large = 0, large

    def add(self, batch: pa.RecordBatch) -> None:
        """Take a batch; it lands, with those that wait, once there are enough rows or it is large."""
        self._waiting.append(batch)
        self._held += batch.num_rows
        if self._held >= BATCH_ROWS or batch.num_rows >= self._large:
            self.flush()

    def flush(self) -> None:
        """Land what waits without an end: it is packed in a thread, beside what other tables flush."""
        for batch in coalesce(iter(self._waiting)):
            self._writer.write(batch)
        self._waiting, self._held = [], 0

    def finish(self) -> None:
        """Land what is left, and the end mark: only now can the table be read."""
        self.flush()
        self._writer.finish()
