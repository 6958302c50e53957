"""Rosters from Infinite Campus by OneRoster: the standard's source, with what Campus alone needs.

Source: Infinite Campus knowledge base, guidelines for OneRoster API consumers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime

import pyarrow as pa

from connectors.infinite_campus.class_lists import listed_students
from connectors.infinite_campus.settings import CampusRosterSettings
from connectors.infinite_campus.source_check import run_campus_check
from connectors.infinite_campus.watch import AccountWatch, YearWatch, secret_notice
from connectors.oneroster.rest import OneRosterRestPull, OneRosterRestSource
from connectors.protocol import Capability, CheckReport, Landing, Notice, Page, PullFacts
from domain.clock import Clock, system_clock
from domain.ids import DistrictCode
from domain.model import Mode


class InfiniteCampusSource:
    """A Campus as a source of rosters; implements `connectors.protocol.RosterSource`."""

    def __init__(
        self, district: DistrictCode, settings: CampusRosterSettings, *, clock: Clock = system_clock
    ) -> None:
        """Remember where the Campus is; nothing is sent yet."""
        self._district = district
        self._settings = settings
        self._clock = clock

    def capabilities(self) -> frozenset[Capability]:
        """Return what the OneRoster source can do."""
        return self._source().capabilities()

    def check(self) -> CheckReport:
        """Try what a OneRoster server is tried for, then whose year it serves and the secret's age."""
        return run_campus_check(self._district, self._polite(), self._today())

    def open(self, since: datetime | None, landing: Landing) -> InfiniteCampusPull:
        """Begin a pull; in peak hours its requests go one after the other."""
        today = self._today()
        return InfiniteCampusPull(self._polite(), self._source().open(since, landing), today)

    def _source(self) -> OneRosterRestSource:
        return OneRosterRestSource(self._district, self._polite(), clock=self._clock)

    def _polite(self) -> CampusRosterSettings:
        """Return the settings, in peak hours with requests one after the other."""
        at_peak = self._settings.at_peak(self._clock())
        return self._settings.model_copy(update={"in_flight": 1}) if at_peak else self._settings

    def _today(self) -> date:
        return self._settings.local(self._clock()).date()


class InfiniteCampusPull:
    """One pull from Campus; implements `connectors.protocol.Pull`.

    Users carry the column `metadata.ic.legacySourcedId`: the id that 1.1 knew them by.
    """

    def __init__(self, settings: CampusRosterSettings, pull: OneRosterRestPull, today: date) -> None:
        self._settings = settings
        self._pull = pull
        self._today = today
        self._accounts = AccountWatch()
        self._classes: dict[str, None] = {}

    @property
    def facts(self) -> PullFacts:
        """Return what is known of this pull before its first page."""
        return self._pull.facts

    def pages(self, source_table: str) -> Iterator[Page]:
        """Yield the pages of one collection as the OneRoster source does.

        Raises StopDistrict CN30 after the sessions when they are of another school year than today's.
        """
        year = YearWatch(self._today, self._settings.year_margin_days)
        look = {
            "academicSessions": year.take,
            "classes": self._take_classes,
            "users": self._accounts.take_users,
            "enrollments": self._accounts.take_seats,
        }
        for page in self._pull.pages(source_table):
            if page.source_table in look:
                look[page.source_table](page.batch)
            yield page
        if self._settings.check_active_year and self._whole:
            year.verdict()
        if source_table == "enrollments" and self._settings.class_lists and self._whole:
            self._accounts.take_listed(listed_students(self._settings, self._classes))

    def _take_classes(self, batch: pa.RecordBatch) -> None:
        if self._settings.class_lists:
            self._classes |= dict.fromkeys(filter(None, batch.column("sourcedId").to_pylist()))

    def notices(self) -> Sequence[Notice]:
        """Return what the OneRoster pull noticed, who has no account, and a secret that dies soon.

        A delta says nothing of accounts: who is not in it may well be there.
        """
        accounts = self._accounts.notices() if self._whole else []
        expiry = secret_notice(self._settings.secret_expires_on, self._today)
        return (*self._pull.notices(), *accounts, *expiry)

    def close(self) -> None:
        """Verify the totals, as the OneRoster source does, and let go of the server."""
        self._pull.close()

    @property
    def _whole(self) -> bool:
        return self._pull.facts.mode is Mode.BULK
