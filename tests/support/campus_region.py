"""The small region with its first district on Infinite Campus."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from domain.clock import FixedClock
from domain.oneroster import Version
from simulators.infinite_campus import RunningCampus, TaskSpec, publish_tasks
from sisbridge.house import House
from sisbridge.sync.region import keep_secret
from tests.support.campus import campus_values
from tests.support.small_region import FILES, NOW, REST, SmallRegion, roster

TASKS = (TaskSpec("Final"), TaskSpec("Progress"), TaskSpec("Final", is_standard=True))


class CampusRegion(SmallRegion):
    """Two districts: the first on Infinite Campus with published grading tasks, the second by files."""

    def __init__(self, folder: Path, *, version: Version = Version.V1P2) -> None:
        super().__init__(folder, version=version)
        self.campus = RunningCampus(roster(), version, clock=FixedClock(NOW))
        self.provider = self.campus
        publish_tasks(self.campus.dataset, TASKS, NOW)

    def load(self, house: House, now: datetime = NOW, **settings: Any) -> None:
        """Load both districts, and the first one's vendor key."""
        super().load(house, now, **settings)
        keep_secret(house, REST, "campus_vendor_key", self.campus.vendor_key, "tester")
        keep_secret(house, REST, "sftp_password", "secret", "tester")

    def entries(self, now: datetime = NOW, **settings: Any) -> dict[str, Any]:
        """Return the region file's content."""
        entries = super().entries(now, **settings)
        values = campus_values(self.campus)
        del values["client_secret"]
        secrets = {"client_secret": "sis_client_secret"}
        kind = {"kind": "infinite_campus_oneroster", "settings": values, "secrets": secrets}
        grades = {
            "kind": "infinite_campus_gradebook",
            "settings": values,
            "secrets": secrets | {"vendor_key": "campus_vendor_key"},
        }
        terms = [
            {**term, "labels": {"grading_task": {"final": "Final", "progress": "Progress"}[term["kind"]]}}
            for term in entries["district"][0]["term"]
        ]
        entries["district"][0] |= {"roster": kind, "grades": grades, "term": terms}
        return entries

    def from_extracts(self) -> dict[str, Any]:
        """Return the region file with the first district's roster read from Data Extract files."""
        entries = self.entries()
        access = {"host": self.sftp.host, "port": self.sftp.port, "username": FILES, "folder": "outgoing"}
        settled = {"settle_seconds": 0, "stale_after_hours": None}
        entries["district"][0]["roster"] = {
            "kind": "infinite_campus_files_sftp",
            "settings": {**access, **settled, "host_key": self.sftp.host_key},
            "secrets": {"password": "sftp_password"},
        }
        return entries

    def by_file(self, layout: dict[str, Any], **settings: Any) -> dict[str, Any]:
        """Return the region file with the first district's grades going by import file, to FILES's inbox."""
        entries = self.entries()
        access = {"host": self.sftp.host, "port": self.sftp.port, "username": FILES, "folder": "inbox"}
        values = {**access, "host_key": self.sftp.host_key, "layout": layout, **settings}
        entries["district"][0]["grades"] = {
            "kind": "infinite_campus_import_file",
            "settings": values,
            "secrets": {"password": "sftp_password"},
        }
        return entries
