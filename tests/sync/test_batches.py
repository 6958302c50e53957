"""Small batches of one table are joined before they land, and large ones go as they are."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from sisbridge.sync.roster import batches
from sisbridge.sync.roster.batches import GrowingTable


class Landed:
    """A landing that remembers the rows of each batch."""

    def __init__(self) -> None:
        self.rows: list[list[int]] = []
        self.is_finished = False

    def batch_writer(self, *_: object) -> Landed:
        return self

    def write(self, batch: pa.RecordBatch) -> None:
        self.rows.append(batch.column(0).to_pylist())

    def finish(self) -> None:
        self.is_finished = True


@pytest.mark.parametrize(
    ("sizes", "landed"),
    [
        ([1, 1, 1, 1], [[0, 1, 2, 3]]),
        ([1, 3, 1], [[0, 1, 2, 3], [4]]),
        ([3, 3], [[0, 1, 2], [3, 4, 5]]),
        ([], []),
    ],
)
def test_batches_wait_for_neighbours_unless_they_are_large(
    monkeypatch: pytest.MonkeyPatch, sizes: list[int], landed: list[list[int]]
) -> None:
    monkeypatch.setattr(batches, "BATCH_ROWS", 5)
    landing = Landed()
    stage: Any = SimpleNamespace(house=SimpleNamespace(landing=landing), code="north", snapshot="s")
    table, begun = GrowingTable(stage, "pages/users", large=3), 0
    for size in sizes:
        table.add(pa.record_batch({"number": list(range(begun, begun + size))}))
        begun += size
    table.finish()
    assert (landing.rows, landing.is_finished) == (landed, True)
