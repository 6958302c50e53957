"""Inspecting a OneRoster CSV package: its manifest, its files one after the other, row by row.

Every file is read twice, once for its encoding and once for its rows, and never held whole.
Source: OneRoster CSV bindings 1.1.1 and 1.2.1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from connectors.delimited.blocks import Lines
from connectors.delimited.encoding import Encoding, EncodingScan, as_utf8
from connectors.delimited.header import DELIMITERS, Header
from connectors.delimited.records import records
from connectors.oneroster.conformance import Deviations, Inspection, masked
from connectors.oneroster.conformance_fields import file_fields
from connectors.oneroster.conformance_references import ORDER, References
from connectors.oneroster.conformance_rows import RowJudge
from connectors.oneroster.csv_header import read_header
from connectors.oneroster.csv_manifest import MANIFEST
from connectors.oneroster.csv_package import SPELLING
from connectors.oneroster.inspect_bundle import Bundle, no_roster
from connectors.oneroster.inspect_manifest import Declared, judge_manifest
from domain.errors import SisbridgeError
from domain.oneroster import csv_files

Progress = Callable[[str, int], None]
"""Called with what is being read and how many rows of it were."""

EVERY = 5000
_BOM = b"\xef\xbb\xbf"
_OLD_KEY = "userSourcedId"
"""What 1.0 called the key of demographics.csv; it spelled birthDate in lower case too."""

_DROPPED = {"users": ("resourceSourcedIds",)}
"""Columns of 1.2.0 that 1.2.1 took back."""


def inspect_csv(bundle: Bundle, progress: Progress) -> Inspection:
    """Return what a package is and where it deviates; ContractBroken FL60 when it holds no OneRoster file."""
    spelled = _spelled(bundle)
    if not set(spelled) - {MANIFEST}:
        raise no_roster(bundle.name)
    declared = _declared(bundle, spelled)
    found = Deviations(declared.version)
    _judge_names(bundle, spelled, found)
    judge_manifest(declared, {name.removesuffix(".csv") for name in spelled} - {"manifest"}, found)
    inspector = _Inspector(bundle, declared, found, progress)
    for file in ORDER:
        if f"{file}.csv" in spelled and file in csv_files(declared.version):
            inspector.read(file, spelled[f"{file}.csv"])
    inspector.references.finish()
    facts = [
        ("Kind", "OneRoster CSV, " + ("zip" if bundle.zipped else "folder")),
        ("Version", declared.version.value + declared.version_note),
        ("Mode", ", ".join(sorted(set(declared.modes.values()) - {"absent"})) or "bulk (none declared)"),
        ("Manifest", declared.note),
        ("Encoding", ", ".join(sorted(inspector.encodings))),
        *([("System", declared.system)] if declared.system else []),
    ]
    return Inspection(bundle.name, declared.version, facts, inspector.counts, found.all())


def _spelled(bundle: Bundle) -> dict[str, str]:
    """Return the standard's name → the name in the package."""
    names = {SPELLING[name.casefold()]: name for name in bundle.files if name.casefold() in SPELLING}
    return dict(sorted(names.items()))


def _declared(bundle: Bundle, spelled: dict[str, str]) -> Declared:
    data = b"".join(bundle.pieces(spelled[MANIFEST])) if MANIFEST in spelled else None
    return Declared.read(data, {name.removesuffix(".csv") for name in spelled})


def _judge_names(bundle: Bundle, spelled: dict[str, str], found: Deviations) -> None:
    if bundle.folder:
        found.add("OR-F11", "the package", rows=len(bundle.files))
    for name, given in spelled.items():
        if name != given:
            found.add("OR-F10", name)
    strange = len(bundle.files) - len(spelled)
    if strange:
        found.add("OR-F12", "the package", rows=strange)


