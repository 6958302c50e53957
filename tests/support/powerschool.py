"""PowerSchools on loopback with our plugin installed, and settings that reach them."""

from __future__ import annotations

from typing import Any

from connectors.powerschool.plugin import PluginChoice, plugin_zip
from connectors.powerschool.powerquery import PowerQuerySource
from connectors.powerschool.settings import PowerQuerySettings, PowerSchoolOneRosterSettings
from connectors.powerschool.source import PowerSchoolOneRosterSource
from domain.clock import FixedClock
from domain.ids import DistrictCode
from simulators.dataset import Dataset
from simulators.powerschool import Manner, Plugin, RunningPowerSchool
from tests.conformance.canaries import AT

NORTH = DistrictCode("north")


def our_plugin(route: str = "") -> Plugin:
    """Return the plugin that we write, as PowerSchool installs it."""
    return Plugin.from_zip(plugin_zip(PluginChoice(route=route)))


def running(dataset: Dataset, **manner: Any) -> RunningPowerSchool:
    """Return a PowerSchool that holds a data set and has our plugin installed."""
    return RunningPowerSchool(dataset, manner=Manner(**manner), plugin=our_plugin(), clock=FixedClock(AT))


def reach_plugin(sis: RunningPowerSchool, **changes: object) -> dict[str, object]:
    """Return the settings that reach a PowerSchool by our plugin, impatient."""
    return {
        "base_url": sis.base_url, "client_id": sis.client_id, "client_secret": sis.client_secret,
        "first_wait": 0.01, "attempts": 2, "patience": 20, "read_timeout": 20, **changes,
    }  # fmt: skip


def one_roster(sis: RunningPowerSchool, **changes: object) -> PowerSchoolOneRosterSource:
    """Return a source in front of a PowerSchool with Universal Rostering."""
    settings = PowerSchoolOneRosterSettings.model_validate(reach_plugin(sis, **changes))
    return PowerSchoolOneRosterSource(NORTH, settings, clock=FixedClock(AT))


def power_query(sis: RunningPowerSchool, **changes: object) -> PowerQuerySource:
    """Return a source in front of a PowerSchool with our plugin."""
    settings = PowerQuerySettings.model_validate(reach_plugin(sis, **changes))
    return PowerQuerySource(NORTH, settings, clock=FixedClock(AT))
