"""The keys of tonight's usable rows of one table: kept where they are few, else read again for each range."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pyarrow.compute as pc

from domain.model import Mode
from domain.tables import RosterTable
from mappings.arrow import Texts, joined
from mappings.digests import DIGEST
from mappings.ranges import EVERY, EVERYTHING, IdRange, split
from sisbridge.sync.context import Stage
from sisbridge.sync.roster import drift
from sisbridge.sync.roster.usable import usable

_ROWS_AT_ONCE = 1_500_000
"""Rows of which the keys are kept, 56 bytes each: with fewer, all would be read again more often."""

_KEYS = pa.schema([("sourced_id", pa.string()), ("digest", DIGEST), ("deleted", pa.bool_())])
_READ = ("sourced_id", "digest", "status")


@dataclass(frozen=True, slots=True)
class TonightKeys:
    """Tonight's keys: (sourced_id, digest, deleted), a range of ids at a time.

    ranges: hold every id once, in ascending order. told: the ids that are marked as deleted.
    """

    stage: Stage
    table: RosterTable
    ranges: tuple[IdRange, ...]
    told: Texts
    kept: pa.Table | None = field(repr=False)

    def within(self, ids: IdRange) -> pa.Table:
        """Return the keys of one of the ranges."""
        if self.kept is not None:
            return ids.of(self.kept)
        read = (_keys(batch) for batch in usable(self.stage, self.table, _READ))
        return pa.concat_tables([_KEYS.empty_table(), *(ids.of(one) for one in read)])

    def parts(self) -> Iterator[pa.Table]:
        """Yield the keys of each range."""
        return (self.within(ids) for ids in self.ranges)

    def joined_by(self, more: pa.Table) -> TonightKeys:
        """Return these keys, which are kept, with some others that are marked as deleted."""
        told = pa.concat_arrays([self.told, *more.column("sourced_id").chunks])
        return replace(self, kept=pa.concat_tables([self.kept, more]), told=told)


def tonight_keys(stage: Stage, table: RosterTable, mode: Mode) -> TonightKeys:
    """Return the keys of a table's usable rows, and leave behind how many of them each school has.

    Those of a delta are kept however many they are: what it lacks is looked for among them.
    """
    kept, told, sample, rows = [_KEYS.empty_table()], [], [], 0
    for batch in drift.counted(stage, table):
        keys = _keys(batch)
        rows += keys.num_rows
        told.append(batch.column("sourced_id").filter(keys.column("deleted").chunk(0)))
        sample += batch.column("sourced_id")[::EVERY].to_pylist()
        kept = [*kept, keys] if mode is Mode.DELTA or rows <= _ROWS_AT_ONCE else []
    ranges = (EVERYTHING,) if kept else tuple(split(sample, -(-rows // _ROWS_AT_ONCE)))
    return TonightKeys(stage, table, ranges, joined(told), pa.concat_tables(kept) if kept else None)


def _keys(batch: pa.RecordBatch) -> pa.Table:
    columns = [batch.column("sourced_id"), batch.column("digest")]
    return pa.table([*columns, pc.equal(batch.column("status"), "tobedeleted")], schema=_KEYS)
