"""A PowerSchool SIS: token, plugin, PowerQueries, stored grades, PowerTeacher Pro, OneRoster 1.1."""

from __future__ import annotations

from simulators.powerschool.manner import Manner
from simulators.powerschool.plugin import NamedQuery, Plugin
from simulators.powerschool.serve import RunningPowerSchool
from simulators.powerschool.tables import Tables

__all__ = ["Manner", "NamedQuery", "Plugin", "RunningPowerSchool", "Tables"]
