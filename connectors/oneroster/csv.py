"""Rosters from a OneRoster CSV package on this machine: zip or loose files, 1.1 and 1.2, bulk and delta."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from connectors.check_pull import TriedPull
from connectors.check_steps import Step, run_steps
from connectors.oneroster.csv_package import CsvLimits
from connectors.oneroster.csv_pull import CsvPull, local_package, open_package
from connectors.protocol import Capability, CheckReport, Landing
from domain.clock import Clock, system_clock
from domain.errors import StopDistrict
from domain.ids import DistrictCode

__all__ = ["CsvPull", "OneRosterCsvSettings", "OneRosterCsvSource"]


class OneRosterCsvSettings(CsvLimits):
    """Where a package lies on this machine: a zip, or a folder of loose files."""

    path: Path


class OneRosterCsvSource:
    """A package on this machine as a source of rosters; implements `connectors.protocol.RosterSource`."""

    def __init__(
        self, district: DistrictCode, settings: OneRosterCsvSettings, *, clock: Clock = system_clock
    ) -> None:
        """Remember where the package lies; nothing is opened yet."""
        self._district = district
        self._settings = settings
        self._clock = clock

    def capabilities(self) -> frozenset[Capability]:
        """Return both roster modes: which one a package is, it says itself."""
        return frozenset({Capability.ROSTER_BULK, Capability.ROSTER_DELTA})

    def check(self) -> CheckReport:
        """Look whether the package is there, whole, and has the headers it needs."""
        tried = TriedPull(lambda: self._open(None))
        try:
            steps = [Step("expected file", self._find), *tried.steps("package and headers")]
            steps.append(tried.births(wanted=self._settings.demographics))
            return run_steps(self._district, steps, orgs=tried.orgs)
        finally:
            tried.close()

    def open(self, since: datetime | None, landing: Landing) -> CsvPull:
        """Land and judge the package. since has no effect: a package is what it was made as."""
        return self._open(landing)

    def _open(self, landing: Landing | None) -> CsvPull:
        self._find()
        settings = self._settings
        return open_package(lambda to: local_package(settings.path, to, settings), landing, self._clock())

    def _find(self) -> str:
        if not self._settings.path.exists():
            raise StopDistrict(
                "FL04",
                f"No file received: {self._settings.path.name} is not there",
                fix="Look whether the export ran and where it was put.",
                place=self._settings.path.name,
            )
        return f"{self._settings.path.name} is there"
