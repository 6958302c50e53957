"""What manifest.csv declares: the version, and for each file bulk, delta or absent.

Source: OneRoster CSV binding 1.1.1 and 1.2.1, section on the manifest. Real manifests misspell keys,
leave modes blank and forget rows; that is noticed and does not stop anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from connectors.delimited.blocks import Lines, blocks
from connectors.delimited.encoding import EncodingScan, as_utf8
from connectors.delimited.header import remark
from connectors.delimited.records import records
from connectors.protocol import Notice
from domain.errors import StopDistrict
from domain.model import Mode
from domain.oneroster import Version, csv_files

MANIFEST = "manifest.csv"
ABSENT = "absent"

_LARGEST = 1024 * 1024

_VERSION = re.compile(r"v?1[.p]([012])(\.\d+)?", re.IGNORECASE)
_MODES = {ABSENT, Mode.BULK.value, Mode.DELTA.value}
_OTHER_KEYS = {"manifest.version", "oneroster.version", "source.systemname", "source.systemcode"}


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest as read. version: None when it names none.

    modes: file name without `.csv`, in the standard's spelling → "bulk", "delta" or "absent".
    """

    version: Version | None
    modes: dict[str, str]
    notices: tuple[Notice, ...] = field(default=())


def read_manifest(data: bytes) -> Manifest:
    """Return what the bytes of a manifest declare.

    A version of 1.0 counts as 1.1. Raises StopDistrict FL07 for a version that is not 1.0 to 1.2, FL13
    when the bytes are no text.
    """
    properties = dict(_properties(data))
    stems = {name.casefold(): name for name in csv_files(Version.V1P2)}
    modes: dict[str, str] = {}
    notices: list[Notice] = []
    for key, value in properties.items():
        stem = stems.get(key.removeprefix("file."), "") if key.startswith("file.") else ""
        if stem and value in _MODES:
            modes[stem] = value
        elif key not in _OTHER_KEYS:
            notices.append(_odd(key, value))
    return Manifest(_version(properties.get("oneroster.version", "")), modes, tuple(notices))


def _properties(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield key and value of each row in lower case, by position: the value column has several names."""
    if len(data) > _LARGEST:
        raise StopDistrict(
            "FL13",
            f"manifest.csv is larger than {_LARGEST} bytes: it is no manifest",
            fix="Export the package again.",
            place=MANIFEST,
        )
    scan = EncodingScan(MANIFEST)
    scan.feed(data)
    lines = Lines(blocks(as_utf8([data], scan.finish()), MANIFEST))
    for record in records(lines, ","):
        if len(record.cells) >= 2 and record.cells[0].strip().casefold() != "propertyname":
            yield record.cells[0].strip().casefold(), record.cells[1].strip().casefold()


def _version(text: str) -> Version | None:
    if not text:
        return None
    known = _VERSION.fullmatch(text)
    if known is None:
        raise StopDistrict(
            "FL07",
            "manifest.csv declares a oneroster.version that is not 1.0, 1.1 or 1.2",
            fix="Export the roster as OneRoster 1.1 or 1.2.",
            place=MANIFEST,
        )
    return Version.V1P2 if known[1] == "2" else Version.V1P1


def _odd(key: str, value: str) -> Notice:
    why = "has no mode" if key.startswith("file.") and not value else "is none the standard knows"
    return remark(
        "FL26",
        MANIFEST,
        f"A property of manifest.csv {why} and was not used",
        "Give each file.* row one of bulk, delta, absent.",
        key[:40],
    )


def manifest_gaps(manifest: Manifest, present: Iterable[str]) -> Iterator[Notice]:
    """Yield a notice for each file that the manifest leaves out or calls absent although it is there."""
    for stem in present:
        if stem not in manifest.modes:
            yield remark(
                "FL26",
                f"{stem}.csv",
                f"{stem}.csv has no mode in manifest.csv and was read as bulk",
                f"Add the row file.{stem},bulk to manifest.csv.",
            )
        elif manifest.modes[stem] == ABSENT:
            yield remark(
                "FL26",
                f"{stem}.csv",
                f"manifest.csv calls {stem}.csv absent although it is there; it was not read",
                f"Correct the row file.{stem} of manifest.csv, or leave the file out.",
            )
