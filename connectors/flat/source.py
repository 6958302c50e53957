"""Files that a district's SIS drops on an SFTP server every night, as a source of rosters.

A vendor's connector holds one of these and gives it the layout; nothing here knows a vendor.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

from connectors.check_pull import TriedPull
from connectors.check_steps import Fixes, NoLanding, Step, run_steps
from connectors.copies import private_folder
from connectors.flat.layout import FileLayout, FlatLayout
from connectors.flat.pull import FlatPull
from connectors.flat.settings import FlatSettings
from connectors.protocol import Capability, CheckReport, Landing, Notice
from connectors.sftp.drops import (
    Pause,
    judge_age,
    not_received,
    refuse_large,
    refuse_moved,
    settled,
    there,
)
from connectors.sftp.session import RemoteFile, SftpSession
from connectors.sftp.steps import session_steps
from domain.clock import Clock, system_clock
from domain.ids import DistrictCode

Found = Mapping[str, RemoteFile]
"""Source table → the file that holds it."""


class FlatFilesSource:
    """A folder of exported files as a source of rosters; implements `connectors.protocol.RosterSource`."""

    def __init__(
        self,
        district: DistrictCode,
        settings: FlatSettings,
        layout: FlatLayout,
        *,
        clock: Clock = system_clock,
        pause: Pause = time.sleep,
    ) -> None:
        """Remember how to connect and what to expect. clock: the district's, which judges files' age."""
        self._district = district
        self._settings = settings
        self._layout = layout
        self._clock = clock
        self._pause = pause

    def capabilities(self) -> frozenset[Capability]:
        """Return bulk only: an export is always the whole."""
        return frozenset({Capability.ROSTER_BULK})

    def check(self, fixes: Fixes | None = None) -> CheckReport:
        """Connect step by step, look for the expected files and judge their headers; nothing is kept.

        fixes: a vendor's own words for what to do.
        """
        session = SftpSession(self._settings)
        tried = TriedPull(lambda: self._tried(session), self._layout.orgs_table)
        steps = [
            *session_steps(session, self._settings.folder),
            Step("expected files", lambda: _names(self._find(session))),
            *tried.steps("headers"),
        ]
        try:
            return run_steps(self._district, steps, fixes, tried.orgs)
        finally:
            tried.close()
            session.close()

    def open(self, since: datetime | None, landing: Landing) -> FlatPull:
        """Wait for the files to settle, copy, land and judge them; the connection is closed by then.

        since has no effect: an export is the whole. Raises as `SftpSession`, `drops` and `FlatPull` do.
        What an earlier try landed is forgotten: a file may have been sent anew, and copying is cheap.
        """
        landing.forget()
        with SftpSession(self._settings) as session:
            drop = settled(partial(self._look, session), self._settings, self._pause)
            aged = judge_age(drop, self._settings, self._clock())
            return self._copied_pull(session, drop, landing, aged)

    def _tried(self, session: SftpSession) -> FlatPull:
        return self._copied_pull(session, self._look(session), NoLanding(), ())

    def _copied_pull(
        self, session: SftpSession, drop: list[RemoteFile], landing: Landing, aged: Iterable[Notice]
    ) -> FlatPull:
        folder = private_folder()
        try:
            copies = self._copied(session, drop, Path(folder.name))
            release = folder.cleanup
            return FlatPull(self._layout, copies, landing, self._clock(), notices=aged, release=release)
        except BaseException:
            folder.cleanup()
            raise

    def _find(self, session: SftpSession) -> Found:
        """Return the newest file of each table as they lie there now.

        Raises StopDistrict FL04 naming the files that are missing, FL03 when they are too large.
        """
        files = there(session)
        found = {
            table: newest for table, one in self._layout.files.items() if (newest := _newest(files, one))
        }
        missing = [
            one.name for table, one in self._layout.files.items() if table not in found and not one.optional
        ]
        if missing or not found:
            raise not_received(", ".join(dict.fromkeys(missing)) or "any file", self._settings)
        refuse_large(set(found.values()), self._settings, self._settings.largest_bytes)
        return found

    def _look(self, session: SftpSession) -> list[RemoteFile]:
        return list(dict.fromkeys(self._find(session).values()))

    def _copied(self, session: SftpSession, drop: list[RemoteFile], folder: Path) -> dict[str, Path]:
        """Copy the files and return them by table; raises RetryLater FL01 when one changed meanwhile."""
        for file in drop:
            session.fetch(file.name, file.size, folder / file.name)
        found = self._find(session)
        refuse_moved(drop, list(dict.fromkeys(found.values())), self._settings)
        return {table: folder / file.name for table, file in found.items()}


def _newest(files: list[RemoteFile], layout: FileLayout) -> RemoteFile | None:
    pattern = layout.name.casefold()
    matching = [file for file in files if fnmatchcase(file.name.casefold(), pattern)]
    return max(matching, key=lambda file: (file.modified_at, file.name), default=None)


def _names(found: Found) -> str:
    return "found " + ", ".join(f"{file.name} ({table})" for table, file in found.items())
