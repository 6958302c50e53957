"""The steps that every check over SFTP begins with."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.check_steps import Step
from connectors.sftp.session import SftpSession


def session_steps(session: SftpSession, folder: str) -> Iterator[Step]:
    """Yield the steps: name, connection, host key, login, folder."""
    yield Step("name resolution", session.resolve)
    yield Step("connection", session.reach)
    yield Step("host key", session.verify_host_key)
    yield Step("login", session.log_in)
    yield Step("folder", lambda: f"{folder} holds {len(session.files())} files")
