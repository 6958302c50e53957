"""One pull of a OneRoster CSV package: landed whole, judged file by file, then read page by page.

Source: OneRoster CSV binding 1.1.1 and 1.2.1. Every file is read once, to be landed as it came; what
was landed is then parsed, and every file's header is judged before the first page.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from connectors.copies import PrivateLanding, private_folder
from connectors.delimited.blocks import Lines
from connectors.delimited.encoding import Encoding, EncodingScan, as_utf8
from connectors.delimited.header import Header, has_row, no_data, not_utf8, pieces, remark
from connectors.delimited.keeping import LandedFile, keep
from connectors.delimited.paged import file_pages
from connectors.delimited.reader import TableReader
from connectors.demographics import DEMOGRAPHICS
from connectors.oneroster.csv_births import CsvBirths
from connectors.oneroster.csv_header import read_header
from connectors.oneroster.csv_manifest import ABSENT, MANIFEST, Manifest, manifest_gaps, read_manifest
from connectors.oneroster.csv_package import ROSTER_FILES, CsvLimits, Unpacked, loose_files, unpack
from connectors.protocol import Cursor, Landing, Notice, Page, PullFacts
from connectors.same_export import together
from domain.errors import StopDistrict
from domain.model import Mode
from domain.oneroster import COLLECTIONS, Version

KEY = "sourcedId"


@dataclass(frozen=True, slots=True)
class _File:
    """One roster file that was landed and whose header was judged."""

    landed: LandedFile
    mode: str

    @property
    def name(self) -> str:
        return self.landed.name


class CsvPull:
    """One pull of one package of local files; implements `connectors.protocol.Pull`.

    Everything that can be said of a file as a whole is said when the pull is made: StopDistrict FL04
    to FL13 as `csv_header`, `csv_manifest` and `csv_encoding` name them, FL06 for a file that the
    manifest declares and the package lacks.
    """

    def __init__(
        self, package: Unpacked, landing: Landing, as_of: datetime, release: Callable[[], None] | None = None
    ) -> None:
        """Land every byte, then judge manifest and headers. release: lets go of the package's files."""
        self._release = release
        self._digests: dict[str, str] = {}
        self._notices: dict[Notice, None] = dict.fromkeys(package.notices)
        manifest = self._read_manifest(package, landing)
        modes = _modes(package, manifest)
        self._files = {stem: self._land(stem, package, mode, landing) for stem, mode in modes.items()}
        for file in self._files.values():
            self._judge(file)
        self._births = self._births_of(package, manifest, _mode(modes), landing)
        version = manifest.version or _guess_version(modes)
        self._facts = PullFacts(
            mode=_mode(modes),
            version=version.value,
            source_tables=(*self._files, *((DEMOGRAPHICS,) if self._births else ())),
            as_of=as_of,
            absent=tuple(
                stem for stem in ROSTER_FILES if stem not in modes and version in COLLECTIONS[stem].columns
            ),
            export=together(self._digests),
        )

    @property
    def facts(self) -> PullFacts:
        """Return mode, version and tables; one delta file makes a DELTA: absence proves nothing then."""
        return self._facts

    def pages(self, source_table: str, resume: Cursor | None = None) -> Iterator[Page]:
        """Yield a file's pages, at least one; they are the same every time, so a cursor is a page number."""
        if source_table == DEMOGRAPHICS and self._births:
            yield from self._births.pages()
            return
        file = self._files[source_table]
        header, lines = self._header(file)
        batches = TableReader(file.name, header, lines, self._note).batches()
        yield from file_pages(source_table, header, batches, resume.page if resume else 0)

    def notices(self) -> Sequence[Notice]:
        """Return what was noticed so far, each once, in the order it was met."""
        return tuple(self._notices)

    def close(self) -> None:
        """Let go of the package's files; what was landed cannot move while it is read: nothing to verify."""
        if self._release:
            self._release()

    def _note(self, notice: Notice) -> None:
        self._notices[notice] = None

    def _read_manifest(self, package: Unpacked, landing: Landing) -> Manifest:
        path = package.files.get(MANIFEST)
        if path is None:
            if package.zipped and package.files and not _as_1p0(package):
                raise StopDistrict(
                    "FL07",
                    "The zip has no manifest.csv",
                    fix="Add manifest.csv to the export.",
                    place=MANIFEST,
                )
            self._note(
                remark(
                    "FL24",
                    MANIFEST,
                    "There is no manifest.csv: every file was read as bulk",
                    "Send manifest.csv too.",
                )
            )
            return Manifest(None, {})
        data = path.read_bytes()
        landing.keep(f"{MANIFEST}/000000.raw", data)
        self._digests[MANIFEST] = hashlib.sha256(data).hexdigest()
        manifest = read_manifest(data)
        present = [stem for stem in ROSTER_FILES if f"{stem}.csv" in package.files]
        for notice in (*manifest.notices, *manifest_gaps(manifest, present)):
            self._note(notice)
        return manifest

    def _births_of(
        self, package: Unpacked, manifest: Manifest, mode: Mode, landing: Landing
    ) -> CsvBirths | None:
        """Return the birth dates, None where they are not wanted, absent, or less whole than the roster."""
        path, said = package.files.get(f"{DEMOGRAPHICS}.csv"), manifest.modes.get(DEMOGRAPHICS, mode.value)
        is_meant = said != ABSENT and (said, mode) != (Mode.DELTA.value, Mode.BULK)
        return CsvBirths(path, landing, self._note) if path and is_meant else None

    def _land(self, stem: str, package: Unpacked, mode: str, landing: Landing) -> _File:
        name = f"{stem}.csv"
        landed = keep(name, pieces(package.files[name]), landing, EncodingScan(name))
        self._digests[name] = landed.sha256
        if landed.encoding is not Encoding.UTF8:
            self._note(not_utf8(name, landed.encoding))
        return _File(landed, mode)

    def _judge(self, file: _File) -> None:
        header, lines = self._header(file)
        for notice in header.notices:
            self._note(notice)
        if file.mode == Mode.BULK.value and not has_row(lines):
            raise no_data(file.name)

    def _header(self, file: _File) -> tuple[Header, Lines]:
        known = (
            name for names in COLLECTIONS[file.name.removesuffix(".csv")].columns.values() for name in names
        )
        text = as_utf8(file.landed.pieces(), file.landed.encoding)
        return read_header(text, file.name, known=known, needed=(KEY,))


