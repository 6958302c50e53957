"""Rosters from a OneRoster 1.1 or 1.2 server over REST.

Collections are read one after the other, each proven whole before its first page is handed on. The
`roles` of 1.2 ride on the users: `pages("users")` yields pages of source table `users` and, for each,
one of `roles`; `facts.source_tables` lists `users` only.
Source: OneRoster 1.1 and 1.2 rostering REST bindings.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from datetime import datetime

from connectors.http import Answer, HttpClient, Request
from connectors.http_errors import decode_json, not_found
from connectors.oneroster.envelope import minor_code, more_told, records_of, sourced_id_of, total_told
from connectors.oneroster.fields import SOURCE_TABLES, fields_needed
from connectors.oneroster.flatten import Flat, flatten
from connectors.oneroster.rest_check import run_check
from connectors.oneroster.rest_notices import PullNotices
from connectors.oneroster.settings import ROSTER_SCOPES, OneRosterRestSettings, address
from connectors.paging import KeptSlice, Slice, Whole, read_whole
from connectors.protocol import (
    Capability,
    CheckReport,
    Cursor,
    Landing,
    Notice,
    Page,
    PageProof,
    PullFacts,
)
from domain.clock import Clock, system_clock, utc_text
from domain.errors import ContractBroken, RetryLater
from domain.ids import DistrictCode
from domain.model import Mode
from domain.oneroster import Service

PERMISSION = "reading rosters (scope roster-core.readonly)"


class OneRosterRestSource:
    """A OneRoster server as a source of rosters; implements `connectors.protocol.RosterSource`."""

    def __init__(
        self, district: DistrictCode, settings: OneRosterRestSettings, *, clock: Clock = system_clock
    ) -> None:
        """Remember where the server is; nothing is sent yet."""
        self._district = district
        self._settings = settings
        self._clock = clock

    def capabilities(self) -> frozenset[Capability]:
        """Return both modes; a server that ignores the filter of a delta answers it with everything."""
        return frozenset({Capability.ROSTER_BULK, Capability.ROSTER_DELTA})

    def check(self) -> CheckReport:
        """Try name, encryption, sign-in, every collection and the page size, one row each."""
        return run_check(self._district, self._settings)

    def open(self, since: datetime | None, landing: Landing) -> OneRosterRestPull:
        """Begin a pull: everything, or what the server says changed at or after a moment."""
        return OneRosterRestPull(self._settings, since, landing, self._clock())


class OneRosterRestPull:
    """One pull over REST; implements `connectors.protocol.Pull`."""

    def __init__(
        self, settings: OneRosterRestSettings, since: datetime | None, landing: Landing, as_of: datetime
    ) -> None:
        self._reader = _Reader(settings, since)
        self._landing = landing
        self._version = settings.version
        self._notices = PullNotices(settings.version)
        self._totals: dict[str, int | None] = {}
        mode = Mode.BULK if since is None else Mode.DELTA
        self._facts = PullFacts(mode, settings.version.value, tuple(SOURCE_TABLES), as_of)

    @property
    def facts(self) -> PullFacts:
        """Return what is known of this pull before its first page."""
        return self._facts

    def pages(self, source_table: str, resume: Cursor | None = None) -> Iterator[Page]:
        """Yield the pages of one collection once it is proven whole; of users, those of roles between.

        An empty collection is one page without rows. Raises what `read_whole` and `HttpClient` raise, and
        StopDistrict CN05 for a collection the server does not have.
        """
        start = resume or Cursor(1)
        whole = self._reader.read(source_table, start.offset)
        last = len(whole.slices) - 1
        for index, kept in enumerate(whole.slices):
            number = start.page + index
            following = None if index == last else Cursor(number + 1, whole.slices[index + 1].offset)
            flat = self._land(source_table, number, kept)
            proof = PageProof(number, kept.rows, whole.total, following)
            yield from _pages_of(flat, source_table, proof)
        if not whole.slices:
            flat = flatten(source_table, self._version, (), f"/{source_table}")
            yield from _pages_of(flat, source_table, PageProof(start.page, 0, whole.total, None))
        self._totals[source_table] = whole.total

    def _land(self, source_table: str, number: int, kept: KeptSlice) -> Flat:
        body = kept.body
        self._landing.keep(f"{source_table}/{number:06d}.json", body)
        place = f"/{source_table}?offset={kept.offset}"
        records = records_of(decode_json(body, "GET", place), source_table, place)
        flat = flatten(source_table, self._version, records, place)
        self._notices.take(source_table, flat)
        return flat

    def notices(self) -> Sequence[Notice]:
        """Return rows held for want of an id, unknown fields and users in the other version's shape."""
        return self._notices.all()

    def close(self) -> None:
        """Read every total again, when the whole roster was read, and let go of the server.

        Raises RetryLater PG03 when a total is no longer what it was.
        """
        try:
            if self._facts.mode is Mode.BULK and self._totals.keys() == set(self._facts.source_tables):
                for collection, total in self._totals.items():
                    self._reader.verify_total(collection, total)
        finally:
            self._reader.close()


