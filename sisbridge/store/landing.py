"""The landing zone: raw answers and batches between stages, compressed and sealed, under one address."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote

import fsspec
import pyarrow as pa
from fsspec.implementations.local import LocalFileSystem

from domain.errors import ContractBroken
from domain.ids import DistrictCode, SnapshotId
from sisbridge.store import private
from sisbridge.store.reach import usable
from sisbridge.store.sealing import Keyring

_SUFFIX = ".sealed"
_END = "end"
_LENGTH_BYTES = 8
_CODEC, _LEVEL = "zstd", 1
_AS_IT_IS = b"\xff" * _LENGTH_BYTES
"""Stands for the length before an object that is not compressed as a whole: batches are by themselves."""
_RAW = "raw/"
_PACKERS = 2
"""Batches of one name that are compressed and sealed at a time."""


class LandingZone:
    """Sealed objects by district, snapshot and name, on any file system fsspec knows.

    url: a folder or an fsspec address every worker can reach. An object appears whole or not at all.
    """

    def __init__(self, url: str, keyring: Keyring) -> None:
        self._files, self._root = fsspec.core.url_to_fs(url)
        self._keyring = keyring

    def write(self, district: DistrictCode, snapshot_id: SnapshotId, name: str, data: bytes) -> None:
        """Land one object whole; a second write of a name replaces the first."""
        self.write_sealed(district, snapshot_id, name, self.seal(district, snapshot_id, name, _packed(data)))

    def seal(
        self, district: DistrictCode, snapshot_id: SnapshotId, name: str, packed: bytes | memoryview
    ) -> bytes:
        """Seal what is compressed already, under its length or the mark that stands for it, for one name."""
        return self._keyring.seal(district, packed, _purpose(snapshot_id, name))

    def write_sealed(self, district: DistrictCode, snapshot_id: SnapshotId, name: str, sealed: bytes) -> None:
        """Land what was sealed for this very name; nothing else could be opened under it.

        Raises RetryLater CF16 when there is no room, or no right to write.
        """
        path = self._path(district, snapshot_id, name)
        with usable(district):
            if isinstance(self._files, LocalFileSystem):
                private.write(Path(path), sealed)
            else:
                self._files.pipe_file(path, sealed)

    def read(self, district: DistrictCode, snapshot_id: SnapshotId, name: str) -> bytes:
        """Return one object's bytes.

        Raises ContractBroken CF08 when it is not there, CF06 when it is damaged or was moved there.
        """
        return _unpacked(self._opened(district, snapshot_id, name))

    def _opened(self, district: DistrictCode, snapshot_id: SnapshotId, name: str) -> bytes:
        try:
            with usable(district):
                sealed: bytes = self._files.cat_file(self._path(district, snapshot_id, name))
        except FileNotFoundError:
            raise _missing(district, snapshot_id, name) from None
        return self._keyring.open(district, sealed, _purpose(snapshot_id, name))

    def exists(self, district: DistrictCode, snapshot_id: SnapshotId, name: str) -> bool:
        """Return whether an object is there."""
        return bool(self._files.exists(self._path(district, snapshot_id, name)))

    def names(self, district: DistrictCode, snapshot_id: SnapshotId, prefix: str = "") -> list[str]:
        """Return the names of a snapshot's objects that begin with a prefix, sorted."""
        self._files.invalidate_cache()
        try:
            paths: list[str] = self._files.ls(self._folder(district, snapshot_id), detail=False)
        except FileNotFoundError:
            return []
        files = (path.rsplit("/", 1)[-1] for path in paths)
        names = (unquote(file.removesuffix(_SUFFIX)) for file in files if file.endswith(_SUFFIX))
        return sorted(name for name in names if name.startswith(prefix))

    def delete_snapshot(self, district: DistrictCode, snapshot_id: SnapshotId) -> None:
        """Delete all objects of a snapshot; safe to repeat."""
        folder = self._folder(district, snapshot_id)
        if self._files.exists(folder):
            self._files.rm(folder, recursive=True)

    def delete_district(self, district: DistrictCode) -> int:
        """Delete everything landed for a district and return how many objects that were; safe to repeat."""
        self._files.invalidate_cache()
        folder = "/".join((self._root.rstrip("/"), _safe(district)))
        if not self._files.exists(folder):
            return 0
        objects = len(self._files.find(folder))
        self._files.rm(folder, recursive=True)
        return objects

    def for_pull(self, district: DistrictCode, snapshot_id: SnapshotId) -> PullLanding:
        """Return the landing that a connector's pull is given; its objects are named `raw/…`."""
        return PullLanding(self, district, snapshot_id)

    def write_batches(
        self, district: DistrictCode, snapshot_id: SnapshotId, name: str, batches: Iterable[pa.RecordBatch]
    ) -> None:
        """Land record batches one by one, then an end mark; a rewrite replaces the earlier batches.

        A few batches are held in memory at a time. Without the end mark nothing can be read back.
        """
        writer = self.batch_writer(district, snapshot_id, name)
        for batch in batches:
            writer.write(batch)
        writer.finish()

    def batch_writer(self, district: DistrictCode, snapshot_id: SnapshotId, name: str) -> BatchWriter:
        """Return a writer of batches under a name, for whoever writes several names side by side."""
        self.delete(district, snapshot_id, f"{name}/{_END}")
        return BatchWriter(self, district, snapshot_id, name)

    def read_batches(
        self,
        district: DistrictCode,
        snapshot_id: SnapshotId,
        name: str,
        columns: Sequence[str] | None = None,
    ) -> Iterator[pa.RecordBatch]:
        """Yield the batches written under a name, in order.

        columns: those to read, in the batch's own order; the others cost neither time nor memory. None
        for all. Raises ContractBroken CF08 when the batches were never all written.
        """
        count = int(self.read(district, snapshot_id, f"{name}/{_END}"))
        for number in range(count):
            yield from _from_ipc(_unpacked(self._opened(district, snapshot_id, _part(name, number))), columns)

    def delete(self, district: DistrictCode, snapshot_id: SnapshotId, name: str) -> None:
        """Delete one object; safe to repeat."""
        try:
            self._files.rm_file(self._path(district, snapshot_id, name))
        except FileNotFoundError:
            pass

    def _folder(self, district: DistrictCode, snapshot_id: SnapshotId) -> str:
        return "/".join((self._root.rstrip("/"), _safe(district), _safe(snapshot_id)))

    def _path(self, district: DistrictCode, snapshot_id: SnapshotId, name: str) -> str:
        return f"{self._folder(district, snapshot_id)}/{quote(name, safe='')}{_SUFFIX}"


