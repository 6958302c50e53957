"""A few questions about a server's manners: sort, filter, fields, offset, single records, refusals.

Source: OneRoster 1.1 and 1.2 REST bindings, query parameters and error payloads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import orjson

from connectors.auth import StaticHeaders
from connectors.http import Answer, HttpClient, Request
from connectors.oneroster.conformance import Deviations
from connectors.oneroster.discovery import discover
from connectors.oneroster.envelope import sourced_id_of, total_told
from connectors.oneroster.inspect_base import Found
from connectors.oneroster.inspect_json import unwrapped
from connectors.oneroster.settings import address
from domain.errors import SisbridgeError
from domain.oneroster import COLLECTIONS, Service, Version

NOWHERE = "sisbridge-inspect-no-such-id"
_SOME = "25"
_FUTURE = "2999-01-01T00:00:00.000Z"
_ASKED_ABOUT = ("classes", "courses", "enrollments", "users", "orgs")


class Probes:
    """Asks one collection a handful of questions and notes what was honoured."""

    def __init__(self, client: HttpClient, server: Found, found: Deviations) -> None:
        """Remember whom to ask; nothing is sent yet."""
        self._client, self._server, self._found = client, server, found
        self._root = server.root(Service.ROSTERING)
        self.facts: list[tuple[str, str]] = []

    def ask(self, counts: Mapping[str, int], samples: Mapping[str, tuple[str, ...]]) -> None:
        """Ask the first collection that has two records; none asks nothing about lists."""
        chosen = next((one for one in _ASKED_ABOUT if len(samples.get(one, ())) > 1), None)
        if chosen is not None:
            for name, question in self._questions(chosen, samples[chosen], counts[chosen]):
                self._try(f"/{chosen}", name, question)
        self._try("/classes", "unknown id", self._unknown)
        self._try("/classes/{id}/students", "list below an unknown id", self._unknown_parent)
        self._try("/orgs", "no credentials", self._anonymous)
        if self._server.version is Version.V1P2:
            self._try("/discovery", "discovery document", lambda: self._discovery(counts))

    def _questions(self, path: str, ids: tuple[str, ...], count: int) -> list[tuple[str, Callable[[], bool]]]:
        return [
            ("order", lambda: self._order(path)),
            ("sort", lambda: self._sort(path)),
            ("filter", lambda: self._filter(path, ids[0], count)),
            ("filter by time of change", lambda: self._changed(path)),
            ("fields", lambda: self._fields(path)),
            ("offset", lambda: self._offset(path)),
            ("single record", lambda: self._single(path, ids[0])),
        ]

    def _try(self, where: str, name: str, question: Callable[[], bool]) -> None:
        try:
            self.facts.append((name.capitalize(), "as the standard says" if question() else "deviates"))
        except SisbridgeError as error:
            if error.code == "CN04":
                self._found.add("OR-E10", "the grant", at=where)
                self.facts.append((name.capitalize(), "not granted"))
                return
            self._found.add("OR-E11", where, column=error.code)
            self.facts.append((name.capitalize(), f"could not be asked ({error.code})"))

    def _list(self, path: str, **params: str) -> tuple[Answer, list[object]]:
        answer = self._client.get(address(self._root, path), params)
        return answer, unwrapped(answer.json, path)[0] if answer.code < 300 else []

    def _judge(self, code: str, path: str, column: str, good: bool) -> bool:
        if not good:
            self._found.add(code, f"/{path}", column=column)
        return good

    def _order(self, path: str) -> bool:
        """Ask for one page twice, as it comes: without a lasting order pages cannot be put together."""
        first, again = (self._list(path, limit=_SOME, offset="0")[1] for _ in range(2))
        same = [*map(sourced_id_of, first)] == [*map(sourced_id_of, again)]
        return self._judge("OR-H12", path, "", same)

    def _changed(self, path: str) -> bool:
        """Ask for what will change in the far future: a delta over a filter that is ignored is no delta."""
        answer, rows = self._list(path, filter=f"dateLastModified>'{_FUTURE}'", limit="1")
        return self._judge("OR-H08", path, "filter/dateLastModified", answer.code < 300 and not rows)

    def _sort(self, path: str) -> bool:
        _, up = self._list(path, sort="sourcedId", orderBy="asc", limit="1")
        _, down = self._list(path, sort="sourcedId", orderBy="desc", limit="1")
        ends = [sourced_id_of(row) for row in (*up[:1], *down[:1])]
        return self._judge("OR-H07", path, "sort", len(ends) == 2 and ends[0] != ends[1])

    def _filter(self, path: str, sourced_id: str, count: int) -> bool:
        if "'" in sourced_id:
            return True
        answer, rows = self._list(path, filter=f"sourcedId='{sourced_id}'", limit="5")
        good = self._judge("OR-H08", path, "filter", [sourced_id_of(row) for row in rows] == [sourced_id])
        total = total_told(answer.headers)
        told = not good or total is None or total == 1
        return self._judge("OR-H02", path, "X-Total-Count/filter", told) and good

    def _fields(self, path: str) -> bool:
        _, rows = self._list(path, fields="sourcedId", limit="1")
        names = set(rows[0]) if rows and isinstance(rows[0], dict) else set()
        return self._judge("OR-H09", path, "fields", names == {"sourcedId"})

    def _offset(self, path: str) -> bool:
        pages = [self._list(path, limit="1", offset=offset)[1] for offset in ("0", "1")]
        self._judge("OR-H05", path, "limit", all(len(page) <= 1 for page in pages))
        ids = [[sourced_id_of(row) for row in page] for page in pages]
        return self._judge("OR-H06", path, "offset", bool(ids[1]) and ids[0] != ids[1])

    def _single(self, path: str, sourced_id: str) -> bool:
        answer = self._client.get(address(self._root, path, sourced_id))
        single = COLLECTIONS[path].single
        good = (
            answer.code < 300 and isinstance(answer.json, dict) and isinstance(answer.json.get(single), dict)
        )
        return self._judge("OR-E03", path, single, good)

    def _unknown(self) -> bool:
        answer = self._client.get(address(self._root, "classes", NOWHERE))
        known = self._judge("OR-E04", "classes", f"HTTP-{answer.code}", answer.code == 404)
        if answer.code < 400:
            return known
        return (
            self._judge("OR-E05", "classes", "", is_standard_error(answer.body, self._server.version))
            and known
        )

    def _unknown_parent(self) -> bool:
        code = self._client.get(address(self._root, "classes", NOWHERE, "students")).code
        return self._judge("OR-E04", "classes/{id}/students", f"HTTP-{code}", code == 404)

    def _discovery(self, counts: Mapping[str, int]) -> bool:
        """Look at what the service says of itself, and whether it names what was read."""
        told = discover(self._client, self._root, Service.ROSTERING)
        if told is None:
            return self._judge("OR-E15", "discovery", "", good=False)
        looks = {
            "openapi": told.openapi.startswith("3."),
            "info": bool(told.title and told.version),
            "servers": self._root in told.servers,
        }
        read = [one for one, rows in counts.items() if rows and COLLECTIONS[one].service is Service.ROSTERING]
        looks |= {f"paths/{one}": f"GET /{one}" in told.operations for one in read}
        wrong = [name for name, good in looks.items() if not good]
        for name in wrong:
            self._found.add("OR-E16", "/discovery", column=name)
        return not wrong

    def _anonymous(self) -> bool:
        with self._server.settings.client(StaticHeaders()) as client:
            answer = client.send(Request("GET", address(self._root, "orgs"), {"limit": "1"}, as_is=True))
        if not self._judge("OR-E06", "orgs", f"HTTP-{answer.code}", answer.code == 401):
            return False
        return self._judge("OR-E07", "orgs", "", is_standard_error(answer.body, self._server.version))


def is_standard_error(body: bytes, version: Version) -> bool:
    """Return whether the body of a refusal has the standard's form in a version."""
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    if not isinstance(content, dict):
        return False
    listed = content.get("statusInfoSet") if version is Version.V1P1 else None
    told = [content, *(listed if isinstance(listed, list) else ())]
    return any(isinstance(one, dict) and {"imsx_codeMajor", "imsx_severity"} <= one.keys() for one in told)
