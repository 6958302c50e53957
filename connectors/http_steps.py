"""The steps that every check over HTTP begins or ends with, whatever the SIS."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from connectors.check_steps import Step
from connectors.http import HttpClient
from connectors.http_errors import unreachable
from domain.errors import StopDistrict

_TOLERATED = timedelta(minutes=5)
"""How far two clocks may be apart; sign-ins that carry a time are refused at about that."""


def connection_steps(client: HttpClient, url: str) -> Iterator[Step]:
    """Yield the steps every HTTP connection begins with: name, connection and encryption, token."""
    host = urlsplit(url).hostname or ""
    yield Step("name resolution", lambda: _resolve(url, host))
    yield Step("connection", lambda: _reach(client, url, host))
    yield Step("token", lambda: _sign_in(client))


def sample_said(has_row: bool, total: int | None) -> str:
    """Return what a sample of a collection showed. total: the number of rows as told, None when untold."""
    read = "one row was read" if has_row else "no row came"
    return f"{read}; how many there are is not told" if total is None else f"{read}, of {total:,}"


def clock_said(headers: Mapping[str, str], host: str, now: datetime | None = None) -> str:
    """Return how far a server's clock is from ours, by the Date of an answer.

    now: this machine's time, in UTC. Raises StopDistrict CN17 when they are more than five minutes apart.
    """
    try:
        told = parsedate_to_datetime(headers.get("Date", "")).astimezone(UTC)
    except ValueError:
        return f"{host} does not tell its time"
    apart = told - (now or datetime.now(UTC))
    seconds = round(abs(apart).total_seconds())
    if abs(apart) <= _TOLERATED:
        return f"the clock of {host} is {seconds} second{'' if seconds == 1 else 's'} from ours"
    which = "ahead of" if apart > timedelta() else "behind"
    raise StopDistrict(
        "CN17",
        f"The clock of {host} is {seconds // 60} minutes {which} ours",
        fix="Set the clock that is wrong (usually by NTP); until then raise delta_skew_hours above it",
        place=host,
    )


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