@dataclass(slots=True)
class BatchWriter:
    """Lands record batches under one name, numbered as they come; they are there once it is finished."""

    zone: LandingZone
    district: DistrictCode
    snapshot_id: SnapshotId
    name: str
    count: int = 0
    _packers: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(_PACKERS), repr=False)
    _under_way: deque[tuple[str, Future[bytes]]] = field(default_factory=deque, repr=False)

    def write(self, batch: pa.RecordBatch) -> None:
        """Take the next batch; it is compressed and sealed in a thread, and landed when others come."""
        if len(self._under_way) == _PACKERS:
            self._land()
        part = _part(self.name, self.count)
        self._under_way.append((part, self._packers.submit(self._sealed, part, batch)))
        self.count += 1

    def finish(self) -> None:
        """Land what is left and the end mark: only now can the batches be read."""
        while self._under_way:
            self._land()
        self._packers.shutdown()
        self.zone.write(self.district, self.snapshot_id, f"{self.name}/{_END}", str(self.count).encode())

    def _sealed(self, part: str, batch: pa.RecordBatch) -> bytes:
        return self.zone.seal(self.district, self.snapshot_id, part, _to_ipc(batch))

    def _land(self) -> None:
        # Not in a thread: a writer that is given up would go on writing where the next one begins anew.
        part, sealing = self._under_way.popleft()
        self.zone.write_sealed(self.district, self.snapshot_id, part, sealing.result())


