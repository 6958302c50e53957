"""A real SFTP server with one district's account, and settings that reach it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from connectors.sftp.access import SftpAccess
from simulators.sftp import RunningSftp, SftpAccount

USER, PASSWORD = "maple", "a-password"


@contextmanager
def sftp_server(root: Path, public_key: str = "") -> Iterator[RunningSftp]:
    """Run a server whose one account is USER with PASSWORD, or with a public key."""
    with RunningSftp(root, [SftpAccount(USER, PASSWORD, public_key)]) as server:
        yield server


def reach(server: RunningSftp, folder: str = "/outgoing") -> dict[str, object]:
    """Return the settings that reach the server's account."""
    return {
        "host": server.host,
        "port": server.port,
        "username": USER,
        "password": SecretStr(PASSWORD),
        "host_key": server.host_key,
        "folder": folder,
        "timeout_seconds": 5.0,
    }


def access(server: RunningSftp, **changes: object) -> SftpAccess:
    """Return what is needed to connect, with some of it changed."""
    return SftpAccess.model_validate({**reach(server), **changes})
