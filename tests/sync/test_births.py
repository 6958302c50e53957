"""Birth dates: off unless a district turns them on, and then only a person is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import sqlalchemy as sa

from domain.ids import DistrictCode, SourcedId
from domain.oneroster import Version
from simulators.dataset import manifest, zip_of
from simulators.oneroster.faults import Fault, FaultKind
from sisbridge.house import House
from sisbridge.store import births, people, snapshots
from sisbridge.store.tables.identity import identity_birth
from sisbridge.sync.answers.cases import open_cases
from sisbridge.sync.identity.people_desk import match, split, worklist
from sisbridge.sync.night import sync_district, sync_region
from sisbridge.sync.purge import purge
from sisbridge.sync.region import load_entries
from sisbridge.sync.roster.replay import rehearse, replay
from tests.support.small_region import FILES, NOW, REST, SmallRegion, add_births, add_student, roster

U0, U1, U2 = (SourcedId(name) for name in ("u0", "u1", "u2"))
SPRING, AUTUMN = "2010-04-01", "2009-11-30"
ALIKE = ("birth_date", "family_name", "given_name")


def turn(house: House, region: SmallRegion, *, on: bool, **settings: Any) -> None:
    """Load the region with birth dates on or off in both districts."""
    load_entries(house, region.with_births(on=on, **settings), "tester")


def dropped(region: SmallRegion, dates: Mapping[str, str]) -> None:
    """Drop a package with these birth dates."""
    files = roster()
    add_births(files, dates)
    region.drop(files)


def kept(house: House, district: DistrictCode = REST) -> dict[str, str]:
    """Return the marks of a district's students."""
    with house.store.read() as conn:
        return dict(zip(*births.known(conn, district).to_pydict().values(), strict=True))


def listed(house: House, district: DistrictCode = REST) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return user, rule and whom it might be of the worklist."""
    return [(one.entry.user, one.entry.rule, one.entry.others) for one in worklist(house, district)]


def found(house: House, district: DistrictCode = REST) -> dict[str, str]:
    """Return the sentences of a district's open cases by rule."""
    return {case.rule: case.message for case in open_cases(house, district)}


def test_without_the_switch_nothing_is_asked_for_or_kept(house: House, region: SmallRegion) -> None:
    add_births(region.provider.dataset, {"u0": SPRING, "u1": SPRING})
    dropped(region, {"u0": SPRING})
    assert [one.state for one in sync_region(house, [REST, FILES])] == ["finished", "finished"]
    assert not [url for url in region.provider.urls if "demographics" in url]
    with house.store.read() as conn:
        applied = snapshots.last_applied(conn, FILES)
    assert applied is not None
    names = house.landing.names(FILES, applied.snapshot_id)
    assert not [name for name in names if "demographics" in name]
    assert (kept(house), kept(house, FILES), listed(house)) == ({}, {}, [])


def test_a_name_and_a_birth_date_propose_two_students_and_match_nobody(
    any_house: House, region: SmallRegion
) -> None:
    turn(any_house, region, on=True)
    add_births(region.provider.dataset, {"u0": SPRING, "u1": SPRING, "u2": AUTUMN})
    assert sync_district(any_house, REST).counts["seats"] == 6
    assert listed(any_house) == [("u0", "ID27", ("u1",)), ("u1", "ID27", ("u0",))]
    first = worklist(any_house, REST)[0]
    assert (first.entry.agree, first.since, found(any_house)) == (ALIKE, "2026-01-20", {})
    with any_house.store.read() as conn:
        assert len(set(people.links(conn, REST, "2026").values())) == 6


@pytest.mark.parametrize("decide", [match, split])
def test_what_a_person_said_of_two_is_not_proposed_again(
    house: House, region: SmallRegion, decide: Any
) -> None:
    turn(house, region, on=True)
    add_births(region.provider.dataset, {"u0": SPRING, "u1": SPRING})
    sync_district(house, REST)
    decide(house, REST, U0, U1, "tester")
    assert listed(house) == []
    assert sync_district(house, REST).state == "finished"
    assert listed(house) == []


def test_other_birth_dates_contradict_a_name_and_the_same_one_outranks_it(
    house: House, region: SmallRegion
) -> None:
    turn(house, region, on=True)
    dataset = region.provider.dataset
    dataset.change("users", "u0", NOW, identifier="")
    add_births(dataset, {"u0": SPRING, "u1": AUTUMN, "u2": AUTUMN, "u3": "2010-01-02"})
    sync_district(house, REST)
    assert listed(house)[0] == ("u0", "ID24", ("u4", "u5"))
    add_births(dataset, {"u4": SPRING})
    sync_district(house, REST)
    assert listed(house)[0] == ("u0", "ID24", ("u4",))
    assert worklist(house, REST)[0].entry.agree == ALIKE
    add_births(dataset, {"u4": AUTUMN, "u5": AUTUMN})
    sync_district(house, REST)
    assert listed(house)[0] == ("u0", "ID24", ())


