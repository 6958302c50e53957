"""What a person or a night does that may be killed anywhere; each goes on when it is done again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from domain.errors import StopDistrict
from domain.ids import DistrictCode
from sisbridge.house import House
from sisbridge.settings import Settings
from sisbridge.store.holds import HoldState
from sisbridge.sync.answers.waiting import standing_holds
from sisbridge.sync.grades.collect_grades import collect_from
from sisbridge.sync.grades.release import release
from sisbridge.sync.grades.writeback import deliver
from sisbridge.sync.holding import decisions
from sisbridge.sync.identity import rekey_desk
from sisbridge.sync.night import sync_region
from sisbridge.sync.purge import purge
from sisbridge.sync.roster.replay import replay
from tests.support.night_process import NightSpec

ACTOR = "registrar"


def perform(spec: NightSpec) -> None:
    """Open the house and do what is asked, for every district of the specification."""
    house = House.open(
        Settings(home=Path(spec.home), database_url=spec.database_url, demo=True, actor="tester")
    )
    _ACTS[spec.act](house, [DistrictCode(code) for code in spec.districts], Path(spec.grades))
    house.close()


def _night(house: House, codes: list[DistrictCode], _: Path) -> None:
    outcomes = sync_region(house, codes)
    assert [outcome.state for outcome in outcomes] == ["finished"] * len(codes), outcomes


def _grades(house: House, codes: list[DistrictCode], grades: Path) -> None:
    collect_from(house, grades)
    for code in codes:
        release(house, code, "tester")
        deliver(house, code)


def _whole_night(house: House, codes: list[DistrictCode], grades: Path) -> None:
    _night(house, codes, grades)
    _grades(house, codes, grades)


def _release(house: House, codes: list[DistrictCode], grades: Path) -> None:
    """Release what waits for a person; the same night then applies what a broken release left."""
    _decide(house, codes, decisions.release)
    _night(house, codes, grades)


def _discard(house: House, codes: list[DistrictCode], _: Path) -> None:
    _decide(house, codes, decisions.discard)


def _decide(house: House, codes: list[DistrictCode], decide: Callable[..., object]) -> None:
    for code in codes:
        for hold in standing_holds(house, code):
            if hold.state is HoldState.OPEN:
                decide(house, code, ACTOR, decisions.chosen(hold_id=hold.hold_id))


def _accept(house: House, codes: list[DistrictCode], _: Path) -> None:
    for code in codes:
        with suppress(StopDistrict):  # accepted already: nothing waits for a decision
            rekey_desk.accept(house, code, ACTOR)


def _replay(house: House, codes: list[DistrictCode], _: Path) -> None:
    for code in codes:
        replay(house, code, ACTOR)


def _purge(house: House, codes: list[DistrictCode], _: Path) -> None:
    for code in codes:
        purge(house, code, ACTOR, unsent_too=True)


_ACTS: dict[str, Callable[[House, list[DistrictCode], Path], None]] = {
    "whole night": _whole_night,
    "night": _night,
    "grades": _grades,
    "release": _release,
    "discard": _discard,
    "accept": _accept,
    "replay": _replay,
    "purge": _purge,
}