class _Inspector:
    def __init__(self, bundle: Bundle, declared: Declared, found: Deviations, progress: Progress) -> None:
        self._bundle, self._declared, self._found, self._progress = bundle, declared, found, progress
        self._version = declared.version
        self.references = References(found, whole="delta" not in declared.modes.values())
        self.counts: dict[str, int] = {}
        self.encodings: set[str] = set()

    def read(self, file: str, name: str) -> None:
        """Read one file; what stops the reading is a deviation, never an end of the inspection."""
        where = f"{file}.csv"
        self._progress(where, 0)
        try:
            encoding = self._encoding(where, name)
            pieces = as_utf8(self._bundle.pieces(name), encoding)
            known = file_fields(file, self._version)
            header, lines = read_header(pieces, where, known=known, needed=())
            header = self._judge_header(file, header)
            self._rows(file, header, lines)
        except SisbridgeError as error:
            self._found.add("OR-F21" if error.code == "FL11" else "OR-F26", where)
        self.references.end(file, where)

    def _encoding(self, where: str, name: str) -> Encoding:
        scan, first = EncodingScan(where), True
        for piece in self._bundle.pieces(name):
            if first:
                self._judge_first(where, piece)
            first = False
            scan.feed(piece)
        encoding = scan.finish()
        self.encodings.add(encoding.value)
        if encoding is not Encoding.UTF8:
            self._found.add("OR-F13", where)
        return encoding

    def _judge_first(self, where: str, piece: bytes) -> None:
        if piece.startswith(_BOM):
            self._found.add("OR-F14", where)
        end = piece.find(b"\n")
        if end >= 0 and piece[max(end - 1, 0) : end] != b"\r":
            self._found.add("OR-F15", where)

    def _judge_header(self, file: str, header: Header) -> Header:
        """Report a header's deviations; return it with the columns of 1.0 under the names of 1.1."""
        where, wanted = f"{file}.csv", list(file_fields(file, self._version))
        if header.delimiter != "," and len(header.names) > 1:
            self._found.add("OR-F16", where, 1, sample=DELIMITERS[header.delimiter])
        if file == "demographics" and _OLD_KEY in header.names and "sourcedId" not in header.names:
            self._found.add("OR-F27", where, 1)
            names = tuple("sourcedId" if name == _OLD_KEY else name for name in header.names)
            header = replace(header, names=names, notices=())
        for notice in header.notices:
            if notice.field:
                self._found.add("OR-F20", where, 1, column=notice.field)
        missing = [name for name in wanted if name not in header.names]
        strange = [name for name in header.names if not self._is_known(file, name)]
        for name in missing:
            self._found.add("OR-F17", where, 1, column=name)
        if len(missing) == len(wanted):
            # The first row is no header at all, so its cells are somebody's values.
            strange = [masked(name) for name in strange]
        for name in strange:
            self._found.add("OR-F18", where, 1, column=name)
        if not _in_order(header.names, wanted):
            self._found.add("OR-F19", where, 1)
        return header

    def _is_known(self, file: str, name: str) -> bool:
        standard = name in file_fields(file, self._version) or name in _DROPPED.get(file, ())
        return standard or name.startswith("metadata.")

    def _rows(self, file: str, header: Header, lines: Lines) -> None:
        where, width, count = f"{file}.csv", len(header.names), 0
        delta = self._declared.modes.get(file) == "delta"
        judge = RowJudge(file, header.names, delta, self._version, self._found, self.references)
        for record in records(lines, header.delimiter, width):
            count += 1
            if not record.whole or len(record.cells) != width:
                self._found.add("OR-F22", where, record.line)
                continue
            judge.judge(record.line, record.cells)
            if any("\n" in cell or "\r" in cell for cell in record.cells):
                self._found.add("OR-F23", where, record.line)
            if count % EVERY == 0:
                self._progress(where, count)
        judge.end()
        self.counts[file] = count
        if not count:
            self._found.add("OR-F21", where)


def _in_order(names: Sequence[str], wanted: Sequence[str]) -> bool:
    """Return whether the standard's columns come first and in its order, own ones behind them."""
    places = [wanted.index(name) if name in wanted else len(wanted) for name in names]
    return places == sorted(places)
