"""The control surface below /__simulator__: for tests and the demo only, behind a random key."""

from __future__ import annotations

import hmac

import orjson
from aiohttp import web

from simulators.dataset import Dataset
from simulators.oneroster.faults import Fault, FaultKind
from simulators.oneroster.gradebook import WRITABLE
from simulators.oneroster.provider import Provider

ROOT = "/__simulator__"
KEY_HEADER = "X-Control-Key"


class Control:
    """What may be asked of a running provider from outside its process."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def routes(self) -> list[web.RouteDef]:
        """Return the routes: state, faults, reset, dataset, edit."""
        return [
            web.get(f"{ROOT}/state", self.state),
            web.post(f"{ROOT}/faults", self.add_faults),
            web.post(f"{ROOT}/reset", self.reset),
            web.post(f"{ROOT}/dataset", self.swap),
            web.post(f"{ROOT}/edit", self.edit),
        ]

    def _check(self, request: web.Request) -> None:
        given = request.headers.get(KEY_HEADER, "")
        if not hmac.compare_digest(given.encode(), self._provider.control_key.encode()):
            raise web.HTTPForbidden

    async def state(self, request: web.Request) -> web.Response:
        """GET: the gradebook in a stable order, and the requests counted so far."""
        self._check(request)
        requests = dict(sorted(self._provider.requests.items()))
        body = {"gradebook": self._provider.gradebook(), "requests": requests}
        return web.Response(body=orjson.dumps(body), content_type="application/json")

    async def add_faults(self, request: web.Request) -> web.Response:
        """POST: a list of faults as objects with the fields of `Fault`."""
        self._check(request)
        for item in orjson.loads(await request.read()):
            kind, keys = FaultKind(item.pop("kind")), tuple(item.pop("keys", ()))
            self._provider.faults.add(Fault(kind, keys=keys, **item))
        return web.Response(status=204)

    async def reset(self, request: web.Request) -> web.Response:
        """POST: forget faults and counts, and empty the gradebook."""
        self._check(request)
        self._provider.faults.clear()
        self._provider.forget_requests()
        for path in WRITABLE:
            for sourced_id in list(self._provider.dataset.collections[path]):
                self._provider.dataset.drop(path, sourced_id)
        return web.Response(status=204)

    async def swap(self, request: web.Request) -> web.Response:
        """POST: a data set as a zip of CSV or JSON files; the gradebook stays as it is."""
        self._check(request)
        fresh = Dataset.from_zip(await request.read())
        for path in WRITABLE:
            fresh.collections[path] = self._provider.dataset.collections[path]
        self._provider.dataset = fresh
        return web.Response(status=204)

    async def edit(self, request: web.Request) -> web.Response:
        """POST {collection, sourcedId, fields}: a person changes a record in the SIS itself."""
        self._check(request)
        asked = orjson.loads(await request.read())
        dataset = self._provider.dataset
        dataset.change(asked["collection"], asked["sourcedId"], self._provider.clock(), **asked["fields"])
        return web.Response(status=204)
