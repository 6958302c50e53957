"""Whom the HTTP client trusts: only https, only verified certificates."""

from __future__ import annotations

import ipaddress
import ssl
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from domain.errors import StopDistrict


def refuse_plain(url: str, allowed: bool) -> None:
    """Raise StopDistrict CF53 for an address that is not https://, unless allowed or on this machine.

    And for one that holds a user name or password: addresses are shown in reports and messages.
    """
    parts = urlsplit(url)
    if "@" in parts.netloc:
        raise StopDistrict(
            "CF53",
            f"The address of {parts.hostname or 'the SIS'} holds a user name or password",
            fix="Give the address without them, and keep them with `sisbridge secret set`",
            place=parts.hostname or "",
        )
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme == "http" and parts.hostname and (allowed or _is_loopback(parts.hostname)):
        return
    raise StopDistrict(
        "CF53",
        f"The address of {parts.hostname or 'the SIS'} is not a secure one",
        fix="Give the full address beginning with https:// in the settings",
        place=parts.hostname or "",
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@lru_cache(maxsize=32)
def trusted(ca_file: str) -> ssl.SSLContext:
    """Return a context that verifies certificates against the usual authorities and ca_file's.

    Kept for the life of the process: reading all authorities takes longer than most requests.
    Raises StopDistrict CF54 when the file cannot be read.
    """
    context = ssl.create_default_context()
    if not ca_file:
        return context
    try:
        context.load_verify_locations(Path(ca_file))
    except (OSError, ssl.SSLError):
        raise StopDistrict(
            "CF54", "The file of certificate authorities cannot be read",
            fix="Set ca_file to a PEM file this process may read", place=ca_file,
        ) from None  # fmt: skip
    return context
