"""Identity: failures 28 to 38."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from domain.ids import DistrictCode, PersonId, SourcedId
from domain.tables import RosterTable
from simulators.dataset import Dataset
from simulators.infinite_campus.forms import in_1p1_ids, with_legacy_ids
from sisbridge.house import House
from sisbridge.store import grades as grade_store
from sisbridge.store import identity, people
from sisbridge.store import roster as roster_store
from sisbridge.store import seats as seat_store
from sisbridge.sync.answers.cases import open_cases
from sisbridge.sync.grades.collect_grades import collect_from
from sisbridge.sync.grades.release import release
from sisbridge.sync.grades.writeback import deliver
from sisbridge.sync.identity.people_desk import match, overview, worklist
from sisbridge.sync.identity.rekey_desk import accept, proposal
from sisbridge.sync.night import sync_district, sync_region
from sisbridge.sync.region import load_entries
from tests.support.campus_region import CampusRegion
from tests.support.small_region import FILES, NOW, REST, SmallRegion, add_births, add_student, roster

YEAR = "2026"
U0, U1, U9 = (SourcedId(name) for name in ("u0", "u1", "u9"))


def persons(house: House, district: DistrictCode = REST, year: str = YEAR) -> dict[SourcedId, PersonId]:
    """Return who each linked user of a district is."""
    with house.store.read() as conn:
        return people.links(conn, district, year)


def seats_of(house: House, *students: str, district: DistrictCode = REST) -> int:
    """Return how many open seats these students have."""
    with house.store.read() as conn:
        return sum(seat.student in students for seat in seat_store.seats(conn, district))


def rules(house: House, district: DistrictCode = REST) -> set[str]:
    """Return the rules of a district's open cases."""
    return {case.rule for case in open_cases(house, district)}


def numbered(dataset: Dataset, user: str, number: str) -> None:
    """Give a user a state id."""
    dataset.change("users", user, NOW, userIds=[{"type": "STN", "identifier": number}])


def identities(house: House, district: DistrictCode = REST) -> dict[str, str | None]:
    """Return the region-wide identity of each user of a district."""
    with house.store.read() as conn:
        keys = identity.known_keys(conn, district, YEAR)
    return dict(
        zip(keys.column("user_sourced_id").to_pylist(), keys.column("identity_id").to_pylist(), strict=True)
    )


def results(region: SmallRegion) -> dict[str, float]:
    """Return the scores the provider holds, by student."""
    return {r["student"]["sourcedId"]: float(r["score"]) for r in region.provider.dataset.records("results")}


def test_field_failure_28_an_upgrade_that_renames_every_user_takes_nobody_off_the_roster(
    tmp_path: Path,
) -> None:
    with CampusRegion(tmp_path / "sis") as region:
        house = region.open(f"sqlite:///{tmp_path / 'store.db'}", tmp_path / "home")
        upgraded = region.campus.dataset.copy()
        for student in upgraded.records("users"):
            upgraded.change("users", student["sourcedId"], NOW, identifier="", username="")
        region.campus.dataset = upgraded.copy()
        with_legacy_ids(upgraded, NOW)
        in_1p1_ids(region.campus.dataset, NOW)
        sync_district(house, REST)
        was = persons(house)
        assert "su0" in was
        region.campus.dataset = upgraded
        upgraded.revision = region.campus.dataset.revision + 100
        for days in range(3):
            region.load(house, NOW + timedelta(days=days))
            sync_district(house, REST)
        assert "SZ30" in rules(house)
        assert seats_of(house, *was) == 6
        (table,) = [one for one in proposal(house, REST).tables if one.table == "users"]
        assert (table.gone, table.paired, table.confidence) == (6, 6, 1.0)
        accept(house, REST, "director")
        assert sync_district(house, REST).counts["changes"] == 0
        assert {user: persons(house)[SourcedId(user.removeprefix("s"))] for user in was} == was
        assert (rules(house), seats_of(house, *(user.removeprefix("s") for user in was))) == (set(), 6)
        house.close()


