"""Finding a OneRoster server from an address as somebody pasted it: its service roots and its version.

Asked is `orgs?limit=1`, with the credentials, at the address itself and wherever the standard's paths put
the service below it; the first that answers with records is it. What one user looks like then tells
whether the records are of the version that the path names.
Source: OneRoster 1.1 §3.2 and 1.2 REST bindings, root addresses; prefixes met in the field (`/api`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

from connectors.auth import Authorizer
from connectors.http import Answer, HttpClient, Request
from connectors.http_errors import not_found
from connectors.oneroster.envelope import records_of
from connectors.oneroster.settings import ROSTER_SCOPES, OneRosterConnection, OneRosterRestSettings, address
from domain.errors import RetryLater, SisbridgeError
from domain.oneroster import BASE_PATHS, COLLECTIONS, SUBSET_COLLECTIONS, Service, Version

Connection = TypeVar("Connection", bound=OneRosterConnection)

PREFIXES = ("", "/api")
"""Below which vendors put the standard's paths, besides the prefix in the address itself."""

_STANDARD = re.compile(r"/ims/oneroster(/|$).*", re.IGNORECASE)
_NAMED = {Version.V1P2: re.compile(r"v?1[p._]2"), Version.V1P1: re.compile(r"v?1[p._]1")}
_PERMISSION = "reading orgs (scope roster-core.readonly)"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One address that may be the rostering root, and the version to ask it in."""

    root: str
    version: Version


@dataclass(frozen=True, slots=True)
class Found:
    """Where a server was found. shape: the version a user looked like, None when none was to be seen.

    asked: how many addresses it took.
    """

    rostering_url: str
    gradebook_url: str
    version: Version
    shape: Version | None
    asked: int

    @property
    def sentence(self) -> str:
        """Return what was found, for a person."""
        said = f"OneRoster {self.version} at {self.rostering_url}"
        if self.asked > 1:
            said += f" (address {self.asked} of those tried)"
        if self.shape not in (None, self.version):
            said += f"; its users come in the shape of {self.shape}, which is read too"
        return said


def candidates(pasted: str) -> tuple[Candidate, ...]:
    """Return the addresses that may be meant by a pasted one, the likeliest first, each once."""
    base = _cleaned(pasted)
    path = urlsplit(base).path
    standard = _STANDARD.search(path)
    origin = base.removesuffix(path) if path else base
    prefix = origin + (path[: standard.start()] if standard else path)
    return tuple(dict.fromkeys((*_as_given(base), *_below(prefix))))


def _cleaned(pasted: str) -> str:
    """Return an address with its scheme, without query, slash or collection at its end."""
    text = pasted.strip()
    parts = urlsplit(text if "://" in text else f"https://{text}")
    segments = [one for one in parts.path.split("/") if one]
    while segments and (segments[-1] in COLLECTIONS or segments[-1] in SUBSET_COLLECTIONS):
        segments.pop()
    return f"{parts.scheme}://{parts.netloc}" + "".join(f"/{one}" for one in segments)


def _as_given(base: str) -> Iterator[Candidate]:
    """Yield the address itself when it may be a root: in the version it names, else in both."""
    path = urlsplit(base).path
    if not path:
        return
    named = [version for version, name in _NAMED.items() if name.search(path)]
    root = base.replace(f"/oneroster/{Service.GRADEBOOK}/", f"/oneroster/{Service.ROSTERING}/")
    for version in named or list(_NAMED):
        yield Candidate(root, version)


def _below(prefix: str) -> Iterator[Candidate]:
    for more in PREFIXES:
        if more and prefix.endswith(more):
            continue
        for version in _NAMED:
            yield Candidate(prefix + more + BASE_PATHS[version, Service.ROSTERING], version)


def probe(settings: OneRosterConnection, configured: Candidate | None = None) -> Found:
    """Return where the server is that the settings' base_url means.

    configured: what is tried first. Raises what `HttpClient` raises when the host cannot be reached or
    is busy; when no address answers with records, the reason the first of them gave, or else CN05.
    """
    signers: dict[Version, Authorizer] = {}
    verdict: SisbridgeError | None = None
    first = (configured,) if configured else ()
    for number, candidate in enumerate(dict.fromkeys((*first, *candidates(settings.base_url))), 1):
        tried = at(settings, candidate)
        auth = signers.setdefault(candidate.version, tried.authorizer(ROSTER_SCOPES))
        with tried.client(auth) as client:
            try:
                if _records(client, candidate.root, "orgs") is None:
                    continue
                return _found(client, candidate, number, candidate == configured)
            except RetryLater:
                raise
            except SisbridgeError as error:
                verdict = verdict or error
    raise verdict or not_found(settings.base_url)


def at(settings: Connection, where: Candidate | Found) -> Connection:
    """Return the settings with the server's address and version set to what was found."""
    root = where.root if isinstance(where, Candidate) else where.rostering_url
    return settings.model_copy(update={"rostering_url": root, "version": where.version})


def settled(settings: OneRosterRestSettings) -> OneRosterRestSettings:
    """Return the settings as they are, or for version "auto" with what a probe found; raises as `probe`."""
    if not settings.probe:
        return settings
    return at(settings, probe(settings)).model_copy(update={"probe": False})


def _found(client: HttpClient, candidate: Candidate, asked: int, configured: bool) -> Found:
    """Return what was found; the records decide on the version where neither path nor person does."""
    shape = _shape(client, candidate.root)
    named = configured or names_version(candidate.root)
    version = candidate.version if named or shape is None else shape
    return Found(candidate.root, gradebook_of(candidate.root), version, shape, asked)


def names_version(root: str) -> bool:
    """Return whether an address says of which version what it leads to is."""
    return any(name.search(urlsplit(root).path) for name in _NAMED.values())


def gradebook_of(root: str) -> str:
    """Return the gradebook's root beside a rostering root; in 1.1 they are one."""
    return root.replace(f"/oneroster/{Service.ROSTERING}/v1p2", f"/oneroster/{Service.GRADEBOOK}/v1p2")


def _shape(client: HttpClient, root: str) -> Version | None:
    """Return the version one user looks like; None when none may be seen."""
    try:
        people = _records(client, root, "users") or []
    except RetryLater:
        raise
    except SisbridgeError:
        return None
    return next((shape_of(person) for person in people if isinstance(person, dict)), None)


def shape_of(user: Mapping[str, object]) -> Version | None:
    """Return the version whose users look like this one: `roles` is of 1.2, a `role` of 1.1."""
    if isinstance(user.get("roles"), list):
        return Version.V1P2
    return Version.V1P1 if "role" in user else None


def _records(client: HttpClient, root: str, collection: str) -> list[object] | None:
    """Return at most one record of a collection, None when there is no such collection."""
    url = address(root, collection)
    request = Request("GET", url, {"limit": "1", "offset": "0"}, permission=_PERMISSION)
    answer: Answer = client.send(request)
    return records_of(answer.json, collection, f"/{collection}") if answer.code < 300 else None
