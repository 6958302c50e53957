"""The SIS of one district as it is reached: over REST, as a package in a folder, as a package by SFTP."""

from __future__ import annotations

import os
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from domain.oneroster import Version
from simulators.dataset import Dataset, zip_of
from simulators.oneroster.serve import RunningProvider
from simulators.sftp import RunningSftp, SftpAccount

KINDS = ("rest", "csv", "sftp")


class Feed(Protocol):
    """Where a district's roster is put for us to pull."""

    kind: str

    def serve(self, dataset: Dataset, at: datetime, *, repeats: bool = False) -> None:
        """Serve a roster from now on."""

    def roster(self) -> dict[str, Any]:
        """Return the roster connector of the region file."""

    def secrets(self) -> dict[str, str]:
        """Return secrets by name."""


class RestFeed:
    """A provider on loopback."""

    kind = "rest"

    def __init__(self, stack: ExitStack) -> None:
        self._provider = stack.enter_context(RunningProvider(Dataset(), Version.V1P2))

    def serve(self, dataset: Dataset, at: datetime, *, repeats: bool = False) -> None:
        """Serve a roster from now on; a provider knows each record once."""
        self._provider.dataset = dataset

    def roster(self) -> dict[str, Any]:
        """Return the roster connector of the region file."""
        settings = {
            "base_url": self._provider.rostering_url,
            "version": "1.2",
            "token_url": self._provider.token_url,
            "client_id": self._provider.client_id,
            "page_size": 1000,
            "first_wait": 0.01,
            "attempts": 2,
        }
        return {"kind": "oneroster_rest", "settings": settings, "secrets": {"client_secret": "sis_secret"}}

    def secrets(self) -> dict[str, str]:
        """Return secrets by name."""
        return {"sis_secret": self._provider.client_secret}


class CsvFeed:
    """A package that is put into a folder of this machine."""

    kind = "csv"

    def __init__(self, folder: Path) -> None:
        self._file = folder / "roster.zip"

    def serve(self, dataset: Dataset, at: datetime, *, repeats: bool = False) -> None:
        """Put the night's package there."""
        self._file.write_bytes(package(dataset, repeats))

    def roster(self) -> dict[str, Any]:
        """Return the roster connector of the region file."""
        return {"kind": "oneroster_csv", "settings": {"path": str(self._file)}}

    def secrets(self) -> dict[str, str]:
        """Return no secrets: there are none."""
        return {}


class SftpFeed:
    """A package that a SIS drops on a server, whose age is looked at."""

    kind = "sftp"

    def __init__(self, folder: Path, code: str, stack: ExitStack) -> None:
        self._code = code
        self._server = stack.enter_context(RunningSftp(folder, [SftpAccount(code, password="secret")]))

    def serve(self, dataset: Dataset, at: datetime, *, repeats: bool = False) -> None:
        """Drop the night's package, an hour old."""
        file = self._server.outgoing(self._code) / "roster.zip"
        file.write_bytes(package(dataset, repeats))
        os.utime(file, (at.timestamp() - 3600,) * 2)

    def roster(self) -> dict[str, Any]:
        """Return the roster connector of the region file."""
        settings = {
            "host": self._server.host,
            "port": self._server.port,
            "username": self._code,
            "host_key": self._server.host_key,
            "folder": "outgoing",
            "settle_seconds": 0,
            "stale_after_hours": 20,
            "stale_stops": True,
        }
        return {"kind": "oneroster_csv_sftp", "settings": settings, "secrets": {"password": "sis_secret"}}

    def secrets(self) -> dict[str, str]:
        """Return secrets by name."""
        return {"sis_secret": "secret"}


def package(dataset: Dataset, repeats: bool) -> bytes:
    """Return a bulk package; repeats: thirty users stand in it twice, once with another family name."""
    files = dataset.csv_package(Version.V1P1, dated=False)
    if repeats:
        lines = files["users.csv"].splitlines(keepends=True)
        files["users.csv"] += b"".join(line.replace(b"Family", b"Someone", 1) for line in lines[1:31])
    return zip_of(files)


def feed(kind: str, folder: Path, code: str, stack: ExitStack) -> Feed:
    """Start the SIS of one district; it ends with the stack."""
    folder.mkdir(parents=True)
    if kind == "rest":
        return RestFeed(stack)
    return CsvFeed(folder) if kind == "csv" else SftpFeed(folder, code, stack)
