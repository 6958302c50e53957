"""What carries a server's answers: TLS and its certificate, and headers that announce an end.

Source: OneRoster 1.1 and 1.2, security; RFC 9745 (Deprecation), RFC 8594 (Sunset).
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from connectors.http_trust import trusted
from connectors.oneroster.conformance import Deviations

_SOON = timedelta(days=30)
_PATIENCE = 10.0
_ENDINGS = ("Deprecation", "Sunset")


def transport(root: str, ca_file: str, found: Deviations, now: datetime) -> str:
    """Return in words how a server is reached; a certificate that ends within 30 days is a deviation."""
    parts = urlsplit(root)
    if parts.scheme != "https":
        return "plain http, on this machine"
    try:
        spoken, ends_at = _shaken(parts.hostname or "", parts.port or 443, ca_file)
    except OSError:
        return "https; the certificate could not be looked at"
    if ends_at - now < _SOON:
        found.add("OR-H13", "the certificate")
    return f"https, {spoken}, certificate until {ends_at:%Y-%m-%d}"


def _shaken(host: str, port: int, ca_file: str) -> tuple[str, datetime]:
    """Shake hands once; return the protocol spoken and when the certificate ends."""
    with (
        socket.create_connection((host, port), timeout=_PATIENCE) as plain,
        trusted(ca_file).wrap_socket(plain, server_hostname=host) as secured,
    ):
        shown = secured.getpeercert() or {}
        ends = ssl.cert_time_to_seconds(str(shown.get("notAfter", "")))
        return secured.version() or "TLS", datetime.fromtimestamp(ends, UTC)


def announcements(headers: Mapping[str, str], where: str, found: Deviations) -> None:
    """Note the headers of an answer that say when the service ends."""
    for name in _ENDINGS:
        if headers.get(name):
            found.add("OR-H14", where, column=name)