def test_two_state_ids_say_that_two_of_one_birth_date_are_two(house: House, region: SmallRegion) -> None:
    turn(house, region, on=True)
    dataset = region.provider.dataset
    add_births(dataset, {"u0": SPRING, "u1": SPRING})
    for user, number in (("u0", "012345678"), ("u1", "112345678")):
        dataset.change("users", user, NOW, userIds=[{"type": "STN", "identifier": number}])
    sync_district(house, REST)
    assert (len(kept(house)), listed(house)) == (2, [])


def test_a_student_of_another_district_is_proposed_without_being_named(
    any_house: House, region: SmallRegion
) -> None:
    turn(any_house, region, on=True)
    add_births(region.provider.dataset, {"u0": SPRING})
    dropped(region, {"u3": SPRING, "u4": AUTUMN})
    sync_region(any_house, [REST, FILES])
    assert (listed(any_house), listed(any_house, FILES)) == ([("u0", "ID28", ())], [("u3", "ID28", ())])
    (here,) = worklist(any_house, REST)
    assert here.elsewhere == 1
    assert "u3" not in repr(here)
    region.provider.dataset.change("users", "u0", NOW, userIds=[{"type": "STN", "identifier": "012345678"}])
    sync_district(any_house, REST)
    assert (listed(any_house), len(listed(any_house, FILES))) == ([], 1)


def test_what_is_kept_is_a_mark_of_both_and_nobody_elses_birth_date_can_be_seen_in_it(
    house: House, region: SmallRegion
) -> None:
    turn(house, region, on=True)
    dataset = region.provider.dataset
    add_births(dataset, {"u0": SPRING, "u1": SPRING, "u2": SPRING})
    dataset.change("users", "u1", NOW, givenName="Twin")
    sync_district(house, REST)
    marks = kept(house)
    assert marks["u0"] == marks["u2"] != marks["u1"]
    assert {len(mark) for mark in marks.values()} == {32}
    with house.store.read() as conn:
        before = conn.execute(sa.select(identity_birth)).all()
    dataset.change("users", "u1", NOW, givenName="Given")
    sync_district(house, REST)
    assert kept(house)["u1"] == marks["u0"]
    with house.store.read() as conn:
        after = conn.execute(sa.select(identity_birth)).all()
    assert [row for row in after if row.user_sourced_id != "u1"] == [
        row for row in before if row.user_sourced_id != "u1"
    ]


def test_turned_off_all_that_was_kept_goes_with_the_next_night(any_house: House, region: SmallRegion) -> None:
    turn(any_house, region, on=True)
    add_births(region.provider.dataset, {"u0": SPRING, "u1": SPRING})
    sync_district(any_house, REST)
    assert len(kept(any_house)) == 2
    turn(any_house, region, on=False)
    region.provider.forget_requests()
    region.provider.faults.add(Fault(FaultKind.STATUS, "orgs", status=403, times=None))
    assert sync_district(any_house, REST).state == "stopped"
    assert (kept(any_house), listed(any_house)) == ({}, [])
    assert not [url for url in region.provider.urls if "demographics" in url]


def test_who_leaves_or_is_not_told_any_more_keeps_no_mark(any_house: House, region: SmallRegion) -> None:
    turn(any_house, region, on=True)
    dataset = region.provider.dataset
    add_student(dataset, "u8", "900000008")
    dataset.drop("enrollments", "e-u8")
    add_births(dataset, dict.fromkeys(("u0", "u1", "u2", "u3", "u8"), SPRING))
    sync_district(any_house, REST)
    dataset.drop("demographics", "u1")
    dataset.change("demographics", "u2", NOW, birthDate="soon")
    dataset.withdraw("demographics", "u3", NOW)
    dataset.withdraw("users", "u8", NOW)
    sync_district(any_house, REST)
    assert set(kept(any_house)) == {"u0"}


