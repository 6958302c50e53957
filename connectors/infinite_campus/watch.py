"""What only a whole roster of Campus tells: people without an account, and whose year it is. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from connectors.infinite_campus.settings import MENU
from connectors.protocol import Notice
from domain.errors import StopDistrict
from domain.model import Severity
from domain.tables import PLACE

_AMERICAN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?: .*)?")

_RENEWAL = 30
"""Days before a secret dies at which we begin to say so."""


class YearWatch:
    """Remembers the days the sessions span, and stops a roster of another year.

    Campus serves its active school year alone: switched too early or too late, every record set changes.
    Source: Infinite Campus knowledge base, guidelines for OneRoster API consumers.
    """

    def __init__(self, today: date, margin_days: int, place: str = "/academicSessions") -> None:
        self._today = today
        self._place = place
        self._margin = timedelta(days=margin_days)
        self._begins: list[date] = []
        self._ends: list[date] = []

    def take(self, batch: pa.RecordBatch) -> None:
        """Note the days of some sessions; what cannot be read is judged elsewhere."""
        self._begins += _days(batch, "startDate")
        self._ends += _days(batch, "endDate")

    def verdict(self) -> None:
        """Raise StopDistrict CN30 when no session is near today; none at all says nothing."""
        if not self._begins or not self._ends:
            return
        begin, end = min(self._begins), max(self._ends)
        if begin - self._margin <= self._today <= end + self._margin:
            return
        raise StopDistrict(
            "CN30",
            f"Campus serves the school year from {begin} to {end}, and today is {self._today}",
            fix="In the summer wait for the rollover; else have the active year set in Campus (School Years),"
            " or raise year_margin_days",
            place=self._place,
        )


def _days(batch: pa.RecordBatch, column: str) -> list[date]:
    names = [name for name in batch.schema.names if name.casefold() == column.casefold()]
    texts = [text or "" for name in names for text in batch.column(name).to_pylist()]
    return [day for text in texts if (day := _day(text.strip())) is not None]


def _day(text: str) -> date | None:
    """Return a day as OneRoster or as Campus's extracts write it, None for anything else."""
    american = _AMERICAN.fullmatch(text)
    month, day, year = american.groups() if american else (text[5:7], text[8:10], text[:4])
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


class AccountWatch:
    """Compares who sits in classes with who is among the users: Campus shows only people with an account.

    Source: Infinite Campus knowledge base, OneRoster 1.1 and 1.2 data models, users.
    """

    def __init__(self) -> None:
        self._users: list[pa.Array] = []
        self._known: pa.Array | None = None
        self._absent: dict[str, str] = {}

    def take_users(self, batch: pa.RecordBatch) -> None:
        """Note the users of a page."""
        self._users.append(batch.column("sourcedId"))
        self._known = None

    def take_seats(self, batch: pa.RecordBatch) -> None:
        """Note the people of a page of enrollments that are not among the users noted so far."""
        live = pc.not_equal(pc.fill_null(batch.column("status"), "active"), "tobedeleted")
        absent = pc.and_(live, pc.invert(pc.is_in(batch.column("userSourcedId"), value_set=self._all())))
        found = batch.select(["userSourcedId", PLACE]).filter(absent)
        self._note(zip(*(found.column(name).to_pylist() for name in found.schema.names), strict=True))

    def take_listed(self, people: Iterable[tuple[str, str]]) -> None:
        """Note the people of class lists, each with the list's place, that are not among the users."""
        listed = list(people)
        ids = pa.array([person for person, _ in listed], pa.string())
        known = pc.is_in(ids, value_set=self._all()).to_pylist()
        self._note(one for one, there in zip(listed, known, strict=True) if not there)

    def _all(self) -> pa.Array:
        if self._known is None:
            users = pa.chunked_array(self._users, pa.string()).unique()
            self._known = users
        return self._known

    def _note(self, people: Iterable[tuple[str | None, str | None]]) -> None:
        for person, place in people:
            if person:
                self._absent.setdefault(person, place or "")

    def notices(self) -> list[Notice]:
        """Return one notice a person: held, with everything that depends on the person.

        When they are as many as the users, it is no matter of accounts, and none is returned.
        """
        if len(self._absent) >= sum(map(len, self._users)):
            return []
        return [_without_account(*one) for one in sorted(self._absent.items())]


def _without_account(person: str, place: str) -> Notice:
    return Notice(
        code="ID30",
        severity=Severity.HOLD_ROW.value,
        source_table="users",
        place=place,
        message="Somebody is in a class and not among the users: Campus shows enabled accounts only",
        fix="Enable the person's user account in Campus (User Security > Users); the next night brings it",
        key=person,
        field="sourcedId",
    )


def secret_notice(expires_on: date | None, today: date) -> list[Notice]:
    """Return a notice from 30 days before the client secret dies on, none before that.

    Renewing makes a new secret and kills the old one at once.
    Source: Infinite Campus knowledge base, digital learning applications configuration.
    """
    if expires_on is None or (expires_on - today).days > _RENEWAL:
        return []
    left = (expires_on - today).days
    when = f"expires in {left} days, on {expires_on}" if left > 0 else f"expired on {expires_on}"
    return [
        Notice(
            code="CN31",
            severity=Severity.DROP_VALUE.value,
            source_table="orgs",
            place="secret_expires_on",
            message=f"The client secret of the OneRoster connection {when}",
            fix=f"Renew it in Campus ({MENU}), store the new one at once, and set secret_expires_on",
            field="secret_expires_on",
        )
    ]