def test_field_failure_30_a_teacher_who_is_a_student_too_is_no_second_student(
    house: House, region: SmallRegion
) -> None:
    dataset = region.provider.dataset
    add_student(dataset, "t_u0", "900000000")
    role = {"roleType": "primary", "role": "teacher", "org": {"sourcedId": "s", "type": "org"}}
    dataset.change("users", "t_u0", NOW, roles=[role])
    dataset.change("enrollments", "e-t_u0", NOW, role="teacher")
    assert sync_district(house, REST).counts["seats"] == 6
    assert "t_u0" not in persons(house)
    assert rules(house) == set()


def test_field_failure_30_two_users_of_one_student_wait_for_a_word_and_are_one_after_it(
    house: House, region: SmallRegion
) -> None:
    add_student(region.provider.dataset, "u9", "900000000")
    sync_district(house, REST)
    assert {U0, U9} & set(persons(house)) == set()
    assert (rules(house), seats_of(house, "u0", "u9")) == ({"ID20"}, 0)
    match(house, REST, U0, U9, "tester")
    sync_district(house, REST)
    assert persons(house)[U0] == persons(house)[U9]
    assert (rules(house), seats_of(house, "u0", "u9")) == (set(), 1)


def test_field_failure_32_a_student_of_two_schools_keeps_both_and_one_seat_a_course(
    house: House, region: SmallRegion
) -> None:
    dataset = region.provider.dataset
    school = {"sourcedId": "s2", "name": "Other", "type": "school"}
    dataset.add("orgs", {**school, "parent": {"sourcedId": "d", "type": "org"}}, NOW)
    there = {"roleType": "secondary", "role": "student", "org": {"sourcedId": "s2", "type": "org"}}
    here = {"roleType": "primary", "role": "student", "org": {"sourcedId": "s", "type": "org"}}
    dataset.change("users", "u0", NOW, roles=[here, there])
    sync_district(house, REST)
    with house.store.read() as conn:
        roles = roster_store.rows(conn, REST, RosterTable.ROLES, None, {"user_sourced_id": ["u0"]})
    assert sorted(roles.column("org_sourced_id").to_pylist()) == ["s", "s2"]
    assert (len(persons(house)), seats_of(house, "u0")) == (6, 1)


def test_field_failure_32_a_student_of_two_districts_is_one_with_two_homes_and_each_gets_its_own_grade(
    house: House, region: SmallRegion
) -> None:
    files = roster()
    for dataset, user in ((region.provider.dataset, "u0"), (files, "u3")):
        numbered(dataset, user, "012345678")
    region.drop(files)
    sync_region(house, [REST, FILES])
    assert identities(house, REST)["u0"] == identities(house, FILES)["u3"] is not None
    assert overview(house, REST).homes == {"u0": 1}
    assert persons(house, REST)[U0] != persons(house, FILES)[SourcedId("u3")]
    collect_from(house, region.grade_file([f"{REST},u0,91", f"{FILES},u3,72"]))
    for code in (REST, FILES):
        release(house, code, "tester")
        deliver(house, code)
    assert results(region) == {"u0": 91.0}
    (file,) = region.sftp.inbox(FILES).glob("*.csv")
    assert ("72" in file.read_text(), "91" in file.read_text()) == (True, False)


def test_field_failure_33_a_number_without_its_leading_zero_is_nobodys(
    house: House, region: SmallRegion
) -> None:
    files = roster()
    numbered(region.provider.dataset, "u0", "012345678")
    numbered(files, "u3", "12345678")
    region.drop(files)
    sync_region(house, [REST, FILES])
    assert identities(house, FILES)["u3"] is None
    assert (overview(house, REST).homes, rules(house, FILES)) == ({}, {"ID21"})
    assert [one.entry.user for one in worklist(house, FILES)] == ["u3"]


