"""Seats and their dated history, and our own numbering of the home sections they stand in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from domain.grading import Seat
from domain.ids import DistrictCode, OfferingId, PersonId, SourcedId, fixed_id
from sisbridge.store.tables.grades import home_class, seat, seat_history
from sisbridge.store.upsert import Row as Values
from sisbridge.store.upsert import upsert

HomeClassKey = tuple[OfferingId, str, SourcedId]
"""Offering, term, and the home class's sourcedId."""

SeatKey = tuple[PersonId, OfferingId, str]
"""Person, offering and term: what a seat is known by in its district."""


def seats(conn: Connection, district: DistrictCode) -> list[Seat]:
    """Return all seats a district ever had, by offering, term and person."""
    wanted = (
        sa.select(seat)
        .where(seat.c.district_code == district)
        .order_by(seat.c.offering_id, seat.c.term, seat.c.person_id)
    )
    return [_seat(row) for row in conn.execute(wanted)]


def save(conn: Connection, district: DistrictCode, seats: Sequence[Seat], night_on: date) -> dict[str, int]:
    """Save seats with their history and return counts: opened, moved, ended, unchanged.

    A seat not among them stays as it is, and none is ever deleted: an ended one is given with its end.
    moved: another home class, school, student or date. Safe to repeat.
    """
    known = {_key(one): one for one in _stored(conn, district)}
    kinds = [_kind(known.get(_key(one)), one, night_on) for one in seats]
    changed = [one for one, kind in zip(seats, kinds, strict=True) if kind != "unchanged"]
    _write(conn, changed, night_on)
    return {kind: kinds.count(kind) for kind in ("opened", "moved", "ended", "unchanged")}


def home_classes(conn: Connection, district: DistrictCode) -> dict[HomeClassKey, str]:
    """Return our id of every home class that was numbered."""
    wanted = sa.select(home_class).where(home_class.c.district_code == district)
    rows = conn.execute(wanted)
    return {(row.offering_id, row.term, row.class_sourced_id): row.home_class_id for row in rows}


def number_home_classes(
    conn: Connection, district: DistrictCode, classes: Sequence[HomeClassKey], night_on: date
) -> dict[HomeClassKey, str]:
    """Give each new home class the next number of its offering and term; return all, as `home_classes`.

    A class keeps its number for ever: the ids we send are made of it, never of the SIS's own. New
    classes are numbered in the order of their sourcedIds.
    """
    known = home_classes(conn, district)
    used = Counter((offering, term) for offering, term, _ in known)
    rows = []
    for key in sorted(set(classes) - known.keys()):
        offering, term, class_sourced_id = key
        used[offering, term] += 1
        known[key] = fixed_id("home-class", district, offering, term, str(used[offering, term]))
        rows.append(
            {
                "district_code": district,
                "home_class_id": known[key],
                "offering_id": offering,
                "term": term,
                "number": used[offering, term],
                "class_sourced_id": class_sourced_id,
                "valid_from": night_on,
            }
        )
    if rows:
        conn.execute(sa.insert(home_class), rows)
    return known


_stored = seats
"""`save` has a parameter of that name."""


def _key(one: Seat) -> SeatKey:
    return one.person, one.offering, one.term


def _is_open(one: Seat, night_on: date) -> bool:
    return one.end_date is None or one.end_date > night_on


def _kind(old: Seat | None, new: Seat, night_on: date) -> str:
    if old == new:
        return "unchanged"
    if old is None or (_is_open(new, night_on) and not _is_open(old, night_on)):
        return "opened"
    if _is_open(old, night_on) and not _is_open(new, night_on):
        return "ended"
    return "moved"


def _write(conn: Connection, changed: Sequence[Seat], night_on: date) -> None:
    for one in changed:
        conn.execute(
            sa.update(seat_history)
            .where(
                seat_history.c.district_code == one.district,
                seat_history.c.person_id == one.person,
                seat_history.c.offering_id == one.offering,
                seat_history.c.term == one.term,
                seat_history.c.valid_to.is_(None),
                seat_history.c.valid_from < night_on,
            )
            .values(valid_to=night_on)
        )
    rows = [_values(one) for one in changed]
    upsert(conn, seat, rows)
    upsert(conn, seat_history, [{**row, "valid_from": night_on, "valid_to": None} for row in rows])


def _values(one: Seat) -> Values:
    return {
        "district_code": one.district,
        "person_id": one.person,
        "offering_id": one.offering,
        "term": one.term,
        "home_school": one.home_school,
        "home_class": one.home_class,
        "student": one.student,
        "begin_date": one.begin_date,
        "end_date": one.end_date,
    }


def _seat(row: Row[*tuple[Any, ...]]) -> Seat:
    return Seat(
        district=row.district_code,
        person=row.person_id,
        offering=row.offering_id,
        term=row.term,
        home_school=row.home_school,
        home_class=row.home_class,
        student=row.student,
        begin_date=row.begin_date,
        end_date=row.end_date,
    )
