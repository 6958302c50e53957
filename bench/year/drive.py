"""Drive one district through its year, night by night, and judge each night against the truth."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from bench.year.disasters import Disaster, disasters
from bench.year.feeds import Feed, feed
from bench.year.town import FIRST_DAY, STUDENTS, TURN_OF_TERM, Town
from domain.ids import DistrictCode
from domain.tables import RosterTable
from simulators.dataset import Dataset
from sisbridge.house import House
from sisbridge.settings import Settings
from sisbridge.store import roster
from sisbridge.sync.answers.cases import open_cases
from sisbridge.sync.night import sync_district
from sisbridge.sync.region import keep_secret, load_entries

LAST_QUIET = 4
"""Nights without a disaster at the end: by then everything true has to be in force."""

LONGEST, QUIET = 3, 3
"""Nights a disaster lasts at most, and ordinary nights after it at least."""

IN_DOUBT = "ID20"
"""The rule for students whom the roster does not tell apart; nothing of theirs moves until a person does."""

JUDGED = {RosterTable.USERS: "users", RosterTable.ENROLLMENTS: "enrollments", RosterTable.CLASSES: "classes"}


@dataclass(frozen=True)
class Night:
    """One night of one district. planted: the disaster that was served, "" for an ordinary night.

    held: changes that wait for a person. doubted: students who cannot be told apart. wrongly_removed:
    rows that were in force and are true, and went.
    """

    district: str
    number: int
    planted: str
    code: str
    quarantined: int
    held: int
    doubted: int
    wrongly_removed: int

    @property
    def noticed(self) -> bool:
        """Return whether anything was held back: the feed, rows in quarantine, changes, or students."""
        return bool(self.code or self.quarantined or self.held or self.doubted)


@dataclass(frozen=True)
class Year:
    """One district's nights, and by how many rows roster of record and truth differ when it is over."""

    district: str
    feed: str
    nights: tuple[Night, ...]
    difference: int


@dataclass(frozen=True)
class Asked:
    """What a year is made of. students: about so many in each district."""

    nights: int = 180
    students: int = STUDENTS
    seed: int = 1


def year(code: str, kind: str, asked: Asked, say: Callable[[str], None] = lambda _: None) -> Year:
    """Live through one district's year with a store of its own and return what happened."""
    town, other = Town(code, asked.seed, asked.students), Town("0000", asked.seed, asked.students)
    plan = plan_of(code, kind, asked, other.dataset)
    with _district(code, kind) as (house, served):
        nights = []
        for number in range(1, asked.nights + 1):
            town.live()
            nights.append(_night(house, town, served, plan.get(number)))
            say(f"{code} {number}")
        return Year(code, kind, tuple(nights), _difference(house, town))


def plan_of(code: str, kind: str, asked: Asked, other: Callable[[], Dataset]) -> dict[int, Disaster]:
    """Return which disaster is served on which nights: every kind that a feed can meet, as often as fits."""
    chance = random.Random(f"plan {code} {asked.seed}")
    planned: dict[int, Disaster] = {}
    night = QUIET
    while True:
        kinds = [one for one in disasters(other) if kind in one.feeds]
        chance.shuffle(kinds)
        for one in kinds:
            lasts = chance.randint(1, LONGEST)
            if night + lasts > asked.nights - LAST_QUIET:
                return planned
            planned |= {night + after: one for after in range(lasts)}
            night += lasts + QUIET + chance.randint(0, QUIET)


def _night(house: House, town: Town, served: Feed, disaster: Disaster | None) -> Night:
    truth = town.dataset()
    if disaster is None:
        served.serve(truth, town.now())
    elif not disaster.stale:
        served.serve(disaster.damage(town, truth), town.now(), repeats=disaster.repeats)
    load_entries(house, _entries(town, served), "year")
    before = _in_force(house, town.code)
    outcome = sync_district(house, DistrictCode(town.code))
    after = _in_force(house, town.code)
    return Night(
        district=town.code,
        number=town.night,
        planted=disaster.name if disaster else "",
        code=outcome.code,
        quarantined=outcome.counts.get("quarantined", 0),
        held=outcome.counts.get("held", 0),
        doubted=sum(case.rows for case in open_cases(house, outcome.district) if case.rule == IN_DOUBT),
        wrongly_removed=sum(
            len((before[table] & _ids(truth, name)) - after[table]) for table, name in JUDGED.items()
        ),
    )


def _in_force(house: House, code: str, *, missing_too: bool = True) -> dict[RosterTable, set[str]]:
    with house.store.read() as conn:
        keys = {table: roster.keys(conn, DistrictCode(code), table) for table in JUDGED}
    return {
        table: {row["sourced_id"] for row in rows.to_pylist() if missing_too or not row["missing"]}
        for table, rows in keys.items()
    }


def _ids(dataset: Dataset, collection: str) -> set[str]:
    return set(dataset.collections[collection])


def _difference(house: House, town: Town) -> int:
    """Return how many rows differ, but for those that are missing so far and wait for their second night."""
    truth, there = town.dataset(), _in_force(house, town.code, missing_too=False)
    return sum(len(_ids(truth, name) ^ there[table]) for table, name in JUDGED.items())


@contextmanager
def _district(code: str, kind: str) -> Iterator[tuple[House, Feed]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        served = feed(kind, folder / "sis", code, stack)
        house = House.open(Settings(home=folder / "home", demo=True, actor="year"))
        stack.callback(house.close)
        town = Town(code, 0, 1)
        load_entries(house, _entries(town, served), "year")
        for name, value in served.secrets().items():
            keep_secret(house, DistrictCode(code), name, value, "year")
        yield house, served


def _entries(town: Town, served: Feed) -> dict[str, Any]:
    """Return the region file's content; the turn of the term is announced, as a district would."""
    turn = FIRST_DAY + timedelta(days=TURN_OF_TERM)
    announced = {"from": str(turn), "to": str(turn + timedelta(days=7)), "reason": "turn of the term"}
    district = {
        "code": town.code,
        "name": f"District {town.code}",
        "state": "IN",
        "school_year": "2026",
        "lea_identifier": town.code,
        "mou_approved_on": date(2025, 7, 1),
        "settings": {"fixed_now": town.now().isoformat(), "rollovers": [announced]},
        "roster": served.roster(),
    }
    return {"district": [district], "offering": []}
