"""Whatever nights bring, nothing goes on weak evidence, nothing dangles and every difference is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from domain.errors import ContractBroken
from domain.model import Decision, Mode
from domain.tables import RosterTable
from mappings.holding import PARENTS
from sisbridge.house import House
from sisbridge.settings import Settings
from sisbridge.store import holds
from sisbridge.store.holds import Chosen
from sisbridge.store.tables.roster import roster as tables
from sisbridge.sync.roster.drift import last_drift
from sisbridge.sync.roster.unsettled import unsettled
from tests.support.row_nights import Night, RowNights, rows_of

USERS = [f"u{number}" for number in range(8)]
EVERYONE = frozenset(USERS)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house on SQLite; every example has a district of its own in it."""
    home: Path = tmp_path_factory.mktemp("house")
    house = House.open(
        Settings(home=home, database_url=f"sqlite:///{home / 'store.db'}", demo=True, actor="tester")
    )
    yield house
    house.close()


some = st.frozensets(st.sampled_from(USERS), max_size=4)
nights = st.builds(
    lambda gone, **rest: Night(present=EVERYONE - gone - rest["held"] - rest["deleted"], **rest),
    gone=st.one_of(some, st.frozensets(st.sampled_from(USERS))),
    moved=some,
    held=st.frozensets(st.sampled_from(USERS), max_size=2),
    deleted=st.frozensets(st.sampled_from(USERS), max_size=2),
    lingering=st.booleans(),
    hours=st.sampled_from([1, 11, 12, 24]),
    complete=st.sampled_from([True, True, True, False]),
    mode=st.sampled_from([Mode.BULK, Mode.BULK, Mode.BULK, Mode.DELTA]),
)
decisions = st.sampled_from([None, None, Decision.APPLY, Decision.DISCARD])


@settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(steps=st.lists(st.tuples(nights, decisions), min_size=2, max_size=6))
def test_no_row_goes_that_two_complete_nights_did_not_both_lack_and_none_dangles(
    house: House, steps: list[tuple[Night, Decision | None]]
) -> None:
    district = RowNights(house)
    district.run(Night(EVERYONE))
    for night, decision in steps:
        before = district.in_force()
        if not night.complete:
            with pytest.raises(ContractBroken, match="PG09"):
                district.run(night)
            assert district.in_force() == before
            continue
        counts = district.run(night)
        assert_evidence(district, night, before)
        assert_whole(district)
        assert counts["unexplained"] == 0
        if decision is not None:
            with house.store.begin("test") as conn:
                holds.decide(conn, district.district, decision, "registrar", district.at, Chosen())


def assert_evidence(
    district: RowNights, night: Night, before: dict[RosterTable, dict[str, dict[str, str | None]]]
) -> None:
    """Every row that went was last seen marked as deleted, or absent now and 12 hours and a night ago."""
    rows, seen = rows_of(night)
    after = district.in_force()
    for table, mine in before.items():
        for key in mine.keys() - after[table].keys():
            assert key not in seen[table], (table, key)
            if (table, key) in district.told:
                continue
            assert key not in rows[table], (table, key)
            since = district.absent_since[table, key]
            assert since <= district.at - timedelta(hours=12), (table, key)
            assert since.date() < district.at.date(), (table, key)
            assert night.mode is Mode.BULK


def assert_whole(district: RowNights) -> None:
    """Every reference that a row needs leads to a row in force."""
    in_force = district.in_force()
    for table, columns in PARENTS.items():
        for key, row in in_force[table].items():
            for column, parent in columns.items():
                assert row[column] in in_force[parent], (table, key, column)


def test_the_same_snapshot_looked_at_again_is_no_second_night(house: House) -> None:
    district = RowNights(house)
    district.run(Night(EVERYONE))
    gone = Night(EVERYONE - {"u0"})
    assert district.run(gone)["missing"] == 3
    assert district.run(Night(gone.present, hours=1)).get("remove", 0) == 0
    assert district.run(Night(gone.present, hours=23))["remove"] == 3


def test_a_held_row_that_a_delta_is_silent_of_is_neither_lost_nor_applied(house: House) -> None:
    district = RowNights(house)
    district.run(Night(EVERYONE))
    half = frozenset(USERS[:4])
    held = district.run(Night(half))["held"]
    assert district.run(Night(frozenset({"u0"}), mode=Mode.DELTA)).get("remove", 0) == 0
    with house.store.read() as conn:
        assert holds.held(conn, district.district).num_rows == held == 12


def test_a_row_of_a_delta_that_is_neither_in_force_nor_held_is_unexplained(house: House) -> None:
    district = RowNights(house)
    district.run(Night(EVERYONE))
    moved = Night(frozenset({"u0", "u1"}), moved=frozenset({"u1"}), mode=Mode.DELTA)
    assert district.run(moved)["unexplained"] == 0
    assert district.last is not None
    users = tables[RosterTable.USERS]
    with house.store.begin("test") as conn:
        conn.execute(
            sa.delete(users).where(users.c.sourced_id == "u1", users.c.district_code == district.district)
        )
        assert unsettled(conn, district.last) == 1


def test_what_a_person_released_is_applied_once_beside_what_nobody_had_to_release(house: House) -> None:
    district = RowNights(house)
    district.run(Night(EVERYONE))
    assert district.run(Night(frozenset()))["held"] == 24
    with house.store.begin("test") as conn:
        holds.decide(conn, district.district, Decision.APPLY, "registrar", district.at, Chosen())
    counts = district.run(Night(EVERYONE - {"u0"}, moved=frozenset({"u1"})))
    assert (counts["update"], counts["remove"]) == (2, 3)


def test_drift_says_why_the_two_sides_differ(house: House) -> None:
    district = RowNights(house)
    district.run(Night(EVERYONE - {"u7"}))
    district.run(Night(EVERYONE - {"u0"}, moved=frozenset({"u7"}), held=frozenset({"u1", "u7"})))
    _, lines = last_drift(house, district.district)
    found = {(line.table, line.school): line for line in lines}
    users, here = found["users", ""], found["enrollments", "s1"]
    assert (users.in_the_sis, users.in_force) == (7, 7)
    assert users.reasons == {"missing": 1, "quarantined": -2, "quarantined but in force": 1}
    assert (here.in_the_sis, here.in_force, here.unexplained) == (6, 7, 0)
    assert found["enrollments", "s2"].reasons == {"quarantined": -1}
