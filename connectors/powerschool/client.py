"""A PowerSchool server as the routes for grades use it: questions that are answered whole, rows to write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Self

import orjson

from connectors.http import Answer, HttpClient, Request
from connectors.http_errors import decode_json, place_of
from connectors.powerschool.grade_queries import TOTAL
from connectors.powerschool.identifiers import Row
from connectors.powerschool.metadata import QUERY_PAGES, metadata, most_rows
from connectors.powerschool.powerquery_rows import records_of
from connectors.powerschool.query_list import Query
from connectors.powerschool.refusals import MENU, query_refused
from connectors.powerschool.settings import PowerSchoolConnection
from domain.errors import RetryLater, SisbridgeError, StopDistrict

USUAL_PAGE = 100


class GradeClient:
    """Asks and writes as one district's plugin; use it as a context manager."""

    def __init__(self, settings: PowerSchoolConnection) -> None:
        """Remember where the server is; nothing is sent yet."""
        self._settings = settings
        self.http: HttpClient = settings.client()
        self._size = 0

    def __enter__(self) -> Self:
        """Return the client itself; nothing is opened yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of the connections."""
        self.http.close()

    def address(self, path: str) -> str:
        """Return an address below /ws/."""
        return f"{self._settings.root}/ws/{path}"

    def page_size(self) -> int:
        """Return how many rows to ask for at once; asks the server for its limit the first time."""
        if not self._size:
            told = metadata(self.http, self._settings.root)
            self._size = most_rows(told, QUERY_PAGES, self._settings.page_size, USUAL_PAGE)
        return self._size

    def rows(self, query: Query, arguments: Mapping[str, str]) -> list[Row]:
        """Return every row of a question, in its order.

        Raises StopDistrict CN33 (not installed), CN34 (not permitted), CN35 (a column is left out),
        RetryLater PG30 when rows came or went meanwhile, and what `HttpClient` raises.
        """
        found: list[Row] = []
        for page in self._pages(query, arguments):
            found += page
            if not page or len(found) >= _total(query, found):
                break
        if found and len(found) != _total(query, found):
            raise RetryLater(
                "PG30",
                "The grades of a course changed while they were read",
                fix="Nothing to do if it passes; otherwise deliver at a quieter time",
                place=f"/ws/schema/query/{query.name}",
            )
        return found

    def _pages(self, query: Query, arguments: Mapping[str, str]) -> Iterator[list[Row]]:
        url, body = self.address(f"schema/query/{query.name}"), orjson.dumps(dict(arguments))
        size = self.page_size()
        for number in range(1, 100_000):
            params = {"page": str(number), "pagesize": str(size)}
            yield _records(query, self._ask(query, Request("POST", url, params, body=body)), url)

    def _ask(self, query: Query, request: Request) -> bytes:
        """Return the answer's bytes; a query only reads, though it is a POST, and may be asked again."""
        try:
            answer = self.http.send(request)
        except StopDistrict as error:
            raise query_refused(query, error) from None
        if answer.code >= 300:
            raise query_refused(query, answer.code)
        return answer.body


def _records(query: Query, body: bytes, url: str) -> list[Row]:
    records = records_of(body, place_of("POST", url))
    rows = [_row(record) for record in records if isinstance(record, dict)]
    for row in rows:
        _whole(query, row)
    return rows


def _row(record: Mapping[str, object]) -> Row:
    """Return a record's columns as text; "" is what some servers say for nothing."""
    return {
        name.lower().rpartition(".")[2]: None if value in (None, "") else str(value)
        for name, value in record.items()
    }


def _whole(query: Query, row: Row) -> None:
    """Refuse a row that lacks what every row has: PowerSchool leaves out what a plugin may not see."""
    there = {name for name, value in row.items() if value is not None} | query.may_be_blank
    lacking = sorted(set(query.names) - there)
    if not lacking:
        return
    places = dict(zip(query.names, query.columns, strict=True))
    raise StopDistrict(
        "CN35",
        f"PowerSchool leaves out {', '.join(sorted({places[name] for name in lacking}))}",
        fix=f"{MENU}: install the plugin of `sisbridge plugin powerschool` again, which asks for them",
        place=f"/ws/schema/query/{query.name}",
    )


def _total(query: Query, rows: Sequence[Row]) -> int:
    told = rows[0].get(TOTAL) or ""
    return int(float(told)) if told else len(rows)


def told_id(answer: Answer) -> str:
    """Return the id that the answer to an insert names, "" when it names none.

    Servers answer `{"result": [{"success_message": {"id": 1}}]}` or the row itself, or name its address.
    """
    at = answer.headers.get("Location", "").rstrip("/").rpartition("/")[2]
    try:
        said = decode_json(answer.body, "POST", "")
    except SisbridgeError:
        said = None
    results = said.get("result") if isinstance(said, dict) else None
    first = results[0] if isinstance(results, list) and results else said
    told = first.get("success_message", first) if isinstance(first, dict) else None
    found = told.get("id") if isinstance(told, dict) else None
    return (at if at.isdecimal() else "") if found is None else str(found)
