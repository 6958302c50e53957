"""Rows that go, change or wait because a district's mapping was edited: the edit is named."""

from __future__ import annotations

from datetime import timedelta

from simulators.dataset import Dataset
from sisbridge.house import House
from sisbridge.sync.answers.cases import open_cases
from sisbridge.sync.answers.why import why
from sisbridge.sync.night import NightOutcome, sync_district
from tests.support.small_region import FILES, NOW, SmallRegion, add_student, roster

AIDE = {"roles": [{"roleType": "primary", "role": "aide", "org": {"sourcedId": "s", "type": "org"}}]}
WIDER = {"mapping": {"roles_out_of_scope": ["guardian", "parent", "relative", "aide"]}}


def feed(day: int) -> Dataset:
    """Return a district with an aide, in a file that no other day has."""
    dataset = roster()
    add_student(dataset, "a1", "900000009")
    dataset.drop("enrollments", "e-a1")
    dataset.change("users", "a1", NOW, **AIDE)
    dataset.change("orgs", "s", NOW, name=f"School {day}")
    return dataset


def night(house: House, region: SmallRegion, day: int, **settings: object) -> NightOutcome:
    """Run the night of a day over a bulk file."""
    region.posting_is_over = True
    region.load(house, NOW + timedelta(days=day), **settings)
    region.drop(feed(day))
    return sync_district(house, FILES)


def said(house: House, rule: str) -> list[str]:
    """Return what the open cases of a rule say."""
    return [case.message for case in open_cases(house, FILES) if case.rule == rule]


def of_aide(house: House) -> str:
    (answer,) = why(house, "a1", FILES)
    return answer.sentence


def test_an_edit_that_takes_people_off_is_named_until_it_is_two_weeks_old(
    any_house: House, region: SmallRegion
) -> None:
    named = "(roles_out_of_scope; first used in the night of 2026-01-21)"
    night(any_house, region, 0)
    assert said(any_house, "SZ18") == []
    # A user and its role.
    for day, removed in ((1, 0), (2, 2), (3, 0)):
        assert night(any_house, region, day, **WIDER).counts.get("remove", 0) == removed
        (message,) = said(any_house, "SZ18")
        assert (message.partition(" ")[0], named in message) == ("2", True)
        assert "but out of scope" in of_aide(any_house)
        assert "edited: roles_out_of_scope; first used in the night of 2026-01-21" in of_aide(any_house)
    night(any_house, region, 16, **WIDER)
    assert said(any_house, "SZ18") == []
    assert "edited" not in of_aide(any_house)


def test_a_hold_that_an_edit_of_the_mapping_caused_names_it_on_later_nights_too(
    house: House, region: SmallRegion
) -> None:
    settings = {"thresholds": {"enrollments": {"updated": 0.0}}}
    night(house, region, 0, **settings)
    for day in (1, 2):
        night(house, region, day, mapping={"end_dates_inclusive": True}, **settings)
        (message,) = said(house, "SZ11")
        assert message.endswith(
            "The mapping was edited (end_dates_inclusive; first used in the night of 2026-01-21)."
        )
    (answer,) = why(house, "e-u1", FILES)
    assert "end_dates_inclusive" in answer.sentence
