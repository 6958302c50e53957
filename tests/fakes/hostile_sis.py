"""A OneRoster provider against its clients: the simulator, with answers spoiled on their way out.

What the simulator's own faults and dialects can do is done with them; here is what they cannot.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web

from simulators.oneroster import RunningProvider

Record = dict[str, Any]
Spoil = Callable[[web.Request, web.Response], web.Response]


@dataclass(frozen=True)
class Mischief:
    """One kind of mischief and the lists it strikes.

    after: lets so many pass first. times: strikes so often; None is for ever.
    """

    spoil: Spoil
    collection: str = ""
    after: int = 0
    times: int | None = None


class HostileSis(RunningProvider):
    """A provider whose `mischiefs` spoil the lists it gives; they may be changed while it runs."""

    mischiefs: tuple[Mischief, ...] = ()
    _met: dict[int, int]

    def behave(self, *mischiefs: Mischief) -> None:
        """Do only this from now on; without arguments, nothing."""
        self.mischiefs, self._met = mischiefs, {}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer a request as the simulator does, then spoil the answer."""
        answer = await super().handle(request)
        if request.method != "GET" or not isinstance(answer, web.Response) or answer.status != 200:
            return answer
        for number, one in enumerate(self.mischiefs):
            if self._strikes(number, one, request.path):
                answer = one.spoil(request, answer)
        return answer

    def _strikes(self, number: int, one: Mischief, path: str) -> bool:
        if one.collection and not path.endswith(f"/{one.collection}"):
            return False
        seen = self._met[number] = self._met.get(number, 0) + 1
        return seen > one.after and (one.times is None or seen <= one.after + one.times)


def null_list(request: web.Request, answer: web.Response) -> web.Response:
    """Send null where the list should be."""
    return _rewritten(answer, lambda records: None)


def empty_page(request: web.Request, answer: web.Response) -> web.Response:
    """Send an empty page in the middle; the first page stays."""
    return _rewritten(answer, lambda records: []) if _offset(request) else answer


def storm(request: web.Request, answer: web.Response) -> web.Response:
    """Say 429 with a web page that asks to wait in words."""
    page = "<html><body>Request throttled. Please try again in 0.05 seconds.</body></html>"
    return web.Response(status=429, text=page, content_type="text/html")


def half_json(request: web.Request, answer: web.Response) -> web.Response:
    """Send the first half of the body as if it were all."""
    body = _bytes(answer)
    return web.Response(body=body[: len(body) // 2], content_type="application/json", headers=_told(answer))


def telling(total: str) -> Spoil:
    """Return a mischief that tells this total, whatever there is."""

    def spoil(request: web.Request, answer: web.Response) -> web.Response:
        headers = {**_told(answer), "X-Total-Count": total}
        return web.Response(body=_bytes(answer), content_type="application/json", headers=headers)

    return spoil


def twisting(twist: Callable[[Record], Record]) -> Spoil:
    """Return a mischief that changes every record."""

    def spoil(request: web.Request, answer: web.Response) -> web.Response:
        return _rewritten(answer, lambda records: [twist(dict(one)) for one in records])

    return spoil


def two_faced(request: web.Request, answer: web.Response) -> web.Response:
    """Send the first record of users or enrollments again on later pages, with other content."""
    first = {"users": "u0", "enrollments": "e-u0"}.get(request.path.rpartition("/")[2])
    if not _offset(request) or first is None:
        return answer
    other = {"sourcedId": first, "givenName": "Other", "role": "teacher"}
    return _rewritten(answer, lambda records: [{**records[0], **other}, *records[1:]])


def _offset(request: web.Request) -> int:
    return int(request.query.get("offset", "0"))


def _rewritten(answer: web.Response, change: Callable[[list[Record]], object]) -> web.Response:
    body = orjson.loads(_bytes(answer))
    spoiled = {
        name: change(value) if isinstance(value, list) and value else value for name, value in body.items()
    }
    return web.Response(body=orjson.dumps(spoiled), content_type="application/json", headers=_told(answer))


def _bytes(answer: web.Response) -> bytes:
    return answer.body if isinstance(answer.body, bytes) else b""


def _told(answer: web.Response) -> dict[str, str]:
    return {name: answer.headers[name] for name in ("X-Total-Count", "Link") if name in answer.headers}


def renamed(key: str) -> Spoil:
    """Return a mischief that wraps the list in another key."""

    def spoil(request: web.Request, answer: web.Response) -> web.Response:
        told = orjson.loads(_bytes(answer))
        body = {key if isinstance(value, list) else name: value for name, value in told.items()}
        return web.Response(body=orjson.dumps(body), content_type="application/json", headers=_told(answer))

    return spoil
