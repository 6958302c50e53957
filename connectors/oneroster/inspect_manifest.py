"""What a package's manifest declares, read leniently and judged strictly.

Source: OneRoster CSV bindings 1.1.1 and 1.2.1, manifest.csv.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from connectors.delimited.blocks import Lines, blocks
from connectors.delimited.encoding import EncodingScan, as_utf8
from connectors.delimited.records import records
from connectors.oneroster.conformance import Deviations, masked
from connectors.oneroster.csv_manifest import MANIFEST
from domain.errors import SisbridgeError
from domain.oneroster import MANIFEST_VERSION, PROPERTY_HEADER, Version, csv_files

_OTHER = ("manifest.version", "oneroster.version", "source.systemName", "source.systemCode")
_MODES = ("absent", "bulk", "delta")
_NEW_FILES = set(csv_files(Version.V1P2)) - set(csv_files(Version.V1P1))


@dataclass(frozen=True, slots=True)
class Declared:
    """A manifest as it stands: its first row, its properties in order, and the version that follows.

    rows: None when there is no manifest. version_note: why the version is what it is when none is told.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, str], ...] | None
    version: Version
    version_note: str = ""

    @classmethod
    def read(cls, data: bytes | None, present: Collection[str]) -> Declared:
        """Return what the bytes of a manifest say; present: the files there, for a guess."""
        cells = _cells(data) if data is not None else []
        rows = tuple((row[0].strip(), row[1].strip()) for row in cells[1:] if len(row) > 1)
        told = dict(rows).get("oneroster.version", "")
        guess = Version.V1P2 if _NEW_FILES & set(present) else Version.V1P1
        version = {"1.1": Version.V1P1, "1.2": Version.V1P2}.get(told[:3], guess)
        note = "" if told[:3] in ("1.1", "1.2") else " (by the files there)"
        return cls(tuple(cells[0]) if cells else (), rows if data is not None else None, version, note)

    @property
    def modes(self) -> dict[str, str]:
        """Return file → the mode declared, whatever it says."""
        return {key.removeprefix("file."): value for key, value in self.rows or () if key.startswith("file.")}

    @property
    def note(self) -> str:
        """Return in words whether there is a manifest."""
        return "none" if self.rows is None else f"there, {len(self.rows)} properties"

    @property
    def system(self) -> str:
        """Return the system the manifest names as its source, or ""."""
        return dict(self.rows or ()).get("source.systemName", "")[:80]


def _cells(data: bytes) -> list[list[str]]:
    scan = EncodingScan(MANIFEST)
    try:
        scan.feed(data)
        lines = Lines(blocks(as_utf8([data], scan.finish()), MANIFEST))
        return [record.cells for record in records(lines, ",")]
    except SisbridgeError:
        return []


def judge_manifest(declared: Declared, present: Collection[str], found: Deviations) -> None:
    """Report where a manifest deviates from the standard and from the files there."""
    if declared.rows is None:
        found.add("OR-F01", MANIFEST)
        return
    if declared.header[:2] != PROPERTY_HEADER:
        found.add("OR-F08", MANIFEST, 1)
    _judge_properties(declared, found)
    modes = declared.modes
    for file in csv_files(declared.version):
        mode = modes.get(file)
        if mode is None:
            found.add("OR-F02", MANIFEST, column=f"file.{file}")
        elif mode not in _MODES:
            found.add("OR-F04", MANIFEST, column=f"file.{file}", sample=masked(mode))
        elif (mode == "absent") == (file in present):
            found.add("OR-F06" if mode == "absent" else "OR-F05", MANIFEST, column=f"file.{file}")


def _judge_properties(declared: Declared, found: Deviations) -> None:
    rows = declared.rows or ()
    values, times = dict(rows), Counter(key for key, _ in rows)
    known = {*_OTHER, *(f"file.{file}" for file in csv_files(declared.version))}
    for number, (key, _) in enumerate(rows, 2):
        if key not in known or times[key] > 1:
            found.add("OR-F03", MANIFEST, number, column=key)
    if values.get("manifest.version") != MANIFEST_VERSION:
        found.add("OR-F07", MANIFEST, column="manifest.version")
    if values.get("oneroster.version") not in ("1.1", "1.2"):
        found.add("OR-F07", MANIFEST, column="oneroster.version")
