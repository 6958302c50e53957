"""Rosters from PowerSchool by the named queries (PowerQueries) of our own plugin.

Needs no OneRoster: a district installs the plugin that `sisbridge plugin powerschool` writes. Tables come
under PowerSchool's own names, in the dialect `powerschool`; each is proven whole, landed and gone on from
as `connectors.landed` says. There is no delta: PowerSchool's data versions would need a subscription.
Source: PowerSchool developer pages, PowerQueries and access request.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from urllib.parse import urlsplit

from connectors.check_steps import Step, run_steps
from connectors.flat_form import Flat
from connectors.garbage import seldom_collected
from connectors.http_steps import clock_said, connection_steps, sample_said
from connectors.landed import LandedShelf, PullBook
from connectors.powerschool.fixes import QUERY_FIXES
from connectors.powerschool.powerquery_reads import QueryReader
from connectors.powerschool.powerquery_rows import blank_notice, records_of, rows_of
from connectors.powerschool.query_list import DIALECT, QUERIES, Query
from connectors.powerschool.settings import PowerQuerySettings
from connectors.powerschool.whose import schools_read
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
from domain.clock import Clock, system_clock
from domain.errors import SisbridgeError
from domain.ids import DistrictCode
from domain.model import Mode


class PowerQuerySource:
    """A PowerSchool server with our plugin as a source of rosters; see `connectors.protocol.RosterSource`."""

    def __init__(
        self, district: DistrictCode, settings: PowerQuerySettings, *, clock: Clock = system_clock
    ) -> None:
        """Remember where the server is; nothing is sent yet. clock: the district's."""
        self._district = district
        self._settings = settings
        self._clock = clock

    def capabilities(self) -> frozenset[Capability]:
        """Return that whole rosters are read."""
        return frozenset({Capability.ROSTER_BULK})

    def check(self) -> CheckReport:
        """Try name, encryption, sign-in, the page size, and every query with one row."""
        reader = QueryReader(self._settings, self._clock().date())
        try:
            steps = list(_steps(reader, self._settings.root))
            return run_steps(self._district, steps, QUERY_FIXES, partial(schools_read, reader))
        finally:
            reader.close()

    def open(self, since: datetime | None, landing: Landing) -> PowerQueryPull:
        """Begin a pull of everything, going on from what was landed; nothing is sent yet.

        since has no effect: the capabilities have no delta.
        """
        return PowerQueryPull(self._settings, landing, self._clock())


class PowerQueryPull:
    """One pull by PowerQueries; implements `connectors.protocol.Pull`."""

    def __init__(self, settings: PowerQuerySettings, landing: Landing, now: datetime) -> None:
        self._landing = landing
        self._book = PullBook(landing, _question(settings), now, header="")
        self._reader = QueryReader(settings, self._book.as_of.date())
        self._held: list[Notice] = []
        self._blank: dict[str, set[str]] = {}
        self._totals: dict[str, int | None] = {}
        self._facts = PullFacts(Mode.BULK, DIALECT, tuple(QUERIES), self._book.as_of)

    @property
    def facts(self) -> PullFacts:
        """Return what is known of this pull before its first page."""
        return self._facts

    def pages(self, source_table: str) -> Iterator[Page]:
        """Yield the pages of one table once it is proven whole; an empty one is one page without rows.

        Raises what `QueryReader.rows` raises.
        """
        query = QUERIES[source_table]
        shelf = self._shelf(query)
        whole = self._whole(query, shelf)
        for number, kept in enumerate(whole.slices, 1):
            yield self._page(query, shelf.flat(kept.mark), whole.proof(number, whole.total))
        if not whole.slices:
            yield self._page(query, rows_of(query, (), ""), PageProof(1, 0, whole.total, None))

    def _shelf(self, query: Query) -> LandedShelf:
        return LandedShelf(self._landing, query.table, partial(rows_of, query), records_of)

    def _whole(self, query: Query, shelf: LandedShelf) -> Whole:
        """Return a table from the landing, read whole first when that was not done yet."""
        whole = shelf.whole()
        if whole is None:
            self._book.begin()
            try:
                with seldom_collected():
                    whole = self._reader.rows(query, shelf)
            except SisbridgeError:
                # Who gives up here may never come to close the pull; the client opens again if asked again.
                self._reader.close()
                raise
            shelf.close(whole)
        self._totals[query.table] = whole.total
        return whole

    def _page(self, query: Query, flat: Flat, proof: PageProof) -> Page:
        self._held += flat.notices
        batch = flat.batches[query.table]
        if proof.rows:
            blank = self._blank.setdefault(query.table, set(flat.unknown))
            blank &= flat.unknown
        return Page(query.table, batch, proof)

    def notices(self) -> Sequence[Notice]:
        """Return rows held for want of a key, and columns that were blank in every row."""
        blank = (blank_notice(QUERIES[table], sorted(names)) for table, names in self._blank.items() if names)
        return (*self._held, *blank)

    def close(self) -> None:
        """Count every table again, when the whole roster was read, and let go of the server.

        Raises RosterMoved PG03 when a table is no longer as long as it was.
        """
        try:
            if self._totals.keys() == set(QUERIES):
                self._verify_totals()
        finally:
            self._reader.close()

    def _verify_totals(self) -> None:
        verdict: RosterMoved | None = None
        for table, total in self._totals.items():
            now = self._reader.count(QUERIES[table])
            if total is not None and now != total:
                self._shelf(QUERIES[table]).clear()
                verdict = verdict or _moved(table, total, now)
        if verdict is not None:
            raise verdict


def _question(settings: PowerQuerySettings) -> dict[str, object]:
    """Return what decides the answers: two pulls that ask the same may go on from one another.

    The day is none of it: a try after midnight goes on around the day of the first.
    """
    return {
        "root": settings.root,
        "client": settings.client_id,
        "queries": {table: query.statement for table, query in QUERIES.items()},
        "around": settings.days_around,
    }


def _moved(table: str, total: int, now: int | None) -> RosterMoved:
    return RosterMoved(
        "PG03",
        f"/{table} changed while the roster was read: {total} rows before, {now} after",
        fix="Nothing to do if a later pull goes through; otherwise pull at a quieter hour",
        place=f"/{table}",
    )


def _steps(reader: QueryReader, root: str) -> Iterator[Step]:
    yield from connection_steps(reader.client, root)
    yield Step("page cap", lambda: f"{reader.page_size()} rows at once")
    for query in QUERIES.values():
        yield Step(query.table, partial(_try, reader, query), blocks=False)
    yield Step("clock", partial(_clock, reader, root), blocks=False)


def _clock(reader: QueryReader, root: str) -> str:
    answer = reader.client.get(f"{root}/ws/v1/metadata")
    return clock_said(answer.headers, urlsplit(root).hostname or "")


def _try(reader: QueryReader, query: Query) -> str:
    sample, total = reader.sample(query), reader.count(query)
    flat = rows_of(query, sample, f"/{query.table}")
    return sample_said(bool(flat.batches[query.table].num_rows), total)
