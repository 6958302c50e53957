"""Signing in, without I/O: OAuth 2 client credentials, OAuth 1.0a signatures, static bearer tokens.

Each flow says what to send and takes what came back; `connectors.http` does the sending. Expiry is
measured on the machine's own steady clock, never on a district's (which may be fixed for a replay).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from authlib.oauth1.rfc5849.parameters import prepare_headers
from authlib.oauth1.rfc5849.signature import construct_base_string

from domain.errors import ContractBroken

EARLY = 60.0
"""Seconds before its expiry at which a token is renewed."""

SHORT_LIFE = 300.0
"""Seconds a token is trusted when the server does not say, or not in a number, how long it lives."""


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """The one POST that fetches a token. Its repr shows the address only."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Authorizer(Protocol):
    """A way to sign requests."""

    def token_request(self) -> TokenRequest | None:
        """Return the request to send first when a token is lacking or about to expire, else None."""

    def take_token(self, answer: object) -> None:
        """Take the token server's JSON; ContractBroken CN08 when there is no token in it."""

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Let go of the token in headers that were refused; return whether signing in again could help."""

    def headers(self, method: str, url: str) -> dict[str, str]:
        """Return the headers that sign one request; url is the very text that goes on the wire."""


@dataclass(slots=True)
class StaticHeaders:
    """Signs with headers that never change: a bearer token given once, or nothing at all."""

    bearer: str = field(default="", repr=False)

    def token_request(self) -> TokenRequest | None:
        """Return None: there is nothing to fetch."""
        return None

    def take_token(self, answer: object) -> None:
        """Do nothing: no token was asked for."""

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Return False: the same token would be refused again."""
        return False

    def headers(self, method: str, url: str) -> dict[str, str]:
        """Return the bearer header, when there is a token."""
        return {"Authorization": f"Bearer {self.bearer}"} if self.bearer else {}


@dataclass(slots=True)
class OAuth2ClientCredentials:
    """OAuth 2 client credentials (RFC 6749 §4.4), the only flow of OneRoster 1.2.

    style: `basic` sends id and secret in a Basic header (each form-encoded first, RFC 6749 §2.3.1),
    `body` in the form. scopes: none are sent when empty, as some servers refuse any they do not know.
    """

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    style: Literal["basic", "body"] = "basic"
    scopes: tuple[str, ...] = ()
    _token: str = field(default="", repr=False)
    _expires: float = 0.0

    def token_request(self) -> TokenRequest | None:
        """Return the token request when there is no token or it expires within a minute."""
        if self._token and time.monotonic() < self._expires:
            return None
        form = {"grant_type": "client_credentials"}
        if self.scopes:
            form["scope"] = " ".join(self.scopes)
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        if self.style == "basic":
            headers["Authorization"] = self._basic()
        else:
            form |= {"client_id": self.client_id, "client_secret": self.client_secret}
        return TokenRequest(self.token_url, headers, urlencode(form).encode())

    def _basic(self) -> str:
        pair = f"{quote(self.client_id, safe='')}:{quote(self.client_secret, safe='')}"
        return "Basic " + base64.b64encode(pair.encode()).decode()

    def take_token(self, answer: object) -> None:
        """Keep the token and when to renew it; `expires_in` may be a number, a text or missing."""
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if not isinstance(answer, dict) or not isinstance(token, str) or not token:
            raise ContractBroken(
                "CN08",
                "The token address answered without an access token",
                fix="Compare token_url with the SIS's own documentation",
                place=f"POST {urlsplit(self.token_url).netloc}{urlsplit(self.token_url).path}",
            )
        life = _seconds(answer.get("expires_in"))
        self._token, self._expires = token, time.monotonic() + max(life - EARLY, life / 2)

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Forget the token unless it was renewed meanwhile; a new one may be accepted."""
        if refused == self.headers("", ""):
            self._token = ""
        return True

    def headers(self, method: str, url: str) -> dict[str, str]:
        """Return the bearer header."""
        return {"Authorization": f"Bearer {self._token}"}


def _seconds(value: object) -> float:
    try:
        life = float(str(value))
    except ValueError:
        return SHORT_LIFE
    return life if 0 < life < float("inf") else SHORT_LIFE


@dataclass(slots=True)
class OAuth1:
    """OAuth 1.0a signatures without a token (RFC 5849 §3.4), an option of OneRoster 1.1.

    digest: `sha256` or `sha1`; servers differ in which they accept. JSON bodies are not signed.
    """

    client_id: str
    client_secret: str = field(repr=False)
    digest: Literal["sha256", "sha1"] = "sha256"

    def token_request(self) -> TokenRequest | None:
        """Return None: every request is signed by itself."""
        return None

    def take_token(self, answer: object) -> None:
        """Do nothing: no token was asked for."""

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Return False: the same key would be refused again."""
        return False

    def headers(self, method: str, url: str) -> dict[str, str]:
        """Return the Authorization header, every query parameter signed."""
        oauth = self._parameters()
        query = parse_qsl(urlsplit(url).query, keep_blank_values=True)
        base = construct_base_string(method, url.partition("?")[0], [*query, *oauth])
        key = quote(self.client_secret, safe="~") + "&"
        mac = hmac.new(key.encode(), str(base).encode(), getattr(hashlib, self.digest)).digest()
        signed = [*oauth, ("oauth_signature", base64.b64encode(mac).decode())]
        return {"Authorization": str(prepare_headers(signed)["Authorization"])}

    def _parameters(self) -> list[tuple[str, str]]:
        return [
            ("oauth_consumer_key", self.client_id),
            ("oauth_nonce", secrets.token_hex(16)),
            ("oauth_signature_method", f"HMAC-{self.digest.upper()}"),
            ("oauth_timestamp", str(int(time.time()))),
            ("oauth_version", "1.0"),
        ]