def _pages_of(flat: Flat, source_table: str, proof: PageProof) -> Iterator[Page]:
    for name, batch in flat.batches.items():
        own = name == source_table
        yield Page(name, batch, proof if own else PageProof(proof.number, batch.num_rows, None, proof.next))


class _Refused(Exception):
    """The server does not take a question asked with `fields` or `sort`; ask more plainly."""


class _Reader:
    """Asks a server for slices of its collections, as plainly as that server needs it."""

    def __init__(self, settings: OneRosterRestSettings, since: datetime | None) -> None:
        self._settings = settings
        self._root = settings.root(Service.ROSTERING)
        self._client: HttpClient = settings.client(ROSTER_SCOPES)
        self._filter = f"dateLastModified>='{utc_text(since)}'" if since else ""
        self._fields, self._sort = settings.ask_fields, settings.sort

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def read(self, collection: str, start: int) -> Whole:
        """Return a collection read whole from an offset on."""
        while True:
            try:
                return read_whole(
                    lambda offsets: self._fetch(collection, offsets),
                    f"/{collection}", start=start, exact=not self._filter,
                )  # fmt: skip
            except _Refused:
                if not (self._fields or self._sort):
                    raise _refused_plainly(collection) from None
                # `fields` is refused more often than `sort`: give it up first.
                self._fields, self._sort = False, self._sort and self._fields

    def verify_total(self, collection: str, total: int | None) -> None:
        """Raise RetryLater PG03 when the server's total is no longer the one it told while we read."""
        if total is None:
            return
        answer = self._client.get(address(self._root, collection), {"limit": "1", "offset": "0"})
        now = total_told(answer.headers) if answer.code < 300 else None
        if now is not None and now != total:
            raise RetryLater(
                "PG03",
                f"/{collection} changed while the roster was read: {total} records before, {now} after",
                fix="Nothing to do if a later pull goes through; otherwise pull at a quieter hour",
                place=f"/{collection}",
            )

    def _fetch(self, collection: str, offsets: Iterable[int]) -> Generator[Slice, None, None]:
        asked: deque[int] = deque()

        def requests() -> Iterator[Request]:
            for offset in offsets:
                asked.append(offset)
                yield self._request(collection, offset)

        answers = self._client.get_many(requests(), self._settings.in_flight)
        try:
            for answer in answers:
                yield self._slice(collection, asked.popleft(), answer)
        finally:
            answers.close()

    def _request(self, collection: str, offset: int) -> Request:
        params = {"limit": str(self._settings.page_size), "offset": str(offset)}
        if self._sort:
            params |= {"sort": "sourcedId", "orderBy": "asc"}
        if self._fields:
            params["fields"] = ",".join(fields_needed(collection, self._settings.version))
        if self._filter:
            params["filter"] = self._filter
        return Request("GET", address(self._root, collection), params, permission=PERMISSION)

    def _slice(self, collection: str, offset: int, answer: Answer) -> Slice:
        place = f"/{collection}?offset={offset}"
        if answer.code == 204 or self._is_end(answer, offset):
            return Slice(offset, (), total_told(answer.headers), False, b"")
        if answer.code in (400, 422):
            raise _Refused
        if answer.code >= 300:
            raise not_found(address(self._root, collection))
        records = records_of(answer.json, collection, place)
        if self._fields and collection == "users" and _lacks_roles(records):
            raise _Refused
        ids = tuple(map(sourced_id_of, records))
        return Slice(offset, ids, total_told(answer.headers), more_told(answer.headers), answer.body)

    def _is_end(self, answer: Answer, offset: int) -> bool:
        """Return whether a 404 says "nothing here (any more)" rather than "no such collection"."""
        nothing = answer.code == 404 and minor_code(answer.body) == "unknownobject"
        return nothing and (offset > 0 or bool(self._filter))


def _lacks_roles(records: Sequence[object]) -> bool:
    """Return whether no user has a role: we asked for the roles' name in the wrong version."""
    people = [record for record in records if isinstance(record, dict)]
    return bool(people) and not any("role" in person or "roles" in person for person in people)


def _refused_plainly(collection: str) -> ContractBroken:
    return ContractBroken(
        "PG06",
        f"The SIS refuses the plainest question for /{collection}",
        fix="Compare base_url and version with the SIS's documentation; else tell the SIS's host",
        place=f"/{collection}",
    )