def test_field_failure_34_a_number_that_begins_with_a_letter_is_a_number(
    house: House, region: SmallRegion
) -> None:
    files = roster()
    numbered(region.provider.dataset, "u0", "T1A2B3C4D")
    numbered(files, "u3", "t1a2b3c4d")
    region.drop(files)
    sync_region(house, [REST, FILES])
    assert identities(house, REST)["u0"] == identities(house, FILES)["u3"] is not None
    assert rules(house, REST) | rules(house, FILES) == set()


def test_field_failure_35_without_a_state_id_the_local_id_counts_in_its_district_only(
    house: House, region: SmallRegion
) -> None:
    dataset = region.provider.dataset
    add_student(dataset, "u8", "900000001")
    dataset.change("users", "u1", NOW, identifier="900000008")
    numbered(dataset, "u8", "")
    dataset.drop("enrollments", "e-u8")
    sync_region(house, [REST, FILES])
    was = persons(house)[SourcedId("u8")]
    assert (identities(house)["u8"], overview(house, REST).homes) == (None, {})
    dataset.withdraw("users", "u8", NOW)
    add_student(dataset, "u9", "900000001")
    sync_district(house, REST)
    assert persons(house)[U9] == persons(house)[SourcedId("u8")] == was
    assert was not in persons(house, FILES).values()


def test_field_failure_36_two_students_of_one_name_are_two_and_a_name_only_proposes(
    house: House, region: SmallRegion
) -> None:
    region.provider.dataset.change("users", "u0", NOW, identifier="")
    sync_district(house, REST)
    assert len(set(persons(house).values())) == 6
    (waiting,) = worklist(house, REST)
    assert (waiting.entry.user, waiting.entry.rule) == ("u0", "ID24")
    assert set(waiting.entry.others) == {"u1", "u2", "u3", "u4", "u5"}
    assert {"given_name", "family_name"} <= set(waiting.entry.agree)
    assert "Given" not in repr(waiting)


def test_field_failure_36_two_of_one_name_and_birth_date_stay_two_and_are_proposed_to_a_person(
    house: House, region: SmallRegion
) -> None:
    add_births(region.provider.dataset, {"u0": "2010-04-01", "u1": "2010-04-01", "u2": "2010-04-02"})
    load_entries(house, region.with_births(), "tester")
    assert sync_district(house, REST).counts["seats"] == 6
    assert len(set(persons(house).values())) == 6
    assert [(one.entry.user, one.entry.others) for one in worklist(house, REST)] == [
        ("u0", ("u1",)),
        ("u1", ("u0",)),
    ]
    assert rules(house) == set()


def test_field_failure_37_numbers_of_last_year_lead_to_nobody_of_this_year(
    house: House, region: SmallRegion
) -> None:
    sync_district(house, REST)
    collect_from(house, region.grade_file([f"{REST},u0,90"]))
    last_year = persons(house)
    _next_year(house, region)
    sync_district(house, REST)
    assert set(persons(house, year="2027")) == set(last_year)
    assert set(persons(house, year="2027").values()) & set(last_year.values()) == set()
    with house.store.read() as conn:
        (grade,) = grade_store.latest(conn, house.keyring, REST).values()
    assert grade.person == last_year[U0]


def _next_year(house: House, region: SmallRegion) -> None:
    for session in ("year", "t1"):
        dates = {"startDate": "2026-08-15", "endDate": "2027-06-10", "schoolYear": "2027"}
        region.provider.dataset.change("academicSessions", session, NOW, **dates)
    entries = region.entries(NOW + timedelta(days=365))
    for district in entries["district"]:
        district["school_year"] = "2027"
    load_entries(house, entries, "tester")


def test_field_failure_38_a_new_legal_name_is_an_update_of_the_same_person(
    house: House, region: SmallRegion
) -> None:
    sync_district(house, REST)
    was = persons(house)
    region.provider.dataset.change("users", "u0", NOW, givenName="Adopted", familyName="Anew")
    counts = sync_district(house, REST).counts
    assert (counts["update"], counts["quarantined"]) == (1, 0)
    assert (persons(house), seats_of(house, "u0")) == (was, 1)
