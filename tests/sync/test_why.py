"""Why a student, a class or a grade stands as it does: a sentence for each reason there is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from domain.ids import DistrictCode
from domain.oneroster import Version
from simulators.dataset import Dataset, zip_of
from sisbridge.house import House
from sisbridge.store import grades as grade_store
from sisbridge.store import outbox, snapshots
from sisbridge.sync.answers.why import why, why_number
from sisbridge.sync.grades.collect_grades import collect_from
from sisbridge.sync.grades.release import release
from sisbridge.sync.grades.writeback import deliver
from sisbridge.sync.identity.rekey_desk import accept
from sisbridge.sync.night import sync_district
from sisbridge.sync.region import load_entries
from tests.support.rekeyed import rekeyed
from tests.support.small_region import FILES, NOW, REST, SmallRegion, add_student, roster

TODAY, TOMORROW = "2026-01-20", "2026-01-21"


def said(house: House, subject: str, district: DistrictCode = REST) -> str:
    """Return the one sentence about a subject."""
    (answer,) = why(house, subject, district)
    assert answer.sentence.endswith(".")
    assert "9000000" not in answer.sentence
    assert "Given" not in answer.sentence
    return answer.sentence


def next_night(house: House, region: SmallRegion, district: DistrictCode = REST, days: int = 1) -> None:
    """Run a night some days later."""
    region.load(house, NOW + timedelta(days=days))
    sync_district(house, district)


def add(dataset: Dataset, user: str, **fields: Any) -> None:
    """Add a student and change it."""
    add_student(dataset, user, "900000009")
    dataset.change("users", user, NOW, **fields)


GUARDIAN = [{"roleType": "primary", "role": "guardian", "org": {"sourcedId": "s", "type": "org"}}]

FEEDS: dict[str, tuple[Callable[[Dataset], object], str, tuple[str, ...]]] = {
    "a number that a spreadsheet rewrote": (
        lambda data: add(data, "u9", identifier="1.23E+08"),
        "u9",
        ("is held back by the night of", "rewritten by a spreadsheet (ID04, /users"),
    ),
    "an unknown code": (
        lambda data: add(data, "u9", grades=["Jedi"]), "u9", ("Unknown grade level (CD02, /users",)
    ),
    "a missing class": (
        lambda data: data.change("enrollments", "e-u0", NOW, **{"class": {"sourcedId": "x"}}),
        "u0",
        ("is on the roster", "its row e-u0 of enrollments is held", "points to nothing (RF01, /enrollments"),
    ),
    "a number that another student has": (
        lambda data: add(data, "u9", identifier="900000000"),
        "u9",
        ("has 0 seats", "its number is also that of u0 (ID20)"),
    ),
    "a role out of scope": (
        lambda data: add(data, "u9", roles=GUARDIAN), "u9", ("out of scope", "/users", TODAY)
    ),
    "a role that is held": (
        lambda data: add(data, "u9", roles=[GUARDIAN[0] | {"role": "wizard"}]),
        "u9",
        ("User u9", "a role of it is held: Unknown", "(CD", "/users"),
    ),
    "a district's own org": (
        lambda data: None, "d", ("District d of district", "is on the roster")
    ),
    "a school": (
        lambda data: None, "s", ("School s of district", "is on the roster")
    ),
    "a class without a shared course": (
        lambda data: data.change("courses", "c", NOW, courseCode="OWN-1"),
        "k",
        ("Class k", "its course OWN-1 leads to no shared course, so it has no seats"),
    ),
    "a class with seats": (
        lambda data: None, "k", ("Class k", "leads to offering PHYS", "it has 6 seats")
    ),
    "an enrollment": (
        lambda data: None, "e-u0", ("Enrollment e-u0", f"since the night of {TODAY}")
    ),
    "nothing at all": (
        lambda data: None, "nobody", ("No student, class or grade with sourcedId nobody was ever seen",)
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FEEDS)
def test_a_first_night_is_explained(house: House, region: SmallRegion, name: str) -> None:
    change, subject, words = FEEDS[name]
    change(region.provider.dataset)
    sync_district(house, REST)
    sentence = said(house, subject)
    assert [word for word in words if word not in sentence] == [], sentence


def test_two_rows_of_one_id(house: House, region: SmallRegion) -> None:
    first = roster()
    add_student(first, "u9", "900000009")
    package = first.csv_package(Version.V1P1, dated=False)
    line = next(one for one in package["users.csv"].splitlines() if one.startswith(b"u9,"))
    package["users.csv"] += line.replace(b"Family", b"Other") + b"\r\n"
    _drop(region, package)
    sync_district(house, FILES)
    assert "Same sourcedId, different content (ID02, users.csv:" in said(house, "u9", FILES)


def _drop(region: SmallRegion, package: dict[str, bytes]) -> None:
    (region.sftp.outgoing(FILES) / "roster.zip").write_bytes(zip_of(package))


def test_no_mou(house: House, region: SmallRegion) -> None:
    entries = region.entries()
    del entries["district"][0]["mou_approved_on"]
    load_entries(house, entries, "tester")
    sync_district(house, REST)
    sentence = said(house, "u0")
    assert f"nothing of the night of {TODAY} was applied: District {REST} has no approved MOU" in sentence
    assert "(/users" in sentence


def test_missing_once_and_gone_after_the_second_night(house: House, region: SmallRegion) -> None:
    crowd = roster()
    add_student(crowd, "x1", "800000001")
    crowd.drop("enrollments", "e-x1")
    region.drop(crowd)
    sync_district(house, FILES)
    region.drop(roster())
    next_night(house, region, FILES)
    assert f"but is missing from the feed since the night of {TOMORROW}" in said(house, "x1", FILES)
    region.drop(roster())
    next_night(house, region, FILES, days=2)
    assert f"two complete rosters lacked it, the first on the night of {TOMORROW}" in said(house, "x1", FILES)


def test_marked_as_deleted(house: House, region: SmallRegion) -> None:
    add_student(region.provider.dataset, "x1", "800000001")
    region.provider.dataset.drop("enrollments", "e-x1")
    sync_district(house, REST)
    region.provider.dataset.withdraw("users", "x1", NOW)
    next_night(house, region)
    assert f"on the night of {TOMORROW}, because the SIS marked the record as deleted" in said(house, "x1")


def test_a_threshold(house: House, region: SmallRegion) -> None:
    crowd = roster()
    for number in range(40):
        add_student(crowd, f"x{number}", f"8000000{number:02d}")
        crowd.drop("enrollments", f"e-x{number}")
    region.drop(crowd)
    sync_district(house, FILES)
    region.drop(roster())
    next_night(house, region, FILES)
    sentence = said(house, "x1", FILES)
    assert f"is not in the feed and would go since the night of {TOMORROW}" in sentence
    assert "(SZ10)" in sentence


def test_a_re_key_that_waits_and_one_that_was_accepted(house: House, region: SmallRegion) -> None:
    sync_district(house, REST)
    region.provider.dataset = rekeyed(region.provider.dataset, "users")
    next_night(house, region)
    assert "(SZ30); a person has to decide" in said(house, "u0")
    assert "(SZ30); a person has to decide" in said(house, "n-u0")
    accept(house, REST, "director")
    assert f"is n-u0 since the night of {TOMORROW}, when director accepted" in said(house, "u0")
    assert "has 1 seats" in said(house, "n-u0")


def test_a_grade_on_its_way(house: House, region: SmallRegion) -> None:
    sync_district(house, REST)
    collect_from(house, region.grade_file([f"{REST},u0,91", f"{REST},u1,104"]))
    with house.store.read() as conn:
        (grade,) = grade_store.latest(conn, house.keyring, REST)
    assert "waits for a person to release it" in said(house, grade)
    assert "1 collected but not released" in said(house, "u0")
    assert "a grade of it is held" in said(house, "u1")
    assert "(GR02, grades.csv:" in said(house, "u1")
    release(house, REST, "tester")
    assert "leaves with the next delivery" in said(house, grade)
    deliver(house, REST)
    with house.store.read() as conn:
        (item,) = outbox.items(conn, REST)
    assert "is in the SIS as released" in said(house, item.item_id)
    assert "91" not in said(house, grade).replace(grade, "").replace(REST, "")


def test_a_grade_that_waits_for_its_window(house: House, region: SmallRegion) -> None:
    entries = region.entries()
    for term in entries["district"][0]["term"]:
        term["opens_on"], term["closes_on"] = date(2026, 2, 1), date(2026, 2, 9)
    load_entries(house, entries, "tester")
    sync_district(house, REST)
    collect_from(house, region.grade_file([f"{REST},u0,91"]))
    release(house, REST, "tester")
    with house.store.read() as conn:
        (item,) = outbox.items(conn, REST)
    assert "waits for its posting window, 2026-02-01 to 2026-02-09 (WB20)" in said(house, item.item_id)


def test_a_grade_that_the_registrar_changed(house: House, region: SmallRegion) -> None:
    sync_district(house, REST)
    for percent in ("91", "92"):
        collect_from(house, region.grade_file([f"{REST},u0,{percent}"]))
        release(house, REST, "tester")
        deliver(house, REST)
        (stored,) = region.provider.dataset.records("results")
        region.provider.dataset.change("results", stored["sourcedId"], NOW, score=55.0)
    with house.store.read() as conn:
        item = outbox.items(conn, REST)[-1]
    assert "the SIS holds another value that is not ours (WB10)" in said(house, item.item_id)


def test_what_nobody_knows_is_said_so_though_a_table_was_never_landed(
    house: House, region: SmallRegion
) -> None:
    sync_district(house, REST)
    with house.store.read() as conn:
        last = snapshots.last_applied(conn, REST)
    assert last is not None
    house.landing.delete_snapshot(REST, last.snapshot_id)
    assert (
        said(house, "nobody")
        == f"No student, class or grade with sourcedId nobody was ever seen in district {REST}."
    )


def test_a_student_is_found_by_a_number_that_no_answer_shows(house: House) -> None:
    sync_district(house, REST)
    (answer,) = why_number(house, " 900000003 ", REST)
    assert answer.sentence.startswith(f"Student u3 of district {REST} is on the roster")
    (unknown,) = why_number(house, "123456789", REST)
    assert "123456789" not in unknown.sentence


def test_a_teacher_is_called_by_role_and_not_asked_for_seats_and_grades(
    house: House, region: SmallRegion
) -> None:
    teacher = [{"roleType": "primary", "role": "teacher", "org": {"sourcedId": "s", "type": "org"}}]
    add(region.provider.dataset, "t9", roles=teacher)
    region.provider.dataset.drop("enrollments", "e-t9")
    sync_district(house, REST)
    assert (
        said(house, "t9") == f"User t9 of district {REST} is on the roster, since the night of 2026-01-20, "
        "as teacher."
    )


def test_a_row_that_changed_says_when_and_in_what(house: House, region: SmallRegion) -> None:
    sync_district(house, REST)
    region.provider.dataset.change("classes", "k", NOW, title="Another title")
    next_night(house, region)
    answer = said(house, "k")
    assert f"since the night of 2026-01-20, last changed on the night of {TOMORROW} (title), " in answer
    assert "Another title" not in answer
