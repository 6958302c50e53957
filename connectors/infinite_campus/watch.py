"""What only a whole roster of Campus tells: people without an account, and whose year it is. Pure."""

from __future__ import annotations

import re
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
    Source: reference on SIS vendors, 2.2, year scope.
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

    Source: reference on SIS vendors, 2.2, users.
    """

    def __init__(self) -> None:
        self._users: list[pa.Array] = []
        self._seats: list[pa.RecordBatch] = []

    def take_users(self, batch: pa.RecordBatch) -> None:
        """Note the users of a page."""
        self._users.append(batch.column("sourcedId"))

    def take_seats(self, batch: pa.RecordBatch) -> None:
        """Note the people of a page of enrollments that are not among the users noted so far."""
        known = pa.chunked_array(self._users, pa.string()).unique() if self._users else _NOBODY
        live = pc.not_equal(pc.fill_null(batch.column("status"), "active"), "tobedeleted")
        absent = pc.and_(live, pc.invert(pc.is_in(batch.column("userSourcedId"), value_set=known)))
        self._seats.append(batch.select(["userSourcedId", PLACE]).filter(absent))

    def notices(self) -> list[Notice]:
        """Return one notice a person: held, with everything that depends on the person.

        When it is most of those who sit in classes, it is no matter of accounts, and none is returned.
        """
        first: dict[str, str] = {}
        for batch in self._seats:
            people, places = (batch.column(name).to_pylist() for name in batch.schema.names)
            for person, place in zip(people, places, strict=True):
                if person:
                    first.setdefault(person, place or "")
        known = sum(map(len, self._users))
        return [_without_account(*one) for one in sorted(first.items())] if len(first) < known else []


_NOBODY = pa.array([], pa.string())


def _without_account(person: str, place: str) -> Notice:
    return Notice(
        code="ID30",
        severity=Severity.HOLD_ROW.value,
        source_table="users",
        place=place,
        message="Somebody sits in a class and is not among the users: Campus shows only enabled accounts",
        fix="Enable the person's user account in Campus (User Security > Users); the next night brings it",
        key=person,
        field="sourcedId",
    )


def secret_notice(expires_on: date | None, today: date) -> list[Notice]:
    """Return a notice from 30 days before the client secret dies on, none before that.

    Source: reference on SIS vendors, 2.1, expiry: renewing makes a new secret and kills the old at once.
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
