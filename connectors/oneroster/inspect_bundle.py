"""A OneRoster package as it lies on this machine: a zip or a folder, whose files are read as streams.

Nothing is unpacked to disk, so a package needs no room of its own and a path in a zip leads nowhere.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from connectors.delimited.encoding import PIECE
from connectors.oneroster.csv_package import CsvLimits
from domain.errors import ContractBroken, StopDistrict

Opener = Callable[[], IO[bytes]]


@dataclass(frozen=True, slots=True)
class Bundle:
    """The files of a package by their names, without folders and the computer's own litter.

    folder: the folder of a zip all of them lie in, "" when they lie at its root as they should.
    """

    name: str
    zipped: bool
    files: Mapping[str, Opener]
    folder: str = ""

    def pieces(self, file: str) -> Iterator[bytes]:
        """Yield the bytes of a file; raises StopDistrict FL02 when the zip is damaged."""
        try:
            with self.files[file]() as stream:
                while piece := stream.read(PIECE):
                    yield piece
        except (
            zipfile.BadZipFile,
            EOFError,
            OSError,
            RuntimeError,
            NotImplementedError,
            ValueError,
        ) as error:
            raise StopDistrict(
                "FL01", f"{file} cannot be read: the package is damaged, locked or still on its way",
                fix="Export the package again", place=self.name,
            ) from error  # fmt: skip


@contextmanager
def opened(path: Path) -> Iterator[Bundle]:
    """Yield the package at a path and let go of it.

    Raises StopDistrict FL04 when nothing is there, FL03 when a zip would unpack to an unlikely size;
    ContractBroken FL60 when it is no zip and no folder.
    """
    if path.is_dir():
        entries = sorted(
            entry for entry in path.iterdir() if entry.is_file() and not entry.name.startswith(".")
        )
        yield Bundle(path.name, False, {entry.name: _opener(entry) for entry in entries})
        return
    if not path.exists():
        raise StopDistrict("FL04", f"{path.name} is not there", fix="Give a file, a folder or an address")
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise no_roster(path.name) from error
    with archive:
        yield _zipped(archive, path)


def no_roster(name: str) -> ContractBroken:
    """Return FL60: this is not OneRoster at all."""
    return ContractBroken(
        "FL60", f"{name} holds nothing of OneRoster",
        fix="Give a zip or folder of OneRoster CSV files or JSON answers, or the address of a server",
        place=name,
    )  # fmt: skip


def _opener(path: Path) -> Opener:
    return lambda: path.open("rb")


def _zipped(archive: zipfile.ZipFile, path: Path) -> Bundle:
    infos = [info for info in archive.infolist() if not info.is_dir() and not _litter(info.filename)]
    limits = CsvLimits()
    size = sum(info.file_size for info in infos)
    if size > max(path.stat().st_size, 1) * limits.largest_ratio:
        raise StopDistrict(
            "FL03", f"{path.name} would unpack to {size} bytes: it looks like a trap",
            fix="Find out who packed this file", place=path.name,
        )  # fmt: skip
    folders = {str(PurePosixPath(info.filename).parent) for info in infos}
    folder = folders.pop() if len(folders) == 1 else "."
    chosen = [info for info in infos if str(PurePosixPath(info.filename).parent) == folder]
    files = {PurePosixPath(info.filename).name: _member(archive, info) for info in chosen}
    return Bundle(path.name, True, files, "" if folder == "." else folder)


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Opener:
    return lambda: archive.open(info)


def _litter(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return "__MACOSX" in parts or any(part.startswith(".") for part in parts)
