"""Reading the named queries of our plugin page by page, as many rows at once as the plugin may.

Pages are numbered, not offset: page n of size s holds the rows from (n - 1) * s on. So the size must not
change but to one that divides what was read. What there is in all, `/count` tells.
Source: PowerSchool developer pages, PowerQueries (page, pagesize, count).
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from datetime import date, timedelta

import orjson

from connectors.http import Answer, HttpClient, Request
from connectors.http_errors import TooMuchAtOnce, decode_json
from connectors.paging import Moved, read_whole
from connectors.powerschool.fixes import PLUGIN_MENU
from connectors.powerschool.metadata import QUERY_PAGES, metadata, most_rows
from connectors.powerschool.powerquery_rows import keys_of, records_of
from connectors.powerschool.query_list import DAYS, Query
from connectors.powerschool.settings import PowerQuerySettings
from connectors.shelf import Shelf, Slice, Whole
from domain.errors import ContractBroken, SisbridgeError, StopDistrict

USUAL_PAGE = 100
"""Rows asked for at once when neither the settings nor the server say how many."""

LEAST_PAGE = 25
"""Pages of this size are not halved any more: what fails then is not their size."""


class QueryReader:
    """Runs the named queries of one server for one day."""

    def __init__(self, settings: PowerQuerySettings, day: date) -> None:
        """Remember where the server is; nothing is sent yet. day: around which school years are read."""
        self._settings = settings
        around = timedelta(days=settings.days_around)
        self._days = dict(zip(DAYS, map(str, (day - around, day + around)), strict=True))
        self._client = settings.client()
        self._size = 0

    @property
    def client(self) -> HttpClient:
        """Return the client that asks."""
        return self._client

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def page_size(self) -> int:
        """Return how many rows are asked for at once; asks the server for its limit the first time."""
        if not self._size:
            told = metadata(self._client, self._settings.root)
            self._size = most_rows(told, QUERY_PAGES, self._settings.page_size, USUAL_PAGE)
        return self._size

    def count(self, query: Query) -> int | None:
        """Return how many rows a query has now, None when the server does not say; raises as `rows`."""
        with closing(self._ask(query, [self._request(query, "/count", {})])) as answers:
            _, said = next(answers)
        answer = decode_json(said.body, "POST", f"/{query.table}")
        told = str(answer.get("count")) if isinstance(answer, dict) else ""
        return int(told) if told.isdecimal() else None

    def sample(self, query: Query) -> list[object]:
        """Return at most one record of a query; raises as `rows`."""
        request = self._request(query, "", {"page": "1", "pagesize": "1"})
        with closing(self._ask(query, [request])) as answers:
            _, said = next(answers)
        return records_of(said.body, f"/{query.table}")

    def rows(self, query: Query, shelf: Shelf) -> Whole:
        """Return a query's rows read whole, from where its shelf ends.

        Raises what `read_whole` and `HttpClient` raise; StopDistrict CN05 when the query is not installed,
        CN03 or CN04 when it may not be run.
        """
        total = self.count(query)
        pages = _Pages(self, query, total, _size_of(shelf) or self.page_size())
        return read_whole(
            pages.fetch,
            f"/{query.table}",
            shelf=shelf,
            recall=lambda body: keys_of(query, records_of(body, f"/{query.table}")),
            trusting=total is not None,
        )

    def pages(
        self, query: Query, numbers: Iterable[int], size: int
    ) -> Generator[tuple[int, Answer], None, None]:
        """Yield the answers for pages of a size as they come, each with its place among the numbers."""
        large = size > LEAST_PAGE
        asked = (
            self._request(query, "", {"page": str(number), "pagesize": str(size)}, large=large)
            for number in numbers
        )
        yield from self._ask(query, asked)

    def _request(self, query: Query, path: str, params: dict[str, str], *, large: bool = False) -> Request:
        body = orjson.dumps({name: self._days[name] for name in query.arguments})
        # A query only reads, though it is a POST: it may be sent again.
        return Request("POST", self._url(query) + path, params, body=body, large=large)

    def _url(self, query: Query) -> str:
        return f"{self._settings.root}/ws/schema/query/{query.name}"

    def _ask(self, query: Query, requests: Iterable[Request]) -> Generator[tuple[int, Answer], None, None]:
        try:
            with closing(self._client.get_as_they_come(requests, self._settings.in_flight)) as answers:
                for which, answer in answers:
                    if answer.code >= 300:
                        raise _refused(query, self._url(query), answer.code)
                    yield which, answer
        except StopDistrict as error:
            raise _explained(query, error) from None


class _Pages:
    """One query's pages by the offsets that paging asks for."""

    def __init__(self, reader: QueryReader, query: Query, total: int | None, size: int) -> None:
        self._reader = reader
        self._query = query
        self._total = total
        self._size = size

    def fetch(self, offsets: Iterable[int]) -> Generator[Slice, None, None]:
        """Yield the rows from each offset on; ends early when the server gives fewer at once than asked."""
        asked: dict[int, int] = {}

        def numbers() -> Iterator[int]:
            for which, offset in enumerate(offsets):
                asked[which] = offset
                yield self._number(offset)

        with closing(self._reader.pages(self._query, numbers(), self._size)) as answers:
            try:
                for which, answer in answers:
                    yield self._slice(asked.pop(which), answer)
            except TooMuchAtOnce:
                if self._size <= LEAST_PAGE or self._size % 2:
                    raise
                self._size //= 2

    def _number(self, offset: int) -> int:
        number, beside = divmod(offset, self._size)
        if beside:
            raise Moved(_uneven(self._query))
        return number + 1

    def _slice(self, offset: int, answer: Answer) -> Slice:
        place = f"/{self._query.table}?offset={offset}"
        records = records_of(answer.body, place)
        if offset == 0 and 0 < len(records) < self._size and len(records) < (self._total or 0):
            # The server gives fewer rows at once than asked for: its pages are that long.
            self._size = len(records)
        return Slice(offset, keys_of(self._query, records), self._total, None, answer.body, records)


