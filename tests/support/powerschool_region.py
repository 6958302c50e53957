"""The small region with its first district on PowerSchool."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Self

from domain.clock import FixedClock
from simulators.dataset import Dataset
from simulators.powerschool import RunningPowerSchool
from sisbridge.house import House
from sisbridge.sync.region import keep_secret
from tests.support.powerschool import our_plugin, reach_plugin
from tests.support.small_region import NOW, REST, SmallRegion, roster

SECRET = "powerschool_secret"


class PowerSchoolRegion(SmallRegion):
    """Two districts: the first on PowerSchool with our plugin, the second by files.

    kind: how the first one's roster is read.
    """

    def __init__(self, folder: Path, kind: str = "powerschool_powerquery") -> None:
        super().__init__(folder)
        self.kind = kind
        self.sis = RunningPowerSchool(roster(), plugin=our_plugin(), clock=FixedClock(NOW))

    def __enter__(self) -> Self:
        self._stack.enter_context(self.sis)
        return super().__enter__()

    def hold(self, dataset: Dataset) -> None:
        """Let the PowerSchool hold a district's data, and nothing else."""
        self.sis.load(dataset)

    def load(self, house: House, now: datetime = NOW, **settings: Any) -> None:
        """Load both districts, and the first one's plugin secret."""
        super().load(house, now, **settings)
        keep_secret(house, REST, SECRET, self.sis.client_secret, "tester")

    def entries(self, now: datetime = NOW, **settings: Any) -> dict[str, Any]:
        """Return the region file's content."""
        entries = super().entries(now, **settings)
        values = {name: value for name, value in reach_plugin(self.sis).items() if name != "client_secret"}
        source = {"kind": self.kind, "settings": values, "secrets": {"client_secret": SECRET}}
        entries["district"][0] |= {"roster": source}
        return entries
