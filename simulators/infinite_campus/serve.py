"""A running Campus: the OneRoster provider behind Campus's addresses, keys, windows and limits.

Comments begin with the vendor's page that a behaviour stands for, by the names of `manner`.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import orjson
from aiohttp import web

from domain.clock import Clock, system_clock
from domain.oneroster import BASE_PATHS, COLLECTIONS, Service, Version
from simulators.dataset import Dataset
from simulators.infinite_campus.forms import WINDOW_OPEN, as_served, is_task
from simulators.infinite_campus.grades import (
    SCORE_GRADE,
    check_published,
    letter_alone,
    shut,
    stored_result,
    uncategorized,
)
from simulators.infinite_campus.manner import CAMPUS_DIALECT, Manner
from simulators.oneroster.auth import Credentials, Desk
from simulators.oneroster.dialect import Dialect
from simulators.oneroster.faults import Fault, Faults
from simulators.oneroster.lists import Path
from simulators.oneroster.problems import ProblemError
from simulators.oneroster.reads import Reader, service_of
from simulators.oneroster.serve import RunningProvider
from simulators.shapes import Record

ROOT = "/campus"
TOKEN_PATH = f"{ROOT}/oauth2/token"
NO_APPLICATION = "No Campus Application selected"
VENDOR_HEADER = "x-vendor-authorization"
VENDOR_ONLY = ("lineItems", "results", "categories", "scoreScales")
"""Collections that want the vendor header (endpoints: line item category, line item, result, score scale)."""

_CLASS_LISTS = ("classes/*/students", "schools/*/classes/*/students")
_OLD_ROOTS = ("/ims/oneroster/rostering/v1p1/", "/ims/oneroster/gradebook/v1p1/")


class _CampusReader(Reader):
    """Reads as the provider does, and leaves out the letters where Campus does not show them."""

    def __init__(
        self, dataset: Dataset, version: Version, dialect: Dialect, base_url: str, *, letters: bool
    ) -> None:
        super().__init__(dataset, version, dialect, base_url)
        self._letters = letters

    def _shown(self, collection: str, record: Record, fields: Iterable[str]) -> Record:
        shown = super()._shown(collection, record, fields)
        if collection == "results" and not self._letters and isinstance(shown.get("metadata"), dict):
            kept = {name: value for name, value in shown["metadata"].items() if name != SCORE_GRADE}
            shown = {**shown, "metadata": kept}
        return shown


class RunningCampus(RunningProvider):
    """One district's Campus on loopback while its `with` block runs; `manner` may be changed meanwhile.

    What tests do with any provider (faults, requests, dataset, gradebook) they do with this one. Two
    base URLs lead to it: `rostering_url` is form A, `plain_url` form B. `vendor_key` is what partners
    send in the vendor header; `vendor_urls` are the requests that carried one.
    """

    def __init__(
        self,
        dataset: Dataset,
        version: Version,
        *,
        manner: Manner | None = None,
        dialect: Dialect = CAMPUS_DIALECT,
        credentials: Credentials | None = None,
        faults: Faults | None = None,
        clock: Clock = system_clock,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        # Connection: keys begin with InfiniteCampus_ and an id; OAuth 1.0a ended on 30 June 2023.
        known = credentials or Credentials(client_id="InfiniteCampus_7", oauth1=())
        super().__init__(
            dataset,
            version,
            dialect=dialect,
            credentials=known,
            faults=faults,
            clock=clock,
            host=host,
            port=port,
        )
        self.manner = manner or Manner()
        self.vendor_key = f"vendor:{secrets.token_urlsafe(12)}"
        self.vendor_urls: list[str] = []
        self._views: tuple[object, _CampusReader, _CampusReader] | None = None

    @property
    def application_base(self) -> str:
        """Form A of the base URL, as the connection's page shows it."""
        return f"{self.base_url}{self._application_path()}/ims/oneroster"

    @property
    def plain_base(self) -> str:
        """Form B of the base URL."""
        return f"{self.base_url}{ROOT}/api/ims/oneroster/rostering/{_numbered(self.version)}"

    @property
    def rostering_url(self) -> str:
        """The root of the rostering service in form A."""
        return f"{self.base_url}{self._application_path()}{BASE_PATHS[self.version, Service.ROSTERING]}"

    @property
    def gradebook_url(self) -> str:
        """The root of the gradebook service in form A."""
        return f"{self.base_url}{self._application_path()}{BASE_PATHS[self.version, Service.GRADEBOOK]}"

    @property
    def token_url(self) -> str:
        """Where tokens are given out, the application named."""
        return f"{self.base_url}{TOKEN_PATH}?appName={self.manner.app}"

    def facts(self) -> dict[str, object]:
        """Return where it stands and how to get in, the vendor key included: for its operator's eyes."""
        return {**super().facts(), "plain_url": self.plain_base, "vendor_key": self.vendor_key}

    def renew_secret(self) -> None:
        """Make a new secret; the old one and its tokens count no more from this moment (connection)."""
        self.credentials = replace(self.credentials, client_secret=secrets.token_urlsafe(16))
        self._desk = Desk(self.version, self.credentials)

    def set_window(self, task: str, *, is_open: bool, term: str = "") -> None:
        """Open or close the grading window of a task, in one term or in all (grading)."""
        for record in self.dataset.records("lineItems"):
            there = record.get("gradingPeriod", {}).get("sourcedId", "")
            if is_task(record) and record["title"] == task and term in ("", there):
                metadata = {**record["metadata"], WINDOW_OPEN: str(is_open).lower()}
                self.dataset.change("lineItems", record["sourcedId"], self.clock(), metadata=metadata)

    def _application_path(self) -> str:
        return f"{ROOT}/api/oneroster/{_numbered(self.version)}/{self.manner.app}"

    def _above(self, request: web.Request) -> str:
        at_application = request.rel_url.raw_path.startswith(self._application_path())
        prefix = self._application_path() if at_application else f"{ROOT}/api"
        return f"{request.scheme}://{request.host}{prefix}"

    def _route(self, request: web.Request) -> tuple[Path | None, Service]:
        raw = request.rel_url.raw_path
        if raw == TOKEN_PATH:
            return None, Service.ROSTERING
        prefixes = {"application": self._application_path(), "plain": f"{ROOT}/api"}
        for form in self.manner.base_forms:
            if raw.startswith(prefixes[form] + "/ims/"):
                return self._below(raw.removeprefix(prefixes[form]))
        return Path((raw,)), Service.ROSTERING

    def _below(self, raw: str) -> tuple[Path, Service]:
        roots = {f"{BASE_PATHS[self.version, service]}/": service for service in Service}
        if self.version is Version.V1P1:
            # Public clients: form B names the service in 1.1 too; which serves line items is unconfirmed.
            roots |= dict.fromkeys(_OLD_ROOTS, Service.ROSTERING)
        for root, service in roots.items():
            if raw.startswith(root):
                path = Path(tuple(unquote(part) for part in raw.removeprefix(root).split("/")))
                return path, service_of(path) if self.version is Version.V1P1 else service
        return Path((raw,)), Service.ROSTERING

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request of a client."""
        if VENDOR_HEADER in request.headers:
            self.vendor_urls.append(f"{request.method} {request.raw_path}")
        return await super().handle(request)

    async def _answer(
        self, request: web.Request, path: Path | None, service: Service, fault: Fault | None
    ) -> web.Response:
        # Consumers: serial calls in peak hours, five at most off-peak.
        if path is not None and self.busy > self.manner.allowed_at_once(self.clock()):
            return web.Response(status=429, headers={"Retry-After": "1"}, text="Too many requests")
        # Unconfirmed: a large page runs into the gateway's.
        limit = request.query.get("limit", "")
        if self.manner.slow_above is not None and limit.isdecimal() and int(limit) > self.manner.slow_above:
            return web.Response(status=504, text="Gateway Time-out")
        return await super()._answer(request, path, service, fault)

    async def _token(self, request: web.Request, fault: Fault | None) -> web.Response:
        # Connection: without appName, or with one nobody set up, no application is selected.
        if request.query.get("appName") != self.manner.app:
            return web.Response(status=self.manner.refusal_code, text=NO_APPLICATION)
        expires = self.manner.secret_expires_at
        if expires is not None and self.clock() >= expires:
            return web.json_response({"error": "invalid_client"}, status=401)
        return await super()._token(request, fault)

    def _admit(self, request: web.Request, path: Path, service: Service) -> None:
        super()._admit(request, path, service)
        if path.collection not in VENDOR_ONLY:
            return
        # Endpoints: grades want the vendor's key on top of the bearer token; 401 without.
        given = request.headers.get(VENDOR_HEADER, "")
        if not hmac.compare_digest(given.encode(), self.vendor_key.encode()):
            raise ProblemError(401, "unauthorisedrequest", "the vendor is not authorized")
        if not (self.manner.supported and self.manner.campus_learning):
            raise ProblemError(403, "forbidden", "the connection is for rostering only")

    def _read(self, request: web.Request, path: Path) -> Reader:
        manner, base_url = self.manner, self._above(request)
        key = (id(self.dataset), self.dataset.revision, manner, self.dialect, base_url)
        if self._views is None or self._views[0] != key:
            served = as_served(
                self.dataset, manner.active_year, manner.without_account, hide_seats=manner.hides_their_seats
            )
            shown, whole = (
                _CampusReader(data, self.version, self.dialect, base_url, letters=manner.returns_letters)
                for data in (served, self.dataset)
            )
            self._views = (key, shown, whole)
        _, shown, whole = self._views
        # Models: who has no account is missing from the users, not from the class.
        return whole if path.shape in _CLASS_LISTS else shown

    def _write(self, method: str, path: Path, data: bytes) -> web.Response:
        if path.collection == "lineItems" and len(path.segments) == 2:
            check_published(self.dataset, path.ids[0])
        if method != "PUT":
            return super()._write(method, path, data)
        single = COLLECTIONS[path.collection].single
        body = _body(data)
        if path.collection == "lineItems" and self.manner.uncategorized and single in body:
            body[single] = uncategorized(self.dataset, body[single], self.clock())
        if path.collection == "results" and isinstance(body.get(single), dict):
            return self._put_result(path, body)
        return super()._write(method, path, orjson.dumps(body))

    def _put_result(self, path: Path, body: dict[str, Any]) -> web.Response:
        if shut(self.dataset, body["result"]):
            # Grading: a grade for a closed window is rejected or ignored.
            if self.manner.closed_window == "dropped":
                return web.Response(status=200)
            raise ProblemError(403, "forbidden", "the grading window is closed")
        kept = stored_result(self.dataset, body["result"], self.manner)
        if "score" in kept or not letter_alone(kept, self.manner):
            return super()._write("PUT", path, orjson.dumps({"result": kept}))
        # The standard's 1.1 result cannot be without a number, a grading task's can.
        answer = super()._write("PUT", path, orjson.dumps({"result": {**kept, "score": 0.0}}))
        if self.dataset.get("results", path.ids[0]) is not None:
            self.dataset.change("results", path.ids[0], self.clock(), score=None)
        return answer


def _numbered(version: Version) -> str:
    return "v1p1" if version is Version.V1P1 else "v1p2"


def _body(data: bytes) -> dict[str, Any]:
    try:
        body = orjson.loads(data)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
