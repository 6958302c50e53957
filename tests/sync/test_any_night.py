"""Whatever nights and people did to a roster, its history gives every earlier night back as it was."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
import sqlalchemy as sa
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from domain.model import Decision, Mode
from domain.tables import ROSTER, RosterTable
from mappings.digests import digests
from sisbridge.house import House
from sisbridge.settings import Settings
from sisbridge.store import roster
from sisbridge.store.tables.roster import change
from sisbridge.sync.identity.rekey_desk import accept, refuse
from tests.support.postgres import fresh_database
from tests.support.row_nights import Night, RowNights

USERS = [f"u{number}" for number in range(8)]
EVERYONE = frozenset(USERS)
Rows = dict[RosterTable, dict[str, dict[str, str | None]]]


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house on either database; every example has a district of its own in it."""
    home: Path = tmp_path_factory.mktemp("house")
    if request.param == "sqlite":
        yield from _opened(home, f"sqlite:///{home / 'store.db'}")
    else:
        with fresh_database(request.getfixturevalue("postgres_server")) as url:
            yield from _opened(home, url)


def _opened(home: Path, url: str) -> Iterator[House]:
    house = House.open(Settings(home=home, database_url=url, demo=True, actor="tester"))
    yield house
    house.close()


def _decide(decision: Decision) -> Callable[[RowNights], object]:
    return lambda district: district.decide(decision)


AFTERWARDS: dict[str, Callable[[RowNights], object]] = {
    "nothing": lambda _: None,
    "released for the next night": _decide(Decision.APPLY),
    "refused": _decide(Decision.DISCARD),
    "released at once": RowNights.release,
    "re-key accepted": lambda district: district.decide_rekey(accept),
    "re-key refused": lambda district: district.decide_rekey(refuse),
}

some = st.frozensets(st.sampled_from(USERS), max_size=4)
nights = st.builds(
    lambda gone, **rest: Night(present=EVERYONE - gone - rest["held"] - rest["deleted"], **rest),
    gone=st.one_of(some, some, st.frozensets(st.sampled_from(USERS))),
    moved=some,
    held=st.frozensets(st.sampled_from(USERS), max_size=2),
    deleted=st.frozensets(st.sampled_from(USERS), max_size=2),
    lingering=st.booleans(),
    hours=st.sampled_from([1, 12, 24]),
    mode=st.sampled_from([Mode.BULK, Mode.BULK, Mode.DELTA]),
    called=st.sampled_from(["", "", "n-"]),
)
steps = st.tuples(nights, st.sampled_from(sorted(AFTERWARDS)))


EVENTFUL = [
    (Night(EVERYONE - {"u0"}, moved=frozenset({"u1"})), "nothing"),
    (Night(EVERYONE - {"u0"}, held=frozenset({"u1"}), called="n-"), "re-key accepted"),
    (Night(EVERYONE, called="n-", hours=1), "nothing"),
    (Night(EVERYONE), "re-key accepted"),
    (Night(frozenset({"u2"}), deleted=frozenset({"u3"})), "released for the next night"),
    (Night(frozenset({"u2", "u4"})), "released at once"),
]
"""A re-key that is taken back, rows that come and go, a half file that a person lets go."""


@settings(max_examples=8, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@example(year=EVENTFUL)
@given(year=st.lists(steps, min_size=2, max_size=6))
def test_history_gives_every_night_back_as_it_was(house: House, year: list[tuple[Night, str]]) -> None:
    district, kept = RowNights(house), {}
    for night, afterwards in [(Night(EVERYONE), "nothing"), *year]:
        district.run(night)
        AFTERWARDS[afterwards](district)
        kept[district.at.date()] = district.in_force()
        for night_on, then in kept.items():
            assert rewound(district, night_on) == then, night_on
            assert at_night(district, night_on) == digested(then), night_on


def at_night(district: RowNights, night_on: date) -> dict[RosterTable, dict[str, bytes]]:
    """Return what the store says each row's digest was."""
    with district.house.store.read() as conn:
        found = {table: roster.at_night(conn, district.district, table, night_on) for table in RosterTable}
    return {
        table: dict(zip(*(rows.column(name).to_pylist() for name in ("sourced_id", "digest")), strict=True))
        for table, rows in found.items()
    }


def digested(rows: Rows) -> dict[RosterTable, dict[str, bytes]]:
    """Return the digest of every row, taken anew."""
    return {table: _digested(table, list(mine.values())) for table, mine in rows.items()}


def _digested(table: RosterTable, rows: list[dict[str, str | None]]) -> dict[str, bytes]:
    schema = pa.schema([(name, pa.string()) for name in ROSTER[table].names])
    batch = pa.RecordBatch.from_pylist(rows, schema=schema)
    ids = batch.column("sourced_id").to_pylist()
    return dict(zip(ids, digests(table, batch).to_pylist(), strict=True))


def rewound(district: RowNights, night_on: date) -> Rows:
    """Return the rows as they were, value for value: what came after is taken back, the newest first."""
    rows = district.in_force()
    later = (
        sa.select(change)
        .where(change.c.district_code == district.district, change.c.night_on > night_on)
        .order_by(change.c.change_id.desc())
    )
    with district.house.store.read() as conn:
        for one in conn.execute(later):
            mine, before = rows[RosterTable(one.roster_table)], json.loads(one.before or "{}")
            if one.op == "add":
                del mine[one.sourced_id]
            elif one.op == "remove":
                mine[one.sourced_id] = {"sourced_id": one.sourced_id, **before}
            else:
                mine[one.sourced_id] = mine[one.sourced_id] | before
    return rows
