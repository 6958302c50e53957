"""Rosters from a OneRoster 1.1 or 1.2 server over REST.

Collections are read one after the other, each proven whole before its first page is handed on. The
`roles` of 1.2 ride on the users: `pages("users")` yields pages of source table `users` and, for each,
one of `roles`; `facts.source_tables` lists `users` only. Demographics, where they are wanted, come last and
by themselves: who may not read them, or reads them badly, has read a whole roster all the same.
Source: OneRoster 1.1 and 1.2 rostering REST bindings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from connectors.demographics import DEMOGRAPHICS, of_births, permission_named
from connectors.flat_form import Flat
from connectors.garbage import seldom_collected
from connectors.http_errors import decode_json
from connectors.landed import LandedShelf, PullBook
from connectors.oneroster.envelope import records_of, total_told
from connectors.oneroster.fields import SOURCE_TABLES, fields_needed
from connectors.oneroster.flatten import flatten
from connectors.oneroster.lists import ListReader, Question
from connectors.oneroster.probe import settled
from connectors.oneroster.rest_check import run_check
from connectors.oneroster.rest_notices import PullNotices
from connectors.oneroster.settings import BIRTH_SCOPES, ROSTER_SCOPES, OneRosterRestSettings, address
from connectors.oneroster.sift import changed_since, only_needed
from connectors.protocol import (
    Capability,
    CheckReport,
    Landing,
    Notice,
    Page,
    PageProof,
    PullFacts,
    RosterMoved,
)
from connectors.shelf import Whole
from domain.clock import Clock, system_clock, utc_text
from domain.errors import SisbridgeError
from domain.ids import DistrictCode
from domain.model import Mode
from domain.oneroster import Service


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
        """Begin a pull: everything, or what changed at or after a moment; goes on from what was landed.

        Sends nothing yet, unless version is "auto": then the server is looked for first, as `probe` does.
        """
        now = self._clock()
        self._settings = settled(self._settings)
        return OneRosterRestPull(self._settings, since, landing, now)


class OneRosterRestPull:
    """One pull over REST; implements `connectors.protocol.Pull`."""

    def __init__(
        self, settings: OneRosterRestSettings, since: datetime | None, landing: Landing, now: datetime
    ) -> None:
        self._since = since
        self._landing = landing
        self._version = settings.version
        self._metadata = settings.metadata_columns
        self._book = PullBook(landing, question_of(settings, since), now, settings.revision_header)
        self._reader = _Reader(settings, since, self._book)
        self._births = _Reader(settings.for_births(), since, self._book, births=True)
        self._notices = PullNotices(settings.version)
        self._totals: dict[str, int | None] = {}
        mode = Mode.BULK if since is None else Mode.DELTA
        tables = (*SOURCE_TABLES, *((DEMOGRAPHICS,) if settings.demographics else ()))
        self._facts = PullFacts(mode, settings.version.value, tables, self._book.as_of)

    @property
    def facts(self) -> PullFacts:
        """Return what is known of this pull before its first page."""
        return self._facts

    def pages(self, source_table: str) -> Iterator[Page]:
        """Yield the pages of one collection once it is proven whole; of users, those of roles between.

        Answers are landed and flattened as they come, and the rows read back one by one; what an earlier
        try landed is not asked for again. An empty collection is one page without rows. The total that a
        page of a delta tells is that of the whole collection, changed or not. Raises what `read_whole` and
        `HttpClient` raise, StopDistrict CN05 for a collection the server does not have, RosterMoved PG07.
        """
        shelf = self._shelf(source_table)
        whole = self._whole(source_table, shelf)
        total = whole.total
        if self._facts.mode is Mode.DELTA:
            total = self._reader_of(source_table).total_now(source_table)
            _prove_changes(source_table, shelf, whole, total)
        for number, kept in enumerate(whole.slices, 1):
            proof = whole.proof(number, total)
            yield from self._pages(source_table, shelf.flat(kept.mark), proof)
        if not whole.slices:
            nothing = self._flat(source_table, (), f"/{source_table}")
            yield from self._pages(source_table, nothing, PageProof(1, 0, total, None))

    def _shelf(self, collection: str) -> LandedShelf:
        def flat(records: Sequence[object], place: str) -> Flat:
            return self._flat(collection, records, place)

        def records(body: bytes, place: str) -> Sequence[object]:
            return records_of(decode_json(body, "GET", place), collection, place)

        return LandedShelf(self._landing, collection, flat, records)

    def _flat(self, collection: str, records: Sequence[object], place: str) -> Flat:
        return flatten(collection, self._version, records, place, self._metadata.get(collection, ()))

    def _reader_of(self, source_table: str) -> _Reader:
        return self._births if source_table == DEMOGRAPHICS else self._reader

    def _whole(self, source_table: str, shelf: LandedShelf) -> Whole:
        """Return a collection from the landing, read whole first when that was not done yet."""
        whole = shelf.whole()
        if whole is None:
            self._book.begin()
            with seldom_collected():
                whole = self._reader_of(source_table).read(source_table, shelf)
            shelf.close(whole)
        if source_table in SOURCE_TABLES:
            self._totals[source_table] = whole.total
        return whole

    def _pages(self, source_table: str, flat: Flat, proof: PageProof) -> Iterator[Page]:
        if source_table == DEMOGRAPHICS:
            flat = replace(flat, notices=tuple(map(of_births, flat.notices)))
        self._notices.take(source_table, flat)
        for name, batch in flat.batches.items():
            own = name == source_table
            shown = only_needed(batch, name, self._version) if own else batch
            changed = changed_since(shown, self._since)
            yield Page(name, changed, proof if own else PageProof(proof.number, len(batch), None, proof.next))

    def notices(self) -> Sequence[Notice]:
        """Return rows held for want of an id, unknown fields and users in the other version's shape."""
        return self._notices.all()

    def close(self) -> None:
        """Read every total again, when the whole roster was read, and let go of the server.

        Raises RosterMoved PG03 when a total is no longer what it was; PG07 as `pages`.
        """
        try:
            if self._facts.mode is Mode.BULK and self._totals.keys() == SOURCE_TABLES.keys():
                self._verify_totals()
        finally:
            self._reader.close()
            self._births.close()

    def _verify_totals(self) -> None:
        verdict: RosterMoved | None = None
        for collection, total in self._totals.items():
            now = self._reader.total_now(collection) if total is not None else None
            if now is not None and now != total:
                self._shelf(collection).clear()
                verdict = verdict or _moved(collection, total, now)
        if verdict is not None:
            raise verdict