@pytest.mark.parametrize(
    ("month_first", "marks", "rules"), [(True, {"u0", "u1"}, {"ID29"}), (False, {"u0"}, {"ID29"})]
)
def test_a_broken_birth_date_is_dropped_and_holds_nobody(
    house: House, region: SmallRegion, month_first: bool, marks: set[str], rules: set[str]
) -> None:
    turn(house, region, on=True, mapping={"month_first_dates": month_first})
    dates = {"u0": SPRING, "u1": "04/01/2010", "u2": "2010-13-01", "u3": "1900-01-01", "u4": "2031-01-01"}
    dropped(region, dates)
    assert sync_district(house, FILES).counts["seats"] == 6
    assert (set(kept(house, FILES)), set(found(house, FILES))) == (marks, rules)
    said = found(house, FILES)["ID29"]
    assert said.startswith(f"{3 if month_first else 4} rows say no birth date that can be read")
    assert not [on for on in dates.values() if on in said]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(FaultKind.STATUS, "demographics", status=403, times=None),
        Fault(FaultKind.STATUS, "demographics", status=500, times=None),
        Fault(FaultKind.NO_ENVELOPE, "demographics", times=None),
    ],
    ids=lambda fault: f"{fault.kind} {fault.status}",
)
def test_field_failure_09_nothing_that_befalls_demographics_stops_a_first_load(
    house: House, region: SmallRegion, fault: Fault
) -> None:
    turn(house, region, on=True)
    add_births(region.provider.dataset, {f"u{number}": SPRING for number in range(6)})
    region.provider.faults.add(fault)
    outcome = sync_district(house, REST)
    assert (outcome.state, outcome.counts["seats"]) == ("finished", 6)
    (said,) = found(house).values()
    assert said.startswith("No birth dates were read: ")
    region.provider.faults.clear()
    assert sync_district(house, REST).counts["changes"] == 0
    assert (len(kept(house)), found(house)) == (6, {})


def test_a_night_that_may_not_read_them_leaves_what_is_known_of_who_did_not_change(
    house: House, region: SmallRegion
) -> None:
    turn(house, region, on=True)
    dataset = region.provider.dataset
    add_births(dataset, {"u0": SPRING, "u1": SPRING, "u2": SPRING})
    sync_district(house, REST)
    dataset.change("users", "u1", NOW, givenName="Other")
    region.provider.faults.add(Fault(FaultKind.STATUS, "demographics", status=403, times=None))
    sync_district(house, REST)
    assert set(kept(house)) == {"u0", "u2"}
    (fix,) = [case.fix for case in open_cases(house, REST)]
    assert "(scope roster-demographics.readonly)" in fix
    assert fix.endswith("or set demographics to false.")


def test_a_package_without_the_file_is_told_and_goes_on(house: House, region: SmallRegion) -> None:
    turn(house, region, on=True)
    assert sync_district(house, FILES).state == "finished"
    assert found(house, FILES)["FL27"].startswith("No birth dates were read")


def test_a_delta_brings_and_takes_the_dates_that_changed_and_keeps_the_others(
    house: House, region: SmallRegion
) -> None:
    turn(house, region, on=True, delta=True)
    dataset = region.provider.dataset
    add_births(dataset, {"u0": SPRING, "u1": AUTUMN, "u3": AUTUMN})
    sync_district(house, REST)
    before = kept(house)
    later = NOW.replace(hour=20)
    add_births(dataset, {"u2": SPRING}, later)
    dataset.withdraw("demographics", "u1", later)
    turn(house, region, on=True, delta=True, fixed_now=later.isoformat())
    assert sync_district(house, REST).state == "finished"
    assert kept(house) == {"u0": before["u0"], "u2": before["u0"], "u3": before["u3"]}


def test_a_night_run_again_reads_the_birth_dates_that_were_landed_then(
    house: House, region: SmallRegion
) -> None:
    turn(house, region, on=True)
    add_births(region.provider.dataset, {"u0": SPRING, "u1": SPRING})
    sync_district(house, REST)
    before = kept(house)
    with house.store.begin("forget") as conn:
        births.forget(conn, REST)
    rehearse(house, REST)
    assert kept(house) == {}
    replay(house, REST, "tester")
    assert kept(house) == before


def test_a_district_that_is_purged_leaves_no_mark(house: House, region: SmallRegion) -> None:
    turn(house, region, on=True)
    add_births(region.provider.dataset, {"u0": SPRING})
    dropped(region, {"u0": SPRING})
    sync_region(house, [REST, FILES])
    purge(house, REST, "tester")
    assert (kept(house), len(kept(house, FILES)), listed(house, FILES)) == ({}, 1, [])


def test_a_package_of_changes_need_not_bring_the_file(house: House, region: SmallRegion) -> None:
    turn(house, region, on=True, delta=True)
    dropped(region, {"u0": SPRING})
    sync_district(house, FILES)
    before = kept(house, FILES)
    quiet = zip_of({"manifest.csv": manifest(Version.V1P1, [], "delta")})
    (region.sftp.outgoing(FILES) / "roster.zip").write_bytes(quiet)
    assert sync_district(house, FILES).state == "finished"
    assert (kept(house, FILES), found(house, FILES)) == (before, {})
