"""Inspecting a OneRoster server: every collection page by page, then a few questions about its manners.

One request is on its way at a time; only GETs are sent. A page is in memory, never a collection.
Source: OneRoster 1.1 and 1.2 REST bindings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

from connectors.http import Answer, HttpClient, Request
from connectors.oneroster.conformance import Deviations, Inspection
from connectors.oneroster.conformance_fields import SERVED
from connectors.oneroster.conformance_records import RecordJudge
from connectors.oneroster.conformance_references import ORDER, References
from connectors.oneroster.envelope import more_told, sourced_id_of, total_told
from connectors.oneroster.inspect_base import Found, find_server
from connectors.oneroster.inspect_csv import Progress
from connectors.oneroster.inspect_json import unwrapped
from connectors.oneroster.inspect_nested import Nested, NestedLists, Witnesses, planned
from connectors.oneroster.inspect_probes import Probes
from connectors.oneroster.inspect_wire import announcements, transport
from connectors.oneroster.settings import OneRosterConnection, address
from domain.errors import SisbridgeError
from domain.oneroster import COLLECTIONS, SUBSET_COLLECTIONS, Service, Version

MINIMUM = frozenset(
    [
        "academicSessions",
        "classes",
        "courses",
        "enrollments",
        "gradingPeriods",
        "orgs",
        "schools",
        "students",
        "teachers",
        "terms",
        "users",
    ]
)
"""What a rostering provider has to serve to be certified."""

_ALL_GONE = frozenset({"CN01", "CN02", "CN03", "CN15"})
"""Failures of the connection as a whole, which end the inspection."""


@dataclass(slots=True)
class _Manners:
    """What the pages told about paging: totals and links sent or not, the smallest cap met."""

    totals: set[bool] = field(default_factory=set)
    links: set[bool] = field(default_factory=set)
    cap: int = 0


def inspect_rest(settings: OneRosterConnection, version: Version | None, progress: Progress) -> Inspection:
    """Return what a server is and where it deviates.

    version: None finds it by the address and the server's answers. Raises RetryLater CN01 when it cannot
    be reached, StopDistrict for refused credentials, ContractBroken FL60 when it serves no OneRoster.
    """
    server = find_server(settings, version)
    found = Deviations(server.version)
    with server.settings.client(server.authorizer()) as client:
        reader = _Reader(client, server, found, progress)
        for collection in ORDER:
            if collection in SERVED and server.version in COLLECTIONS[collection].columns:
                reader.read(collection)
        reader.references.finish()
        for path, collection in SUBSET_COLLECTIONS.items():
            reader.look(path, collection)
        progress("lists below records", 0)
        below = ("Lists below records", reader.look_below())
        probes = Probes(client, server, found)
        progress("questions", 0)
        probes.ask(reader.counts, reader.samples)
    root = server.root(Service.ROSTERING)
    carried = ("Transport", transport(root, settings.ca_file, found, datetime.now(UTC)))
    facts = [*server.facts(), carried, *_paging_facts(reader.manners, settings), below, *probes.facts]
    return Inspection(urlsplit(root).netloc, server.version, facts, reader.counts, found.all())


def _paging_facts(manners: _Manners, settings: OneRosterConnection) -> list[tuple[str, str]]:
    told = {frozenset({True}): "sent", frozenset({False}): "not sent", frozenset[bool](): "never needed"}
    cap = f"{manners.cap} records a page" if manners.cap else f"none met up to {settings.page_size}"
    return [
        ("X-Total-Count", told.get(frozenset(manners.totals), "sent by some collections")),
        ("Link", told.get(frozenset(manners.links), "sent by some collections")),
        ("Page cap", cap),
    ]


class _Reader:
    def __init__(self, client: HttpClient, server: Found, found: Deviations, progress: Progress) -> None:
        self._client, self._server, self._found, self._progress = client, server, found, progress
        self._limit = server.settings.page_size
        self._params = {"sort": "sourcedId", "orderBy": "asc"}
        self.references = References(found)
        self.manners = _Manners()
        self.counts: dict[str, int] = {}
        self.samples: dict[str, tuple[str, ...]] = {}
        self._witnesses = Witnesses()

    def read(self, collection: str) -> None:
        """Read one collection to its end; what stops the reading is a deviation."""
        where = f"/{collection}"
        self._progress(where, 0)
        judge = RecordJudge(collection, where, self._server.version, self._found, self.references)
        try:
            there = self._pages(collection, judge)
        except SisbridgeError as error:
            if error.code in _ALL_GONE:
                raise
            self._failed(where, error)
            self.references.skip(collection)
            return
        if there:
            judge.end()
            self.references.end(collection, where)
        else:
            self.references.skip(collection)
            self._absent(collection)

    def look(self, path: str, collection: str) -> None:
        """Look at two records of a part of a collection: is it there, and in which envelope."""
        try:
            answer = self._get(path, collection, 0, 2)
        except SisbridgeError as error:
            if error.code in _ALL_GONE:
                raise
            self._failed(f"/{path}", error)
            return
        if answer.code >= 300:
            self._absent(path)
        elif fault := unwrapped(answer.json, path)[1]:
            self._found.add(fault, f"/{path}")

    def look_below(self) -> str:
        """Look at each list below a record that something read belongs to; return what came of it."""
        lists = planned(self._witnesses, self._server.version, self.references.recall)
        return NestedLists(self._ask, self._limit, self._found).look(lists)

    def _ask(self, nested: Nested) -> Answer:
        asked = {"limit": str(self._limit), "offset": "0"} | self._params
        url = address(self._server.root(nested.service), *nested.segments)
        return self._client.send(Request("GET", url, asked, permission="reading lists below records"))

    def _failed(self, where: str, error: SisbridgeError) -> None:
        if error.code == "CN04":
            self._found.add("OR-E10", "the grant", at=where)
        else:
            self._found.add("OR-E11", where, column=error.code)

    def _absent(self, path: str) -> None:
        if path in MINIMUM:
            self._found.add("OR-E09", f"/{path}")

    def _get(self, path: str, collection: str, offset: int, limit: int) -> Answer:
        root = self._server.root(COLLECTIONS[collection].service)
        asked = {"limit": str(limit), "offset": str(offset)}
        request = Request("GET", address(root, path), asked | self._params, permission=f"reading {path}")
        answer = self._client.send(request)
        if answer.code in (400, 422) and self._params:
            self._found.add("OR-H07", f"/{path}", column="sort")
            self._params = {}
            return self._get(path, collection, offset, limit)
        return answer

    def _pages(self, collection: str, judge: RecordJudge) -> bool:
        """Judge every page; return whether the collection is there at all.

        No total and no link is believed: what ends a collection is a page without records.
        """
        where, offset, total = f"/{collection}", 0, None
        page: tuple[Answer, int] | None = None
        before: tuple[str, ...] = ()
        while (answer := self._get(collection, collection, offset, self._limit)).code < 300:
            rows, fault = unwrapped(answer.json, collection)
            ids = tuple(filter(None, map(sourced_id_of, rows)))
            if offset == 0:
                total = total_told(answer.headers)
                self._first(collection, answer, ids, fault)
            if rows and ids == before:
                self._found.add("OR-H06", where, column="offset")
                break
            self._witnesses.take(collection, rows)
            for number, row in enumerate(rows, offset + 1):
                judge.judge(number, row)
            if len(rows) > self._limit:
                self._found.add("OR-H05", where)
            if not rows:
                break
            if page is not None:
                self._followed(where, *page)
            page = answer, len(rows)
            offset, before = offset + len(rows), ids
            self._progress(where, offset)
        if total is not None and total != offset:
            self._found.add("OR-H02", where, column="X-Total-Count")
        self.counts[collection] = offset
        return answer.code < 300 or offset > 0

    def _first(self, collection: str, answer: Answer, ids: tuple[str, ...], fault: str) -> None:
        """Note what the first page tells about all of them."""
        where, headers = f"/{collection}", answer.headers
        self.samples[collection] = ids[:3]
        if fault:
            self._found.add(fault, where)
        announcements(headers, where, self._found)
        if "json" not in headers.get("Content-Type", "").lower():
            self._found.add("OR-H10", where)
        keys = set(answer.json) if isinstance(answer.json, dict) else set()
        for key in sorted(keys - {COLLECTIONS[collection].envelope}) if not fault else ():
            self._found.add("OR-E08", where, column=key)
        told = total_told(headers) is not None
        self.manners.totals.add(told)
        if not told:
            self._found.add("OR-H01", where)

    def _followed(self, where: str, answer: Answer, rows: int) -> None:
        """Note what a page said, and how large it was, now that another page has followed it."""
        linked = more_told(answer.headers)
        self.manners.links.add(linked is not None)
        if linked is None:
            self._found.add("OR-H03", where)
        elif linked and not self._own(answer.headers):
            self._found.add("OR-H11", where)
        if rows < self._limit:
            self.manners.cap = min(self.manners.cap or rows, rows)
            self._found.add("OR-H04", where)

    def _own(self, headers: Mapping[str, str]) -> bool:
        base = urlsplit(self._server.root(Service.ROSTERING))
        return f"<{base.scheme}://{base.netloc}/" in headers.get("Link", "")