@dataclass(frozen=True, slots=True)
class PullLanding:
    """One snapshot's part of the landing zone, as `connectors.protocol.Landing` asks for it."""

    zone: LandingZone
    district: DistrictCode
    snapshot_id: SnapshotId

    def keep(self, name: str, data: bytes) -> None:
        """Land one raw answer under a name unique in the snapshot."""
        self.zone.write(self.district, self.snapshot_id, _RAW + name, data)

    def kept(self, prefix: str = "") -> Sequence[str]:
        """Return the names kept so far that begin with a prefix, sorted."""
        names = self.zone.names(self.district, self.snapshot_id, _RAW + prefix)
        return [name.removeprefix(_RAW) for name in names]

    def fetch(self, name: str) -> bytes:
        """Return what was kept under a name; ContractBroken CF08 or CF06 as `LandingZone.read`."""
        return self.zone.read(self.district, self.snapshot_id, _RAW + name)

    def forget(self, prefix: str = "") -> None:
        """Delete what was kept under names that begin with a prefix; safe to repeat."""
        for name in self.kept(prefix):
            self.zone.delete(self.district, self.snapshot_id, _RAW + name)


def _safe(name: str) -> str:
    """Return a name that is one folder, whatever it contains."""
    return quote(name, safe="").replace(".", "%2E")


def _part(name: str, number: int) -> str:
    return f"{name}/{number:06d}"


def _purpose(snapshot_id: SnapshotId, name: str) -> str:
    return f"landing/{snapshot_id}/{name}"


def _missing(district: DistrictCode, snapshot_id: SnapshotId, name: str) -> ContractBroken:
    return ContractBroken(
        "CF08",
        f"The landing zone does not hold '{name}' of district {district}, snapshot {snapshot_id}.",
        fix="Run the district's sync again: a night that an earlier version began cannot be finished by this "
        "one. If it stays, check that every worker uses the same SISBRIDGE_LANDING_URL.",
    )


def _packed(data: bytes) -> bytes:
    compressed: bytes = pa.compress(data, codec=_CODEC, asbytes=True)
    return len(data).to_bytes(_LENGTH_BYTES, "big") + compressed


def _unpacked(packed: bytes) -> bytes:
    if packed.startswith(_AS_IT_IS):
        return packed[_LENGTH_BYTES:]
    size = int.from_bytes(packed[:_LENGTH_BYTES], "big")
    data: bytes = pa.decompress(packed[_LENGTH_BYTES:], decompressed_size=size, codec=_CODEC, asbytes=True)
    return data


def _to_ipc(batch: pa.RecordBatch) -> memoryview:
    sink = pa.BufferOutputStream()
    sink.write(_AS_IT_IS)
    # Column by column: that takes half the time, and one can be read without the others. Not in Arrow's
    # threads: the packers are threads already, and more of them only stand in each other's way.
    options = pa.ipc.IpcWriteOptions(compression=pa.Codec(_CODEC, _LEVEL), use_threads=False)
    with pa.ipc.new_stream(sink, batch.schema, options=options) as writer:
        writer.write_batch(batch)
    # Not as bytes: a large district's batches would be copied once more.
    return memoryview(sink.getvalue()).cast("B")


def _from_ipc(data: bytes, columns: Sequence[str] | None) -> Iterator[pa.RecordBatch]:
    with pa.ipc.open_stream(data) as reader:
        if columns is None:
            yield from reader
            return
        fields = [reader.schema.get_field_index(name) for name in columns]
    with pa.ipc.open_stream(data, options=pa.ipc.IpcReadOptions(included_fields=fields)) as reader:
        yield from reader
