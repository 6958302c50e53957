"""Who is who: what whole nights and people's decisions make of a district's students."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from domain.errors import StopDistrict
from domain.ids import PersonId, SourcedId, fixed_id
from sisbridge.house import House
from sisbridge.store import identity as stored_identity
from sisbridge.store import people
from sisbridge.store import seats as seat_store
from sisbridge.store.tables.region import audit
from sisbridge.sync.answers.cases import open_cases
from sisbridge.sync.grades.collect_grades import collect_from
from sisbridge.sync.identity import people as linking
from sisbridge.sync.identity.people_desk import match, overview, split, worklist
from sisbridge.sync.night import sync_district
from sisbridge.sync.region import load_entries
from tests.support.small_region import FILES, NOW, REST, SmallRegion, add_student, roster

U0, U1, U9 = (SourcedId(name) for name in ("u0", "u1", "u9"))


def persons(house: House) -> dict[SourcedId, PersonId]:
    """Return who each linked user is."""
    with house.store.read() as conn:
        return people.links(conn, REST, "2026")


def test_a_newcomer_with_somebodys_number_takes_nothing_from_who_has_it(
    any_house: House, region: SmallRegion
) -> None:
    sync_district(any_house, REST)
    was = persons(any_house)
    add_student(region.provider.dataset, "u9", "900000000")
    assert sync_district(any_house, REST).state == "finished"
    assert persons(any_house) == was
    (case,) = open_cases(any_house, REST)
    assert (case.rule, case.first_key, case.students) == ("ID20", "u9", 1)
    (waiting,) = worklist(any_house, REST)
    assert (waiting.entry.user, waiting.entry.others) == ("u9", ("u0",))
    assert sync_district(any_house, REST).state == "finished"
    assert [case.rule for case in open_cases(any_house, REST)] == ["ID20"]
    region.provider.dataset.change("users", "u9", NOW, identifier="900000009")
    sync_district(any_house, REST)
    assert (open_cases(any_house, REST), len(set(persons(any_house).values()))) == ([], 7)


def test_a_first_night_of_many_makes_the_same_persons_and_holds_the_same_two(
    any_house: House, region: SmallRegion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linking, "_MANY", 0)
    monkeypatch.setattr(stored_identity, "_MANY", 0)
    add_student(region.provider.dataset, "u9", "900000000")
    assert sync_district(any_house, REST).state == "finished"
    alone = [SourcedId(f"u{number}") for number in range(1, 6)]
    assert persons(any_house) == {user: fixed_id("person", REST, "2026", user) for user in alone}
    assert [waiting.entry.user for waiting in worklist(any_house, REST)] == ["u0", "u9"]
    region.provider.dataset.change("users", "u9", NOW, identifier="900000009")
    assert sync_district(any_house, REST).state == "finished"
    everybody = [U0, *alone, U9]
    assert persons(any_house) == {user: fixed_id("person", REST, "2026", user) for user in everybody}


def test_an_account_made_anew_is_the_same_person_once_the_old_one_is_gone(
    any_house: House, region: SmallRegion
) -> None:
    first, anew = roster(), roster()
    add_student(first, "u8", "900000008")
    first.drop("enrollments", "e-u8")
    region.drop(first)
    sync_district(any_house, FILES)
    add_student(anew, "u9", "900000008")
    for days in range(4):
        region.drop(anew)
        region.load(any_house, NOW + timedelta(days=days))
        sync_district(any_house, FILES)
    with any_house.store.read() as conn:
        links = people.links(conn, FILES, "2026")
        seats = {seat.person: seat for seat in seat_store.seats(conn, FILES)}
    assert links[U9] == links[SourcedId("u8")]
    assert seats[links[U9]].student == "u9"


def test_who_was_said_to_be_two_stays_two(any_house: House, region: SmallRegion) -> None:
    add_student(region.provider.dataset, "u9", "900000000")
    sync_district(any_house, REST)
    assert split(any_house, REST, U0, U9, "tester") == "They are two persons."
    assert sync_district(any_house, REST).counts["seats"] == 7
    assert persons(any_house)[U0] != persons(any_house)[U9]
    assert open_cases(any_house, REST) == []
    with any_house.store.read() as conn:
        told = conn.execute(sa.select(audit.c.actor, audit.c.action, audit.c.subject)).tuples().all()
    assert ("tester", "people decided different", "u0 and u9") in told


def test_two_persons_become_one_and_two_again(house: House, region: SmallRegion) -> None:
    sync_district(house, REST)
    match(house, REST, U0, U1, "tester")
    assert sync_district(house, REST).counts["seats"] == 6
    assert overview(house, REST).users_of == {persons(house)[U0]: [U0, U1]}
    with house.store.read() as conn:
        open_seats = [seat for seat in seat_store.seats(conn, REST) if seat.end_date != NOW.date()]
    assert len(open_seats) == 5
    split(house, REST, U0, U1, "tester")
    sync_district(house, REST)
    assert len(set(persons(house).values())) == 6


def test_grades_of_two_never_become_one(house: House, region: SmallRegion) -> None:
    sync_district(house, REST)
    collect_from(house, region.grade_file([f"{REST},u0,90", f"{REST},u1,80"]))
    with pytest.raises(StopDistrict, match="CF87"):
        match(house, REST, U0, U1, "tester")
    was = persons(house)
    match(house, REST, SourcedId("u2"), U0, "tester")
    assert persons(house)[SourcedId("u2")] == was[U0]
    with pytest.raises(StopDistrict, match="CF81"):
        match(house, REST, U0, SourcedId("nobody"), "tester")


def test_too_few_numbers_stop_the_district_and_the_list_says_whose_are_missing(
    house: House, region: SmallRegion
) -> None:
    region.load(house, identity={"minimum_rate": 0.9})
    region.provider.dataset.change("users", "u0", NOW, identifier="")
    assert sync_district(house, REST).code == "ID26"
    assert [(one.entry.user, one.mend[:17]) for one in worklist(house, REST)] == [("u0", "identifier: blank")]
    assert persons(house) == {}


def test_the_list_is_written_though_nothing_may_be_applied(house: House, region: SmallRegion) -> None:
    entries = region.entries()
    del entries["district"][0]["mou_approved_on"]
    load_entries(house, entries, "tester")
    add_student(region.provider.dataset, "u9", "900000000")
    assert sync_district(house, REST).code == "CF11"
    assert [one.entry.user for one in worklist(house, REST)] == ["u0", "u9"]


@pytest.mark.parametrize(
    "chosen", [{"minimum_rate": 2}, {"state_id": "email"}, {"state_id_shape": "("}, {"minimum_rate": True}]
)
def test_settings_that_cannot_be_used_are_named(
    house: House, region: SmallRegion, chosen: dict[str, object]
) -> None:
    region.load(house, identity=chosen)
    assert sync_district(house, REST).code == "CF88"


def test_other_numbers_are_taken_from_the_next_night_on(house: House, region: SmallRegion) -> None:
    sync_district(house, REST)
    assert overview(house, REST).kinds["local id"] == 6
    region.load(house, identity={"state_id": "identifier"})
    sync_district(house, REST)
    assert overview(house, REST).kinds == {"state id": 6, "local id": 0, "sourcedId": 0}
