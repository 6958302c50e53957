"""Pinned host keys: a server is believed only when it shows the key that a person has confirmed."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from itertools import pairwise

from domain.errors import StopDistrict

_FINGERPRINT = re.compile(r"(?:SHA256:)?([A-Za-z0-9+/]{43})=?")
_FAMILIES: dict[str, tuple[str, ...]] = {
    "ssh-ed25519": ("ssh-ed25519",),
    "ecdsa-sha2-nistp256": ("ecdsa-sha2-nistp256",),
    "ecdsa-sha2-nistp384": ("ecdsa-sha2-nistp384",),
    "ecdsa-sha2-nistp521": ("ecdsa-sha2-nistp521",),
    "ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256"),
}


@dataclass(frozen=True, slots=True)
class PinnedKey:
    """A host key as pinned. algorithms: to ask the server for first, () when only a fingerprint is known."""

    fingerprint: str
    algorithms: tuple[str, ...] = ()


def fingerprint(key: bytes) -> str:
    """Return a public key's SHA-256 fingerprint as OpenSSH writes it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


def read_pin(text: str) -> PinnedKey | None:
    """Return the key that a known_hosts line, a public key or a SHA256 fingerprint names, else None."""
    alone = _FINGERPRINT.fullmatch(text.strip())
    if alone:
        return PinnedKey(f"SHA256:{alone[1]}")
    words = text.split()
    for kind, blob in pairwise(words):
        if kind in _FAMILIES:
            try:
                return PinnedKey(fingerprint(base64.b64decode(blob, validate=True)), _FAMILIES[kind])
            except binascii.Error:
                return None
    return None


def verify(pinned_text: str, kind: str, key: bytes, place: str) -> None:
    """Refuse a key that is not the pinned one.

    Raises StopDistrict CN11 when none is pinned, CN10 when the server shows another.
    """
    seen, pin = fingerprint(key), read_pin(pinned_text)
    if pin is None:
        raise StopDistrict(
            "CN11",
            f"No host key is pinned for {place}; it shows {seen} ({kind})",
            fix=f"Compare {seen} with what the server's owner publishes, then set host_key to it.",
            place=place,
        )
    if pin.fingerprint != seen:
        raise StopDistrict(
            "CN10",
            f"The host key of {place} has changed: pinned {pin.fingerprint}, now {seen} ({kind})",
            fix="Ask the server's owner whether it was moved or set up anew; only if they confirm the new "
            "fingerprint, set host_key to it. Otherwise someone may be listening in.",
            place=place,
        )
