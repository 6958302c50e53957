"""What goes wrong on the wire, as one of the four errors with its fix."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import paramiko

from connectors.sftp.access import SftpAccess
from domain.errors import RetryLater, StopDistrict


@contextmanager
def speaking(access: SftpAccess) -> Iterator[None]:
    """Turn what paramiko and the socket raise into RetryLater CN12, StopDistrict CN13 or CN14."""
    try:
        yield
    except paramiko.ssh_exception.IncompatiblePeer as error:
        raise StopDistrict(
            "CN13",
            f"{access.place} offers only ciphers or key types that are no longer safe",
            fix="Ask the server's owner to switch on AES-GCM or AES-CTR, and Ed25519 or RSA with SHA-2.",
            place=access.place,
        ) from error
    except PermissionError as error:
        raise StopDistrict(
            "CN14",
            f"{access.username} has no permission for the folder {access.folder}",
            fix="Ask the server's owner to let this user read and write there.",
            place=access.place,
        ) from error
    except (paramiko.SSHException, EOFError, OSError) as error:
        raise broke_off(access) from error


def broke_off(access: SftpAccess) -> RetryLater:
    """Return the error for a connection that was lost or answers nonsense."""
    return RetryLater(
        "CN12",
        f"The connection to {access.place} broke off",
        fix="Nothing to do if it passes; else ask the server's owner.",
        place=access.place,
    )


def no_folder(access: SftpAccess) -> StopDistrict:
    """Return the error for a folder that is not there."""
    return StopDistrict(
        "CN14",
        f"There is no folder {access.folder} on {access.place}",
        fix="Correct the setting folder, or ask the server's owner to make it.",
        place=access.place,
    )


def changed_meanwhile(name: str) -> RetryLater:
    """Return the error for a file that was changed or taken away while it was copied."""
    return RetryLater(
        "FL01",
        f"{name} was changed while it was copied",
        fix="Upload files under a name ending in .part and rename them when they are whole.",
        place=name,
    )
