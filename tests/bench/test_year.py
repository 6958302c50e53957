"""A month of the year with planted disasters: nobody is removed wrongly, nothing planted goes unnoticed."""

from __future__ import annotations

import pytest

from bench.year.disasters import disasters
from bench.year.drive import Asked, Year, plan_of, year
from bench.year.feeds import KINDS
from bench.year.report import passed
from bench.year.town import TURN_OF_TERM, Town

MONTH = Asked(nights=30, seed=7)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_month_of_disasters_removes_nobody_wrongly(kind: str) -> None:
    lived = year("7301", kind, MONTH)
    planted = [night for night in lived.nights if night.planted]
    assert len({night.planted for night in planted}) >= 4
    assert [night for night in planted if not night.noticed] == []
    assert [night for night in lived.nights if night.wrongly_removed] == []
    disturbed = [night for night in lived.nights if night.noticed and not night.planted]
    # Who joined while a re-key was held may be in doubt when the SIS takes it back.
    assert len(disturbed) <= 1
    assert all(lived.nights[night.number - 2].planted for night in disturbed)
    assert lived.difference == 0


def test_every_kind_of_disaster_is_planted_in_a_school_year() -> None:
    other = Town("0000", 1, 2).dataset
    planned = {one.name for kind in KINDS for one in plan_of("7301", kind, Asked(), other).values()}
    assert planned == {one.name for one in disasters(other)}


@pytest.mark.parametrize("disaster", disasters(Town("0000", 1, 20).dataset), ids=lambda one: str(one.name))
def test_a_disaster_leaves_the_truth_as_it_is(disaster: object) -> None:
    town = Town("7301", 1, 40)
    truth = town.dataset()
    before = {name: dict(rows) for name, rows in truth.collections.items()}
    served = disaster.damage(town, truth)  # type: ignore[attr-defined]
    assert truth.collections == before
    assert disaster.stale or disaster.repeats or served.collections != before  # type: ignore[attr-defined]


def test_a_town_lives_the_same_year_again_from_the_same_seed() -> None:
    one, two = Town("7301", 5, 30), Town("7301", 5, 30)
    for _ in range(TURN_OF_TERM + 1):
        one.live()
        two.live()
    assert one.dataset().collections == two.dataset().collections
    assert one.term == 2


def test_a_year_with_a_wrong_removal_does_not_pass() -> None:
    from bench.year.drive import Night

    good = Night("7301", 1, "", "", 0, 0, 0, 0)
    bad = Night("7301", 2, "", "", 0, 0, 0, 1)
    unnoticed = Night("7301", 3, "half file", "", 0, 0, 0, 0)
    assert passed([Year("7301", "csv", (good,), 0)])
    assert not passed([Year("7301", "csv", (good, bad), 0)])
    assert not passed([Year("7301", "csv", (good, unnoticed), 0)])
    assert not passed([Year("7301", "csv", (good,), 1)])
