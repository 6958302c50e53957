"""The server itself: token, faults, pace and permission first, then whichever door a path names."""

from __future__ import annotations

import asyncio
import base64
import secrets
import threading
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC

import orjson
from aiohttp import web

from domain.clock import Clock, system_clock
from simulators.dataset import Dataset
from simulators.oneroster import damage
from simulators.oneroster.auth import Credentials
from simulators.oneroster.faults import Fault, FaultKind, Faults
from simulators.powerschool import queries
from simulators.powerschool.manner import Manner
from simulators.powerschool.plugin import Plugin
from simulators.powerschool.problems import Refusal, answer, refused
from simulators.powerschool.rostering import UniversalRostering
from simulators.powerschool.stored import StoredGrades
from simulators.powerschool.tables import Tables
from simulators.powerschool.xte import Gradebook

TOKEN_PATH = "/oauth/access_token"
_OLD_PATH = "/ims/oneroster/v1p1"


@dataclass(slots=True)
class Installed:
    """The plugin as it stands in the district: tokens die when it is installed anew."""

    plugin: Plugin
    credentials: Credentials
    tokens: dict[str, float] = field(default_factory=dict)


class PowerSchool:
    """One district's PowerSchool: its tables, its OneRoster data, its manner, and what it was asked.

    `manner`, `faults`, `tables`, `rostering.dataset` and `installed` may be changed while it runs.
    `requests` counts by method and shape ("POST schema/query", "PUT schema/table/storedgrades/*",
    "POST token").
    """

    def __init__(
        self,
        dataset: Dataset,
        *,
        tables: Tables | None = None,
        manner: Manner | None = None,
        plugin: Plugin | None = None,
        credentials: Credentials | None = None,
        faults: Faults | None = None,
        clock: Clock = system_clock,
    ) -> None:
        self.clock = clock
        self.manner = manner or Manner()
        self.tables = tables or Tables.from_dataset(dataset)
        self.rostering = UniversalRostering(dataset, clock)
        self.installed = Installed(plugin or Plugin(), credentials or Credentials())
        self.faults = faults or Faults()
        self.requests: Counter[str] = Counter()
        self.urls: list[str] = []
        self.busy = self.busiest = 0
        self._pace = threading.Lock()
        self._last = 0.0
        self._resubmitted = 0

    @property
    def dataset(self) -> Dataset:
        """The OneRoster side's data; set it and the tables to begin anew."""
        return self.rostering.dataset

    @property
    def registered(self) -> bool:
        """Whether somebody pressed Register after installing (Otus: without it no grades pass back)."""
        return self.rostering.registered

    @registered.setter
    def registered(self, value: bool) -> None:
        self.rostering.registered = value

    @property
    def writes(self) -> int:
        """The number of requests so far that meant to change something, whatever came of them."""
        reads = ("GET ", "POST schema/query", "POST token")
        return sum(n for what, n in self.requests.items() if not what.startswith(reads))

    def load(self, dataset: Dataset) -> None:
        """Begin anew with a district's data: roster, no grades."""
        self.rostering.dataset, self.tables = dataset, Tables.from_dataset(dataset)

    def forget_requests(self) -> None:
        """Start counting afresh."""
        self.requests.clear()
        self.urls.clear()

    def reinstall(self, plugin: Plugin | None = None) -> None:
        """Delete the plugin and install it anew: new client id and secret, old tokens die (until 21.11)."""
        client = f"plugin-{secrets.token_hex(4)}"
        self.installed = Installed(plugin or self.installed.plugin, Credentials(client_id=client))

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request of a client."""
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        try:
            return await self._handle(request)
        finally:
            self.busy -= 1

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        shape = shape_of(request.path)
        self.requests[f"{request.method} {shape}"] += 1
        self.urls.append(f"{request.method} {request.raw_path}")
        fault = self.faults.take(request.method, shape)
        await asyncio.sleep(self.manner.latency_ms / 1000)
        early = await damage.before(request, fault)
        if early is not None:
            return early
        return await damage.after(request, await self._answer(request, shape, fault), fault)

    async def _answer(self, request: web.Request, shape: str, fault: Fault | None) -> web.Response:
        try:
            if fault and fault.kind is FaultKind.STATUS:
                raise Refusal(fault.status, f"answered {fault.status}")
            if shape == "token":
                return await self._token(request, fault)
            if fault and fault.kind is FaultKind.EXPIRED_TOKEN:
                self.installed.tokens.clear()
            self._admit(request)
            self._keep_pace()
            return await self._serve(request)
        except Refusal as refusal:
            return refused(refusal)

    async def _token(self, request: web.Request, fault: Fault | None) -> web.Response:
        """Basic credentials and a form (vendor page "OAuth"); anything else is refused."""
        known = self.installed.credentials
        pair = f"{known.client_id}:{known.client_secret}".encode()
        given = request.headers.get("Authorization", "")
        form = await request.post()
        right = given == "Basic " + base64.b64encode(pair).decode()
        if request.method != "POST" or form.get("grant_type") != "client_credentials" or not right:
            return answer({"error": "invalid_client"}, 401)
        if fault and fault.kind is FaultKind.WRONG_SECRET:
            return answer({"error": "invalid_client"}, 401)
        token, life = secrets.token_urlsafe(24), self.manner.token_lifetime
        self.installed.tokens[token] = time.monotonic() + life
        says = str(life) if self.manner.expires_in_text else life
        return answer({"access_token": token, "token_type": "Bearer", "expires_in": says})

    def _admit(self, request: web.Request) -> None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or time.monotonic() >= self.installed.tokens.get(token, 0.0):
            raise Refusal(401, "Unauthorized")

    def _keep_pace(self) -> None:
        """Reject a request within the minimum interval of a plugin (Global API settings)."""
        least = self.manner.min_interval_ms / 1000
        with self._pace:
            now = time.monotonic()
            left = self._last + least - now
            if left <= 0:
                self._last = now
                return
        text = f"Too many requests for this plugin. Please try again in {left:.3f} seconds."
        raise Refusal(self.manner.interval_code, text)

    async def _serve(self, request: web.Request) -> web.Response:
        path = request.path.rstrip("/")
        if self.manner.oneroster_path and path.startswith(self.manner.oneroster_path + "/"):
            return await self._oneroster(request)
        parts = path.removeprefix("/ws/").split("/")
        if not path.startswith("/ws/"):
            raise Refusal(404, "Not Found")
        if parts == ["v1", "metadata"]:
            return answer(self._metadata())
        if parts == ["v1", "district"]:
            return answer({"district": {"uuid": "0", "name": self._district_name()}})
        if parts[0] == "schema":
            return await self._schema(request, parts[1:])
        if parts[0] == "xte":
            return await self._xte(request, parts[1:])
        raise Refusal(404, "Not Found")

    async def _oneroster(self, request: web.Request) -> web.Response:
        """Hand a request on to the OneRoster side, under the path it knows itself by."""
        self.rostering.manner = self.manner
        cap, dialect = self.manner.page_size, self.rostering.dialect
        if dialect.page_cap != cap:
            self.rostering.dialect = replace(dialect, page_cap=cap, default_page=cap)
        url = str(request.rel_url).replace(self.manner.oneroster_path, _OLD_PATH, 1)
        response = await self.rostering.handle(request.clone(rel_url=url))
        assert isinstance(response, web.Response)
        return response

    def _metadata(self) -> dict[str, object]:
        sized = ("course", "school", "section", "section_enrollment", "staff", "student", "term")
        sizes = {f"{name}_max_page_size": self.manner.page_size for name in (*sized, "schema_table_query")}
        return {"metadata": {**sizes, "plugin_id": 30, "powerschool_version": "25.1.0.0", "state": "IN"}}

    def _district_name(self) -> str:
        names = [org["name"] for org in self.dataset.records("orgs") if org.get("type") == "district"]
        return str(names[0]) if names else ""

    async def _schema(self, request: web.Request, parts: list[str]) -> web.Response:
        plugin = self.installed.plugin
        match parts:
            case ["query", name] if request.method == "POST":
                given = await _body(request)
                return answer(queries.run(self.tables, plugin, self.manner, name, given, request.query))
            case ["query", name, "count"] if request.method == "POST":
                return answer(queries.count(self.tables, plugin, name, await _body(request)))
            case ["table", table, *rest]:
                return await self._table(request, table.lower(), rest)
        raise Refusal(404, "Not Found")

    async def _table(self, request: web.Request, table: str, rest: list[str]) -> web.Response:
        today = self.clock().astimezone(UTC).date()
        grades = StoredGrades(self.tables, self.installed.plugin, self.manner, today)
        match request.method, rest:
            case "GET", []:
                return answer(grades.page(table, request.query))
            case "GET", ["count"]:
                return answer(grades.count(table, request.query))
            case "GET", [key] if key.isdecimal():
                return answer(grades.one(table, int(key), request.query))
            case "POST", [] if table == "storedgrades":
                return answer(grades.insert(await _body(request)), 201)
            case "PUT", [key] if table == "storedgrades" and key.isdecimal():
                return answer(grades.update(int(key), await _body(request)))
            case "DELETE", [key] if table == "storedgrades" and key.isdecimal():
                grades.delete(int(key))
                return web.Response(status=204)
        raise Refusal(404, "Not Found")

    async def _xte(self, request: web.Request, parts: list[str]) -> web.Response:
        book = Gradebook(self.tables, self.installed.plugin, self.manner, self.clock())
        if request.method != "GET" and self._resubmitted < self.manner.resubmits:
            self._resubmitted += 1
            raise Refusal(412, "Resubmit")
        given = request.query
        match request.method, parts:
            case "GET", ["teacher_category"]:
                return answer(book.categories(given))
            case "GET", ["section", "assignment"]:
                return answer(book.assignments(given))
            case "GET", ["section", "assignment", key] if key.isdecimal():
                return answer(book.assignment(int(key)))
            case "POST", ["section", "assignment"]:
                return answer(book.create(given, await _body(request)), 201)
            case "PUT", ["section", "assignment", key] if key.isdecimal():
                return answer(book.replace(int(key), given, await _body(request)), 201)
            case "DELETE", ["section", "assignment", key] if key.isdecimal():
                book.delete(int(key), given)
                return web.Response(status=204)
            case "PUT", ["score"]:
                return answer(book.save_scores(given, await _body(request)))
            case "DELETE", ["assignment_section", "students"]:
                book.remove_students(given, await _body(request))
                return answer({}, 201)
            case "GET", ["grade_scale", "scales", ids]:
                return answer(book.scales(ids))
        raise Refusal(404, "Not Found")


def shape_of(path: str) -> str:
    """Return a path as faults and counts name it: below /ws/, numbers and query names as *."""
    trimmed = path.rstrip("/")
    if trimmed == TOKEN_PATH:
        return "token"
    parts = trimmed.removeprefix("/ws/").removeprefix("/api").strip("/").split("/")
    if parts[:2] == ["schema", "query"]:
        return "/".join(["schema", "query", *parts[3:]])
    if parts[:2] == ["ims", "oneroster"]:
        below = ("*" if place % 2 else part for place, part in enumerate(parts[4:], 1))
        return "/".join(["oneroster", *parts[3:4], *below])
    return "/".join("*" if part.isdecimal() else part for part in parts)


async def _body(request: web.Request) -> dict[str, object]:
    data = await request.read()
    try:
        found = orjson.loads(data) if data else {}
    except ValueError:
        raise Refusal(400, "The body is no JSON") from None
    return found if isinstance(found, dict) else {}
