"""What a district has dropped: the expected files, settled, fresh enough, copied before they are read."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path

from pydantic import Field

from connectors.delimited.header import remark
from connectors.oneroster.csv_package import CsvLimits, Unpacked, loose_files, unpack
from connectors.protocol import Notice
from connectors.sftp.access import SftpAccess
from connectors.sftp.session import RemoteFile, SftpSession
from domain.errors import RetryLater, StopDistrict

Pause = Callable[[float], None]

Look = Callable[[], list[RemoteFile]]
"""Returns the files of a drop as they lie there now, in a stable order."""

_UNFINISHED = (".part", ".tmp", ".filepart")


class DropSettings(SftpAccess):
    """Where files are dropped, and when they count as whole and fresh.

    settle_seconds: how long size and time of writing must stay the same; 0 looks once.
    stale_after_hours: age from which a drop is yesterday's; None never. stale_stops: it stops the
    district instead of being noticed.
    """

    settle_seconds: float = Field(default=60.0, ge=0)
    stale_after_hours: float | None = Field(default=72.0, gt=0)
    stale_stops: bool = False


class SftpRosterSettings(DropSettings, CsvLimits):
    """Where a district drops its OneRoster package, and what is expected there.

    zip_name: the zip's name, * for any part of it; the newest that matches is read.
    loose_files: names of loose files instead of a zip; all of them must be there.
    """

    zip_name: str = "*.zip"
    loose_files: tuple[str, ...] = ()


def find_drop(session: SftpSession, settings: SftpRosterSettings) -> list[RemoteFile]:
    """Return the zip, or the roster's loose files, as they lie there now.

    Files still under way by their name (.part, .tmp, .filepart) are as good as not there.
    Raises StopDistrict FL04 naming what is missing, FL03 when it is larger than the limits allow.
    """
    files = there(session)
    drop = _loose(files, settings) if settings.loose_files else _newest_zip(files, settings)
    refuse_large(drop, settings, settings.largest_bytes)
    return drop


def there(session: SftpSession) -> list[RemoteFile]:
    """Return the files of the folder, without those that their name says are still under way."""
    return [file for file in session.files() if not file.name.casefold().endswith(_UNFINISHED)]


def refuse_large(drop: Iterable[RemoteFile], settings: SftpAccess, largest_bytes: int) -> None:
    """Raise StopDistrict FL03 when files are larger together than the limit allows."""
    if sum(file.size for file in drop) > largest_bytes:
        raise StopDistrict(
            "FL03",
            f"The files in {settings.folder} are larger than {largest_bytes} bytes together",
            fix="Find out why; if they are right, raise largest_bytes.",
            place=settings.place,
        )


def _loose(files: Iterable[RemoteFile], settings: SftpRosterSettings) -> list[RemoteFile]:
    expected = {name.casefold() for name in settings.loose_files}
    found = [file for file in files if file.name.casefold() in expected or settings.wants(file.name)]
    there = {file.name.casefold() for file in found}
    missing = [name for name in settings.loose_files if name.casefold() not in there]
    if missing:
        raise not_received(", ".join(missing), settings)
    return found


def _newest_zip(files: Iterable[RemoteFile], settings: SftpRosterSettings) -> list[RemoteFile]:
    pattern = settings.zip_name.casefold()
    matching = [file for file in files if fnmatchcase(file.name.casefold(), pattern)]
    if not matching:
        raise not_received(settings.zip_name, settings)
    return [max(matching, key=lambda file: (file.modified_at, file.name))]


def not_received(what: str, settings: SftpAccess) -> StopDistrict:
    """Return the error for files that are not there."""
    return StopDistrict(
        "FL04",
        f"No file received: {what} is not in the folder {settings.folder} of {settings.place}",
        fix="Look in the SIS whether the export ran and under which name it was sent.",
        place=settings.place,
    )


def settled_drop(
    session: SftpSession, settings: SftpRosterSettings, pause: Pause = time.sleep
) -> list[RemoteFile]:
    """Return the package when two looks, `settle_seconds` apart, see the same; else raise RetryLater FL01."""
    return settled(lambda: find_drop(session, settings), settings, pause)


def settled(look: Look, settings: DropSettings, pause: Pause = time.sleep) -> list[RemoteFile]:
    """Return what two looks, `settle_seconds` apart, see alike; else raise RetryLater FL01."""
    drop = look()
    if settings.settle_seconds:
        pause(settings.settle_seconds)
        refuse_moved(drop, look(), settings)
    return drop


def refuse_moved(before: list[RemoteFile], now: list[RemoteFile], settings: DropSettings) -> None:
    """Raise RetryLater FL01 when files are no longer what they were."""
    if before != now:
        raise RetryLater(
            "FL01",
            f"The files in {settings.folder} of {settings.place} are still being written",
            fix="If this stays so, upload under a name ending in .part and rename when whole.",
            place=settings.place,
            retry_after=settings.settle_seconds,
        )


def judge_age(drop: list[RemoteFile], settings: DropSettings, now: datetime) -> tuple[Notice, ...]:
    """Return a notice, or raise StopDistrict FL05, when the oldest file is stale by the district's clock."""
    if settings.stale_after_hours is None:
        return ()
    oldest = min(drop, key=lambda file: file.modified_at)
    if now - oldest.modified_at <= timedelta(hours=settings.stale_after_hours):
        return ()
    message = f"{oldest.name} was last written on {oldest.modified_at:%Y-%m-%d %H:%M} UTC and is out of date"
    fix = "Look in the SIS why the nightly export did not run."
    if settings.stale_stops:
        raise StopDistrict("FL05", message, fix=fix, place=oldest.name)
    return (remark("FL05", oldest.name, message, fix),)


def copy_drop(
    session: SftpSession, drop: list[RemoteFile], settings: SftpRosterSettings, folder: Path
) -> Unpacked:
    """Copy the drop into a private folder and unpack a zip there.

    Raises RetryLater FL01 when a file changed while it was copied or a zip is not whole, and as
    `csv_package.unpack` does.
    """
    inbox = folder / "inbox"
    inbox.mkdir()
    for file in drop:
        session.fetch(file.name, file.size, inbox / file.name)
    refuse_moved(drop, find_drop(session, settings), settings)
    if settings.loose_files:
        return loose_files({file.name: inbox / file.name for file in drop}, settings)
    return unpack(inbox / drop[0].name, folder, settings)