def _prove_changes(collection: str, shelf: LandedShelf, whole: Whole, total: int | None) -> None:
    """Raise RosterMoved PG03 when changes are fewer than told by a server whose total counts what matches.

    It does if what it told of the changes is less than what it tells of the whole collection.
    """
    told, rows = {kept.mark.total for kept in whole.slices}, sum(kept.rows for kept in whole.slices)
    matching = told.pop() if len(told) == 1 else None
    if matching is not None and total is not None and rows < matching < total:
        shelf.clear()
        raise RosterMoved(
            "PG03",
            f"/{collection} told of {matching} changes and gave {rows}",
            fix="Nothing to do if a later pull goes through; otherwise pull at a quieter hour",
            place=f"/{collection}",
        )


def _moved(collection: str, total: int | None, now: int) -> RosterMoved:
    return RosterMoved(
        "PG03",
        f"/{collection} changed while the roster was read: {total} records before, {now} after",
        fix="Nothing to do if a later pull goes through; otherwise pull at a quieter hour",
        place=f"/{collection}",
    )


def question_of(settings: OneRosterRestSettings, since: datetime | None) -> Mapping[str, object]:
    """Return what decides the answers: two pulls that ask the same may go on from one another."""
    return {
        "root": settings.root(Service.ROSTERING),
        "version": settings.version,
        "client": settings.client_id,
        "fields": settings.ask_fields,
        "metadata": settings.metadata_columns,
        "since": utc_text(since) if since else "",
    }


class _Reader:
    """Reads a server's collections as a pull needs them, those that one set of scopes opens."""

    def __init__(
        self,
        settings: OneRosterRestSettings,
        since: datetime | None,
        book: PullBook,
        *,
        births: bool = False,
    ) -> None:
        scopes = BIRTH_SCOPES if births else ROSTER_SCOPES
        self._settings = settings
        # The roster's book: nothing that happens to birth dates may have the roster read anew.
        self._book = None if births else book
        self._scope = scopes[0]
        self._root = settings.root(Service.ROSTERING)
        self._client = settings.client(settings.authorizer(scopes))
        refused = {*book.refused, *(() if settings.sort else ("sort",))}
        self._lists = ListReader(
            self._client, settings.page_size, settings.in_flight, refused=refused, watch=self._watch
        )
        self._filter = f"dateLastModified>='{utc_text(since)}'" if since else ""

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def read(self, collection: str, shelf: LandedShelf) -> Whole:
        """Return a collection read whole, from where its shelf ends."""
        asked = self._settings.ask_fields
        besides = ("metadata",) if self._settings.metadata_columns.get(collection) else ()
        question = Question(
            url=address(self._root, collection),
            place=f"/{collection}",
            path=collection,
            permission=f"reading {collection} (scope {self._scope})",
            fields=(*fields_needed(collection, self._settings.version), *besides) if asked else (),
            filter=self._filter,
            # A roster that lacks a collection is wrong; a delta may well have nothing in it.
            may_be_absent=bool(self._filter),
            shaped=_has_roles if collection == "users" else None,
        )
        try:
            return self._lists.read(question, shelf=shelf)
        except SisbridgeError as error:
            # Who gives up here may never come to close the pull; the client opens again if asked again.
            self._client.close()
            if self._book is None:
                raise permission_named(error, question.permission) from None
            raise
        finally:
            if self._book is not None:
                self._book.note_refused(self._lists.refused)

    def total_now(self, collection: str) -> int | None:
        """Return how many records a whole collection has now, None when the server does not say."""
        answer = self._client.get(address(self._root, collection), {"limit": "1", "offset": "0"})
        self._watch(answer.headers)
        return total_told(answer.headers) if answer.code < 300 else None

    def _watch(self, headers: Mapping[str, str]) -> None:
        if self._book is not None:
            self._book.watch(headers)


def _has_roles(records: Sequence[object]) -> bool:
    """Return whether users have roles; else they are in the other version's shape and we asked amiss."""
    people = [record for record in records if isinstance(record, dict)]
    return not people or any("role" in person or "roles" in person for person in people)
