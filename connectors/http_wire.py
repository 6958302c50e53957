"""The asynchronous side of the HTTP client: one conversation with one system, patient and signed."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urljoin, urlsplit

import aiohttp
import tenacity
from yarl import URL

from connectors.auth import Authorizer
from connectors.http_errors import (
    TooMuchAtOnce,
    answer_error,
    decode_json,
    place_of,
    redirect_refused,
    token_refused,
    transport_error,
    unreachable,
)
from connectors.http_message import Answer, HttpOptions, Request
from connectors.http_pace import Pace, Place
from connectors.http_trust import refuse_plain, trusted
from domain.errors import RetryLater, SisbridgeError, StopDistrict
from domain.failpoints import failpoint

_log = logging.getLogger("connectors.http")
_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 5
_LARGE_ATTEMPTS = 2
_PIECE = 2**18
"""Bytes of an answer that are taken at a time: a page of a thousand users comes in a few pieces."""


class Wire:
    """One system's conversation inside one event loop; raises what `HttpClient` documents."""

    def __init__(self, auth: Authorizer, options: HttpOptions) -> None:
        self._auth = auth
        self._options = options
        self._session: aiohttp.ClientSession | None = None
        self._sign_in = asyncio.Lock()
        self._one_at_a_time = asyncio.Lock()
        self._throttled = False
        self._pace = Pace(options.min_interval)

    def follow(self, earlier: Wire) -> None:
        """Keep to the pause since an earlier conversation's last answer."""
        self._pace.follow(earlier._pace)

    async def close(self) -> None:
        """Let go of the connections."""
        if self._session is not None:
            await self._session.close()

    async def outcome(self, request: Request) -> Answer | SisbridgeError:
        """Return the answer, or the failure instead of raising it."""
        try:
            return await self.persist(request)
        except SisbridgeError as error:
            return error

    async def persist(self, request: Request) -> Answer:
        """Send a request, again after RetryLater when it may be sent twice, within the options' bounds."""
        return await self.persist_within(asyncio.Semaphore(), request)

    async def persist_within(self, free: asyncio.Semaphore, request: Request) -> Answer:
        """Persist as soon as one of those on their way is back."""
        place = Place(free)
        try:
            async for attempt in self._attempts(request):
                with attempt:
                    await place.take()
                    answer = await self._paced(request)
                    place.leave()
                    # What waited for the place is sent now: decoding takes as long as much of the way.
                    await asyncio.sleep(0)
                    return _decoded(request, answer)
        finally:
            place.leave()
        raise AssertionError("tenacity returns or raises")

    def _attempts(self, request: Request) -> tenacity.AsyncRetrying:
        """Return the tries of a request.

        What was rejected for our pace was not done, so it is sent again even if it must not be done twice.
        """

        def again(error: BaseException) -> bool:
            return isinstance(error, RetryLater) and (request.retry or error.code == "CN06")

        return tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception(again),
            stop=tenacity.stop_any(
                tenacity.stop_after_attempt(self._options.attempts),
                tenacity.stop_before_delay(self._options.patience),
                _StopTooLarge(request),
            ),
            wait=self._wait,
            reraise=True,
        )

    def _wait(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, RetryLater) else None
        backoff = tenacity.wait_random_exponential(self._options.first_wait, self._options.longest_wait)
        return (asked or 0.0) + backoff(state)

    async def _paced(self, request: Request) -> Answer:
        """Send at once, or one at a time after the server has complained about our pace."""
        if self._throttled:
            async with self._one_at_a_time:
                return await self._signed(request)
        try:
            return await self._signed(request)
        except RetryLater as error:
            if error.code == "CN06":
                self._throttled = True
            raise

    async def _signed(self, request: Request) -> Answer:
        await self.ensure_token()
        signed = self._sign(request)
        try:
            return await self._marked(request, signed)
        except StopDistrict as error:
            if error.code != "CN03" or not self._auth.renew(signed):
                raise
        await self.ensure_token()
        return await self._marked(request, self._sign(request))

    def _sign(self, request: Request) -> dict[str, str]:
        return self._auth.headers(request.method, request.target)

    async def ensure_token(self) -> None:
        """Fetch a token when the flow needs one."""
        async with self._sign_in:
            wanted = self._auth.token_request()
            if wanted is None:
                return
            request = Request("POST", wanted.url, headers=wanted.headers, body=wanted.body)
            answer = await self._exchange(request, {})
            if answer.code >= 400:
                raise token_refused(answer.code, answer.body, request.url)
            self._auth.take_token(decode_json(answer.body, "POST", wanted.url))

    async def _marked(self, request: Request, signed: Mapping[str, str]) -> Answer:
        headers = {**signed, **self._options.headers}
        if not request.mark:
            return await self._exchange(request, headers)
        failpoint(f"{request.mark}:before")
        answer = await self._exchange(request, headers)
        failpoint(f"{request.mark}:after")
        return answer

    async def _exchange(self, request: Request, signed: Mapping[str, str]) -> Answer:
        """Send once and follow redirects of a GET that stay on the same origin."""
        target = request.target
        for _ in range(_MOST_REDIRECTS + 1):
            async with self._pace.turn():
                answer = await self._once(request, target, signed)
            if answer.code not in _REDIRECTS:
                break
            target = _next_target(request, target, answer.headers.get("Location", ""))
        else:
            raise redirect_refused(request.method, request.url)
        error = answer_error(
            answer.code, answer.headers, answer.body, request.method, request.url, request.permission
        )
        if error is not None and not request.as_is and answer.code not in request.judged:
            raise error
        return answer

    async def _once(self, request: Request, target: str, signed: Mapping[str, str]) -> Answer:
        refuse_plain(target, self._options.allow_plain)
        headers = {"Accept": "application/json", **signed, **request.headers}
        if request.body is not None:
            headers.setdefault("Content-Type", "application/json")
        try:
            async with self._opened().request(
                request.method, URL(target, encoded=True), data=request.body, headers=headers,
                allow_redirects=False, ssl=self._trusted(target),
            ) as response:  # fmt: skip
                answer = Answer(response.status, response.headers.copy(), await response.read())
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise transport_error(error, request.method, request.url) from None
        _log.debug(
            "%s answered %d with %d bytes", place_of(request.method, target), answer.code, len(answer.body)
        )
        return answer

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            options = self._options
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                read_bufsize=_PIECE,
                timeout=aiohttp.ClientTimeout(
                    total=options.total_timeout,
                    sock_connect=options.connect_timeout,
                    sock_read=options.read_timeout,
                ),
            )
            # aiohttp sends a GET, PUT or DELETE again by itself when a kept connection breaks; a second
            # try that nobody counted or waited for is not ours. It has no public switch for this.
            self._session._retry_connection = False
        return self._session

    def _trusted(self, target: str) -> ssl.SSLContext | bool:
        """Return whom to trust for an address; the authorities are read only where one is needed."""
        ca_file = self._options.ca_file
        return trusted(ca_file) if ca_file or target.startswith("https:") else True

    async def reach(self, url: str) -> None:
        """Open a connection to the host of an address and close it again; sends nothing."""
        refuse_plain(url, self._options.allow_plain)
        parts = urlsplit(url)
        secure = trusted(self._options.ca_file) if parts.scheme == "https" else None
        port = parts.port or (443 if secure else 80)
        try:
            async with asyncio.timeout(self._options.connect_timeout):
                _, writer = await asyncio.open_connection(parts.hostname, port, ssl=secure)
                writer.close()
                await writer.wait_closed()
        except ssl.SSLError as error:
            raise transport_error(error, "CONNECT", url) from None
        except (TimeoutError, OSError):
            raise unreachable("CONNECT", url) from None


@dataclass(frozen=True, slots=True)
class _StopTooLarge(tenacity.stop.stop_base):
    """Gives up a large question early when less could be asked instead."""

    request: Request

    def __call__(self, retry_state: tenacity.RetryCallState) -> bool:
        """Return whether the question is too large for the server rather than the server away."""
        error = retry_state.outcome.exception() if retry_state.outcome else None
        tried = retry_state.attempt_number >= _LARGE_ATTEMPTS
        return self.request.large and tried and isinstance(error, TooMuchAtOnce)


def _decoded(request: Request, answer: Answer) -> Answer:
    """Return an answer with what it says as JSON, when it is that of a GET that went well."""
    if request.method == "GET" and answer.code < 300:
        return replace(answer, json=decode_json(answer.body, "GET", request.url))
    return answer


def _next_target(request: Request, target: str, location: str) -> str:
    following = urljoin(target, location)
    here, there = urlsplit(target), urlsplit(following)
    same_origin = (here.scheme, here.netloc) == (there.scheme, there.netloc)
    if request.method != "GET" or not location or not same_origin:
        raise redirect_refused(request.method, request.url)
    return following
