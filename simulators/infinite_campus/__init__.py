"""Infinite Campus as its consumers meet it: OneRoster 1.1 and 1.2 with its own manners."""

from __future__ import annotations

from simulators.infinite_campus.forms import TaskSpec, in_1p1_ids, publish_tasks, with_legacy_ids
from simulators.infinite_campus.manner import Manner
from simulators.infinite_campus.serve import RunningCampus

__all__ = ["Manner", "RunningCampus", "TaskSpec", "in_1p1_ids", "publish_tasks", "with_legacy_ids"]
