"""Pulling a small roster from a provider in its worst form, in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from connectors.oneroster.rest import OneRosterRestSource
from connectors.oneroster.settings import OneRosterRestSettings
from connectors.protocol import CheckReport, CheckStep, Notice, RosterSource
from connectors.sftp.source import SftpRosterSettings, SftpRosterSource
from domain.clock import FixedClock
from domain.errors import SisbridgeError
from domain.ids import DistrictCode
from domain.oneroster import Version
from simulators.dataset import zip_of
from simulators.oneroster import Credentials, Dialect, Fault, RunningProvider
from simulators.sftp import RunningSftp
from tests.conformance.canaries import AT, Rows, roster
from tests.conformance.roster_contract import Kept, rows_of, whole_pull
from tests.fakes.hostile_sis import HostileSis, Mischief
from tests.support.sftp import reach

NORTH = DistrictCode("north")


@contextmanager
def provider(
    *mishaps: Fault | Mischief,
    version: Version = Version.V1P2,
    credentials: Credentials | None = None,
    **dialect: Any,
) -> Iterator[HostileSis]:
    """Run a provider of the kit's roster with faults, mischief and a dialect of its own."""
    with HostileSis(
        roster(), version, dialect=Dialect(**dialect), credentials=credentials, clock=FixedClock(AT)
    ) as sis:
        sis.faults.add(*(one for one in mishaps if isinstance(one, Fault)))
        sis.behave(*(one for one in mishaps if isinstance(one, Mischief)))
        yield sis


def rest_values(sis: RunningProvider, **changes: object) -> dict[str, object]:
    """Return the settings that reach a provider, in pages of four unless changed."""
    return {
        "base_url": sis.rostering_url, "version": sis.version, "token_url": sis.token_url,
        "client_id": sis.client_id, "client_secret": sis.client_secret, "page_size": 4,
        "first_wait": 0.01, "attempts": 2, "patience": 2, "read_timeout": 2, **changes,
    }  # fmt: skip


def rest(sis: RunningProvider, **changes: object) -> OneRosterRestSource:
    """Return a source in front of a provider."""
    settings = OneRosterRestSettings.model_validate(rest_values(sis, **changes))
    return OneRosterRestSource(NORTH, settings, clock=FixedClock(AT))


def sftp(server: RunningSftp, **changes: object) -> SftpRosterSource:
    """Return a source of what is dropped on a server, without waiting."""
    values = {**reach(server), "settle_seconds": 0, "stale_after_hours": None, **changes}
    return SftpRosterSource(NORTH, SftpRosterSettings.model_validate(values), clock=FixedClock(AT))


def pulled(source: RosterSource) -> Rows:
    """Return the rows of a whole pull."""
    return rows_of(whole_pull(source)[0])


def noticed(source: RosterSource) -> dict[str, Notice]:
    """Return a whole pull's notices by code."""
    return {notice.code: notice for notice in whole_pull(source)[1].notices()}


def failure(source: RosterSource) -> SisbridgeError:
    """Return the error a pull ends with; it has a fix, or the test fails."""
    with pytest.raises(SisbridgeError) as caught:
        whole_pull(source)
    assert caught.value.fix
    return caught.value


def failed_step(report: CheckReport) -> CheckStep:
    """Return the step a check failed at."""
    return next(step for step in report.steps if step.outcome == "failed")


def drop(folder: Path, files: dict[str, bytes], name: str = "roster.zip") -> Path:
    """Put a zip of files into a folder."""
    path = folder / name
    path.write_bytes(zip_of(files))
    return path


__all__ = ["AT", "Kept", "drop", "failed_step", "failure", "noticed", "provider", "pulled", "rest", "sftp"]