def open_package(fetch: Callable[[Path], Unpacked], landing: Landing | None, as_of: datetime) -> CsvPull:
    """Return the pull of a package; what `fetch` has to unpack goes into the private folder it is given.

    landing: None lands in clear beside it, for who only looks. The folder goes when the pull is closed, or
    at once when it cannot be made. What an earlier try landed is forgotten: a file may have been sent anew,
    and reading it again is cheap.
    """
    folder = private_folder()
    try:
        if landing is None:
            landing = PrivateLanding(Path(tempfile.mkdtemp(dir=folder.name)))
        landing.forget()
        return CsvPull(fetch(Path(folder.name)), landing, as_of, folder.cleanup)
    except BaseException:
        folder.cleanup()
        raise


def local_package(path: Path, folder: Path, limits: CsvLimits) -> Unpacked:
    """Unpack a zip's roster files into a folder; loose ones are taken from where they lie.

    Raises as `csv_package.unpack` and `csv_package.loose_files` do.
    """
    if not path.is_dir():
        return unpack(path, folder, limits)
    return loose_files({entry.name: entry for entry in path.iterdir() if entry.is_file()}, limits)


def _as_1p0(package: Unpacked) -> bool:
    """Return whether every roster file is there that 1.0 had, which knew no manifest."""
    return all(f"{stem}.csv" in package.files for stem in ROSTER_FILES if stem != "roles")


def _modes(package: Unpacked, manifest: Manifest) -> dict[str, str]:
    """Return file → bulk or delta for what is to be read, in reading order."""
    modes = {
        stem: manifest.modes.get(stem, Mode.BULK.value if f"{stem}.csv" in package.files else ABSENT)
        for stem in ROSTER_FILES
    }
    wanted = {stem: mode for stem, mode in modes.items() if mode != ABSENT}
    for stem in wanted:
        if f"{stem}.csv" not in package.files:
            raise StopDistrict(
                "FL06",
                f"manifest.csv declares {stem}.csv, which is not in the package",
                fix=f"Add {stem}.csv, or declare it absent in manifest.csv.",
                place=MANIFEST,
            )
    if not wanted and not manifest.modes:
        raise StopDistrict(
            "FL04",
            "No file received: the package holds no OneRoster file",
            fix="Look whether the export ran.",
        )
    return wanted


def _mode(modes: Mapping[str, str]) -> Mode:
    """Return delta as soon as one file is, and when all are absent: that says that nothing changed."""
    return Mode.DELTA if not modes or Mode.DELTA.value in modes.values() else Mode.BULK


def _guess_version(modes: dict[str, str]) -> Version:
    return Version.V1P2 if "roles" in modes else Version.V1P1
