"""Who may ask for what: OAuth 2 client credentials, OAuth 1.0a, a static bearer, and scopes."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from aiohttp import web

from domain.oneroster import SCOPE_PREFIX, Service, Version
from simulators.oneroster.dialect import Dialect
from simulators.oneroster.oauth1 import HASHES, Signatures
from simulators.oneroster.problems import ProblemError
from simulators.shapes import Record

_SHARED = (
    "roster-core.readonly roster.readonly roster-demographics.readonly resource.readonly "
    "gradebook.readonly gradebook.createput gradebook.delete"
)
SCOPES = {
    Version.V1P1: frozenset(_SHARED.split()),
    Version.V1P2: frozenset(_SHARED.split())
    | {"gradebook-core.readonly", "gradebook.createpost", "resource-core.readonly"}
    | {"assessment.readonly", "assessment.createput", "assessment.delete"},
}
"""The scopes each version names, without their prefix."""

_WRITES = {"PUT": "gradebook.createput", "POST": "gradebook.createpost", "DELETE": "gradebook.delete"}
_READS = {Service.ROSTERING: "roster", Service.GRADEBOOK: "gradebook", Service.RESOURCES: "resource"}


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client must show. The secret and the bearer are not in the repr.

    bearer: a token that never expires, "" for none. scopes: what the district granted, without
    prefix; None is all of the version. oauth1: signature methods accepted (1.1 only).
    """

    client_id: str = "sisbridge"
    client_secret: str = field(default_factory=lambda: secrets.token_urlsafe(16), repr=False)
    bearer: str = field(default="", repr=False)
    scopes: frozenset[str] | None = None
    oauth1: tuple[str, ...] = tuple(HASHES)


class Desk:
    """Gives out tokens and looks at those presented."""

    def __init__(self, version: Version, credentials: Credentials) -> None:
        self._version, self._credentials = version, credentials
        self._tokens: dict[str, tuple[float, frozenset[str]]] = {}
        self._signatures = Signatures(credentials.client_id, credentials.client_secret, credentials.oauth1)

    async def issue(self, request: web.Request, dialect: Dialect) -> web.Response:
        """Answer a token request (RFC 6749, 4.4): Basic or body credentials, grant in body or query."""
        given = {**request.query, **{key: str(value) for key, value in (await request.post()).items()}}
        if not self._knows(*_client(request.headers.get("Authorization", ""), given)):
            return _refusal(401, "invalid_client")
        if given.get("grant_type") != "client_credentials":
            return _refusal(400, "unsupported_grant_type")
        scopes = self._granted(given.get("scope", ""))
        if not scopes:
            return _refusal(400, "invalid_scope")
        return web.json_response(self._token(scopes, dialect))

    def _knows(self, client_id: str, client_secret: str) -> bool:
        known = self._credentials
        same_id = hmac.compare_digest(client_id.encode(), known.client_id.encode())
        return same_id and hmac.compare_digest(client_secret.encode(), known.client_secret.encode())

    def _granted(self, asked: str) -> frozenset[str]:
        """Scopes asked for are narrowed to those granted; one that the standard lacks refuses them all."""
        every = SCOPES[self._version]
        allowed = every if self._credentials.scopes is None else self._credentials.scopes
        if not asked:
            return allowed
        names = frozenset(scope.removeprefix(SCOPE_PREFIX[self._version]) for scope in asked.split())
        return names & allowed if names <= every else frozenset()

    def _token(self, scopes: frozenset[str], dialect: Dialect) -> Record:
        token = secrets.token_urlsafe(24)
        self._tokens[token] = (time.monotonic() + dialect.token_lifetime, scopes)
        lifetime = str(dialect.token_lifetime) if dialect.expires_in_text else dialect.token_lifetime
        scope = " ".join(SCOPE_PREFIX[self._version] + name for name in sorted(scopes))
        return {"access_token": token, "token_type": "bearer", "expires_in": lifetime, "scope": scope}

    def admit(self, request: web.Request) -> frozenset[str]:
        """Return the scopes a request carries; ProblemError 401 when it shows nothing that counts."""
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        every = SCOPES[self._version] if self._credentials.scopes is None else self._credentials.scopes
        if scheme.lower() == "bearer":
            if self._credentials.bearer and hmac.compare_digest(value, self._credentials.bearer):
                return every
            until, scopes = self._tokens.get(value, (0.0, frozenset[str]()))
            if time.monotonic() < until:
                return scopes
        if scheme.lower() == "oauth" and self._version is Version.V1P1:
            url = f"{request.scheme}://{request.host}{request.raw_path}"
            if not self._signatures.verify(value, request.method, url, time.time()):
                return every
        raise ProblemError(401, "unauthorisedrequest", "no valid credentials")

    def revoke(self, request: web.Request) -> None:
        """Let the token a request carries count no more."""
        self._tokens.pop(request.headers.get("Authorization", "").partition(" ")[2], None)


def scopes_for(service: Service, method: str, collection: str, *, nested: bool) -> frozenset[str]:
    """Return the scopes of which one is enough for an operation, without prefix."""
    if method in _WRITES:
        own = _WRITES[method]
        assessed = collection.startswith("assessment")
        return frozenset({own.replace("gradebook", "assessment") if assessed else own})
    if collection.startswith("assessment"):
        return frozenset({"assessment.readonly"})
    if collection == "demographics":
        return frozenset({"roster-demographics.readonly"})
    name = _READS[service]
    return frozenset({f"{name}.readonly"} if nested else {f"{name}.readonly", f"{name}-core.readonly"})


def _client(authorization: str, given: Mapping[str, str]) -> tuple[str, str]:
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() != "basic":
        return given.get("client_id", ""), given.get("client_secret", "")
    try:
        client_id, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return unquote_plus(client_id), unquote_plus(secret)


def _refusal(status: int, error: str) -> web.Response:
    return web.json_response({"error": error}, status=status)
