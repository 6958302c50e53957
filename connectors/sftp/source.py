"""Rosters that a district drops on an SFTP server: a OneRoster zip or loose CSV files."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from connectors.check_pull import TriedPull
from connectors.check_steps import Step, run_steps
from connectors.oneroster.csv_package import Unpacked
from connectors.oneroster.csv_pull import CsvPull, open_package
from connectors.protocol import Capability, CheckReport, Landing
from connectors.sftp.drops import (
    Pause,
    SftpRosterSettings,
    copy_drop,
    find_drop,
    judge_age,
    settled_drop,
)
from connectors.sftp.session import RemoteFile, SftpSession
from connectors.sftp.steps import session_steps
from domain.clock import Clock, system_clock
from domain.ids import DistrictCode

__all__ = ["SftpRosterSettings", "SftpRosterSource"]


class SftpRosterSource:
    """A district's drop folder as a source of rosters; implements `connectors.protocol.RosterSource`."""

    def __init__(
        self,
        district: DistrictCode,
        settings: SftpRosterSettings,
        *,
        clock: Clock = system_clock,
        pause: Pause = time.sleep,
    ) -> None:
        """Remember how to connect. clock: the district's, which judges the age of files."""
        self._district = district
        self._settings = settings
        self._clock = clock
        self._pause = pause

    def capabilities(self) -> frozenset[Capability]:
        """Return both roster modes: which one a package is, it says itself."""
        return frozenset({Capability.ROSTER_BULK, Capability.ROSTER_DELTA})

    def check(self) -> CheckReport:
        """Connect step by step, look for the expected file and judge its headers; nothing is kept."""
        session = SftpSession(self._settings)
        tried = TriedPull(lambda: self._tried(session))
        steps = [
            *session_steps(session, self._settings.folder),
            Step("expected file", lambda: _names(find_drop(session, self._settings))),
            *tried.steps("package and headers"),
            tried.births(wanted=self._settings.demographics),
        ]
        try:
            return run_steps(self._district, steps, orgs=tried.orgs)
        finally:
            tried.close()
            session.close()

    def open(self, since: datetime | None, landing: Landing) -> CsvPull:
        """Wait for the drop to settle, copy it, land and judge it; the connection is closed by then.

        since has no effect: a package is what it was made as. Raises as `SftpSession`, `drops` and
        `CsvPull` do.
        """
        return open_package(self._fetch, landing, self._clock())

    def _fetch(self, folder: Path) -> Unpacked:
        with SftpSession(self._settings) as session:
            drop = settled_drop(session, self._settings, self._pause)
            aged = judge_age(drop, self._settings, self._clock())
            package = copy_drop(session, drop, self._settings, folder)
        return replace(package, notices=(*aged, *package.notices))

    def _tried(self, session: SftpSession) -> CsvPull:
        def fetch(folder: Path) -> Unpacked:
            return copy_drop(session, find_drop(session, self._settings), self._settings, folder)

        return open_package(fetch, None, self._clock())


def _names(drop: list[RemoteFile]) -> str:
    return "found " + ", ".join(file.name for file in drop)
