"""Seats keep their history, and a home class its number."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from domain.grading import Seat
from domain.ids import OfferingId, SourcedId, fixed_id
from sisbridge.store import seats
from sisbridge.store.database import Store
from sisbridge.store.tables.grades import seat_history
from tests.store.examples import NEXT_NIGHT, NIGHT, NORTH, SOUTH, seat

CHEM = OfferingId("chem-1")


def save(store: Store, *given: Seat, night: date = NIGHT) -> dict[str, int]:
    """Save seats; return the counts that are not zero."""
    with store.begin("seats") as conn:
        return {kind: count for kind, count in seats.save(conn, NORTH, given, night).items() if count}


def history(store: Store) -> list[tuple[object, ...]]:
    """The seat's dated history."""
    columns = seat_history.c.valid_from, seat_history.c.valid_to, seat_history.c.home_class
    with store.read() as conn:
        return [tuple(row) for row in conn.execute(sa.select(*columns).order_by(seat_history.c.valid_from))]


def test_a_seat_opens_moves_and_ends(region: Store) -> None:
    assert save(region, seat()) == {"opened": 1}
    assert save(region, seat()) == {"unchanged": 1}
    assert save(region, seat(home_class=SourcedId("class-2")), night=NEXT_NIGHT) == {"moved": 1}
    ended = seat(home_class=SourcedId("class-2"), end_date=date(2026, 1, 7))
    assert save(region, ended, night=date(2026, 1, 7)) == {"ended": 1}
    with region.read() as conn:
        assert seats.seats(conn, NORTH) == [ended]


def test_a_move_is_dated(region: Store) -> None:
    save(region, seat())
    save(region, seat(home_class=SourcedId("class-2")), night=NEXT_NIGHT)
    assert history(region) == [(NIGHT, NEXT_NIGHT, "class-1"), (NEXT_NIGHT, None, "class-2")]


def test_one_night_repeated_is_one_entry(region: Store) -> None:
    save(region, seat())
    save(region, seat(home_class=SourcedId("class-2")))
    assert history(region) == [(NIGHT, None, "class-2")]


def test_a_seat_not_given_stays(region: Store) -> None:
    save(region, seat())
    assert save(region, night=NEXT_NIGHT) == {}
    with region.read() as conn:
        assert seats.seats(conn, NORTH) == [seat()]


def test_an_ended_seat_can_open_again(region: Store) -> None:
    save(region, seat(end_date=NIGHT))
    assert save(region, seat(), night=NEXT_NIGHT) == {"opened": 1}


def test_home_classes_are_numbered_in_order_and_for_ever(region: Store) -> None:
    def key(name: str) -> seats.HomeClassKey:
        return CHEM, "S1", SourcedId(name)

    def home(number: int) -> str:
        return fixed_id("home-class", NORTH, CHEM, "S1", str(number))

    with region.begin("x") as conn:
        first = seats.number_home_classes(conn, NORTH, [key("c"), key("b"), key("c")], NIGHT)
        assert first == {key("b"): home(1), key("c"): home(2)}
        later = seats.number_home_classes(conn, NORTH, [key("a"), key("b")], NEXT_NIGHT)
        assert later == {**first, key("a"): home(3)}
        assert seats.home_classes(conn, NORTH) == later
        assert seats.home_classes(conn, SOUTH) == {}
