"""OAuth 1.0a one-legged signatures, verified by our own code (RFC 5849; OneRoster 1.1 only)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, quote, unquote, urlsplit

HASHES = {"HMAC-SHA1": hashlib.sha1, "HMAC-SHA256": hashlib.sha256}
EARLY_SECONDS, LATE_SECONDS = 600, 300
"""How far a client's clock may run behind or ahead: minus ten to plus five minutes (Instructure)."""

_PAIR = re.compile(r'([A-Za-z_]+)="([^"]*)"')
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Signatures:
    """Verifies signed requests of one consumer and remembers the nonces it has seen."""

    def __init__(self, key: str, secret: str, methods: Iterable[str] = tuple(HASHES)) -> None:
        self._key, self._secret, self._methods = key, secret, frozenset(methods)
        self._seen: set[tuple[str, str]] = set()

    def verify(self, authorization: str, http_method: str, url: str, now: float) -> str:
        """Return "" when an Authorization header signs this request, else why it does not.

        url: as it went over the wire, query included. now: Unix seconds.
        """
        given = {name: unquote(value) for name, value in _PAIR.findall(authorization)}
        reason = self._reason(given, http_method, url, now)
        if not reason:
            self._seen.add((given["oauth_timestamp"], given["oauth_nonce"]))
        return reason

    def _reason(self, given: dict[str, str], http_method: str, url: str, now: float) -> str:
        if given.get("oauth_consumer_key") != self._key:
            return "unknown consumer key"
        if given.get("oauth_signature_method") not in self._methods:
            return "signature method not accepted"
        stamp, nonce = given.get("oauth_timestamp", ""), given.get("oauth_nonce", "")
        if not stamp.isdecimal() or not now - EARLY_SECONDS <= int(stamp) <= now + LATE_SECONDS:
            return "timestamp out of range"
        if not nonce or (stamp, nonce) in self._seen:
            return "nonce used before"
        wanted = signature(given, self._secret, http_method, url)
        return "" if hmac.compare_digest(wanted, given.get("oauth_signature", "")) else "wrong signature"


def signature(oauth: dict[str, str], secret: str, http_method: str, url: str) -> str:
    """Return the signature of a request with these oauth_* parameters (RFC 5849, 3.4)."""
    hashed = HASHES[oauth["oauth_signature_method"]]
    base = _base_string(oauth, http_method, url)
    digest = hmac.new(f"{_encode(secret)}&".encode(), base.encode(), hashed).digest()
    return base64.b64encode(digest).decode()


def _base_string(oauth: dict[str, str], http_method: str, url: str) -> str:
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    pairs += [(name, value) for name, value in oauth.items() if name not in ("realm", "oauth_signature")]
    joined = "&".join(f"{name}={value}" for name, value in sorted((_encode(a), _encode(b)) for a, b in pairs))
    host = parts.hostname or ""
    if parts.port and parts.port != _DEFAULT_PORTS.get(parts.scheme):
        host += f":{parts.port}"
    return "&".join((http_method.upper(), _encode(f"{parts.scheme}://{host}{parts.path}"), _encode(joined)))


def _encode(text: str) -> str:
    return quote(text, safe="~")
