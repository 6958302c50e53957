"""The only HTTP client: aiohttp behind a small synchronous facade.

It keeps its own event loop, opened at first use and again after a fork, so plain code and forked
children use it alike. TLS certificates are always verified. Nothing of a body, a header's value or a
query reaches a message or a log.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Generator, Iterable, Mapping
from itertools import islice
from types import TracebackType
from typing import Any, Self

from connectors.auth import Authorizer, StaticHeaders
from connectors.http_message import Answer, HttpOptions, Request
from connectors.http_wire import Wire
from domain.errors import SisbridgeError

__all__ = ["Answer", "HttpClient", "HttpOptions", "Request"]

Text = Mapping[str, str]
_NONE: Text = {}

_BEFORE_WORK = 3
"""Turns of the loop before an answer is worked on: what came meanwhile makes room for the next requests."""


class HttpClient:
    """A client for one outside system; use it as a context manager or close it.

    Answers 2xx, and 4xx that only the caller can judge (400, 404, 409, 422 and the like), are returned.
    Raises: RetryLater CN01 (unreachable, timeout, reset), CN06 (429), CN07 (5xx), CN09 (JSON breaks off)
    once retries are used up; StopDistrict CN02 (TLS), CN03 (401, after one new sign-in), CN04
    (403), CN15 (redirect), CF53 (not https), CF54 (ca_file); ContractBroken CN08 (not JSON).
    """

    def __init__(self, auth: Authorizer | None = None, options: HttpOptions | None = None) -> None:
        self._auth = auth or StaticHeaders()
        self._options = options or HttpOptions()
        self._pid = 0
        self._runner: asyncio.AbstractEventLoop | None = None
        self._left: list[asyncio.Task[Any]] = []
        self._wire = Wire(self._auth, self._options)

    def __enter__(self) -> Self:
        """Return the client itself; nothing is opened yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the client."""
        self.close()

    def close(self) -> None:
        """Let go of connections and loop; the client opens again when used again."""
        if self._runner is not None and self._pid == os.getpid():
            self._let_go(self._runner)
            self._runner.run_until_complete(self._wire.close())
            self._runner.close()
        self._runner = None

    def get(self, url: str, params: Text = _NONE, headers: Text = _NONE) -> Answer:
        """Send a GET and return its answer, decoded as JSON when it is 2xx."""
        return self.send(Request("GET", url, params, headers))

    def put(self, url: str, body: bytes, params: Text = _NONE, headers: Text = _NONE) -> Answer:
        """Send a PUT; it is retried, as a PUT of a fixed id is safe to repeat."""
        return self.send(Request("PUT", url, params, headers, body))

    def post(self, url: str, body: bytes, params: Text = _NONE, headers: Text = _NONE) -> Answer:
        """Send a POST once: repeating one may do a thing twice."""
        return self.send(Request("POST", url, params, headers, body, retry=False))

    def delete(self, url: str, params: Text = _NONE, headers: Text = _NONE) -> Answer:
        """Send a DELETE; it is retried."""
        return self.send(Request("DELETE", url, params, headers))

    def send(self, request: Request) -> Answer:
        """Send one request and return its answer."""
        return self._loop().run_until_complete(self._wire.persist(request))

    def get_many(self, requests: Iterable[Request], in_flight: int) -> Generator[Answer, None, None]:
        """Send requests with at most in_flight on their way; yield the answers in the requests' order.

        Almost as many again may wait to be taken, so that a slow one, or work on an earlier one,
        does not keep the next from being asked for; with one in flight none does. The first failure is
        raised in its place; requests are taken from the iterable as needed.
        """
        loop, feed = self._loop(), iter(requests)
        free = asyncio.Semaphore(in_flight)
        asked: deque[asyncio.Task[Answer]] = deque()
        try:
            while True:
                for one in islice(feed, 2 * in_flight - 1 - len(asked)):
                    asked.append(loop.create_task(self._wire.persist_within(free, one)))
                if not asked:
                    return
                answer = loop.run_until_complete(asked[0])
                asked.popleft()
                loop.run_until_complete(_turns(_BEFORE_WORK))
                yield answer
        finally:
            self._abandon(asked)

    def get_as_they_come(
        self, requests: Iterable[Request], in_flight: int
    ) -> Generator[tuple[int, Answer], None, None]:
        """Send requests with at most in_flight on their way; yield each answer and its number as it comes.

        While one is worked on, those on their way are all that is under way: what dies then loses no more.
        After a failure nothing is asked for any more; what is under way is waited for and yielded, and the
        first failure raised then.
        """
        loop, feed, free = self._loop(), enumerate(requests), asyncio.Semaphore(in_flight)
        running: dict[asyncio.Task[Answer], int] = {}
        failed: SisbridgeError | None = None
        # With one in flight none is sent before the one before it was worked on.
        most = in_flight + (in_flight > 1)
        try:
            while True:
                for number, one in islice(feed, 0 if failed else most - len(running)):
                    running[loop.create_task(self._wire.persist_within(free, one))] = number
                if not running:
                    break
                loop.run_until_complete(asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED))
                loop.run_until_complete(_turns(_BEFORE_WORK))
                done = next(task for task in running if task.done())
                number, error = running.pop(done), done.exception()
                if error is None:
                    yield number, done.result()
                elif isinstance(error, SisbridgeError):
                    failed = failed or error
                else:
                    raise error
        finally:
            self._abandon(running)
        if failed is not None:
            raise failed

    def each(
        self, requests: Iterable[Request], in_flight: int
    ) -> Generator[tuple[Request, Answer | SisbridgeError], None, None]:
        """Send requests with at most in_flight on their way; yield answer or failure as each is known.

        Requests are taken from the iterable as slots come free, so it may end early; what is on its way
        then is still waited for.
        """
        loop, feed = self._loop(), iter(requests)
        running: dict[asyncio.Task[Answer | SisbridgeError], Request] = {}
        try:
            while True:
                for one in islice(feed, in_flight - len(running)):
                    running[loop.create_task(self._wire.outcome(one))] = one
                if not running:
                    return
                loop.run_until_complete(asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED))
                for task in [task for task in running if task.done()]:
                    yield running.pop(task), task.result()
        finally:
            self._abandon(running)

    def reach(self, url: str) -> None:
        """Open a connection to an address's host and close it; raises CN01 or CN02, sends nothing."""
        self._loop().run_until_complete(self._wire.reach(url))

    def sign_in(self) -> None:
        """Fetch a token when the flow needs one and there is none yet."""
        self._loop().run_until_complete(self._wire.ensure_token())

    def _abandon(self, tasks: Iterable[asyncio.Task[Any]]) -> None:
        # Awaited when the loop is used next: the garbage collector may come by here, in any thread and while
        # the loop runs.
        for task in tasks:
            task.cancel()
            self._left.append(task)

    def _let_go(self, loop: asyncio.AbstractEventLoop) -> None:
        left, self._left = self._left, []
        if left:
            loop.run_until_complete(asyncio.wait(left))
        for task in left:
            # Look at each failure once, or asyncio complains that nobody did.
            if not task.cancelled():
                task.exception()

    def _loop(self) -> asyncio.AbstractEventLoop:
        if self._runner is None or self._pid != os.getpid():
            # After a fork parent and child would share one selector and its sockets: start afresh.
            self._runner, self._pid, self._left = asyncio.new_event_loop(), os.getpid(), []
            wire = Wire(self._auth, self._options)
            wire.follow(self._wire)
            self._wire = wire
        self._let_go(self._runner)
        return self._runner


async def _turns(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)
