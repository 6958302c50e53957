"""What happened to a record, and what of it may be shown."""

from __future__ import annotations

from datetime import timedelta

from domain.ids import SourcedId
from sisbridge.house import House
from sisbridge.sync.answers.history import FieldStep, history
from sisbridge.sync.night import sync_district
from tests.support.small_region import NOW, REST, SmallRegion

U0 = SourcedId("u0")


def test_each_change_is_told_with_its_night_and_no_personal_value(house: House, region: SmallRegion) -> None:
    sync_district(house, REST)
    region.provider.dataset.change("users", "u0", NOW, givenName="Secret", grades=["11"])
    region.load(house, NOW + timedelta(days=1))
    sync_district(house, REST)
    region.provider.dataset.change("users", "u0", NOW, grades=["12"])
    region.load(house, NOW + timedelta(days=2))
    sync_district(house, REST)
    told = history(house, REST, U0)
    assert [(one.what, one.night_on.day) for one in told] == [("changed", 22), ("changed", 21), ("came", 20)]
    assert told[0].fields == (FieldStep("grades", "11", "12"),)
    assert set(told[1].fields) == {
        FieldStep("grades", "10", "11"),
        FieldStep("given_name", "(hidden)", "(hidden)"),
    }
    assert {one.decided_by for one in told} == {"nightly run"}
    assert "Secret" not in repr(told)


def test_references_are_told_by_their_ids_and_texts_by_their_shape(house: House, region: SmallRegion) -> None:
    sync_district(house, REST)
    region.provider.dataset.change("classes", "k", NOW, title="Physics 2b")
    sync_district(house, REST)
    (changed, came) = history(house, REST, SourcedId("k"))
    assert changed.fields == (FieldStep("title", "xxxxxxx 9", "xxxxxxx 9x"),)
    assert (came.what, came.fields) == ("came", ())


def test_of_what_was_never_seen_nothing_is_told(house: House) -> None:
    sync_district(house, REST)
    assert history(house, REST, SourcedId("nobody")) == []
