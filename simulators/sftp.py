"""An SFTP server over a folder tree: one locked-in account a district, a host key that can change.

Below the root each account has a folder, and in it `outgoing/` (what its SIS drops) and `inbox/`
(what we deliver). An account sees its own folder as `/`.
"""

from __future__ import annotations

import argparse
import asyncio
import hmac
import os
import threading
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import asyncssh

from simulators.standing import announce, hold_signals, wait_for_the_end

OUTGOING, INBOX = "outgoing", "inbox"


@dataclass(frozen=True, slots=True)
class SftpAccount:
    """One account: a password, or a public key (one line as in authorized_keys), or both."""

    name: str
    password: str = field(default="", repr=False)
    public_key: str = ""


class _Door(asyncssh.SSHServer):
    """Lets in the accounts it knows."""

    def __init__(self, accounts: dict[str, SftpAccount]) -> None:
        self._accounts = accounts

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        account = self._accounts.get(username)
        known = account.password if account else ""
        return known != "" and hmac.compare_digest(known.encode(), password.encode())

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        account = self._accounts.get(username)
        if account is None or not account.public_key:
            return False
        return asyncssh.import_public_key(account.public_key).public_data == key.public_data


class RunningSftp:
    """An SFTP server on loopback while its `with` block runs.

    root: an existing folder. port 0 finds a free one. host_key: an OpenSSH private key as text; ""
    makes a new one. `host_key` is the public line to pin, `change_host_key` breaks the pin.
    """

    def __init__(
        self,
        root: Path,
        accounts: Iterable[SftpAccount],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        host_key: str = "",
    ) -> None:
        self.root, self.host, self.port = root, host, port
        self._accounts = {account.name: account for account in accounts}
        self._key = asyncssh.import_private_key(host_key) if host_key else _fresh_key()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sftp server", daemon=True)
        self._acceptor: asyncssh.SSHAcceptor | None = None

    @property
    def host_key(self) -> str:
        """The server's public key, as `known_hosts` writes it: algorithm and base64."""
        return " ".join(self._key.export_public_key().decode().split()[:2])

    def outgoing(self, account: str) -> Path:
        """Return the folder where an account's SIS drops its files."""
        return self.root / account / OUTGOING

    def inbox(self, account: str) -> Path:
        """Return the folder where files for an account's SIS are delivered."""
        return self.root / account / INBOX

    def facts(self) -> dict[str, object]:
        """Return where it stands and how to get in, passwords included: for its operator's eyes."""
        accounts = {account.name: account.password for account in self._accounts.values()}
        return {"host": self.host, "port": self.port, "host_key": self.host_key, "accounts": accounts}

    def change_host_key(self) -> None:
        """Answer from now on with another host key, on the same port."""
        self._key = _fresh_key()
        self._run(self._listen())

    def __enter__(self) -> Self:
        for account in self._accounts:
            self.outgoing(account).mkdir(parents=True, exist_ok=True)
            self.inbox(account).mkdir(parents=True, exist_ok=True)
        self._thread.start()
        try:
            self._run(self._listen())
        except OSError:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=30)
        self._loop.close()

    def _run(self, work: Coroutine[object, object, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)

    async def _listen(self) -> None:
        await self._close()
        self._acceptor = await asyncssh.listen(
            self.host,
            self.port,
            server_host_keys=[self._key],
            server_factory=lambda: _Door(self._accounts),
            sftp_factory=self._locked_in,
            reuse_address=True,
        )
        self.port = self._acceptor.get_port()

    async def _close(self) -> None:
        if self._acceptor is not None:
            self._acceptor.close()
            await self._acceptor.wait_closed()
            self._acceptor = None

    def _locked_in(self, channel: asyncssh.SSHServerChannel[bytes]) -> asyncssh.SFTPServer:
        name = channel.get_extra_info("username")
        return asyncssh.SFTPServer(channel, chroot=str(self.root / name).encode())


def _fresh_key() -> asyncssh.SSHKey:
    return asyncssh.generate_private_key("ssh-ed25519")


def _account(text: str) -> SftpAccount:
    name, _, variable = text.partition("=")
    password = os.environ.get(variable, "")
    if not name or not password:
        raise argparse.ArgumentTypeError("an account is NAME=VARIABLE, the variable holding its password")
    return SftpAccount(name, password)


def main(given: list[str] | None = None) -> None:
    """Serve a folder tree until asked to stop; passwords come from environment variables."""
    parser = argparse.ArgumentParser(prog="python -m simulators.sftp", description=__doc__)
    parser.add_argument("root", type=Path, help="an existing folder")
    parser.add_argument("--account", type=_account, action="append", required=True, metavar="NAME=VARIABLE")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 finds a free one")
    parser.add_argument("--host-key", type=Path, help="file with an OpenSSH private key")
    asked = parser.parse_args(given)
    hold_signals()
    key = asked.host_key.read_text() if asked.host_key else ""
    with RunningSftp(asked.root, asked.account, host=asked.host, port=asked.port, host_key=key) as server:
        announce(host=server.host, port=server.port, host_key=server.host_key)
        wait_for_the_end()


if __name__ == "__main__":
    main()
