"""Rosters from a OneRoster 1.1 or 1.2 server over REST.

Collections are read one after the other, each proven whole before its first page is handed on. The
`roles` of 1.2 ride on the users: `pages("users")` yields pages of source table `users` and, for each,
one of `roles`; `facts.source_tables` lists `users` only.
Source: OneRoster 1.1 and 1.2 rostering REST bindings.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from connectors.http_errors import decode_json
from connectors.oneroster.envelope import records_of, total_told
from connectors.oneroster.fields import SOURCE_TABLES, fields_needed
from connectors.oneroster.flatten import Flat, flatten
from connectors.oneroster.lists import ListReader, Question
from connectors.oneroster.rest_check import run_check
from connectors.oneroster.rest_notices import PullNotices
from connectors.oneroster.settings import ROSTER_SCOPES, OneRosterRestSettings, address
from connectors.paging import KeptSlice, Whole
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
from domain.errors import RetryLater, SisbridgeError
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

        An empty collection is one page without rows. The total that a page of a delta tells is that of the
        whole collection, changed or not. Raises what `read_whole` and `HttpClient` raise, and
        StopDistrict CN05 for a collection the server does not have.
        """
        start = resume or Cursor(1)
        whole = self._reader.read(source_table, start.offset)
        last = len(whole.slices) - 1
        total = whole.total if self._facts.mode is Mode.BULK else self._reader.total(source_table)
        for index, kept in enumerate(whole.slices):
            number = start.page + index
            following = None if index == last else Cursor(number + 1, whole.slices[index + 1].offset)
            flat = self._land(source_table, number, kept)
            proof = PageProof(number, kept.rows, total, following)
            yield from _pages_of(flat, source_table, proof)
        if not whole.slices:
            flat = flatten(source_table, self._version, (), f"/{source_table}")
            yield from _pages_of(flat, source_table, PageProof(start.page, 0, total, None))
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


class _Reader:
    """Reads a server's roster collections as a pull needs them."""

    def __init__(self, settings: OneRosterRestSettings, since: datetime | None) -> None:
        self._settings = settings
        self._root = settings.root(Service.ROSTERING)
        self._client = settings.client(settings.authorizer(ROSTER_SCOPES))
        self._lists = ListReader(self._client, settings.page_size, settings.in_flight, sort=settings.sort)
        self._filter = f"dateLastModified>='{utc_text(since)}'" if since else ""

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def read(self, collection: str, start: int) -> Whole:
        """Return a collection read whole from an offset on."""
        asked = self._settings.ask_fields
        question = Question(
            url=address(self._root, collection),
            place=f"/{collection}",
            path=collection,
            permission=PERMISSION,
            fields=fields_needed(collection, self._settings.version) if asked else (),
            filter=self._filter,
            # A roster that lacks a collection is wrong; a delta may well have nothing in it.
            may_be_absent=bool(self._filter),
            shaped=_has_roles if collection == "users" else None,
        )
        try:
            return self._lists.read(question, start)
        except SisbridgeError:
            # Who gives up here may never come to close the pull; the client opens again if asked again.
            self._client.close()
            raise

    def total(self, collection: str) -> int | None:
        """Return how many records a whole collection has now, None when the server does not say."""
        answer = self._client.get(address(self._root, collection), {"limit": "1", "offset": "0"})
        return total_told(answer.headers) if answer.code < 300 else None

    def verify_total(self, collection: str, total: int | None) -> None:
        """Raise RetryLater PG03 when the server's total is no longer the one it told while we read."""
        if total is None:
            return
        now = self.total(collection)
        if now is not None and now != total:
            raise RetryLater(
                "PG03",
                f"/{collection} changed while the roster was read: {total} records before, {now} after",
                fix="Nothing to do if a later pull goes through; otherwise pull at a quieter hour",
                place=f"/{collection}",
            )


def _has_roles(records: Sequence[object]) -> bool:
    """Return whether users have roles; else they are in the other version's shape and we asked amiss."""
    people = [record for record in records if isinstance(record, dict)]
    return not people or any("role" in person or "roles" in person for person in people)
