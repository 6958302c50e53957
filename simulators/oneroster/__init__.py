"""A OneRoster provider, 1.1 and 1.2, rostering and gradebook, with vendor dialects and faults."""

from __future__ import annotations

from simulators.oneroster.auth import Credentials
from simulators.oneroster.dialect import Dialect
from simulators.oneroster.faults import Fault, FaultKind, Faults
from simulators.oneroster.serve import RunningProvider

__all__ = ["Credentials", "Dialect", "Fault", "FaultKind", "Faults", "RunningProvider"]
