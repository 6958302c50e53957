"""What went wrong with a request, as one of the four failures: one place for every code CN01 to CN15.

Messages name host and path. They never carry a query value, a header or any of the answer's bytes.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import aiohttp
import orjson

from domain.errors import ContractBroken, RetryLater, SisbridgeError, StopDistrict

_WAIT_TEXT = re.compile(
    rb"(?:in|wait|after|for)\s+(?:another\s+)?(\d{1,6}(?:\.\d+)?)\s*(ms|milli|s\b|sec|min)", re.IGNORECASE
)
_GATEWAY_CODES = (502, 503, 504)
_UNIT_SECONDS = {b"ms": 0.001, b"milli": 0.001, b"s": 1.0, b"sec": 1.0, b"min": 60.0}
BOM = b"\xef\xbb\xbf"
_VENDOR_HEADER = "; if it refuses only some calls, a header that the vendor wants is missing (extra_headers)"
_WHOLE_ADDRESS = "; copy token_url whole, with all that stands behind a ? in it"


class TooMuchAtOnce(RetryLater):
    """No answer in time, or a gateway gave up waiting for one: asking for less at once may go through."""


def place_of(method: str, url: str) -> str:
    """Return how a request is named in messages and logs: method, host and path, never the query."""
    parts = urlsplit(url)
    return f"{method} {parts.netloc.rpartition('@')[2]}{parts.path}"


def transport_error(error: Exception, method: str, url: str) -> SisbridgeError:
    """Return the failure for a request that got no answer: CN01 or CN02."""
    host, place = urlsplit(url).hostname or "", place_of(method, url)
    if isinstance(error, (aiohttp.ClientSSLError, ssl.SSLError)):
        return StopDistrict(
            "CN02",
            f"The certificate or encryption of {host} is not trusted",
            fix="Ask the SIS's host for a valid certificate, or set ca_file to the district's own authority",
            place=place,
        )
    if isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)):
        return unreachable(method, url)
    slow = isinstance(error, TimeoutError)
    return (TooMuchAtOnce if slow else RetryLater)(
        "CN01",
        f"{host} did not answer in time or broke the connection off",
        fix="Nothing to do if it passes; otherwise ask the SIS's host, or lower page_size and in_flight",
        place=place,
    )


def unreachable(method: str, url: str) -> RetryLater:
    """Return CN01: the host is not known or does not take our connection."""
    return RetryLater(
        "CN01",
        f"{urlsplit(url).hostname} cannot be reached",
        fix="Check the host name in the settings, and that the SIS is up and its firewall lets us in",
        place=place_of(method, url),
    )


def answer_error(
    code: int, headers: Mapping[str, str], body: bytes, method: str, url: str, permission: str
) -> SisbridgeError | None:
    """Return the failure an answer's code stands for, or None for 2xx and for 4xx a caller must judge.

    permission: what to ask the district for when the SIS answers 403.
    """
    host, place = urlsplit(url).hostname or "", place_of(method, url)
    if code == 401:
        return refused_credentials(host, place, _VENDOR_HEADER)
    if code == 403:
        return StopDistrict(
            "CN04",
            f"{host} does not let us do this: the permission for {permission or 'this call'} is missing",
            fix=f"Ask the district to grant {permission or 'it'} to our connection in the SIS",
            place=place,
        )
    if code == 429 or code >= 500:
        return _busy(code, wait_asked(headers, body), host, place)
    return None


def refused_credentials(host: str, place: str, besides: str = "") -> StopDistrict:
    """Return CN03: the SIS does not accept our key, secret or token. besides: what else it may be."""
    fix = "Check client id and secret with the district: they may have been renewed, or have expired"
    return StopDistrict("CN03", f"{host} does not accept our credentials", fix=fix + besides, place=place)


def token_refused(code: int, body: bytes, url: str) -> StopDistrict:
    """Return why a token address refuses us: CN05 not there, CN04 unknown scopes, else CN03 (RFC 6749)."""
    host, place = urlsplit(url).hostname or "", place_of("POST", url)
    if code == 404:
        return not_found(url, "token_url")
    if b"invalid_scope" in body[:2000]:
        return StopDistrict(
            "CN04",
            f"{host} does not grant the scopes we ask for",
            fix="Set scopes to those the district granted, or to none at all",
            place=place,
        )
    return refused_credentials(host, place, _WHOLE_ADDRESS)


def _busy(code: int, wait: float | None, host: str, place: str) -> RetryLater:
    if code == 429:
        message, fix = f"{host} says we ask too often", "Lower in_flight, or ask for a higher request limit"
    else:
        message, fix = f"{host} failed with code {code}", "Nothing to do if it passes; else tell its host"
    kind = TooMuchAtOnce if code in _GATEWAY_CODES else RetryLater
    return kind("CN06" if code == 429 else "CN07", message, fix=fix, place=place, retry_after=wait)


def redirect_refused(method: str, url: str) -> StopDistrict:
    """Return CN15: the answer points to another host, where our credentials must not go."""
    return StopDistrict(
        "CN15",
        f"{urlsplit(url).hostname} sends us on to another address, which we do not follow",
        fix="Set base_url (or token_url) to the address the SIS's host names as the final one",
        place=place_of(method, url),
    )


def not_found(url: str, setting: str = "base_url") -> StopDistrict:
    """Return CN05: there is nothing at this address."""
    return StopDistrict(
        "CN05",
        f"There is nothing at this address of {urlsplit(url).hostname}",
        fix=f"Compare {setting} with the SIS's own documentation, path and version included",
        place=place_of("GET", url),
    )


def decode_json(body: bytes, method: str, url: str) -> object:
    """Return the JSON of an answer; CN08 when it is something else, CN09 when it breaks off."""
    text = body.removeprefix(BOM).strip()
    try:
        return orjson.loads(text) if text else None
    except orjson.JSONDecodeError:
        raise _not_json(text, method, url) from None


def _not_json(text: bytes, method: str, url: str) -> SisbridgeError:
    host, place = urlsplit(url).hostname, place_of(method, url)
    if text[:1] in (b"{", b"["):
        return RetryLater(
            "CN09", f"The answer of {host} breaks off in the middle", place=place,
            fix="Nothing to do if it passes; otherwise lower page_size",
        )  # fmt: skip
    kind = "a web page" if text[:1] == b"<" else "something that is not JSON"
    return ContractBroken(
        "CN08", f"{host} answered with {kind} instead of data", place=place,
        fix="Open the address in a browser: a sign-in or maintenance page means base_url or access is wrong",
    )  # fmt: skip


def wait_asked(headers: Mapping[str, str], body: bytes) -> float | None:
    """Return the seconds a server asks us to wait: Retry-After as number or date, or words in its answer."""
    asked = headers.get("Retry-After", "").strip()
    if asked:
        return _retry_after(asked, headers.get("Date", ""))
    words = _WAIT_TEXT.search(body[:2000])
    return float(words[1]) * _UNIT_SECONDS[words[2].lower()] if words else None


def _retry_after(asked: str, server_date: str) -> float | None:
    try:
        return max(0.0, float(asked))
    except ValueError:
        pass
    # Measured against the server's own clock when it tells it, as ours may differ.
    until, now = _moment(asked), _moment(server_date) or datetime.now(UTC)
    return max(0.0, (until - now).total_seconds()) if until else None


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