def _size_of(shelf: Shelf) -> int:
    """Return the size of the pages that an earlier try left, 0 when that cannot be told."""
    marks = shelf.marks()
    return marks[0].rows if len(marks) > 1 else 0


def _uneven(query: Query) -> ContractBroken:
    return ContractBroken(
        "PG03",
        f"/{query.table} does not agree with itself: its pages are of different lengths",
        fix="Pull at a quieter hour; if it stays, tell the PowerSchool server's host",
        place=f"/{query.table}",
    )


def _refused(query: Query, url: str, code: int) -> SisbridgeError:
    if code == 404:
        return StopDistrict(
            "CN05",
            f"PowerSchool knows no query for {query.table}: the plugin is not installed or not enabled",
            fix=f"Install the plugin of `sisbridge plugin powerschool` under {PLUGIN_MENU}, and enable it",
            place=f"/{query.table}",
        )
    return ContractBroken(
        "PG06",
        f"PowerSchool refuses the query for {query.table} with code {code}",
        fix=f"Install the plugin that `sisbridge plugin powerschool` writes again, under {PLUGIN_MENU}",
        place=f"/{query.table}",
    )


def _explained(query: Query, error: StopDistrict) -> StopDistrict:
    """Return a refusal with what it means of a query and where it is mended; others as they are."""
    said = {
        "CN03": ("does not let our plugin in, or not run", "compare client id and secret there"),
        "CN04": ("does not let our plugin run", "install it again if its access list was cut"),
    }.get(error.code)
    if said is None or "plugin" in error.message:
        return error
    return StopDistrict(
        error.code,
        f"PowerSchool {said[0]} the query for {query.table}",
        fix=f"Look at the plugin under {PLUGIN_MENU}: enable it, and {said[1]}",
        place=error.place,
    )
