"""The landing zone: raw answers and batches between stages, compressed and sealed, under one address."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from domain.ids import DistrictCode, SnapshotId
from sisbridge.store.sealing import Keyring


class LandingZone:
    """Sealed objects by district, snapshot and name, on any file system fsspec knows."""

    def __init__(self, url: str, keyring: Keyring) -> None:
        raise NotImplementedError

    def write(self, district: DistrictCode, snapshot_id: SnapshotId, name: str, data: bytes) -> None:
        """Land one object whole; a second write of a name replaces the first."""
        raise NotImplementedError

    def read(self, district: DistrictCode, snapshot_id: SnapshotId, name: str) -> bytes:
        """Return one object's bytes; raises ContractBroken CF08 when it is not there."""
        raise NotImplementedError

    def exists(self, district: DistrictCode, snapshot_id: SnapshotId, name: str) -> bool:
        """Return whether an object is there."""
        raise NotImplementedError

    def names(self, district: DistrictCode, snapshot_id: SnapshotId, prefix: str = "") -> list[str]:
        """Return the names of a snapshot's objects that begin with a prefix, sorted."""
        raise NotImplementedError

    def delete_snapshot(self, district: DistrictCode, snapshot_id: SnapshotId) -> None:
        """Delete all objects of a snapshot; safe to repeat."""
        raise NotImplementedError

    def for_pull(self, district: DistrictCode, snapshot_id: SnapshotId) -> PullLanding:
        """Return the landing that a connector's pull is given."""
        raise NotImplementedError

    def write_batches(
        self, district: DistrictCode, snapshot_id: SnapshotId, name: str, batches: Iterable[pa.RecordBatch]
    ) -> None:
        """Land record batches one by one, then an end mark; a rewrite replaces the earlier batches."""
        raise NotImplementedError

    def read_batches(
        self, district: DistrictCode, snapshot_id: SnapshotId, name: str
    ) -> Iterator[pa.RecordBatch]:
        """Yield the batches written under a name; raises ContractBroken CF08 when they are not all there."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class PullLanding:
    """One snapshot's part of the landing zone, as `connectors.protocol.Landing` asks for it."""

    zone: LandingZone
    district: DistrictCode
    snapshot_id: SnapshotId

    def keep(self, name: str, data: bytes) -> None:
        """Land one raw answer under a name unique in the snapshot."""
        self.zone.write(self.district, self.snapshot_id, name, data)
