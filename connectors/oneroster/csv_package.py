"""A OneRoster CSV package as it arrived: a zip or loose files, turned into local files by their names."""

from __future__ import annotations

import lzma
import shutil
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ConfigDict, Field

from connectors.delimited.encoding import PIECE
from connectors.delimited.header import remark
from connectors.demographics import DEMOGRAPHICS, Demographics
from connectors.oneroster.csv_manifest import MANIFEST
from connectors.protocol import Notice
from domain.errors import RetryLater, StopDistrict
from domain.oneroster import Version, csv_files

ROSTER_FILES = ("orgs", "academicSessions", "courses", "classes", "users", "roles", "enrollments")
"""The files that are read, without `.csv`, in the order in which each may refer to the ones before it."""

SPELLING = {
    name.casefold(): name for name in (MANIFEST, *(f"{stem}.csv" for stem in csv_files(Version.V1P2)))
}
"""A file's name in small letters → the standard's spelling of it."""

_WANTED = {MANIFEST, *(f"{stem}.csv" for stem in ROSTER_FILES)}
_BROKEN = (
    zipfile.BadZipFile,
    EOFError,
    OSError,
    ValueError,
    IndexError,
    zlib.error,
    lzma.LZMAError,
    struct.error,
)


class CsvLimits(BaseModel):
    """How large a package may be before it counts as hostile, and whether birth dates are read of it.

    largest_bytes: of all unpacked roster files together. largest_ratio: unpacked to packed bytes.
    demographics: unless it is true, demographics.csv is neither unpacked nor copied.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    largest_bytes: int = Field(default=4 * 1024**3, gt=0)
    largest_ratio: int = Field(default=200, gt=0)
    demographics: Demographics = False

    def wants(self, name: str) -> bool:
        """Return whether a file of this name would be read, in any case of letters."""
        spelled = SPELLING.get(name.casefold())
        return spelled in _WANTED or (self.demographics and spelled == f"{DEMOGRAPHICS}.csv")


@dataclass(frozen=True, slots=True)
class Unpacked:
    """The roster files and the manifest of one package under the standard's names, and what was noticed."""

    files: Mapping[str, Path]
    notices: tuple[Notice, ...] = field(default=())
    zipped: bool = False


def loose_files(files: Mapping[str, Path], limits: CsvLimits) -> Unpacked:
    """Return loose files by the standard's names; those that are no part of a roster are left out.

    Raises StopDistrict FL08 when two names differ only in case.
    """
    found, notices = _recognized(files, "the folder", limits)
    return Unpacked({name: files[given] for name, given in found.items()}, tuple(notices))


def unpack(archive: Path, folder: Path, limits: CsvLimits) -> Unpacked:
    """Unpack the roster files of a zip into a folder, checking every byte against the zip's checksums.

    Raises RetryLater FL01 for a zip that is not whole, StopDistrict FL02 for a zip of a folder, FL03
    for a path that leads out of it or a size beyond the limits, FL08 for a name that is there twice, FL09
    for a password or a compression that cannot be read.
    """
    try:
        with zipfile.ZipFile(archive) as package:
            found, notices = _choose(package, archive.name, limits)
            members = {name: package.getinfo(given) for name, given in found.items()}
            _refuse_bomb(members.values(), archive, limits)
            for name, member in members.items():
                with package.open(member) as source, (folder / name).open("wb") as target:
                    shutil.copyfileobj(source, target, PIECE)
    except (NotImplementedError, RuntimeError) as error:
        raise _unreadable(archive) from error
    except _BROKEN as error:
        raise _not_whole(archive) from error
    return Unpacked({name: folder / name for name in members}, tuple(notices), zipped=True)


def _choose(package: zipfile.ZipFile, archive: str, limits: CsvLimits) -> tuple[dict[str, str], list[Notice]]:
    """Return standard name → name in the zip for what lies at its root."""
    infos = [info for info in package.infolist() if not info.is_dir()]
    for info in infos:
        _refuse_escape(info, archive)
    names = [info.filename for info in infos if not _is_litter(info.filename)]
    root = [name for name in names if "/" not in name]
    if len(names) > len(root) and not any(name.casefold() in SPELLING for name in root):
        raise _zip_of_folder(next(name for name in names if "/" in name), archive)
    found, notices = _recognized(root, archive, limits)
    if len(infos) > len(root):
        notices.append(
            _ignored(archive, len(infos) - len(root), "lie in folders or were added by the computer")
        )
    return found, notices


def _recognized(names: Iterable[str], where: str, limits: CsvLimits) -> tuple[dict[str, str], list[Notice]]:
    """Return standard name → given name for the wanted files, with notices about odd names."""
    found: dict[str, str] = {}
    given_names = sorted(names)
    for given in given_names:
        name = SPELLING.get(given.casefold(), "")
        if name in found:
            raise StopDistrict(
                "FL08", f"{name} is there more than once", fix=f"Keep one file named {name}.", place=where
            )
        if limits.wants(given):
            found[name] = given
    notices = [
        remark("FL22", name, f"{name} is named {given}", f"Name the file {name}.")
        for name, given in found.items()
        if given != name
    ]
    strange = sum(given.casefold() not in SPELLING for given in given_names)
    return found, notices + (
        [_ignored(where, strange, "are no part of a OneRoster package")] if strange else []
    )


def _ignored(where: str, count: int, why: str) -> Notice:
    return remark(
        "FL23",
        where,
        f"{count} entries of {where} {why}; they were ignored",
        "Send only the OneRoster CSV files.",
    )


def _is_litter(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return "__MACOSX" in parts or any(part.startswith(".") for part in parts)


def _refuse_escape(info: zipfile.ZipInfo, archive: str) -> None:
    parts = info.orig_filename.replace("\\", "/").split("/")
    if parts[0] == "" or ".." in parts or ":" in parts[0]:
        raise StopDistrict(
            "FL03",
            f"{archive} holds a path that leads out of the folder it is unpacked in",
            fix="Find out who packed this file; pack only the CSV files themselves.",
            place=archive,
        )


def _refuse_bomb(members: Iterable[zipfile.ZipInfo], archive: Path, limits: CsvLimits) -> None:
    unpacked = sum(member.file_size for member in members)
    packed = max(archive.stat().st_size, 1)
    if unpacked > limits.largest_bytes or unpacked > packed * limits.largest_ratio:
        raise StopDistrict(
            "FL03",
            f"{archive.name} would unpack to {unpacked} bytes, {unpacked // packed} times its size",
            fix="Find out who packed this file; if it is right, raise largest_bytes or largest_ratio.",
            place=archive.name,
        )


def _zip_of_folder(nested: str, archive: str) -> StopDistrict:
    folder = PurePosixPath(nested).parts[0]
    return StopDistrict(
        "FL02",
        f"{archive} holds the folder {folder} instead of the files in it",
        fix=f"Open the folder {folder}, select the CSV files and zip those, not the folder.",
        place=archive,
    )


def _not_whole(archive: Path) -> RetryLater:
    return RetryLater(
        "FL01",
        f"{archive.name} is not a whole zip file: it may still be on its way",
        fix="If this stays so, export and upload the file again.",
        place=archive.name,
    )


def _unreadable(archive: Path) -> StopDistrict:
    return StopDistrict(
        "FL09",
        f"{archive.name} is protected by a password or packed in a way that cannot be read",
        fix="Pack the files as a plain zip without a password.",
        place=archive.name,
    )
