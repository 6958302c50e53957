"""Trying a OneRoster server step by step, so that a person sees the first thing to mend."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from functools import partial
from urllib.parse import urlsplit

from connectors.http import Answer, HttpClient, Request
from connectors.http_errors import not_found, unreachable
from connectors.oneroster.csv_steps import Step, run_steps
from connectors.oneroster.envelope import records_of, total_told
from connectors.oneroster.fields import SOURCE_TABLES
from connectors.oneroster.settings import ROSTER_SCOPES, OneRosterConnection, address
from connectors.protocol import CheckReport
from domain.ids import DistrictCode
from domain.oneroster import Service


def connection_steps(client: HttpClient, url: str) -> Iterator[Step]:
    """Yield the steps every HTTP connection begins with: name, connection and encryption, sign-in."""
    host = urlsplit(url).hostname or ""
    yield "host name", lambda: _resolve(url, host)
    yield "connection", lambda: _reach(client, url, host)
    yield "sign-in", lambda: _sign_in(client)


def run_check(district: DistrictCode, settings: OneRosterConnection) -> CheckReport:
    """Try a roster server: name, connection, sign-in, one row of every collection, its page size."""
    root = settings.root(Service.ROSTERING)
    with settings.client(settings.authorizer(ROSTER_SCOPES)) as client:
        return run_steps(district, list(_roster_steps(client, root, settings.page_size)))


def _roster_steps(client: HttpClient, root: str, page_size: int) -> Iterator[Step]:
    yield from connection_steps(client, root)
    for collection in SOURCE_TABLES:
        yield collection, partial(_sample, client, root, collection)
    yield "page size", lambda: _page_size(client, root, page_size)


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


def _sample(client: HttpClient, root: str, collection: str) -> str:
    answer = _ask(client, root, collection, 1)
    rows = len(records_of(answer.json, collection, f"/{collection}"))
    total = total_told(answer.headers)
    return f"{'a row' if rows else 'no rows'} of " + (f"{total}" if total is not None else "an untold number")


def _page_size(client: HttpClient, root: str, page_size: int) -> str:
    answer = _ask(client, root, "users", page_size)
    rows, total = len(records_of(answer.json, "users", "/users")), total_told(answer.headers)
    if rows < page_size and (total is None or total > rows):
        return f"asked for {page_size} rows at once, got {rows}: the server's own limit, or all there is"
    return f"asked for {page_size} rows at once, got {rows}"
