"""What a fault does to a request before it is served, and to the answer after."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

import orjson
from aiohttp import web

from simulators.oneroster.faults import Fault, FaultKind

_LOGIN_PAGE = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in.</body></html>"
_LINGER_NOT = struct.pack("ii", 1, 0)


async def before(request: web.Request, fault: Fault | None) -> web.Response | None:
    """Return the answer when a fault keeps the request from being served at all, else None."""
    if fault is None:
        return None
    if fault.kind is FaultKind.SLOW:
        await asyncio.sleep(fault.seconds)
    if fault.kind in (FaultKind.RESET, FaultKind.CLOSED):
        return _hang_up(request, reset=fault.kind is FaultKind.RESET)
    if fault.kind is FaultKind.HTML:
        return web.Response(text=_LOGIN_PAGE, content_type="text/html")
    if fault.kind is FaultKind.STATUS and fault.body != "standard":
        headers = {"Retry-After": fault.retry_after} if fault.retry_after else None
        text = _LOGIN_PAGE if fault.body == "html" else ""
        return web.Response(status=fault.status, text=text, content_type="text/html", headers=headers)
    return None


async def after(request: web.Request, answer: web.Response, fault: Fault | None) -> web.StreamResponse:
    """Return an answer as a fault leaves it."""
    if fault is None:
        return answer
    body = answer.body if isinstance(answer.body, bytes) else b""
    if fault.kind is FaultKind.LOST_ANSWER:
        return _hang_up(request, reset=True)
    if fault.kind is FaultKind.HALF_BODY:
        return await _half(request, answer, body)
    if fault.kind is FaultKind.TRUNCATED:
        answer.body = body[: len(body) // 2]
    if fault.kind is FaultKind.NO_ENVELOPE:
        answer.body = b"{}"
    if fault.kind is FaultKind.DROPPED_KEYS and body:
        answer.body = orjson.dumps(_without(orjson.loads(body), fault.keys))
    if fault.kind is FaultKind.OTHER_VALUES and body:
        answer.body = orjson.dumps(_with(orjson.loads(body), fault))
        for name in answer.headers.keys() & set(fault.keys):
            answer.headers[name] = str(fault.value)
    return answer


def _hang_up(request: web.Request, *, reset: bool) -> web.Response:
    transport = request.transport
    if transport is not None:
        plug: socket.socket | None = transport.get_extra_info("socket")
        if reset and plug is not None:
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        transport.abort()
    return web.Response()


async def _half(request: web.Request, answer: web.Response, body: bytes) -> web.StreamResponse:
    stream = web.StreamResponse(status=answer.status, headers={"Content-Type": "application/json"})
    stream.content_length = len(body) + 1
    await stream.prepare(request)
    await stream.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return stream


def _without(value: Any, keys: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return {name: _without(item, keys) for name, item in value.items() if name not in keys}
    return [_without(item, keys) for item in value] if isinstance(value, list) else value


def _with(value: Any, fault: Fault) -> Any:
    if isinstance(value, dict):
        return {
            name: fault.value if name in fault.keys else _with(item, fault) for name, item in value.items()
        }
    return [_with(item, fault) for item in value] if isinstance(value, list) else value
