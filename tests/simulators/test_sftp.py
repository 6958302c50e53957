"""The SFTP server, spoken to by asyncssh's client."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from simulators.sftp import RunningSftp, SftpAccount

KEY = asyncssh.generate_private_key("ssh-ed25519")
ACCOUNTS = (
    SftpAccount("north", password="right"),
    SftpAccount("south", public_key=KEY.export_public_key().decode()),
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningSftp]:
    with RunningSftp(tmp_path, ACCOUNTS) as running:
        yield running


def session(server: RunningSftp, username: str, work: Any, host_key: str = "", **options: Any) -> Any:
    pinned = f"[{server.host}]:{server.port} {host_key or server.host_key}\n".encode()

    async def go() -> Any:
        known = asyncssh.import_known_hosts(pinned.decode())
        options.setdefault("client_keys", [])
        async with (
            asyncssh.connect(server.host, server.port, username=username, known_hosts=known, config=[],
                             agent_path=None, **options) as connection,
            connection.start_sftp_client() as sftp,
        ):  # fmt: skip
            return await work(sftp)

    return asyncio.run(go())


async def listing(sftp: asyncssh.SFTPClient) -> list[str]:
    return sorted(str(name) for name in await sftp.listdir("/") if name not in (".", ".."))


async def climb(sftp: asyncssh.SFTPClient) -> list[str]:
    return sorted(str(name) for name in await sftp.listdir("/../../") if name not in (".", ".."))


async def deliver(sftp: asyncssh.SFTPClient) -> None:
    async with sftp.open("/inbox/grades.csv.part", "wb") as file:
        await file.write(b"sent")
    await sftp.rename("/inbox/grades.csv.part", "/inbox/grades.csv")


async def fetch(sftp: asyncssh.SFTPClient) -> Any:
    async with sftp.open("/outgoing/users.csv", "rb") as file:
        return await file.read()


def test_password_opens_an_accounts_own_folders(server: RunningSftp) -> None:
    assert session(server, "north", listing, password="right") == ["inbox", "outgoing"]


def test_public_key_opens_an_account(server: RunningSftp) -> None:
    assert session(server, "south", listing, client_keys=[KEY]) == ["inbox", "outgoing"]


@pytest.mark.parametrize(
    ("username", "password"), [("north", "wrong"), ("north", ""), ("south", ""), ("nobody", "right")]
)
def test_wrong_credentials_are_refused(server: RunningSftp, username: str, password: str) -> None:
    with pytest.raises(asyncssh.PermissionDenied):
        session(server, username, listing, password=password)


def test_another_accounts_key_is_refused(server: RunningSftp) -> None:
    with pytest.raises(asyncssh.PermissionDenied):
        session(server, "north", listing, client_keys=[KEY])


def test_account_cannot_leave_its_folder(server: RunningSftp) -> None:
    assert session(server, "north", climb, password="right") == ["inbox", "outgoing"]


def test_what_the_sis_drops_can_be_fetched(server: RunningSftp) -> None:
    (server.outgoing("north") / "users.csv").write_bytes(b"dropped")
    assert session(server, "north", fetch, password="right") == b"dropped"


def test_what_is_delivered_lands_in_the_inbox(server: RunningSftp) -> None:
    session(server, "north", deliver, password="right")
    landed = {file.name: file.read_bytes() for file in server.inbox("north").iterdir()}
    assert landed == {"grades.csv": b"sent"}


def test_changed_host_key_breaks_the_pin_on_the_same_port(server: RunningSftp) -> None:
    old, port = server.host_key, server.port
    server.change_host_key()
    assert server.port == port
    with pytest.raises(asyncssh.HostKeyNotVerifiable):
        session(server, "north", listing, old, password="right")
    assert session(server, "north", listing, password="right") == ["inbox", "outgoing"]


def test_given_host_key_is_the_one_shown(tmp_path: Path) -> None:
    with RunningSftp(tmp_path, ACCOUNTS, host_key=KEY.export_private_key().decode()) as server:
        assert server.host_key.split()[:2] == KEY.export_public_key().decode().split()[:2]


def test_taken_port_is_said_at_once(server: RunningSftp) -> None:
    with pytest.raises(OSError, match="address already in use"):
        RunningSftp(server.root, ACCOUNTS, port=server.port).__enter__()


def test_password_is_not_in_the_repr() -> None:
    assert "right" not in repr(ACCOUNTS)
