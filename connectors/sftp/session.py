"""One SFTP session over paramiko: pinned host key, AES-GCM first, every failure one of the four errors.

Defaults of paramiko's windows and requests are kept: larger ones were measured to be far slower.
"""

from __future__ import annotations

import io
import logging
import re
import socket
import stat
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

import paramiko
from pydantic import SecretStr

from connectors.sftp.access import SftpAccess
from connectors.sftp.faults import broke_off, changed_meanwhile, no_folder, speaking
from connectors.sftp.hostkeys import read_pin, verify
from domain.errors import RetryLater, StopDistrict

# Paramiko's threads report to a logger; without a handler they would write to the terminal.
logging.getLogger("paramiko").addHandler(logging.NullHandler())

_CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes192-ctr", "aes256-ctr")
# Paramiko calls it a failed login too when the connection was lost meanwhile.
_LOST = re.compile("timeout|EOF")
_REQUEST = 32 * 1024
_WINDOW = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file on the server: name, size in bytes, when it was last written."""

    name: str
    size: int
    modified_at: datetime


class SftpSession:
    """A connection made in steps (`resolve`, `reach`, `verify_host_key`, `log_in`), then files by name.

    Every method raises RetryLater CN01 (out of reach) or CN12 (broke off), StopDistrict CN03 (login
    refused), CN13 (no common algorithm), CN14 (no permission), CN10 or CN11 (host key) as it applies.
    """

    def __init__(self, access: SftpAccess) -> None:
        """Remember how to connect; nothing is opened yet."""
        self._access = access
        self._transport: paramiko.Transport | None = None
        self._sftp: paramiko.SFTPClient | None = None

    def __enter__(self) -> SftpSession:
        """Connect and log in."""
        try:
            for step in (self.resolve, self.reach, self.verify_host_key, self.log_in):
                step()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""
        self.close()

    def resolve(self) -> str:
        """Find out whether the server's name has an address."""
        try:
            socket.getaddrinfo(self._access.host, self._access.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise RetryLater(
                "CN01",
                f"The name {self._access.host} has no address",
                fix="Check the spelling of host; if it is right, ask the server's owner.",
                place=self._access.place,
            ) from error
        return f"{self._access.host} has an address"

    def reach(self) -> str:
        """Connect to the address and negotiate; nothing is believed of the server yet."""
        try:
            address = (self._access.host, self._access.port)
            wire = socket.create_connection(address, timeout=self._access.timeout_seconds)
        except OSError as error:
            raise RetryLater(
                "CN01",
                f"{self._access.place} does not answer",
                fix="Check host and port, and whether the district's firewall lets this machine in.",
                place=self._access.place,
            ) from error
        self._transport = self._prepared(wire)
        with speaking(self._access):
            self._transport.start_client(timeout=self._access.timeout_seconds)
            self._transport.get_remote_server_key()
        return f"{self._access.place} speaks SSH"

    def verify_host_key(self) -> str:
        """Compare the server's key with the pinned one."""
        key = self._wire().get_remote_server_key()
        verify(self._access.host_key, key.get_name(), key.asbytes(), self._access.place)
        return "the host key is the pinned one"

    def log_in(self) -> str:
        """Log in with the private key, or with the password when there is no key."""
        with speaking(self._access):
            try:
                self._authenticate()
            except paramiko.AuthenticationException as error:
                if _LOST.search(str(error)):
                    raise broke_off(self._access) from error
                raise StopDistrict(
                    "CN03",
                    f"{self._access.place} refused the login of {self._access.username}",
                    fix="Check user name and password or key; they may have expired or been changed.",
                    place=self._access.place,
                ) from error
            self._sftp = paramiko.SFTPClient.from_transport(self._wire())
        self._channel()
        return f"{self._access.username} is logged in over {self.cipher}"

    def close(self) -> None:
        """Close the connection; safe to repeat."""
        if self._sftp is not None:
            with suppress(paramiko.SSHException, EOFError, OSError):
                self._sftp.close()
        if self._transport is not None:
            self._transport.close()

    @property
    def cipher(self) -> str:
        """Return the cipher that was agreed on."""
        return str(self._wire().remote_cipher)  # type: ignore[attr-defined]  # unknown to its stubs

    def files(self) -> list[RemoteFile]:
        """Return the regular files of the folder by name; raises StopDistrict CN14 when it is not there."""
        with speaking(self._access):
            try:
                entries = self._client().listdir_attr(self._access.folder)
            except FileNotFoundError as error:
                raise no_folder(self._access) from error
        return sorted(
            (
                RemoteFile(e.filename, e.st_size or 0, datetime.fromtimestamp(e.st_mtime or 0, UTC))
                for e in entries
                if stat.S_ISREG(e.st_mode or 0) and "/" not in e.filename
            ),
            key=lambda file: file.name,
        )

    def fetch(self, name: str, size: int, target: Path) -> None:
        """Copy the first `size` bytes of a file; raises RetryLater FL01 when it ends before."""
        with speaking(self._access), target.open("wb") as copy:
            try:
                with self._client().open(self._path(name), "rb") as source:
                    for start in range(0, size, _WINDOW):
                        end = min(start + _WINDOW, size)
                        parts = [(at, min(_REQUEST, end - at)) for at in range(start, end, _REQUEST)]
                        copy.writelines(source.readv(parts))
            except FileNotFoundError as error:
                raise changed_meanwhile(name) from error
        if target.stat().st_size != size:
            raise changed_meanwhile(name)

    def read(self, name: str, limit: int) -> bytes | None:
        """Return at most `limit` bytes of a file, None when it is not there."""
        with speaking(self._access):
            try:
                with self._client().open(self._path(name), "rb") as source:
                    return source.read(limit)
            except FileNotFoundError:
                return None

    def write(self, name: str, data: bytes) -> None:
        """Write a file whole, over whatever it held; raises RetryLater CN12 when not all of it arrived."""
        with speaking(self._access):
            try:
                self._client().putfo(io.BytesIO(data), self._path(name))
            except FileNotFoundError as error:
                raise no_folder(self._access) from error

    def rename(self, name: str, new: str) -> bool:
        """Give a file another name; return whether the server did (it will not when the name is taken)."""
        with speaking(self._access):
            try:
                self._client().rename(self._path(name), self._path(new))
            except PermissionError:
                raise
            except OSError as error:
                if isinstance(error, TimeoutError | ConnectionError):
                    raise
                return False
        return True

    def remove(self, name: str) -> None:
        """Remove a file."""
        with speaking(self._access):
            self._client().remove(self._path(name))

    def _path(self, name: str) -> str:
        return f"{self._access.folder.rstrip('/')}/{name}"

    def _prepared(self, wire: socket.socket) -> paramiko.Transport:
        transport = paramiko.Transport(wire)
        transport.banner_timeout = transport.auth_timeout = self._access.timeout_seconds
        transport.channel_timeout = transport.handshake_timeout = self._access.timeout_seconds
        options = transport.get_security_options()
        options.ciphers = _CIPHERS
        pin = read_pin(self._access.host_key)
        first = pin.algorithms if pin else ()
        options.key_types = (*first, *(kind for kind in options.key_types if kind not in first))
        return transport

    def _authenticate(self) -> None:
        access, wire = self._access, self._wire()
        if access.private_key is not None:
            more = wire.auth_publickey(access.username, _private_key(access.private_key, access.place))
        else:
            password = access.password.get_secret_value() if access.password else ""
            more = wire.auth_password(access.username, password)
        if more:
            raise paramiko.AuthenticationException("a second factor is asked for")

    def _wire(self) -> paramiko.Transport:
        if self._transport is None:
            raise broke_off(self._access)
        return self._transport

    def _client(self) -> paramiko.SFTPClient:
        if self._sftp is None:
            raise broke_off(self._access)
        return self._sftp

    def _channel(self) -> None:
        channel = self._client().get_channel()
        if channel is not None:
            channel.settimeout(self._access.timeout_seconds)


def _private_key(secret: SecretStr, place: str) -> paramiko.PKey:
    """Return the key, whatever its kind; raises StopDistrict CN03 when it is none or has a passphrase."""
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            return kind.from_private_key(io.StringIO(secret.get_secret_value()))
        except (paramiko.SSHException, ValueError, IndexError):
            continue
    raise StopDistrict(
        "CN03",
        "The private key cannot be read",
        fix="Set private_key to an Ed25519, ECDSA or RSA key without a passphrase.",
        place=place,
    )
