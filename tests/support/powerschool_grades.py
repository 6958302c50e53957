"""The small region whose first district takes grades back by one of the routes into PowerSchool."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from connectors.powerschool.gradebook import ROUTE as GRADEBOOK
from sisbridge.house import House
from sisbridge.sync.grades.collect_grades import collect_from
from sisbridge.sync.grades.release import release
from sisbridge.sync.grades.writeback import DeliveryCounts, deliver
from tests.support.powerschool import our_plugin, reach_plugin
from tests.support.powerschool_region import SECRET, PowerSchoolRegion
from tests.support.small_region import GRADE_HEAD, NOW, REST, roster

LABELS = {"store_code": "S1", "term_id": "3501"}


class PowerSchoolGrades(PowerSchoolRegion):
    """Two districts, the first on PowerSchool: its roster by our queries, its grades by a route.

    route: the kind. settings: what the route's settings have besides the connection. Points by OneRoster go
    with a roster by OneRoster, as they name students by its ids.
    """

    def __init__(self, folder: Path, route: str, **settings: Any) -> None:
        by_oneroster = route == GRADEBOOK and settings.get("by") != "xte"
        super().__init__(folder, "powerschool_oneroster" if by_oneroster else "powerschool_powerquery")
        self.route, self.settings = route, settings
        self.students = ("u0", "u1", "u2") if by_oneroster else ("S501", "S502", "S503")
        self.session = "t1" if by_oneroster else "100:3501"
        self.sis.installed.plugin = our_plugin(route)

    def reset_sis(self) -> None:
        """Bring PowerSchool back to where it began."""
        self.hold(roster())

    def entries(self, now: datetime = NOW, **settings: Any) -> dict[str, Any]:
        """Return the region file's content."""
        entries = super().entries(now, **settings)
        district = entries["district"][0]
        values = {name: value for name, value in reach_plugin(self.sis).items() if name != "client_secret"}
        district["grades"] = {
            "kind": self.route, "settings": {**values, **self.settings},
            "secrets": {"client_secret": SECRET},
        }  # fmt: skip
        for term in district["term"]:
            term |= {"session_sourced_id": self.session, "labels": LABELS}
        return entries

    def sent(self, house: House, *rows: str) -> DeliveryCounts:
        """Collect, release and deliver finals of `percent,text_score,mark,comment` rows, one a student."""
        lines = []
        for student, row in zip(self.students, rows, strict=False):
            lines.append(f"{REST},{student},PHYS,S1,Final,final,{row},teacher,true\n")
        path = self.folder / "powerschool.csv"
        path.write_text(GRADE_HEAD + "".join(lines), encoding="utf-8")
        collect_from(house, path)
        release(house, REST, "tester")
        return deliver(house, REST)

    def stored(self) -> list[dict[str, Any]]:
        """Return the stored grades that PowerSchool holds."""
        return self.sis.tables.rows("storedgrades")
