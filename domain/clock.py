"""What time it is, as something that can be fixed for tests, the demo and replay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]
"""Returns the present moment, always in UTC."""


def system_clock() -> datetime:
    """Return the machine's present moment in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class FixedClock:
    """A clock that always shows the same moment."""

    moment: datetime

    def __call__(self) -> datetime:
        """Return the fixed moment in UTC."""
        return self.moment.astimezone(UTC)


def local_date(clock: Clock, time_zone: str) -> date:
    """Return the calendar day it is in a time zone (an IANA name), which names a district's night."""
    return clock().astimezone(ZoneInfo(time_zone)).date()


def utc_text(moment: datetime) -> str:
    """Return a moment as OneRoster writes it: UTC, milliseconds, a trailing Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
