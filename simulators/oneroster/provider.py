"""The provider itself: routes a request through faults, credentials and the gradebook's rules."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from typing import Any
from urllib.parse import unquote

import orjson
from aiohttp import web

from domain.clock import Clock, system_clock
from domain.ids import fresh_id
from domain.oneroster import BASE_PATHS, COLLECTIONS, Service, Version
from simulators.dataset import Dataset
from simulators.oneroster import damage
from simulators.oneroster.auth import Credentials, Desk, scopes_for
from simulators.oneroster.dialect import Dialect
from simulators.oneroster.discovery import document, is_discovery
from simulators.oneroster.faults import TOKEN, Fault, FaultKind, Faults
from simulators.oneroster.gradebook import WRITABLE, Writer, check_writable
from simulators.oneroster.lists import Path
from simulators.oneroster.problems import ProblemError, of_status, problem_body, unknown_object
from simulators.oneroster.reads import Reader, service_of
from simulators.shapes import Record

TOKEN_PATH = "/token"
_WRITES = ("PUT", "POST", "DELETE")


class Provider:
    """One district's OneRoster provider: its data, its manner, and a count of what it was asked.

    `dialect`, `faults` and `dataset` may be changed while it runs. `requests` counts by method and
    shape ("GET users", "PUT results/*", "POST token"); `urls` keeps method and path with query;
    `busiest` is how many requests were ever on their way at once.
    """

    def __init__(
        self,
        dataset: Dataset,
        version: Version,
        *,
        dialect: Dialect | None = None,
        credentials: Credentials | None = None,
        faults: Faults | None = None,
        clock: Clock = system_clock,
        control_key: str = "",
    ) -> None:
        self.version, self.clock = version, clock
        self.dialect = dialect or Dialect()
        self.credentials = credentials or Credentials()
        self.faults = faults or Faults()
        self.control_key = control_key or secrets.token_urlsafe(16)
        self.requests: Counter[str] = Counter()
        self.urls: list[str] = []
        self.busy = self.busiest = 0
        self.dataset = dataset
        self._desk = Desk(version, self.credentials)
        self._reader: tuple[object, Reader] | None = None

    @property
    def writes(self) -> int:
        """The number of PUT, POST and DELETE requests to the API so far, whatever came of them."""
        counted = (n for what, n in self.requests.items() if what.startswith(_WRITES))
        return sum(counted) - self.requests["POST token"]

    def forget_requests(self) -> None:
        """Start counting afresh."""
        self.requests.clear()
        self.urls.clear()

    def gradebook(self) -> dict[str, list[Record]]:
        """Return the gradebook ordered by id, without modification times: equal when the grades are."""
        return {
            path: [
                {name: value for name, value in record.items() if name != "dateLastModified"}
                for _, record in sorted(self.dataset.collections[path].items())
            ]
            for path in WRITABLE
        }

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request of a client."""
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        try:
            return await self._handle(request)
        finally:
            self.busy -= 1

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        path, service = self._route(request)
        shape = TOKEN if path is None else path.shape
        self.requests[f"{request.method} {shape}"] += 1
        self.urls.append(f"{request.method} {request.raw_path}")
        fault = self.faults.take(request.method, shape)
        await asyncio.sleep(self.dialect.latency_ms / 1000)
        early = await damage.before(request, fault)
        if early is not None:
            return early
        answer = await self._answer(request, path, service, fault)
        return await damage.after(request, answer, fault)

    def _route(self, request: web.Request) -> tuple[Path | None, Service]:
        raw = request.rel_url.raw_path
        if raw == TOKEN_PATH:
            return None, Service.ROSTERING
        for service in Service:
            root = BASE_PATHS[self.version, service] + "/"
            if raw.startswith(root):
                path = Path(tuple(unquote(part) for part in raw.removeprefix(root).rstrip("/").split("/")))
                return path, service_of(path) if self.version is Version.V1P1 else service
        return Path((raw,)), Service.ROSTERING

    async def _answer(
        self, request: web.Request, path: Path | None, service: Service, fault: Fault | None
    ) -> web.Response:
        try:
            if fault and fault.kind is FaultKind.STATUS and fault.body == "standard":
                raise of_status(fault.status)
            if path is None:
                return await self._token(request, fault)
            if fault and fault.kind is FaultKind.EXPIRED_TOKEN:
                self._desk.revoke(request)
                raise of_status(401)
            if self.version is Version.V1P2 and self.dialect.discovery and is_discovery(path, service):
                return _json(document(service, self._above(request)))
            self._admit(request, path, service)
            return await self._serve(request, path, fault)
        except ProblemError as problem:
            return self._refused(problem, fault)

    def _refused(self, problem: ProblemError, fault: Fault | None) -> web.Response:
        headers = {"Retry-After": fault.retry_after} if fault and fault.retry_after else {}
        body = problem_body(problem, self.version, self.dialect.errors)
        return _json(body, headers, problem.http_status)

    async def _token(self, request: web.Request, fault: Fault | None) -> web.Response:
        if request.method != "POST":
            raise of_status(405)
        if fault and fault.kind is FaultKind.WRONG_SECRET:
            return web.json_response({"error": "invalid_client"}, status=401)
        return await self._desk.issue(request, self.dialect)

    def _admit(self, request: web.Request, path: Path, service: Service) -> None:
        carried = self._desk.admit(request)
        known = COLLECTIONS.get(path.collection)
        if known is None or self.version not in known.columns or service_of(path) is not service:
            raise unknown_object("that path")
        if request.method in _WRITES:
            check_writable(path, request.method, self.version)
        wanted = scopes_for(service, request.method, path.collection, nested=len(path.names) > 1)
        if not wanted & carried:
            raise ProblemError(403, "forbidden", "the token lacks the scope")

    async def _serve(self, request: web.Request, path: Path, fault: Fault | None) -> web.Response:
        if request.method == "GET":
            return _json(*self._read(request, path).answer(path, request.query, fault))
        if request.method in _WRITES:
            return self._write(request.method, path, await request.read())
        raise of_status(405)

    def _above(self, request: web.Request) -> str:
        """Return what stands above the base paths in hrefs and links."""
        return f"{request.scheme}://{request.host}"

    def _read(self, request: web.Request, path: Path) -> Reader:
        base_url = self._above(request)
        key = (id(self.dataset), self.dialect, base_url)
        if self._reader is None or self._reader[0] != key:
            self._reader = (key, Reader(self.dataset, self.version, self.dialect, base_url))
        return self._reader[1]

    def _write(self, method: str, path: Path, data: bytes) -> web.Response:
        if not self.dialect.window_open:
            raise ProblemError(403, "forbidden", "the grading window is closed")
        writer = Writer(self.dataset, self.version, strict=self.dialect.strict_writes)
        keep = not self.dialect.drop_writes
        if method == "DELETE":
            writer.delete(path, keep=keep)
            return web.Response(status=204)
        body = _loaded(data)
        if method == "POST":
            return _json({"sourcedIdPairs": writer.post(path, body, self.clock(), keep=keep)}, status=201)
        return self._put(writer, path, body, keep=keep)

    def _put(self, writer: Writer, path: Path, body: Any, *, keep: bool) -> web.Response:
        own_id = fresh_id() if self.dialect.reallocate_ids else ""
        new = writer.put(path, body, self.clock(), keep=keep, own_id=own_id)
        status = self.dialect.put_code or (201 if new else 200)
        if not (new and own_id):
            return web.Response(status=status)
        single = COLLECTIONS[path.collection].single
        return _json({single: {**body[single], "sourcedId": own_id}}, status=status)


def _loaded(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except ValueError:
        raise ProblemError(400, "invaliddata", "the body is no JSON") from None


def _json(body: Any, headers: dict[str, str] | None = None, status: int = 200) -> web.Response:
    text = orjson.dumps(body).decode()
    return web.Response(text=text, status=status, headers=headers, content_type="application/json")
