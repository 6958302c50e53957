"""Trying a OneRoster server step by step, so that a person sees the first thing to mend."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from functools import partial
from urllib.parse import urlsplit

from connectors.check_steps import Step, run_steps
from connectors.http import Answer, HttpClient, Request
from connectors.http_errors import not_found, unreachable
from connectors.oneroster.envelope import records_of, total_told
from connectors.oneroster.fields import SOURCE_TABLES
from connectors.oneroster.probe import Candidate, at, probe
from connectors.oneroster.settings import ROSTER_SCOPES, OneRosterRestSettings, address
from connectors.protocol import CheckReport
from domain.errors import StopDistrict
from domain.ids import DistrictCode
from domain.oneroster import Service


def connection_steps(client: HttpClient, url: str) -> Iterator[Step]:
    """Yield the steps every HTTP connection begins with: name, connection and encryption, sign-in."""
    host = urlsplit(url).hostname or ""
    yield "host name", lambda: _resolve(url, host)
    yield "connection", lambda: _reach(client, url, host)
    yield "sign-in", lambda: _sign_in(client)


def run_check(district: DistrictCode, settings: OneRosterRestSettings) -> CheckReport:
    """Try a roster server: name, connection, sign-in, address, one row of every collection, page size."""
    roster = _Roster(settings)
    try:
        return run_steps(district, list(roster.steps()))
    finally:
        roster.close()


class _Roster:
    """The steps of one server; its root is known once the step that looks for it has passed."""

    def __init__(self, settings: OneRosterRestSettings) -> None:
        self._settings = settings
        self._root = settings.root(Service.ROSTERING)
        self._client = settings.client(settings.authorizer(ROSTER_SCOPES))

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def steps(self) -> Iterator[Step]:
        """Yield the steps in the order to try them; which scopes to sign in with, a probe finds out."""
        for name, attempt in connection_steps(self._client, self._root):
            if name != "sign-in" or not self._settings.probe:
                yield name, attempt
        yield "address", self._address
        for collection in SOURCE_TABLES:
            yield collection, partial(self._sample, collection)
        yield "page size", self._page_size

    def _address(self) -> str:
        """Look where the server is; settings that name another address than found fail, with both."""
        settings = self._settings
        configured = None if settings.probe else Candidate(self._root, settings.version)
        found = probe(settings, configured)
        if configured and found.rostering_url != configured.root:
            raise StopDistrict(
                "CN05",
                f"There is no OneRoster {settings.version} at the address set, but {found.sentence}",
                fix=f"Set base_url to {found.rostering_url} and version to {found.version}",
            )
        if settings.probe:
            self._root = found.rostering_url
            self._client.close()
            there = at(settings, found)
            self._client = there.client(there.authorizer(ROSTER_SCOPES))
        return found.sentence

    def _sample(self, collection: str) -> str:
        answer = _ask(self._client, self._root, collection, 1)
        rows = len(records_of(answer.json, collection, f"/{collection}"))
        total = total_told(answer.headers)
        return f"{'a row' if rows else 'no rows'} of " + (
            f"{total}" if total is not None else "an untold number"
        )

    def _page_size(self) -> str:
        size = self._settings.page_size
        answer = _ask(self._client, self._root, "users", size)
        rows, total = len(records_of(answer.json, "users", "/users")), total_told(answer.headers)
        if rows < size and (total is None or total > rows):
            return f"asked for {size} rows at once, got {rows}: the server's own limit, or all there is"
        return f"asked for {size} rows at once, got {rows}"


def _resolve(url: str, host: str) -> str:
    try:
        socket.getaddrinfo(host, None)
    except OSError:
        raise unreachable("RESOLVE", url) from None
    return f"{host} is known"


def _reach(client: HttpClient, url: str, host: str) -> str:
    client.reach(url)
    return f"{host} answers" + (" and its certificate is trusted" if url.startswith("https") else "")


def _sign_in(client: HttpClient) -> str:
    client.sign_in()
    return "our credentials are accepted"


def _ask(client: HttpClient, root: str, collection: str, limit: int) -> Answer:
    url = address(root, collection)
    permission = f"reading {collection} (scope roster-core.readonly)"
    answer = client.send(Request("GET", url, {"limit": str(limit), "offset": "0"}, permission=permission))
    if answer.code >= 300:
        raise not_found(url)
    return answer
